"""The kill switch: obeyed before every request by every process, and pulled by the ledger itself at a dear bill."""

import json
import threading
from pathlib import Path

import pytest

from ringfence.errors import MoneyError
from ringfence.lookups import standing
from ringfence.money import approvals, switch
from ringfence.money.ledger import open_ledger
from ringfence.money.moves import Answered, Settle
from ringfence.money.reserve import Reserved
from ringfence.simulator import vonage
from tests.lookups.conftest import VENDORS, Build, House, build, numbers
from tests.lookups.test_spend import meanwhile
from tests.money.bench import DAY, SECOND, Bench

__all__ = ["build"]
CENT = 10_000_000


def stops(bench: Bench) -> dict[str, str]:
    """What is stopped."""
    with bench.ledger.store.read() as connection:
        return switch.stops(connection)


def test_a_stop_holds_until_it_is_resumed(tmp_path: Path) -> None:
    """Stops of one provider and of everything are apart; each is told with who, why and the way on, and journalled."""
    bench = Bench(tmp_path)
    assert switch.stop(bench.ledger, "vonage", who="ada", why="odd invoice of +31612345678") is None
    assert switch.stop(bench.ledger, switch.EVERYTHING, who="bob", why="") is None
    assert stops(bench) == {
        "": "buying was stopped by bob at 2025-11-21 12:00 UTC (no reason was given); go on with: ringfence resume",
        "vonage": "vonage was stopped by ada at 2025-11-21 12:00 UTC (odd invoice of +31*****678); "
        "go on with: ringfence resume --provider vonage",
    }
    assert switch.resume(bench.ledger, switch.EVERYTHING, who="bob", why="over")
    assert not switch.resume(bench.ledger, switch.EVERYTHING, who="bob", why="over")
    assert list(stops(bench)) == ["vonage"]
    told = bench.rows("SELECT event, who, why FROM journal WHERE event IN ('stopped', 'resumed') ORDER BY seq")
    assert told == [
        ("stopped", "ada", "vonage: odd invoice of +31*****678"),
        ("stopped", "bob", "everything: no reason was given"),
        ("resumed", "bob", "everything: over"),
    ]
    assert bench.broken() == []


def test_a_second_stop_without_a_reason_keeps_the_first(tmp_path: Path) -> None:
    """Only a reason replaces a reason, and the earlier one is handed back to be told."""
    bench = Bench(tmp_path)
    switch.stop(bench.ledger, "", who="ada", why="first")
    first = stops(bench)[""]
    assert switch.stop(bench.ledger, "", who="bob", why="") == first == stops(bench)[""]
    assert switch.stop(bench.ledger, "", who="bob", why="second") == first
    assert "bob" in stops(bench)[""]
    assert "(second)" in stops(bench)[""]


