"""A provider's health is shared: what one run meets holds for all, in other processes and in later runs."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ringfence.lookups import gates, standing
from ringfence.money import approvals, breaker, rate, switch
from ringfence.money.breaker import SECOND, Breaker
from ringfence.money.heard import Heard
from ringfence.money.ledger import open_ledger
from tests.lookups.conftest import Build, House
from tests.lookups.test_spend import meanwhile

CENT = 10_000_000
WRONG_KEY = {"fault": "status", "status": 401}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that fit into a test."""
    monkeypatch.setattr(breaker, "PAUSE", SECOND // 5)
    monkeypatch.setattr(gates, "LOOK", 0.05)


def _shut(house: House) -> dict[str, Breaker]:
    with house.ledger.store.read() as connection:
        return breaker.open_breakers(connection, house.ledger.store.clock())


def _journal(house: House) -> list[str]:
    with house.ledger.store.read() as connection:
        query = "SELECT event FROM journal WHERE event LIKE 'breaker%' ORDER BY seq"
        return [row[0] for row in connection.exec_driver_sql(query)]


def _elsewhere(house: House, *verdicts: str) -> int:
    """What another process meets, written through a handle of its own; returns how many requests had come by then."""
    ledger = open_ledger(house.setup.home)
    at = ledger.store.clock()
    told = [Heard(at, each, "infobip refused the credentials (HTTP 401): check INFOBIP_API_KEY") for each in verdicts]  # type: ignore[arg-type]
    with ledger.store.write() as connection:
        breaker.hear(connection, at, "infobip", told, "another")
    return len(house.requests())


def _at_once(house: House, *launches: str) -> None:
    """Buy the open quotes in so many runs at the same time."""
    runs = [threading.Thread(target=house.buy, args=(name,)) for name in launches]
    for run in runs:
        run.start()
    for run in runs:
        run.join()


def _approved(house: House) -> None:
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")


def _moments(house: House) -> list[float]:
    """When the requests reached the simulator, in seconds."""
    return [datetime.fromisoformat(row["at"]).replace(tzinfo=UTC).timestamp() for row in house.requests()]


def test_a_refusal_that_another_process_met_stops_this_run(build: Build, numbers: Callable[..., list[str]]) -> None:
    """What is out is settled, nothing more is sent, and the run fails with the sentence that the other one got."""
    house = build(numbers("NL", 60), latency=0.02, provider={"in_flight": "3"})
    seen: list[int] = []
    with meanwhile(lambda: len(house.attempts("settled")) >= 4, lambda: seen.append(_elsewhere(house, "refused"))):
        bought = house.run()
    assert seen[0] <= len(house.requests()) <= seen[0] + 3 < 30
    assert bought.refused == "infobip refused the credentials (HTTP 401): check INFOBIP_API_KEY"
    assert (bought.failed, bought.in_doubt) == (60 - bought.numbers, 0)
    assert set(house.states()) == {"settled"}
    house.check()


def test_the_run_after_a_refusal_tries_one_request_and_then_goes_on(
    build: Build, numbers: Callable[..., list[str]]
) -> None:
    """A person has mended the key: one request goes out alone, its answer closes the breaker, and the rest follows."""
    house = build(numbers("NL", 24), {"when": {"nth": 1}, **WRONG_KEY}, latency=0.1, provider={"in_flight": "4"})
    assert "HTTP 401" in house.run("one").refused
    assert len(house.requests()) <= 4
    (found,) = (each for each in standing.stops(house.ledger) if each.what == "provider")
    assert "refused the credentials (HTTP 401)" in found.found
    assert "ringfence resume --provider infobip" in found.mend
    before = len(house.requests())
    bought = house.run("two")
    assert (bought.numbers, bought.left) == (24 - 2 * (before - 1), 0)
    first, second, *_ = _moments(house)[before:]
    assert second - first >= 0.1, "nobody else asks before the first is answered"
    assert (_shut(house), _journal(house)) == ({}, ["breaker_opened", "breaker_closed"])
    house.check()


@pytest.mark.parametrize("fault", ["not_enabled", "no_credit"])
def test_a_batch_that_is_turned_down_whole_opens_the_breaker_for_all(
    build: Build, numbers: Callable[..., list[str]], fault: str
) -> None:
    """It is answered and settled, and yet a refusal of the account: later runs begin with one request alone."""
    house = build(numbers("NL", 12), {"when": {"nth": 1}, "fault": fault}, latency=0.1, provider={"in_flight": "2"})
    house.run("one")
    assert _shut(house)["infobip"].refused
    assert "account" in _shut(house)["infobip"].why
    before = len(house.requests())
    assert before <= 2
    house.run("two")
    first, second, *_ = _moments(house)[before:]
    assert second - first >= 0.1, "nobody else asks before the first is answered"
    assert _shut(house) == {}
    house.check()


def test_a_key_that_is_still_wrong_costs_each_later_run_one_request(
    build: Build, numbers: Callable[..., list[str]]
) -> None:
    """Each run tries once, is refused, and stops; after a resume by a person requests go out together again."""
    house = build(numbers("NL", 24), {"when": "always", **WRONG_KEY}, provider={"in_flight": "4"}, latency=0.05)
    house.run("one")
    for name in ("two", "three"):
        before = len(house.requests())
        assert "HTTP 401" in house.run(name).refused
        assert len(house.requests()) == before + 1
    assert switch.resume(house.ledger, "infobip", who="ada", why="paid")
    before = len(house.requests())
    house.run("four")
    assert len(house.requests()) == before + 4
    assert house.spent() == house.charged() == house.held() == 0


def test_an_outage_is_met_once_by_all_runs(build: Build, numbers: Callable[..., list[str]]) -> None:
    """Three requests of two runs end in doubt, not three of each; then one try at a time, and each pause is longer."""
    house = build(numbers("NL", 80), {"when": "always", "fault": "status", "status": 503}, latency=0.02)
    _approved(house)
    _at_once(house, "left", "right")
    # Both had one out when the third failed, or the run that waited tried until it had three doubts of its own.
    assert 3 <= len(house.requests()) <= 6
    assert set(house.states()) <= {"in_doubt", "voided"}
    assert house.held() == 2 * CENT * len(house.requests())
    with house.ledger.store.read() as connection:
        query = "SELECT at FROM journal WHERE event = 'breaker_opened'"
        opened = [row[0] for row in connection.exec_driver_sql(query)]
    for tried in (row["reserved_at"] for row in house.attempts() if row["reserved_at"] > opened[0]):
        assert tried - max(at for at in opened if at < tried) >= SECOND // 5
    house.check()


def test_a_long_pause_is_not_waited_for(
    build: Build, numbers: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run with nothing else to do ends at once, asks nothing, and says until when; its numbers have failed."""
    monkeypatch.setattr(breaker, "PAUSE", 400 * SECOND)
    house = build(numbers("NL", 20), {"when": "always", "fault": "status", "status": 503})
    assert "3 requests in a row ended in doubt" in house.run("one").why_not
    before = len(house.requests())
    began = time.monotonic()
    bought = house.run("two")
    assert time.monotonic() - began < 20
    assert (len(house.requests()), bought.failed, bought.refused) == (before, 14, "")
    assert "infobip is not asked until 20" in bought.why_not
    house.check()


def test_a_run_waits_for_a_short_pause_and_then_tries(build: Build, numbers: Callable[..., list[str]]) -> None:
    """The outage is over: after the pause one request is answered, and everything is bought."""
    house = build(numbers("NL", 12))
    _elsewhere(house, "failing", "failing", "failing")
    began = house.ledger.store.clock()
    bought = house.run()
    assert (bought.numbers, bought.left) == (12, 0)
    assert min(row["reserved_at"] for row in house.attempts()) >= began + SECOND // 10
    assert (_shut(house), _journal(house)) == ({}, ["breaker_opened", "breaker_closed"])


def test_a_try_that_is_never_answered_is_given_up_to_others(build: Build, numbers: Callable[..., list[str]]) -> None:
    """Whoever had the turn and died keeps it for as long as a request may take; the next one then has it."""
    house = build(numbers("NL", 4))
    _elsewhere(house, "failing", "failing", "failing")
    now = house.ledger.store.clock()
    with house.ledger.store.write() as connection:
        breaker.take_turns(connection, {"infobip": now - breaker.TURN + SECOND // 4})
    assert house.run().numbers == 4
    assert min(row["reserved_at"] for row in house.attempts()) >= now + SECOND // 4


@pytest.mark.parametrize("header", [{"retry_after": 1}, {"retry_after_date": 1}])
def test_what_one_run_is_told_to_wait_holds_for_all_and_for_later_ones(
    build: Build, numbers: Callable[..., list[str]], header: dict[str, Any]
) -> None:
    """After a 429 no request of any run goes out for the second that was asked for, whenever the run began."""
    house = build(numbers("NL", 40), {"when": {"nth": 5}, "fault": "status", "status": 429, **header}, latency=0.02)
    _approved(house)
    with meanwhile(lambda: house.attempts("voided"), lambda: house.buy("later")):
        _at_once(house, "left", "right")
    with house.ledger.store.read() as connection:
        (row,) = connection.execute(rate.RATE.select().where(rate.RATE.c.provider == "infobip")).all()
    reserved = [each["reserved_at"] for each in house.attempts()]
    assert not [at for at in reserved if row.not_before - SECOND * 99 // 100 < at < row.not_before]
    assert max(reserved) >= row.not_before
    assert sum(each["status"] == 429 for each in house.requests()) == 1
    assert house.spent() == house.charged() == 40 * CENT
    assert len({row["launch_id"] for row in house.attempts()}) >= 2
    house.check()


@pytest.mark.parametrize("vendor", ["vonage", "kaleyra"])
def test_every_vendor_that_throttles_slows_all_runs_down(
    build: Build, numbers: Callable[..., list[str]], vendor: str
) -> None:
    """The shared pace is half of what is configured, and rises with the answers that follow."""
    house = build(
        numbers("NL", 6),
        {"when": {"nth": 1}, "fault": "throttled"},
        vendor=vendor,
        provider={"batch": "1", "rate": "50/s"},
    )
    bought = house.run()
    assert (bought.numbers, bought.left) == (6, 0)
    with house.ledger.store.read() as connection:
        (row,) = connection.execute(rate.RATE.select().where(rate.RATE.c.provider == vendor)).all()
    assert 25_000 < row.pace < 50_000
    house.check()


def test_two_runs_share_the_pace_of_a_slow_provider(build: Build, numbers: Callable[..., list[str]]) -> None:
    """Of thirty requests at ten a second neither run gets less than half of what the other gets."""
    house = build(numbers("NL", 60), provider={"rate": "10/s", "in_flight": "8"})
    _approved(house)
    with house.ledger.store.write() as connection:
        rate.take(connection, "infobip", per_second=10, wanted=10, at=house.ledger.store.clock())
    _at_once(house, "left", "right")
    made = [row["launch_id"] for row in house.attempts("settled")]
    counts = sorted(made.count(name) for name in ("left", "right"))
    assert sum(counts) == 30
    assert counts[0] * 2 >= counts[1]
    assert len(house.requests()) == 30
    house.check()
