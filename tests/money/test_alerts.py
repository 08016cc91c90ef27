"""What is to be told of budgets: shares and pace, each once for a window, and until somebody was told."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.money.alerts import BURN, note, told, untold
from ringfence.money.amount import Money, nanos
from ringfence.money.budget import Budget, limit, window_end
from ringfence.money.moves import Void
from tests.money.bench import SECOND, Bench, month

CENT = nanos("0.01")
HOUR = 3600 * SECOND
DAY = 24 * HOUR
SHARES = (50, 80, 100)
TOTAL = limit("total", Money.parse("1000 EUR"), None, None, None)


def day(cap: str) -> Budget:
    """A daily limit."""
    return limit("day", Money.parse(cap), None, None, None)


def tell(bench: Bench, shares: tuple[int, ...] = SHARES) -> list[str]:
    """Note what is new, and what nobody was told yet: budget and kind."""
    note(bench.ledger, bench.zone, shares)
    return [f"{alert.use.label} {alert.kind}" for alert in untold(bench.ledger, bench.zone)]


def heard(bench: Bench) -> None:
    """Take note that all of it was told."""
    for alert in untold(bench.ledger, bench.zone):
        told(bench.ledger, alert)


def test_a_share_is_told_once_for_a_window(tmp_path: Path) -> None:
    """When it is reached, by what is held as by what is spent; not again in the window, and anew in the next one."""
    bench = Bench(tmp_path, TOTAL, day("0.10 EUR"))
    bench.sent(4)
    assert tell(bench) == []
    attempt = bench.sent(1)
    assert tell(bench) == tell(bench) == ["day 50"]
    heard(bench)
    assert tell(bench) == []
    bench.move(Void(attempt.attempt_id, "free"))
    bench.settle(bench.sent(1), CENT)
    assert tell(bench) == []
    bench.sent(5)
    assert tell(bench) == ["day 100", "day 80"]
    heard(bench)
    bench.now += DAY
    assert tell(bench) == []
    bench.sent(9)
    assert tell(bench) == ["day 50", "day 80", "day burn"]


def test_what_nobody_was_told_outlives_its_window(tmp_path: Path) -> None:
    """A share that could not be told is told after its window has ended, with what was used in that."""
    bench = Bench(tmp_path, TOTAL, day("0.10 EUR"))
    bench.sent(9)
    tell(bench)
    bench.now += 3 * DAY
    found = untold(bench.ledger, bench.zone)
    assert [(alert.kind, alert.use.window_start, alert.use.used.amount) for alert in found] == [
        (kind, "2025-11-21", 9 * CENT) for kind in ("50", "80")
    ]
    bench.allow(TOTAL)
    assert tell(bench) == [], "the budget is gone"


def test_a_raised_cap_is_told_of_anew(tmp_path: Path) -> None:
    """What was told of a lower cap is told of a higher one when that is reached; a lowered cap repeats nothing."""
    bench = Bench(tmp_path, TOTAL, day("0.10 EUR"))
    bench.sent(10)
    assert tell(bench) == ["day 100", "day 50", "day 80"]
    heard(bench)
    bench.allow(TOTAL, day("0.09 EUR"))
    assert tell(bench) == []
    bench.allow(TOTAL, day("0.20 EUR"))
    assert tell(bench) == ["day 50"]


@pytest.mark.parametrize(
    ("cap", "bought", "kinds"), [("0 EUR", 0, []), ("0 EUR", 3, ["day 50"]), ("0.06 EUR", 3, ["day 50"])]
)
def test_a_cap_of_nothing_is_told_when_something_is_billed(
    tmp_path: Path, cap: str, bought: int, kinds: list[str]
) -> None:
    """A cap of 0 is a way to buy only what is free: nothing is reached in it before something was billed."""
    bench = Bench(tmp_path, TOTAL, day(cap))
    if bought:
        bench.settle(bench.sent(1, "0.00 EUR"), bought * CENT)
    assert tell(bench, (50,)) == kinds


def test_a_cap_by_quote_is_told_by_quote(tmp_path: Path) -> None:
    """Each quote has a window of its own, and never a pace."""
    bench = Bench(tmp_path, TOTAL, limit("quote", Money.parse("0.10 EUR"), None, None, None))
    bench.sent(6, quote_id="quote-1")
    bench.sent(8, quote_id="quote-2")
    assert tell(bench) == ["quote 50", "quote 50", "quote 80"]
    assert {alert.use.window_start for alert in untold(bench.ledger, bench.zone)} == {"quote-1", "quote-2"}


def test_a_new_limit_counts_what_came_before_it(tmp_path: Path) -> None:
    """A limit that is set in the middle of its window is told at once, before anything is bought under it."""
    bench = Bench(tmp_path, TOTAL)
    bench.sent(8)
    bench.allow(TOTAL, day("0.10 EUR"))
    assert tell(bench) == ["day 50", "day 80", "day burn"]


def test_the_pace_of_a_day_says_when_a_cap_is_reached(tmp_path: Path) -> None:
    """At 3 of 10 EUR by the 21st, all of it in the last 24 hours, the other 7 take 2 days and 8 hours; told once."""
    bench = Bench(tmp_path, month("10 EUR"))
    bench.sent(300)
    assert tell(bench) == ["month burn"]
    (alert,) = untold(bench.ledger, bench.zone)
    assert alert.reached_at == bench.now + 56 * HOUR
    heard(bench)
    bench.now += HOUR
    bench.sent(10)
    assert tell(bench) == []


@pytest.mark.parametrize(
    ("numbers", "hours", "expected"),
    [
        (250, 0, []),  # a quarter, and no more
        (251, 0, ["month burn"]),
        (251, 25, []),  # nothing was bought in the last 24 hours
        (1000, 0, ["month 100", "month 50", "month 80"]),  # it is reached already
    ],
)
def test_only_a_pace_that_matters_is_told(tmp_path: Path, numbers: int, hours: int, expected: list[str]) -> None:
    """More than a quarter must be used, something bought in the last 24 hours, and something left to reach."""
    bench = Bench(tmp_path, month("10 EUR"))
    bench.sent(numbers)
    bench.now += hours * HOUR
    assert tell(bench) == expected


def test_a_pace_that_is_none_any_more_is_not_told(tmp_path: Path) -> None:
    """Noted while nobody could be told, and over since: there is nothing true to say of it."""
    bench = Bench(tmp_path, month("10 EUR"))
    bench.sent(300)
    assert tell(bench) == ["month burn"]
    bench.now += 2 * DAY
    assert tell(bench) == []


def test_a_total_is_looked_at_a_week_ahead(tmp_path: Path) -> None:
    """A total has no end: its pace is told when it lasts for less than seven days more."""
    bench = Bench(tmp_path, limit("total", Money.parse("10 EUR"), None, None, None))
    bench.sent(200)
    bench.now += 2 * DAY
    bench.sent(100)
    assert tell(bench) == []
    bench.sent(1)
    assert tell(bench) == ["total burn"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40), st.sampled_from(["infobip", "vonage"])), max_size=8))
def test_the_pace_is_that_of_the_last_day_in_scope(
    tmp_path_factory: pytest.TempPathFactory, course: list[tuple[int, int, str]]
) -> None:
    """Against a sum over the purchases themselves: of the last 24 hours for the pace, of the month for what is used."""
    scoped = month("1 EUR", provider="vonage")
    bench = Bench(tmp_path_factory.mktemp("burn"), TOTAL, scoped)
    bought: list[tuple[int, int]] = []
    for hours, numbers, provider in course:
        bench.now += hours * HOUR
        attempts, _ = bench.reserve(bench.batch(bench.numbers(numbers), provider=provider))
        bought += [(bench.now, len(each.numbers)) for each in attempts if provider == "vonage"]
    used = sum(count for at, count in bought)
    pace = sum(count for at, count in bought if at > bench.now - DAY)
    end = window_end("month", bench.now, bench.zone) or 0
    soon = pace and bench.now + (100 - used) * DAY // pace < end
    burns = [kind for kind in tell(bench, ()) if kind.startswith("month")]
    assert burns == (["month (provider vonage) burn"] if soon and 25 < used < 100 else [])
    assert BURN in "".join(burns) or not burns