@pytest.mark.parametrize(("amounts", "stopped"), [((CENT, CENT), 0), ((0, CENT + 1), 1)])
def test_a_bill_above_the_price_in_use_stops_its_provider(
    tmp_path: Path, amounts: tuple[int, int], stopped: int
) -> None:
    """One number that is dearer stops the provider in the same transaction, even if the whole is cheaper."""
    bench = Bench(tmp_path)
    attempt = bench.sent(2)
    bench.reply(attempt.attempt_id)
    answers = [Answered(subject, "complete", amount) for subject, amount in zip(attempt.numbers, amounts, strict=True)]
    bench.move(Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered"))
    told = stops(bench).get("infobip", "")
    expected = "it billed 0.010000001 EUR for a number, the price of query in use is 0.01 EUR"
    assert told.count(expected) == stopped
    assert bench.broken() == []


def dear(bench: Bench, attempt: Reserved, amount: int) -> None:
    """An answer that costs so much."""
    bench.reply(attempt.attempt_id)
    answers = [Answered(subject, "complete", amount) for subject in attempt.numbers]
    bench.move(Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered"))


def test_a_bill_and_a_person_stop_beside_each_other(tmp_path: Path) -> None:
    """Whoever stops last, both are told with their times, and to go on wants a reason: neither erases the other."""
    bench = Bench(tmp_path)
    sent = [bench.sent(1) for _ in range(2)]
    switch.stop(bench.ledger, "infobip", who="ada", why="odd; it billed us twice")
    with bench.ledger.store.write() as connection:
        assert "ada" in switch.stops(connection)["infobip"]
    bench.now += 60 * SECOND
    for attempt, price in zip(sent, (2, 3), strict=True):
        dear(bench, attempt, price * CENT)
        told = stops(bench)["infobip"]
        assert "infobip was stopped by ada at 2025-11-21 12:00 UTC (odd; it billed us twice); " in told
        assert f"stopped by ringfence at 2025-11-21 12:01 UTC (it billed 0.0{price} EUR for a number" in told
    switch.stop(bench.ledger, "infobip", who="bob", why="maintenance")
    told = stops(bench)["infobip"]
    assert "(maintenance); infobip was stopped by ringfence" in told
    assert told.endswith(
        'go on with: set the price, then ringfence resume --provider infobip --because "the price is right now"'
    )
    with pytest.raises(MoneyError, match=r"it billed 0\.03 EUR"):
        switch.resume(bench.ledger, "infobip", who="bob", why="")
    assert switch.resume(bench.ledger, "infobip", who="bob", why="all is well, and the price is right")
    assert stops(bench) == {}
    dear(bench, bench.sent(1), 4 * CENT)
    switch.stop(bench.ledger, "infobip", who="ada", why="")
    assert "stopped by ada" in stops(bench)["infobip"], "a stop without a reason is one beside a bill's"
    assert switch.resume(bench.ledger, "infobip", who="bob", why="right now")
    switch.stop(bench.ledger, "infobip", who="ada", why="odd; it billed us twice")
    assert switch.resume(bench.ledger, "infobip", who="bob", why="")
    assert bench.broken() == []


def test_what_was_asked_before_a_price_was_set_right_stops_nothing_again(tmp_path: Path) -> None:
    """Answers that were on their way are billed as the one that stopped; what is asked after the resume stops anew."""
    bench = Bench(tmp_path)
    early = [bench.sent(1) for _ in range(2)]
    dear(bench, early[0], 2 * CENT)
    # By the order of the requests: a clock may be wrong when somebody resumes.
    bench.now += 2 * DAY
    switch.resume(bench.ledger, "infobip", who="ada", why="the price is right now")
    bench.now -= 2 * DAY
    dear(bench, early[1], 2 * CENT)
    assert stops(bench) == {}
    bench.now += SECOND
    dear(bench, bench.sent(1), 2 * CENT)
    assert "it billed 0.02 EUR" in stops(bench)["infobip"]
    assert bench.broken() == []


def _stop(house: House, provider: str = "") -> list[int]:
    """Stop through a handle of one's own, as another process has it; returns how many requests had come by then."""
    switch.stop(open_ledger(house.setup.home), provider, who="ada", why="the invoice looks odd")
    return [len(house.requests())]


def _section(house: House, provider: str) -> dict[str, object]:
    """A provider's section of the configuration."""
    section: dict[str, object] = json.loads(house.path.read_text())["providers"][provider]
    return section


@pytest.mark.parametrize("provider", ["", "infobip"])
def test_a_stop_in_the_midst_of_a_run_lets_nothing_more_out(build: Build, provider: str) -> None:
    """What is out is awaited and settled, the rest waits under the stop's sentence, and is bought after a resume."""
    house = build(numbers("NL", 60), latency=0.02, provider={"in_flight": "3"})
    seen: list[int] = []
    with meanwhile(lambda: len(house.attempts("settled")) >= 4, lambda: seen.extend(_stop(house, provider))):
        bought = house.run()
    # A request that had been reserved when the stop came is out; three at most are at once.
    assert seen[0] <= len(house.requests()) <= seen[0] + 3 < 30
    assert set(house.states()) == {"settled"}
    assert (bought.left, bought.failed, bought.in_doubt) == (60 - bought.numbers, 0, 0)
    assert "was stopped by ada" in bought.why_not
    with house.ledger.store.read() as connection:
        query = "SELECT status, sum(length(subjects) / 8) FROM deferral GROUP BY status"
        assert connection.exec_driver_sql(query).fetchall() == [("awaiting_approval", bought.left)]
    house.check()

    requests = len(house.requests())
    assert "was stopped by ada" in house.run("two").why_not
    assert len(house.requests()) == requests
    assert switch.resume(house.ledger, provider, who="ada", why="it was right")
    with house.ledger.store.read() as connection:
        # Nobody is told any more to resume what is resumed.
        assert connection.exec_driver_sql("SELECT count(*) FROM deferral").scalar() == 0
    assert house.run("three").numbers == bought.left
    assert house.spent() == house.charged() == 60 * CENT
    house.check()


def test_the_stop_of_another_provider_is_none_of_its_business(build: Build) -> None:
    """A run buys from whom is not stopped."""
    house = build(numbers("NL", 6))
    _stop(house, "vonage")
    assert house.run().numbers == 6


def test_what_comes_back_unbilled_after_a_stop_waits_too(build: Build) -> None:
    """A request that may be made anew is not, and its numbers are left for the stop, not for a failure."""
    house = build(numbers("NL", 8), {"when": {"nth": 2}, "fault": "status", "status": 429}, latency=0.2)
    with meanwhile(lambda: len(house.attempts()) == 2, lambda: _stop(house)):
        bought = house.run()
    assert house.states() == ["settled", "voided"]
    assert (bought.numbers, bought.left, bought.failed) == (2, 6, 0)
    house.check()


def test_a_provider_that_bills_too_much_is_refused_until_it_is_resumed(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that meets the dear bill ends with it, the next one does not ask, and after a resume it goes on."""
    monkeypatch.setitem(VENDORS, "vonage", ("advanced", "0.004 EUR", ("VONAGE_API_KEY", "VONAGE_API_SECRET")))
    house = build(numbers("NL", 4), vendor="vonage", provider={"batch": "1"})
    assert "vonage bills more than the price of advanced (" in house.run().why_not
    assert (len(house.requests()), house.charged(), house.spent()) == (1, 4 * CENT, 4 * CENT)
    assert "vonage was stopped by ringfence" in house.run("two").why_not
    assert len(house.requests()) == 1
    house.check()

    with pytest.raises(MoneyError, match=r"it billed 0.04 EUR .* at least what was billed.* --because"):
        switch.resume(house.ledger, "vonage", who="ada", why=" ")
    (stop,) = standing.stops(house.ledger)
    assert stop.mend == 'set the price, then ringfence resume --provider vonage --because "the price is right now"'
    assert "vonage was stopped by ringfence" in house.run("too soon").why_not
    assert len(house.requests()) == 1

    house.change(providers={"vonage": {**_section(house, "vonage"), "price": {"advanced": "0.04 EUR"}}})
    assert switch.resume(house.ledger, "vonage", who="ada", why="the price is right now")
    assert house.run("three").numbers == 3
    assert house.spent() == house.charged() == 16 * CENT
    house.check()


@pytest.mark.parametrize("sent", ["-0.04", "12.5 EUR", "1000000000000"])
def test_a_price_that_cannot_be_read_is_held_and_ends_the_run(
    build: Build, monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    """Nothing is booked on a guess: one request, its money held, and a run that says what to compare."""
    monkeypatch.setitem(VENDORS, "vonage", ("advanced", "0.04 EUR", ("VONAGE_API_KEY", "VONAGE_API_SECRET")))
    monkeypatch.setattr(vonage, "_text", lambda *_: sent)
    house = build(numbers("NL", 4), vendor="vonage", provider={"batch": "1", "in_flight": "1"})
    bought = house.run()
    assert "vonage states a price that cannot be read (advanced)" in bought.why_not
    assert (len(house.requests()), house.spent(), bought.failed) == (1, 0, 3)
    (doubt,) = house.attempts("in_doubt")
    assert "a price that cannot be read" in doubt["evidence"]
    assert house.held() == 4 * CENT


def test_two_runs_at_once_obey_one_stop(build: Build) -> None:
    """Every run reads the switch in the transaction before each request."""
    house = build(numbers("NL", 80), latency=0.02)
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    runs = [threading.Thread(target=house.buy, args=(name,)) for name in ("left", "right")]
    seen: list[int] = []
    with meanwhile(lambda: len(house.attempts("settled")) >= 6, lambda: seen.extend(_stop(house))):
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    assert seen[0] <= len(house.requests()) <= seen[0] + 2
    assert set(house.states()) == {"settled"}
    house.check()
