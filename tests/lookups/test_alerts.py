"""People are told of budgets during and after a run, at least once, and nothing of it stands in the way of buying."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ringfence.config import environment
from ringfence.config.webhook import webhook_of
from ringfence.errors import ConfigError
from ringfence.http.redact import redact
from ringfence.lookups import meanwhile
from ringfence.lookups.alerts import tell
from ringfence.lookups.preflight import alerts
from tests.http.test_webhook import SECRET, Hook, listening
from tests.lookups.conftest import Build, House, numbers

CAPS = [{"window": "month", "cap": "0.10 EUR"}, {"window": "total", "cap": "500 EUR"}]


def house_of(build: Build, hook: Hook, count: int = 10, **sections: Any) -> House:
    """A house with a cap of ten numbers, whose alerts go to a hook that the environment names."""
    house = build(numbers("NL", count), budgets=CAPS, alerts={"webhook": "env:HOOK_OF_A_TEST"}, **sections)
    with (house.path.parent / ".env").open("a") as file:
        file.write(f"HOOK_OF_A_TEST={hook.address}\n")
    return house


def heard(hook: Hook) -> list[dict[str, Any]]:
    """What a hook was told."""
    return [json.loads(body) for _, _, body in hook.got]


def test_a_run_tells_what_it_reaches(build: Build) -> None:
    """Each share once, with budget, window, cap and use as decimal texts, and nothing of it in a later run."""
    with listening() as hook:
        house = house_of(build, hook, 9)
        assert house.run().numbers == 9
        told = heard(hook)
        house.run("two")
        assert len(heard(hook)) == len(told)
    # At nine in ten of a month in an hour, whatever day it is, the pace is too fast until the month's last hours.
    assert [each["share"] for each in told if "share" in each] == [50, 80]
    assert len(told) <= 3
    first = next(each for each in told if "share" in each)
    assert set(first) == {"budget", "window", "cap", "used", "currency", "share", "environment", "mode", "at"}
    assert (first["cap"], first["used"], first["currency"]) == ("0.100000000", "0.090000000", "EUR")
    assert (first["environment"], first["mode"]) == ("default", "simulate")
    assert not any(number[1:] in json.dumps(told) for number in numbers("NL", 9))


def test_a_pace_that_is_too_fast_is_told(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of ten numbers of a month on its tenth, all in a day: the other seven take 56 hours, and that is told."""
    with listening() as hook:
        house = house_of(build, hook, 3)
        began, tenth = house.ledger.store.clock(), int(datetime(2026, 11, 10, 12, tzinfo=UTC).timestamp() * 1e6)
        clock = house.ledger.store.clock
        monkeypatch.setattr(house.ledger.store, "clock", lambda: tenth + clock() - began)
        assert house.run().numbers == 3
        (told,) = heard(hook)
    assert (told["budget"], told["window"], told["used"], told["burn"]) == ("month", "2026-11", "0.030000000", True)
    assert "share" not in told
    at, reached = (datetime.fromisoformat(told[name]) for name in ("at", "reached_at"))
    assert abs(reached - at - timedelta(hours=56)) < timedelta(minutes=1)


