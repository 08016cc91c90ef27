"""The configuration file: what it means, and what is said where it is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from ringfence.config import environment
from ringfence.config.scalars import DAY, ONCE
from ringfence.errors import ConfigError, SecretMissingError
from ringfence.money.amount import Money
from ringfence.providers.lookup import Fact

SOURCE = (
    "sources:\n  crm:\n    warehouse: csv:///a.csv\n    key: id\n    phones: [phone]\n    want: {carrier: monthly}\n"
)
INFOBIP = "providers:\n  infobip:\n    products: query\n"


def load(folder: Path, text: str | bytes) -> environment.Setup:
    """Load this text as a configuration."""
    path = folder / "ringfence.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return environment.load(path)


def test_every_scalar_is_read_as_it_is_written(tmp_path: Path) -> None:
    """NO is Norway and not false, 0.10 is exact, one name stands for a list, and intervals are seconds."""
    text = (
        "mode: simulate\n" + SOURCE.replace("{carrier: monthly}", "{carrier: 45d, ported: once, validity: daily}")
    ) + (
        INFOBIP
        + "    price: {query: 0.10 EUR}\n    rate: 20/s\n"
        + "budgets:\n  - {window: month, cap: 0.30 EUR, country: NO}\nprivacy: {allow: {roaming: [NO, nl]}}\n"
        + "approval: {unattended: 5 EUR/day}\nroutes: {no: infobip, default: [infobip]}\n"
    )
    config = load(tmp_path, text).config
    assert config.budgets[0].country == "NO"
    assert config.privacy.allow == {"roaming": ["NO", "NL"]}
    assert config.providers["infobip"].price["query"] == Money(100_000_000, "EUR")
    assert config.budgets[0].cap.amount == 3 * config.providers["infobip"].price["query"].amount
    assert config.approval.unattended == Money(5 * 10**9, "EUR")
    assert config.routes == {"NO": ["infobip"], "default": ["infobip"]}
    assert config.sources["crm"].key == ["id"]
    assert config.sources["crm"].want == {Fact.CARRIER: 45 * DAY, Fact.PORTED: ONCE, Fact.VALIDITY: DAY}


WRONG = {
    "an unknown key": ("mode: simulate\nhomes: x\n", ":2: homes: there is no such key"),
    "a key below": ("mode: live\nnumbers:\n  vanity: false\n  vanities: x\n", ":4: numbers.vanities: there is no"),
    "a missing key": ("home: x\n", ":1: mode: this key is required"),
    "a missing key below": ("mode: live\nsources:\n  a:\n    key: id\n", ":3: sources.a.warehouse: this key is"),
    "a wrong choice": ("mode: both\n", ":1: mode: Input should be 'simulate' or 'live'"),
    "a doubled key": ("mode: live\nhome: a\nmode: live\n", ":3: not valid YAML (key 'mode' stands twice)"),
    "a key that is a list": ("? [a, b]\n: c\n", ":1: not valid YAML (a key is a plain word)"),
    "a bracket left open": ("mode: [a\n", ":2: not valid YAML (expected ','"),
    "an alias of nothing": ("mode: live\nhome: *b\n", ":2: not valid YAML (found undefined alias 'b')"),
    "a control character": ("mode: live\nhome: \x01\n", ":2: not valid YAML (a character that YAML does not"),
    "an alias of itself": ("mode: live\nsources: &a {x: *a}\n", ": not valid YAML (nested too deep)"),
    "a list": ("- mode\n", ":1: the file: Input should be a valid dictionary"),
    "nothing": ("", ":1: mode: this key is required"),
    "Latin-1": ("mode: live # \xe9\n".encode("latin-1"), ": cannot be read (not UTF-8 text)"),
    "a fact": ("mode: live\n" + SOURCE.replace("carrier", "carier"), ":7: sources.crm.want.carier: Input should be"),
    "an interval": ("mode: live\n" + SOURCE.replace("monthly", "often"), ":7: sources.crm.want.carrier: expected once"),
    "a float": (
        "mode: live\n" + INFOBIP + "    price:\n      query: 0.01\n",
        ":6: providers.infobip.price.query: '0.01'",
    ),
    "ten decimals": (
        "mode: live\n" + INFOBIP + "    price: {query: 0.0000000001 EUR}\n",
        ":5: providers.infobip.price",
    ),
    "a negative cap": ("mode: live\nbudgets:\n  - window: day\n    cap: -1 EUR\n", ":4: budgets.0.cap: expected an"),
    "a rate": ("mode: live\n" + INFOBIP + "    rate: 20\n", ":5: providers.infobip.rate: expected requests a second"),
    "a provider": ("mode: live\nproviders:\n\n  infobop: {products: [query]}\n", ":4: providers.infobop: there is no"),
    "a product": ("mode: live\n" + INFOBIP.replace("query", "hlr"), ":4: providers.infobip.products: there is no"),
    "a price of nothing": (
        "mode: live\n" + INFOBIP + "    price: {hlr: 1 EUR}\n",
        ":5: providers.infobip.price: there",
    ),
    "a route's country": (
        "mode: live\n" + INFOBIP + "routes:\n  NLD: [infobip]\n",
        ":6: routes.NLD: expected a country",
    ),
    "a route's provider": (
        "mode: live\n" + INFOBIP + "routes:\n  NL: [vonage]\n",
        ":6: routes.NL: there is no provider",
    ),
    "a cap twice": (
        "mode: live\nbudgets:\n  - {window: month, cap: 1 EUR}\n  - {window: month, cap: 2 EUR}\n",
        ":4: budgets.1: a cap for the same month",
    ),
    "a budget's source": (
        "mode: live\nbudgets:\n  - {window: day, cap: 1 EUR}\n  - {window: day, cap: 1 EUR, source: crm}\n",
        ":4: budgets.1.source: there is no source 'crm'",
    ),
    "a country": ("mode: live\nprivacy:\n  allow:\n    roaming: [NL, NLD]\n", ":4: privacy.allow.roaming.1: expected"),
    "a type of line": ("mode: live\nnumbers: {types: [moblie]}\n", ":2: numbers.types.0: expected one of"),
    "a time zone": ("mode: live\ntimezone: Amsterdam\n", ":2: timezone: expected a time zone of the IANA database"),
    "a schedule": ("mode: live\nschedule: every day\n", ":2: schedule: expected five cron fields"),
    "an allowance": ("mode: live\napproval: {unattended: 5 EUR}\n", ":2: approval.unattended: expected 0 or an amount"),
    "an address with a password": (
        "mode: live\n" + INFOBIP + "    base_url: https://me:hunter2@api.infobip.com\n",
        ":5: providers.infobip.base_url: String should match",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG)
def test_an_error_names_file_line_and_key(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    """One sentence an error: the file, the line that it stands in, the key, and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert f"{tmp_path / 'ringfence.yaml'}{sentence}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_all_errors_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """Three wrong keys make three lines."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "mode: x\nhomes: y\ncurrency: eur\n")
    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message says which file and how to name another."""
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read .*RINGFENCE_CONFIG"):
        environment.load(tmp_path / "none.yaml")


ADDRESSES: list[tuple[str, dict[str, Any], str | None, bool]] = [
    # mode, sections of the provider and of the file, override in the environment, allowed
    ("simulate", {"base_url": "http://127.0.0.1:8900"}, None, True),
    ("simulate", {"base_url": "http://[::1]:8900/"}, None, True),
    ("simulate", {"base_url": "http://localhost:8900"}, None, True),
    ("simulate", {"base_url": "http://127.8.9.1"}, None, True),
    ("simulate", {}, None, False),
    ("simulate", {"base_url": "http://simulator.local"}, None, False),
    ("simulate", {"base_url": "http://simulator.local", "simulator_hosts": ["simulator.local"]}, None, True),
    ("simulate", {"base_url": "https://api.infobip.com", "simulator_hosts": ["api.infobip.com"]}, None, False),
    ("simulate", {"base_url": "http://127.0.0.1.example.com"}, None, False),
    ("simulate", {"base_url": "http://127.0.0.1:8900"}, "https://api.infobip.com", False),
    ("simulate", {"base_url": "https://api.infobip.com"}, "http://127.0.0.1:8900", True),
    ("simulate", {}, "http://127.0.0.1:8900@api.infobip.com", False),
    ("simulate", {}, "http://127.0.0.1:8900?key=hunter2", False),
    ("simulate", {}, "http://[127.0.0.1", False),
    ("simulate", {}, "unix:///tmp/socket", False),
    ("live", {}, None, True),
    ("live", {"base_url": "https://xyz12.api.infobip.com"}, None, True),
    ("live", {"base_url": "http://api.infobip.com"}, None, False),
    ("live", {"base_url": "https://notinfobip.com"}, None, False),
    ("live", {"base_url": "https://infobip.com.example.org"}, None, False),
    ("live", {"base_url": "http://127.0.0.1:8900"}, None, False),
    ("live", {"base_url": "http://127.0.0.1:8900", "simulator_hosts": ["127.0.0.1"]}, None, False),
    ("live", {"base_url": "http://127.0.0.1:8900", "trusted_hosts": ["127.0.0.1"]}, None, True),
    ("live", {}, "https://gateway.example.org", False),
    ("live", {"trusted_hosts": ["gateway.example.org"]}, "https://gateway.example.org", True),
]


@pytest.mark.parametrize(("mode", "given", "override", "allowed"), ADDRESSES)
def test_simulated_and_live_addresses_never_mix(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    given: dict[str, Any],
    override: str | None,
    *,
    allowed: bool,
) -> None:
    """Simulate mode goes to loopback or a named simulator, live mode to the vendor or a trusted host, else nowhere."""
    section = {"products": "query", **{key: value for key, value in given.items() if key != "simulator_hosts"}}
    hosts = given.get("simulator_hosts", [])
    text = json.dumps({"mode": mode, "providers": {"infobip": section}, "simulator_hosts": hosts})
    if override:
        monkeypatch.setenv("RINGFENCE_INFOBIP_BASE_URL", override)
    setup = load(tmp_path, text)
    if allowed:
        assert setup.base_url("infobip") == (override or section.get("base_url", "https://api.infobip.com")).rstrip("/")
        return
    with pytest.raises(ConfigError, match=r"base_url \(or RINGFENCE_INFOBIP_BASE_URL\)") as caught:
        setup.base_url("infobip")
    assert "hunter2" not in str(caught.value)


def test_the_environment_wins_over_the_file_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` beside the configuration is read, and never overrides what the environment says."""
    (tmp_path / ".env").write_text("INFOBIP_USERNAME=me\nINFOBIP_PASSWORD=from-file\nRINGFENCE_HOME=elsewhere\n")
    setup = load(tmp_path, "mode: simulate\n" + INFOBIP)
    assert setup.secrets("infobip") == {"INFOBIP_USERNAME": "me", "INFOBIP_PASSWORD": "from-file"}
    assert setup.home == tmp_path / "elsewhere"
    monkeypatch.setenv("INFOBIP_PASSWORD", "from-environment")
    assert load(tmp_path, "mode: simulate\n" + INFOBIP).secrets("infobip")["INFOBIP_PASSWORD"] == "from-environment"


def test_a_missing_secret_is_named_and_a_present_one_never_shown(tmp_path: Path) -> None:
    """Half a pair of credentials is none; message and repr hold names of variables and no value."""
    (tmp_path / ".env").write_text("INFOBIP_USERNAME=hunter2\n")
    setup = load(tmp_path, "mode: simulate\n" + INFOBIP)
    with pytest.raises(SecretMissingError, match="INFOBIP_API_KEY, or INFOBIP_USERNAME and INFOBIP_PASSWORD") as caught:
        setup.secrets("infobip")
    assert setup.env["INFOBIP_USERNAME"] == "hunter2"
    assert "hunter2" not in f"{caught.value!r} {setup!r} {setup}"
