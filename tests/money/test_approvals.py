"""Consent is given once: a run configuration approves one quote, however often it is tried or clicked."""

from pathlib import Path

from ringfence.money import approvals, quotes
from ringfence.money.amount import Money
from ringfence.money.quotes import Line, Quote
from ringfence.money.workers import working
from tests.money.bench import Bench

CENT = 10_000_000


def quoted(bench: Bench, quote_id: str, launch: str = "one", asked: str = "") -> None:
    """A quote of two numbers for a cent each, of a launch that was asked for in these words."""
    numbers = bench.numbers(2)
    line = Line(
        provider="infobip",
        product="query",
        country="NL",
        source="crm",
        facts=1,
        unit_price=Money(CENT, "EUR"),
        subjects=numbers,
        ranks=(0, 1),
    )
    quote = Quote(
        quote_id=quote_id,
        created_at=bench.now,
        expires_at=bench.now + quotes.DAY,
        ledger_seq=0,
        launch_id=launch,
        summary={"asked": asked},
        lines=[line],
    )
    with bench.ledger.store.write() as connection:
        quotes.save(connection, quote)


def given(bench: Bench, quote_id: str) -> bool:
    """Whether a run's configuration may approve this quote."""
    try:
        approvals.approve(bench.ledger, quote_id, None, who="ada", why="", once=True)
    except approvals.TwiceError:
        return False
    return True


def test_a_run_configuration_approves_one_quote(tmp_path: Path) -> None:
    """Not another one in a second try of the launch, nor beside a launch that lives; and anew when that has ended."""
    bench = Bench(tmp_path)
    for quote_id, launch, asked in (
        ("first", "one", "limit 2"),
        ("again", "one", "limit 2"),
        ("beside", "two", "limit 2"),
        ("other", "two", "limit 3"),
    ):
        quoted(bench, quote_id, launch, asked)
    assert given(bench, "first")
    assert given(bench, "first"), "it is the same consent"
    assert not given(bench, "again")
    with working(bench.ledger, "one"):
        assert not given(bench, "beside")
        assert given(bench, "other")
    assert given(bench, "beside")
    assert bench.broken() == []


def test_a_person_approves_what_they_like(tmp_path: Path) -> None:
    """Any quote by its id, up to any amount, again after it was withdrawn."""
    bench = Bench(tmp_path)
    quoted(bench, "first", asked="limit 2")
    quoted(bench, "again", asked="limit 2")
    assert given(bench, "first")
    for amount in (0, 1, 2):
        approvals.approve(bench.ledger, "first", Money(amount * CENT, "EUR"), who="ada", why="")
    approvals.approve(bench.ledger, "again", None, who="ada", why="")
    with bench.ledger.store.read() as connection:
        assert set(approvals.approved(connection, bench.now)) == {"first", "again"}
