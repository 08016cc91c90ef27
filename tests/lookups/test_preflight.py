"""What is examined before a run: each finding by the state of a real home that brings it about."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ringfence.cli.context import Home
from ringfence.cli.output import Format
from ringfence.cli.quote import print_quote
from ringfence.config import environment
from ringfence.errors import RingfenceError
from ringfence.lookups import preflight, standing, suppliers
from ringfence.lookups.buy import open_for_spending
from ringfence.lookups.finding import Finding, Status
from ringfence.money import switch
from ringfence.providers.registry import provider
from tests.lookups.conftest import Build, House, numbers

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)


def status(found: list[Finding], what: str) -> list[Status]:
    """The statuses of what concerns one thing."""
    return [each.status for each in found if each.what == what]


def changed(house: House, **provider_keys: Any) -> environment.Setup:
    """The house with other keys of its provider."""
    infobip = json.loads(house.path.read_text())["providers"]["infobip"]
    house.change(providers={"infobip": {**infobip, **provider_keys}})
    return house.setup


def test_a_new_house_is_well(build: Build) -> None:
    """Nothing fails before the first run, and nobody has to be asked."""
    house = build(numbers("NL", 3))
    found = [*preflight.examined(house.setup, NOW), *standing.standing(house.setup)]
    assert [each for each in found if each.status == "fail"] == []
    assert [each.what for each in found if each.status == "warn"] == ["served file"]


def test_a_house_after_a_run_with_a_doubt(build: Build) -> None:
    """Money that is used, doubts with their age and money, stops, and answers that are not served yet."""
    house = build(numbers("NL", 4), {"when": {"nth": 2}, "fault": "drop_unanswered"})
    house.run()
    switch.stop(house.ledger, "infobip", who="anna", why="too dear")
    house.change(budgets=[{"window": "month", "cap": "0.04 EUR"}])
    (house.setup.home / "ringfence.duckdb").touch()
    os.utime(house.setup.home / "ringfence.duckdb", (0, 0))
    found = {each.what: each for each in standing.standing(house.setup)}
    assert found["budget month"].status == "warn"
    assert found["budget month"].found == "0.04 EUR of 0.04 EUR are spent or held: 100 % are reached"
    assert found["in doubt"].status == "warn"
    assert "1 requests about 2 numbers are in doubt and hold 0.02 EUR" in found["in doubt"].found
    assert "counts each as spent after 7 d" in found["in doubt"].mend
    assert found["stop"].mend == "ringfence resume --provider infobip"
    assert found["served file"].mend == "ringfence serve"
    assert (found["ledger"].status, found["invariants"].status) == ("ok", "ok")


def test_a_ledger_that_must_not_be_spent_from(build: Build) -> None:
    """Another mode, a broken invariant and a ledger that is gone are failures."""
    house = build(numbers("NL", 2))
    house.run()
    house.change(mode="live", providers={})
    assert status(standing.standing(house.setup), "ledger") == ["fail"]
    with house.ledger.store.write() as connection:
        connection.execute(text("UPDATE counter SET spent = spent + 1"))
    broken = next(each for each in standing.standing(house.setup) if each.what == "invariants")
    assert broken.status == "fail"
    assert "I1 does not hold" in broken.found
    (house.setup.home / "ledger.sqlite").unlink()
    assert [each.status for each in standing.standing(house.setup)] == ["fail"]


def test_prices_that_are_missing_or_about_to_end(build: Build) -> None:
    """A product without a price fails, one whose price ends warns, and a rate card that cannot be read fails."""
    house = build(numbers("NL", 1))
    on = NOW.date()
    assert [each.status for each in suppliers.prices(house.setup, on)] == ["ok"]
    setup = changed(house, price={})
    (missing,) = suppliers.prices(setup, on)
    assert (missing.status, missing.mend) == ("fail", "providers.infobip.price.query")
    card = house.path.parent / "prices.csv"
    head = "provider,product,country,mccmnc,outcome,price,currency,valid_from,valid_to\n"
    card.write_text(f"{head}infobip,query,,,,0.01,EUR,2026-01-01,{on + timedelta(days=3)}\n")
    house.change(prices="prices.csv")
    assert [each.status for each in suppliers.prices(house.setup, on)] == ["warn"]
    assert [each.status for each in suppliers.prices(house.setup, on + timedelta(days=4))] == ["fail"]
    card.unlink()
    assert [each.status for each in suppliers.prices(house.setup, on)] == ["fail"]


def test_credentials_by_name_only(build: Build) -> None:
    """Names of variables are shown and never what they hold; the simulator's own are refused in live mode."""
    house = build(numbers("NL", 1))
    (found,) = suppliers.credentials(house.setup)
    assert (found.status, found.found) == ("ok", "INFOBIP_API_KEY set in .env")
    (house.path.parent / ".env").write_text("INFOBIP_API_KEY=simulated\n")
    assert [each.status for each in suppliers.credentials(house.setup)] == ["ok"]
    house.change(mode="live")
    assert [each.status for each in suppliers.credentials(house.setup)] == ["fail"]
    (house.path.parent / ".env").unlink()
    (missing,) = suppliers.credentials(house.setup)
    assert missing.status == "fail"
    assert "INFOBIP_API_KEY" in missing.found


