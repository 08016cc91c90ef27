"""The balance in a vendor's own replies, through a whole run: our requests raise no alarm, another's do."""

import httpx
import pytest

from ringfence.lookups.standing import accounts
from ringfence.money import balance
from ringfence.money.schema import BALANCE
from tests.lookups.conftest import TRUST, Build, numbers

QUICK = {"batch": "1", "in_flight": "8"}


@pytest.mark.parametrize("vendor", ["vonage", "kpn"])
def test_somebody_else_on_the_account_is_told(build: Build, monkeypatch: pytest.MonkeyPatch, vendor: str) -> None:
    """Eight requests at a time are nothing to tell; what another program buys with the same key is, once."""
    monkeypatch.setattr(balance, "EVERY", 0)
    monkeypatch.setattr(balance, "SETTLEMENTS", 5)
    house = build(numbers("NL", 60), vendor=vendor, provider=QUICK)
    assert not any("account" in told for told in house.run("one", numbers=40).notes)
    with house.ledger.store.read() as connection:
        assert connection.execute(BALANCE.select()).one().provider == vendor
    if vendor == "kpn":
        return
    elsewhere = {"api_key": "another", "api_secret": "program"}
    for number in numbers("GB", 200):
        path = f"{house.url}/ni/standard/json"
        assert httpx.get(path, params={**elsewhere, "number": number[1:]}, verify=TRUST).status_code == 200
    (told,) = house.run("two").notes
    assert "the account at vonage has fallen" in told
    assert [finding.status for finding in accounts(house.ledger)] == ["warn"]
