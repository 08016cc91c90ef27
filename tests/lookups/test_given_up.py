"""When an answer that comes later is given up: never what could still be asked for, and never what is there already."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from ringfence.http.client import Client
from ringfence.http.exchange import Exchange, Reply
from ringfence.lookups import polling
from ringfence.lookups.callback_address import callback_url
from ringfence.lookups.collect import anything_to_collect, collect
from ringfence.lookups.recover import assume_billed, recover
from ringfence.money.amount import nanos
from ringfence.simulator.journeys import Habits
from tests.lookups.conftest import Build, House, numbers
from tests.lookups.receiving import receiving

HOUR = 3_600_000_000
CARRIER = {"people": {"warehouse": "csv:///phones.csv", "key": "id", "phones": "phone", "want": {"carrier": "monthly"}}}


@pytest.fixture
def receivers() -> Iterator[ExitStack]:
    """Receivers that are ended with the test."""
    with ExitStack() as stack:
        yield stack


def later(house: House, monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    """Let this much time pass for the ledger."""
    clock = house.ledger.store.clock
    monkeypatch.setattr(house.ledger.store, "clock", lambda: clock() + int(hours * HOUR))


async def _down(_client: Client, _request: httpx.Request) -> Exchange:
    return Reply(503, {}, b"")


async def _busy(_client: Client, _request: httpx.Request) -> Exchange:
    return Reply(429, {"retry-after": "1"}, b"")


def test_what_was_never_asked_about_is_asked_before_it_is_given_up(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that could not poll, and a collecting one long after the patience: every detail is still asked for."""
    section = {"batch": "60", "wait": "1s", "rate": "500/s"}
    house = build(numbers("NL", 60), vendor="kaleyra", provider=section, sources=CARRIER)
    with monkeypatch.context() as gone:
        gone.setattr(Client, "poll", _down)
        house.run()
    assert house.states() == ["awaiting"]
    later(house, monkeypatch, 1)
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(polling, "LAST_PAUSE", 0.01)
    for _ in range(6):
        collect(house.setup, house.ledger, "test")
    house.publish()
    assert house.lookups().height == 60 - sum(row["numbers"] for row in house.attempts("in_doubt"))
    assert house.lookups().height > 50
    house.check()


def test_a_vendor_that_is_busy_does_not_make_answers_lost(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it answers 429 the details are not given up: they wait, with their money held."""
    house = build(numbers("NL", 4), vendor="kaleyra", provider={"batch": "4", "wait": "1s"}, sources=CARRIER)
    monkeypatch.setattr(Client, "poll", _busy)
    house.run()
    later(house, monkeypatch, 1)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["awaiting"]
    assert house.held() == house.charged()


def _notify(build: Build, receivers: ExitStack, count: int, **habits: float) -> House:
    section = {"products": ["notify"], "price": {"notify": "0.01 EUR"}, "batch": "5", "wait": "1s"}
    house = build(numbers("NL", count), vendor="infobip", provider=section, habits=Habits(**habits))
    url = receivers.enter_context(receiving(house.ledger, house.setup.config.privacy)).url
    house.change(callbacks={"public_url": url})
    return house


@pytest.mark.parametrize("by", ["a run", "collecting"])
def test_what_is_in_doubt_settles_by_what_comes_then(
    build: Build, receivers: ExitStack, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Callbacks of all numbers after the attempt is in doubt settle it, at list price where no log can be asked.

    Whoever looks first settles it, a run that begins or the job that collects.
    """
    house = _notify(build, receivers, 5, loss=1.0)
    monkeypatch.setattr(Client, "poll", _down)
    house.run()
    later(house, monkeypatch, 26)
    collect(house.setup, house.ledger, "test")
    (attempt,) = house.attempts()
    if attempt["state"] == "awaiting":
        pytest.fail("nothing could be asked and nothing came: in doubt after its patience")
    _call_back(house, attempt["attempt_id"])
    assert anything_to_collect(house.ledger) is not None
    if by == "a run":
        recover(house.ledger)
    else:
        collect(house.setup, house.ledger, "test")
    house.publish()
    assert house.lookups().height == 5
    assert set(house.states()) == {"settled"}
    house.check()


@pytest.mark.parametrize(("status", "hours"), [(200, [0.2]), (403, [0.1, 0.1])])
def test_a_price_is_waited_for_since_the_last_answer(
    build: Build, receivers: ExitStack, monkeypatch: pytest.MonkeyPatch, status: int, hours: list[float]
) -> None:
    """However often the log was asked before: the list price counts where none is told well after the callback."""
    house = _notify(build, receivers, 5, loss=1.0)

    async def empty(_client: Client, _request: httpx.Request) -> Exchange:
        return Reply(status, {}, b'{"results": []}')

    monkeypatch.setattr(Client, "poll", empty)
    house.run()
    for _ in range(10):
        later(house, monkeypatch, 0.2)
        collect(house.setup, house.ledger, "test")
    (attempt,) = house.attempts()
    _call_back(house, attempt["attempt_id"])
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["awaiting"]
    for some in hours:
        assert house.states() == ["awaiting"]
        later(house, monkeypatch, some)
        collect(house.setup, house.ledger, "test")
    assert house.states() == ["settled"]
    house.check()


def _call_back(house: House, attempt_id: str) -> None:
    """Send the answers about all five numbers of a request."""
    status = {"groupId": 3, "id": 5, "name": "DELIVERED_TO_HANDSET"}
    items = [{"to": phone[1:], "status": status, "error": {"groupId": 0, "id": 0}} for phone in numbers("NL", 5)]
    url = callback_url(house.setup.config.callbacks.public_url or "", house.ledger, "infobip", attempt_id)
    assert httpx.post(url, content=json.dumps({"results": items}), trust_env=False).status_code == 200


def test_an_early_callback_is_not_passed_over(
    build: Build, receivers: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callback that came before its acknowledgement is found by the next run, whoever looked meanwhile."""
    section = {"products": ["advanced_async"], "price": {"advanced_async": "0.04 EUR"}, "batch": "1", "wait": "1s"}
    house = build(numbers("NL", 3), vendor="vonage", habits=Habits(delay=(2.0, 2.0)), provider=section)
    url = receivers.enter_context(receiving(house.ledger, house.setup.config.privacy)).url
    house.change(callbacks={"public_url": url})
    house.run()
    assert set(house.states()) == {"awaiting"}
    for _ in range(100):
        recover(house.ledger)
        if set(house.states()) == {"settled"}:
            break
        time.sleep(0.1)
    assert set(house.states()) == {"settled"}
    assert house.spent() == house.charged()


def test_a_dearer_acknowledgement_stops_the_provider(
    build: Build, receivers: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price that an acknowledgement states is believed at once, and what is lost counts as dear as it was."""
    section = {"products": ["advanced_async"], "price": {"advanced_async": "0.01 EUR"}, "batch": "1", "wait": "1s"}
    house = build(numbers("NL", 20), vendor="vonage", habits=Habits(loss=1.0), provider=section)
    url = receivers.enter_context(receiving(house.ledger, house.setup.config.privacy)).url
    house.change(callbacks={"public_url": url})
    bought = house.run()
    asked = len(house.attempts("awaiting"))
    assert (asked < 5, bought.left) == (True, 20 - asked)
    later(house, monkeypatch, 24 * 9)
    collect(house.setup, house.ledger, "test")
    assume_billed(house.ledger, 86_400)
    assert house.spent() == asked * nanos("0.04")
    assert house.charged() <= house.spent()
    house.check()
