"""Callbacks that are lost, doubled and overtake each other: all money is accounted for, every answer is there once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ringfence.lookups import polling
from ringfence.lookups.collect import anything_to_collect, collect
from ringfence.money.amount import nanos
from ringfence.simulator.journeys import Habits
from tests.lookups.conftest import Build, House, numbers
from tests.lookups.receiving import receiving

MONTH = 30 * 86_400_000_000
ROUGH = Habits(delay=(0.0, 0.3), loss=0.2, twice=0.2, shuffle=True)
# What answers by callback: product, list price, and numbers in a request.
ASYNC = {
    "vonage": ("advanced_async", "0.04 EUR", "1"),
    "kpn": ("advanced_async", "0.03 EUR", "1"),
    "infobip": ("notify", "0.01 EUR", "5"),
}


@pytest.fixture
def receivers() -> Iterator[ExitStack]:
    """Receivers that are ended with the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=[pytest.param(name, marks=[] if name == "infobip" else pytest.mark.long) for name in ASYNC])
def house(request: pytest.FixtureRequest, build: Build, receivers: ExitStack, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house that buys from a product whose callbacks have a rough journey."""
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0.05)
    product, price, batch = ASYNC[request.param]
    section = {"products": [product], "price": {product: price}, "batch": batch, "in_flight": "8", "wait": "4s"}
    made = build(numbers("NL", 60), vendor=request.param, habits=ROUGH, provider=section)
    url = receivers.enter_context(receiving(made.ledger, made.setup.config.privacy)).url
    made.change(callbacks={"public_url": url})
    return made


def test_every_attempt_ends_final_or_in_doubt(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came is spent and published once, as billed; what did not come is in doubt with its price held."""
    house.run()
    waits = len(house.attempts("awaiting"))
    clock = house.ledger.store.clock
    monkeypatch.setattr(house.ledger.store, "clock", lambda: clock() + MONTH)
    if waits:
        assert anything_to_collect(house.ledger)
    collect(house.setup, house.ledger, "test")
    house.publish()
    assert set(house.states()) <= {"settled", "in_doubt"}
    assert anything_to_collect(house.ledger) is None

    answered = house.lookups()["phone_e164"].to_list()
    assert len(answered) == len(set(answered))
    doubtful = sum(row["numbers"] for row in house.attempts("in_doubt"))
    assert len(answered) + doubtful == 60
    charged: Counter[str] = Counter()
    for row in house.charges():
        charged[row["number"]] += nanos(row["amount"])
    assert house.spent() == sum(charged[phone] for phone in answered)
    assert house.held() >= sum(amount for phone, amount in charged.items() if phone not in answered)
    house.check()


@pytest.mark.long
def test_a_run_after_it_buys_nothing_twice(house: House) -> None:
    """What is answered is fresh and what is in doubt is claimed: the next run asks nobody again."""
    house.run()
    asked = len([row for row in house.requests() if row["numbers"] and row["method"] == "POST"])
    house.run("two")
    assert len([row for row in house.requests() if row["numbers"] and row["method"] == "POST"]) == asked
    house.check()