def test_addresses_and_who_listens_there(build: Build) -> None:
    """A vendor's own address fails in simulate mode, and a simulator that does not run is warned of."""
    house = build(numbers("NL", 1))
    assert [each.status for each in suppliers.addresses(house.setup)] == ["ok"]
    assert [each.status for each in suppliers.addresses(changed(house, base_url="http://127.0.0.1:1"))] == ["warn"]
    assert [each.status for each in suppliers.addresses(changed(house, base_url="https://x.infobip.com"))] == ["fail"]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2026, 11, 5), []),
        (date(2026, 11, 6), ["warn"]),
        (date(2027, 2, 3), ["warn"]),
        (date(2027, 2, 4), ["fail"]),
    ],
)
def test_a_vendor_that_ends_is_told_of_in_time(on: date, expected: list[Status], build: Build) -> None:
    """From ninety days before the last day on it warns, and from that day on it fails."""
    house = build(numbers("NL", 1))
    sections = {"vonage": {"products": ["advanced"], "price": {"advanced": "0.04 EUR"}}}
    house.change(providers=sections)
    assert provider("vonage").sunset == date(2027, 2, 4)
    assert [each.status for each in suppliers.sunsets(house.setup, on)] == expected


def test_limits_and_consent(build: Build) -> None:
    """Without a cap over everything nothing may be bought; a schedule without an allowance buys nothing by itself."""
    house = build(numbers("NL", 1))
    assert [(each.what, each.status) for each in preflight.consent(house.setup)] == [("approval", "ok")]
    house.change(budgets=[{"window": "day", "cap": "5 EUR"}, {"window": "month", "cap": "5 EUR", "country": "NL"}])
    assert [(each.what, each.status) for each in preflight.consent(house.setup)] == [
        ("budgets", "fail"),
        ("approval", "ok"),
    ]
    house.change(schedule="0 5 * * *", timezone="Europe/Amsterdam")
    assert status(list(preflight.consent(house.setup)), "approval") == ["warn"]
    assert preflight.schedule(house.setup, NOW).found == "next at 2026-11-22 05:00 (Europe/Amsterdam)"
    house.change(approval={"unattended": "5 EUR/day"})
    assert status(list(preflight.consent(house.setup)), "approval") == ["ok"]


def test_a_cap_in_another_currency_fails(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing could be bought under it: it is told once, whatever the ledger knows of it, and by a quote too."""
    house = build(numbers("NL", 1))
    house.change(budgets=[{"window": "month", "cap": "5 USD"}], approval={"unattended": "1 USD/day"})
    found = [*preflight.examined(house.setup, NOW), *standing.standing(house.setup)]
    told = [(each.what, each.found, each.mend) for each in found if each.status == "fail"]
    why = "is in USD, prices are in EUR and there is no rate"
    assert told == [
        ("budget month", f"the cap of 5.00 USD {why}", "state it in EUR"),
        ("approval", f"the unattended sum of 1.00 USD {why}", "state it in EUR"),
    ]
    assert len([each for each in found if each.what in ("budget month", "approval")]) == 2
    open_for_spending(house.setup, house.ledger)
    print_quote(Home(house.setup, house.ledger, house.lake), house.quote(), Format.TABLE)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"room for 0 of 1 numbers; the cap of 5.00 USD a month {why}: state it in EUR" in shown
    house.change(budgets=[{"window": "month", "cap": "0 USD"}], approval={"unattended": "0"})
    assert [each for each in preflight.consent(house.setup) if each.status == "fail"] == []


def test_a_home_that_cannot_be_used(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little room, a file in its place, and a path that Delta misreads."""
    house = build(numbers("NL", 1))
    monkeypatch.setattr(preflight, "LITTLE", 10**18)
    assert preflight.home(house.setup).status == "warn"
    monkeypatch.setattr(preflight, "TOO_LITTLE", 10**18)
    assert preflight.home(house.setup).status == "fail"
    house.change(home="phones.csv")
    assert "cannot be written" in preflight.home(house.setup).found
    house.change(home="a[b]")
    assert "cannot hold tables" in preflight.home(house.setup).found


def test_sources_and_dagster(build: Build, tmp_path: Path) -> None:
    """A source that is gone fails with its own sentence, and so does a launch without a checkout."""
    house = build(numbers("NL", 1))
    assert [each.status for each in preflight.sources(house.setup)] == ["ok"]
    (house.path.parent / "phones.csv").unlink()
    (gone,) = preflight.sources(house.setup)
    assert (gone.status, gone.mend) == ("fail", "mend the path of its warehouse")
    assert preflight.dagster(tmp_path, tmp_path).status == "ok"
    found = preflight.dagster(RingfenceError("no checkout here: make one"), tmp_path)
    assert (found.status, found.found, found.mend) == ("fail", "no checkout here", "make one")
    house.change(sources={}, providers={})
    assert [each.status for each in preflight.configuration(house.setup)] == ["ok", "warn", "warn"]


def test_names_that_are_paid_for_and_not_kept_are_told(build: Build) -> None:
    """With cnam on and no country that lets names in, doctor says that the money is for nothing; else not a word."""
    paid = {"price": {"standard": "0.005 EUR", "standard_cnam": "0.015 EUR"}, "cnam": "on", "batch": "1"}
    house = build([], vendor="vonage", provider=paid)
    (found,) = list(suppliers.choices(house.setup))
    assert (found.status, "caller_name: [US]" in found.mend) == ("warn", True)
    house.change(privacy={"allow": {"caller_name": ["US"]}})
    assert list(suppliers.choices(house.setup)) == []
