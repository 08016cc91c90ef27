"""Whole runs whose answers are called back: simulator, receiver and ledger together, the simulator's bill as judge."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from ringfence.lookups.collect import anything_to_collect, collect
from ringfence.lookups.receiver import Receiver
from tests.lookups.conftest import Build, House, numbers
from tests.lookups.receiving import receiving

DAY = 86_400_000_000
CENT = 10_000_000
# Who calls back: product, numbers in a request, list price.
ASYNC = {
    "vonage": ("advanced_async", "1", 4 * CENT),
    "infobip": ("notify", "5", CENT),
    "kpn": ("advanced_async", "1", 3 * CENT),
}
Called = Callable[..., tuple[House, Receiver]]


@pytest.fixture
def called(build: Build) -> Iterator[Called]:
    """Make a house with a receiver of its own, that buys what is called back."""
    with ExitStack() as stack:

        def make(
            vendor: str, phones: list[str], *rules: dict[str, object], wait: str = "20s"
        ) -> tuple[House, Receiver]:
            product, batch, price = ASYNC[vendor]
            section = {
                "products": [product],
                "price": {product: f"0.0{price // CENT} EUR"},
                "wait": wait,
                "batch": batch,
                "in_flight": "4",
            }
            house = build(phones, *rules, vendor=vendor, provider=section)
            here = stack.enter_context(receiving(house.ledger))
            house.change(callbacks={"public_url": here.url})
            return house, here

        yield make


@pytest.mark.parametrize("vendor", ASYNC)
def test_a_run_waits_for_what_is_called_back(called: Called, vendor: str) -> None:
    """Every answer comes into the run that asked, is published once, and costs what the simulator bills."""
    house, here = called(vendor, numbers("NL", 12))
    assert house.run().numbers == 12
    assert set(house.states()) == {"settled"}
    assert (here.counts.suspect, house.held()) == (0, 0)
    assert house.spent() == house.charged()
    assert sorted(house.lookups()["phone_e164"]) == numbers("NL", 12)
    assert anything_to_collect(house.ledger) in (None, f"{here.counts.kept:,} callbacks came")
    house.check()


@pytest.mark.parametrize("fault", ["callback_twice", "callback_early", "callback_forged"])
def test_copies_early_ones_and_forgeries_change_nothing(called: Called, fault: str) -> None:
    """Each number is answered and paid once; a forged callback is refused and kept aside."""
    house, here = called("vonage", numbers("NL", 6), {"when": {"every": 1}, "fault": fault})
    assert house.run().numbers == 6
    assert set(house.states()) == {"settled"}
    assert house.spent() == house.charged() == 6 * 4 * CENT
    with house.ledger.store.read() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM reply WHERE source = 'callback'").scalar()
        aside = connection.exec_driver_sql("SELECT count(*) FROM quarantine").scalar()
    assert kept == 6
    assert (aside > 0) == (fault == "callback_forged")
    assert here.counts.suspect == aside
    house.check()


def test_what_is_not_called_back_waits_for_collect(called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run leaves it awaited, a late callback settles it, and what never comes is in doubt in the end."""
    late = {"when": {"nth": 1}, "fault": "callback_late", "seconds": 3}
    lost = {"when": {"nth": 2}, "fault": "callback_lost"}
    house, here = called("vonage", numbers("NL", 4), late, lost, wait="1s")
    house.run()
    assert sorted(house.states()) == ["awaiting", "awaiting", "settled", "settled"]
    while here.counts.kept < 3:
        time.sleep(0.05)
    assert anything_to_collect(house.ledger) == "3 callbacks came"
    assert collect(house.setup, house.ledger, "test") == []
    assert sorted(house.states()) == ["awaiting", "settled", "settled", "settled"]
    assert anything_to_collect(house.ledger) is None
    clock = house.ledger.store.clock
    monkeypatch.setattr(house.ledger.store, "clock", lambda: clock() + 2 * DAY)
    assert collect(house.setup, house.ledger, "test") == []
    assert sorted(house.states()) == ["in_doubt", "settled", "settled", "settled"]
    assert house.spent() + house.held() == house.charged() == 4 * 4 * CENT
    house.check()
