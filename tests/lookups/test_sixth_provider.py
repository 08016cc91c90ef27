"""A provider that nobody has heard of: one module beside the others, and everything works with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ringfence.providers
import ringfence.simulator
from ringfence.lookups import polling
from ringfence.lookups.collect import anything_to_collect, collect
from ringfence.providers import registry
from tests.lookups import conftest
from tests.lookups.conftest import Build, House, numbers

SIXTH = Path(__file__).parent.parent / "sixth"
DAY = 86_400_000_000


@pytest.fixture
def acme(build: Build, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Houses that buy from Acme, whose modules lie where a user would put them: in the packages that are scanned."""
    for package, part in ((ringfence.providers, "providers"), (ringfence.simulator, "simulator")):
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(SIXTH / part)])
    monkeypatch.setitem(conftest.VENDORS, "acme", ("soon", "0.001 EUR", ("ACME_KEY",)))
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0.01)
    registry.providers.cache_clear()

    def make(phones: list[str], **provider: Any) -> House:
        return build(phones, vendor="acme", provider={"batch": "10", **provider})

    yield make
    monkeypatch.undo()
    registry.providers.cache_clear()


def test_a_sixth_provider_takes_one_module(acme: Build) -> None:
    """Its numbers are bought, billed as its own bill says, published with their provider, and not bought again."""
    house = acme(numbers("NL", 7), products=["now"], price={"now": "0.003 EUR"}, batch="3")
    assert house.run().numbers == 7
    assert house.states() == ["settled"] * 3
    assert house.spent() == house.charged() == 7 * 3_000_000
    assert set(house.lookups()["provider"]) == {"acme"}
    assert house.run("two").numbers == 0
    house.check()


def test_what_is_answered_later_is_asked_again_until_all_is_there(acme: Build) -> None:
    """A batch of which some numbers come at the first poll, and the others later, is one settlement."""
    phones = [phone for phone in numbers("NL", 13) if not phone.endswith("9")]
    house = acme(phones)
    assert house.run().numbers == len(phones)
    assert set(house.states()) == {"settled"}
    assert house.spent() == house.charged() == len(phones) * 1_000_000
    assert sorted(house.lookups()["phone_e164"]) == phones
    assert anything_to_collect(house.ledger) is None
    house.check()


def test_what_never_comes_is_given_up_in_doubt(acme: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run leaves what does not come; after the product's patience what came is settled and the rest is in doubt."""
    house = acme(numbers("NL", 10), wait="1s")
    assert house.run().numbers == 0
    assert house.states() == ["awaiting"]
    assert house.held() == house.charged() == 10 * 1_000_000
    house.check()
    assert house.run("two").numbers == 0, "what waits is not bought again"
    clock = house.ledger.store.clock
    monkeypatch.setattr(house.ledger.store, "clock", lambda: clock() + DAY)
    assert anything_to_collect(house.ledger) == "1 requests were not answered in time"
    assert collect(house.setup, house.ledger, "test") == []
    assert sorted(house.states()) == ["in_doubt", "settled"]
    house.publish()
    assert house.lookups().height == 9
    assert (house.spent(), house.held()) == (9 * 1_000_000, 1_000_000)
    assert anything_to_collect(house.ledger) is None
    house.check()


def test_a_reply_that_comes_after_the_end_changes_nothing(acme: Build) -> None:
    """Parsing again after a settlement reads what it was settled by, and no more."""
    house = acme(numbers("NL", 3))
    house.run()
    before = house.lookups()
    with house.ledger.store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO reply (attempt_id, source, status, headers, body, complete, mac, received_at, ref) "
            "SELECT attempt_id, source, status, headers, body, complete, mac || 'x', received_at + 1, 'later' "
            "FROM reply WHERE source = 'poll'"
        )
    assert house.publish() == 0
    assert house.lookups().equals(before)