def test_a_run_tells_while_it_buys(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a cap is told before the other half is bought."""
    monkeypatch.setattr(meanwhile, "ALERT_SECONDS", 0.05)
    with listening() as hook:
        house = house_of(build, hook)
        config = json.loads(house.path.read_text())["providers"]
        config["infobip"] |= {"batch": "1", "rate": "4/s"}
        house.change(providers=config)
        house.run()
        used = [each["used"] for each in heard(hook) if each.get("share") == 50]
    assert used
    assert "0.050000000" <= used[0] < "0.100000000"


@pytest.mark.parametrize("status", [500, 302])
def test_what_is_not_taken_is_a_note_and_is_told_later(build: Build, status: int) -> None:
    """The purchase is whole, the run says in its notes what was not told, and it is told later."""
    with listening(status) as hook:
        house = house_of(build, hook)
        bought = house.run()
        assert bought.numbers == 10
        assert any("alerts.webhook took no message" in note and f"HTTP {status}" in note for note in bought.notes)
        assert SECRET not in " ".join(bought.notes)
        failed = len(hook.got)
        hook.status = 204
        assert asyncio.run(tell(house.setup, house.ledger)) == []
        assert [each["share"] for each in heard(hook)[failed:]] == [100, 50, 80]
        assert asyncio.run(tell(house.setup, house.ledger)) == []
        assert len(hook.got) == failed + 3


def test_an_address_that_is_missing_is_named_by_its_variable(build: Build) -> None:
    """A variable that is not set stops no purchase: the run and doctor say which it is."""
    house = build(numbers("NL", 2), alerts={"webhook": "env:NOT_SET_IN_A_TEST"})
    bought = house.run()
    assert bought.numbers == 2
    assert any("NOT_SET_IN_A_TEST, which is not set" in note for note in bought.notes)
    finding = alerts(house.setup)
    assert (finding.status, "NOT_SET_IN_A_TEST" in finding.found) == ("warn", True)


def test_without_an_address_nothing_is_noted(build: Build) -> None:
    """Whoever names one later is told of what is reached then, and of nothing that was."""
    house = build(numbers("NL", 2), budgets=[{"window": "month", "cap": "0.02 EUR"}])
    assert house.run().notes == ()
    with house.ledger.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alert").scalar() == 0
    assert "no alerts.webhook" in alerts(house.setup).found


def config_of(folder: Path, webhook: str, *, url: str = "http://127.0.0.1:1/vendor") -> environment.Setup:
    """A configuration with this webhook, and a provider at an address."""
    provider = {"products": ["query"], "base_url": url, "price": {"query": "0.01 EUR"}}
    config = {"mode": "simulate", "alerts": {"webhook": webhook}, "providers": {"infobip": provider}}
    path = folder / "ringfence.yaml"
    path.write_text(json.dumps(config))
    return environment.load(path)


@pytest.mark.parametrize(
    "address",
    [
        f"http://hooks.example.com/{SECRET}",
        f"https://user:{SECRET}@hooks.example.com/",
        f"https://hooks.example.com/#{SECRET}",
        f"ftp://hooks.example.com/{SECRET}",
        f"https:///{SECRET}",
        f"https://hooks.example.com:99999/{SECRET}",
        f"env:not a name {SECRET}",
        SECRET,
        "",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_shown(tmp_path: Path, address: str) -> None:
    """In the file as in the environment: https, or http on this machine; the error never repeats what stands there."""
    with pytest.raises(ConfigError, match=r"alerts\.webhook") as caught:
        config_of(tmp_path, address)
    assert SECRET not in str(caught.value)
    if address and not address.startswith("env:"):
        (tmp_path / ".env").write_text(f"HOOK='{address}'\n")
        with pytest.raises(ConfigError, match=r"alerts\.webhook, read from HOOK") as caught:
            webhook_of(config_of(tmp_path, "env:HOOK"))
        assert SECRET not in str(caught.value)


def test_an_address_is_masked_in_every_text(tmp_path: Path) -> None:
    """Once it is known, neither a log nor an error of this process shows it; doctor names where it stands."""
    address = f"https://hooks.example.com/services/{SECRET}"
    setup = config_of(tmp_path, address)
    assert webhook_of(setup) == address
    assert SECRET not in redact(f"POST {address} failed") + repr(setup) + alerts(setup).found
    assert alerts(setup).found.endswith("to the address in alerts.webhook")


@pytest.mark.parametrize(
    "address", ["https://api.infobip.com/number/1/query", "https://xyz.api.infobip.com/", "http://127.0.0.1:1/other"]
)
def test_no_provider_gets_a_message(tmp_path: Path, address: str) -> None:
    """A vendor's host, or wherever a configured provider is, cannot be a webhook: no alert becomes a request there."""
    with pytest.raises(ConfigError, match="is an address of provider infobip"):
        webhook_of(config_of(tmp_path, address))


@pytest.mark.parametrize(("shares", "kept"), [(["80", 50, "100 %"], [50, 80, 100]), ([], []), (["5"], [5])])
def test_shares_are_sorted(tmp_path: Path, shares: list[Any], kept: list[int]) -> None:
    """Percents in any order; none is no share at all."""
    path = tmp_path / "ringfence.yaml"
    path.write_text(json.dumps({"mode": "simulate", "alerts": {"shares": shares}}))
    assert environment.load(path).config.alerts.shares == kept


@pytest.mark.parametrize("shares", [[50, "50%"], [0], [101], ["half"], ["0.5"]])
def test_a_share_that_is_none_is_refused(tmp_path: Path, shares: list[Any]) -> None:
    """Whole percents from 1 to 100, each once."""
    path = tmp_path / "ringfence.yaml"
    path.write_text(json.dumps({"mode": "simulate", "alerts": {"shares": shares}}))
    with pytest.raises(ConfigError, match=r"alerts\.shares"):
        environment.load(path)
