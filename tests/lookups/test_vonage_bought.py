"""Vonage bought from end to end: callers' names kept only where that is allowed, XML, and the successor by token."""

from typing import Any

import polars as pl
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.lookups import conftest
from tests.lookups.conftest import Build, House, numbers

AMERICAN = [f"+1212555{number:04d}" for number in range(1000, 1012)]
PRICES = {"standard": "0.005 EUR", "standard_cnam": "0.015 EUR"}
WANT = {"carrier": "monthly", "line_type": "monthly"}


def sources(want: dict[str, str]) -> dict[str, Any]:
    """The source of a house, with other wants."""
    return {"people": {"warehouse": "csv:///phones.csv", "key": "id", "phones": "phone", "want": want}}


def house_of(build: Build, phones: list[str], provider: dict[str, Any], **sections: Any) -> House:
    """A house that buys of Vonage one number a request."""
    settings = {"batch": "1", "in_flight": "4", "price": PRICES, **provider}
    return build(phones, vendor="vonage", provider=settings, sources=sources(WANT), **sections)


def everything(house: House) -> bytes:
    """Every byte of the home."""
    return b"".join(path.read_bytes() for path in house.lake.home.rglob("*") if path.is_file())


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_callers_name_is_bought_priced_and_kept_where_it_may_be(build: Build, form: str) -> None:
    """With `cnam` it is asked of American numbers alone, at its own price, and reaches the lake by permission only."""
    dutch = numbers("NL", 6)
    provider = {"cnam": "on", "format": form}
    house = house_of(build, [*AMERICAN, *dutch], provider, privacy={"allow": {"caller_name": ["US"]}})
    house.run()
    house.check()
    found = house.lookups()
    americans = found.filter(pl.col("country") == "US")
    assert americans["caller_name"].drop_nulls().len() > 3
    assert found.filter(pl.col("country") != "US")["caller_name"].null_count() == len(dutch)
    held = {row["country"]: row["unit_price"] for row in house.attempts()}
    assert held == {"US": 15_000_000, "NL": 5_000_000}
    assert house.spent() == house.charged()
    assert house.held() == 0


def test_a_callers_name_that_may_not_be_kept_is_nowhere(build: Build) -> None:
    """Neither in the ledger nor in the lake, though it was paid for."""
    house = house_of(build, AMERICAN, {"cnam": "on"})
    house.run()
    assert house.spent() == house.charged() > 0
    assert house.lookups()["caller_name"].null_count() == house.lookups().height
    assert b"Amberley" not in everything(house)


def test_without_a_price_for_it_no_name_is_bought(build: Build) -> None:
    """The price of the level is not that of the level with a name: American numbers are refused, others are bought."""
    provider = {"cnam": "on", "price": {"standard": "0.005 EUR"}}
    house = house_of(build, [*AMERICAN, *numbers("NL", 3)], provider)
    house.run()
    assert {row["country"] for row in house.attempts()} == {"NL"}


def test_the_successor_is_bought_by_token(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Routing moves to Identity Insights by configuration alone: same facts, list price, one signed token for all."""
    names = ("VONAGE_APPLICATION_ID", "VONAGE_PRIVATE_KEY")
    monkeypatch.setitem(conftest.VENDORS, "vonage_insights", ("insights", "0.02 EUR", names))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Over what the house writes into its .env file.
    monkeypatch.setenv(names[1], key.decode())
    house = build(numbers("NL", 8), vendor="vonage_insights", provider={"batch": "1"}, sources=sources(WANT))
    house.run()
    house.check()
    found = house.lookups()
    assert found.height == 8
    assert set(found["provider"]) == {"vonage_insights"}
    assert found["current_carrier_mccmnc"].drop_nulls().len() > 4
    assert house.spent() == house.charged() == 8 * 20_000_000
    assert key.splitlines()[1] not in everything(house)
