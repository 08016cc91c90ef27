"""The configuration file: what it means, and what is said where it is wrong."""

import copy
import itertools
import json
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.definitions import definitions
from ringfence.config import environment
from ringfence.config.scalars import DAY, ONCE, RESERVED
from ringfence.errors import ConfigError, SecretMissingError
from ringfence.http.client import Client
from ringfence.http.redact import redact
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
    "an unknown key": ("mode: simulate\nhomes: x\n", ":2: homes: there is no such key; closest are: home"),
    "a key below": (
        "mode: live\nnumbers:\n  vanity: false\n  vanities: x\n",
        ":4: numbers.vanities: there is no such key; closest are: vanity",
    ),
    "a missing key": ("home: x\n", ":1: mode: this key is required"),
    "a missing key below": ("mode: live\nsources:\n  a:\n    key: id\n", ":3: sources.a.warehouse: this key is"),
    "a wrong choice": ("mode: both\n", ":1: mode: expected simulate or live"),
    "a doubled key": ("mode: live\nhome: a\nmode: live\n", ":3: not valid YAML (key 'mode' stands twice)"),
    "a key that is a list": ("? [a, b]\n: c\n", ":1: not valid YAML (a key is a plain word)"),
    "a bracket left open": ("mode: [a\n", ":2: not valid YAML (expected ','"),
    "an alias of nothing": ("mode: live\nhome: *b\n", ":2: not valid YAML (anchors and aliases"),
    "a control character": ("mode: live\nhome: \x01\n", ":2: not valid YAML (a character that YAML does not"),
    "an alias of itself": ("mode: live\nsources: &a {x: *a}\n", ":2: not valid YAML (anchors and aliases"),
    "a bomb": (
        "a: &a [x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join(['*' + a] * 8)}]\n" for a, b in itertools.pairwise("abcdefghi")),
        ":1: not valid YAML (anchors and aliases",
    ),
    "too deep": ("mode: " + "[" * 1000 + "]" * 1000, ": not valid YAML (nested too deep)"),
    "a NUL": ('mode: live\nhome: "a\\0b"\n', ":2: not valid YAML (a character that no text can hold)"),
    "a NUL in a key": ('mode: live\n"a\\0b": c\n', ":2: not valid YAML (a character that no text can hold)"),
    "half a character": ('mode: live\nhome: "\\ud800"\n', ":2: not valid YAML (a character that no text can hold)"),
    "an unlike key": (
        "mode: live\nin_doubt: {zz: 1}\n",
        ":2: in_doubt.zz: there is no such key; there are: assume_billed_after",
    ),
    "a key of a provider": (
        "mode: live\n" + INFOBIP + "    prices: {}\n",
        ":5: providers.infobip.prices: there is no such key; closest are: price",
    ),
    "a key of a source named like a key": (
        "mode: live\n" + SOURCE.replace("crm", "region") + "    phone: x\n",
        ":8: sources.region.phone: there is no such key; closest are: phones",
    ),
    "a key of a budget": (
        "mode: live\nbudgets:\n  - {window: day, caps: 1 EUR}\n",
        ":3: budgets.0.caps: there is no such key; closest are: cap",
    ),
    "a route twice": (
        "mode: live\n" + INFOBIP + "routes: {GB: infobip, gb: infobip}\n",
        ":5: routes: 'GB' stands twice",
    ),
    "a route that is a word": ("mode: live\nroutes: manual\n", ":2: routes: expected auto"),
    "routes without countries": (
        "mode: live\n" + INFOBIP + "routes: [infobip]\n",
        ":5: routes: expected auto, or lists of providers with their countries, such as {default: [infobip]}",
    ),
    "no rate card": ("mode: live\nprices: ''\n", ":2: prices: expected the name of a CSV file"),
    "no table of rates": ("mode: live\nfx: ' '\n", ":2: fx: expected the name of a CSV file"),
    "a product twice": (
        "mode: live\n" + INFOBIP.replace("query", "[query, query]"),
        ":4: providers.infobip.products: 'query' stands twice",
    ),
    "a batch over the limit": (
        "mode: live\n" + INFOBIP + "    batch: 1001\n",
        ":5: providers.infobip.batch: infobip takes at most 1000 numbers in a request",
    ),
    "a batch of none": (
        "mode: live\n" + INFOBIP + "    batch: 0\n",
        ":5: providers.infobip.batch: expected a number of at least 1",
    ),
    "too many in flight": (
        "mode: live\n" + INFOBIP + "    in_flight: 257\n",
        ":5: providers.infobip.in_flight: expected a number of at most 256",
    ),
    "a port that is none": (
        "mode: live\n" + INFOBIP + "    base_url: https://api.infobip.com:abc\n",
        ":5: providers.infobip.base_url: expected an address such as",
    ),
    "a port that is too large": (
        "mode: live\n" + INFOBIP + "    base_url: https://api.infobip.com:99999\n",
        (
            ":5: providers.infobip.base_url: expected an address such as https://host/path, without user, query or "
            "fragment; a port is a number from 1 to 65535, found: 99999"
        ),
    ),
    "a country that is none": (
        "mode: live\n" + SOURCE + "    region: {default: XX}\n",
        ":8: sources.crm.region.default: 'XX' is no country; expected two letters",
    ),
    "what people call Great Britain": (
        "mode: live\nbudgets:\n  - {window: day, cap: 1 EUR, country: uk}\n",
        ":3: budgets.0.country: 'uk' is no country; write GB",
    ),
    "a route to nowhere": (
        "mode: live\n" + INFOBIP + "routes: {XX: infobip}\n",
        ":5: routes.XX: 'XX' is no country",
    ),
    "a phone number for a country": (
        "mode: live\nprivacy: {forbid: {reachability: ['+31612345678']}}\n",
        ":2: privacy.forbid.reachability.0: '+31*****678' is no country",
    ),
    "six cron fields": ('mode: live\nschedule: "0 0 5 * * *"\n', ":2: schedule: expected five cron fields"),
    "a source with a name of ours": (
        "mode: live\n" + SOURCE.replace("crm", "phone_map"),
        ":3: sources.phone_map: 'phone_map' is a table of our own",
    ),
    "a source with the name of another's table": (
        "mode: live\n" + SOURCE.replace("crm", "enriched_crm"),
        ":3: sources.enriched_crm: 'enriched_crm' is a table of our own",
    ),
    "a source with a space": ("mode: live\n" + SOURCE.replace("crm", "c rm"), ":3: sources.c rm: expected a name of"),
    "a currency": ("mode: live\ncurrency: eur\n", ":2: currency: expected a currency as three capital letters"),
    "a list": ("- mode\n", ":1: the file: expected keys with values"),
    "nothing": ("", ":1: mode: this key is required"),
    "Latin-1": ("mode: live # \xe9\n".encode("latin-1"), ": cannot be read (not UTF-8 text)"),
    "a fact": (
        "mode: live\n" + SOURCE.replace("carrier", "carier"),
        ":7: sources.crm.want.carier: expected carrier, ported",
    ),
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
        ":6: routes.NLD: 'NLD' is no country; expected two letters (ISO 3166-1 alpha-2) such as NL",
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
    "a country": ("mode: live\nprivacy:\n  allow:\n    roaming: [NL, NLD]\n", ":4: privacy.allow.roaming.1: 'NLD' is"),
    "a type of line": ("mode: live\nnumbers: {types: [moblie]}\n", ":2: numbers.types.0: expected one of"),
    "a time zone": ("mode: live\ntimezone: Amsterdam\n", ":2: timezone: expected a time zone of the IANA database"),
    "a schedule": ("mode: live\nschedule: every day\n", ":2: schedule: expected five cron fields"),
    "an allowance": ("mode: live\napproval: {unattended: 5 EUR}\n", ":2: approval.unattended: expected 0 or an amount"),
    "an address with a password": (
        "mode: live\n" + INFOBIP + "    base_url: https://me:hunter2@api.infobip.com\n",
        ":5: providers.infobip.base_url: expected an address such as",
    ),
}


PROXIES = {
    "http://me:hunter2@proxy.example:3128": "expected a proxy such as http://proxy.example:3128",
    "http://hunter2@proxy.example:3128": "expected a proxy such as",
    "socks5://me:hunter2@proxy.example:1080": "socks proxies are not supported",
    "SOCKS5H://proxy.example:1080": "socks proxies are not supported",
    "proxy.example:3128": "expected a proxy such as",
    "http://proxy.example": "expected a proxy such as",
    "http://proxy.example:": "expected a proxy such as",
    "http://proxy.example:0": "expected a proxy such as",
    "http://proxy.example:99999": "expected a proxy such as",
    "http://proxy.example:3128/path": "expected a proxy such as",
    "http://:3128": "expected a proxy such as",
    "http://[::1:3128": "expected a proxy such as",
    "ftp://proxy.example:21": "expected a proxy such as",
    "http://proxy.example:3128": "",
    "https://[::1]:3128/": "",
}


@pytest.mark.parametrize(("proxy", "sentence"), PROXIES.items())
def test_a_proxy_has_no_password_and_shows_none(tmp_path: Path, proxy: str, sentence: str) -> None:
    """What is no plain HTTP proxy is refused at load, without its text; a good one can be used, and is not printed."""
    text = f"mode: live\n{INFOBIP}    proxy: '{proxy}'\n"
    if not sentence:
        setup = load(tmp_path, text)
        assert setup.config.providers["infobip"].proxy == proxy
        assert proxy not in f"{setup!r}"
        Client(in_flight=1, headers={}, proxy=proxy)
        return
    with pytest.raises(ConfigError, match=f":5: providers.infobip.proxy: {sentence}") as caught:
        load(tmp_path, text)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


PATHS = {
    "": True,
    "/": True,
    "/hooks": True,
    "/hooks/ringfence/": True,
    "/v1.0/..a/.b/~c:d": True,
    "/{x}": False,
    "/a{": False,
    "/a/../b": False,
    "/./x": False,
    "/x/..": False,
    "/x/./": False,
    "//": False,
    "/a//b": False,
    "/a//": False,
    "/a%2Fb": False,
    "/%2e%2e/b": False,
    "/a?hunter2": False,
    "/a#hunter2": False,
    "/a?": False,
    "/a\\b": False,
    "/é": False,
    "/a|b": False,
}


@pytest.mark.parametrize(("path", "good"), PATHS.items())
def test_a_public_address_is_asked_for_as_it_is_written(tmp_path: Path, path: str, good: bool) -> None:  # noqa: FBT001
    """Providers are given an address that no client writes anew; any other is refused, and not repeated."""
    text = f"mode: simulate\ncallbacks:\n  public_url: {json.dumps('http://127.0.0.1:8910' + path)}\n"
    if good:
        # What a client makes of it is what it is.
        assert httpx.URL(str(load(tmp_path, text).callbacks_url)).raw_path.decode() == (path or "/")
        return
    with pytest.raises(ConfigError, match=r":3: callbacks\.public_url: ") as caught:
        load(tmp_path, text)
    assert "hunter2" not in str(caught.value)


def test_no_source_has_the_name_of_an_asset_or_a_view(tmp_path: Path) -> None:
    """The names that no source may have are those that there are: of every asset, and of every file of views."""
    setup = load(tmp_path, "mode: simulate\n" + SOURCE + INFOBIP)
    keys = definitions(str(setup.path)).resolve_asset_graph().get_all_asset_keys()
    views = Path(__file__).parents[2] / "sql" / "views"
    ours = {key.path[-1] for key in keys if "crm" not in key.path[-1]} | {path.stem for path in views.glob("*.sql")}
    assert ours == RESERVED
    assert "enriched_crm" in {key.path[-1] for key in keys}


FULL = {
    "mode": "live",
    "timezone": "UTC",
    "currency": "EUR",
    "home": "x",
    "sources": {
        "crm": {
            "warehouse": "csv:///a.csv",
            "relation": "r",
            "key": ["id"],
            "phones": ["phone"],
            "region": {"column": "c", "default": "NL"},
            "where": "a",
            "want": {"carrier": "daily"},
        }
    },
    "providers": {
        "infobip": {
            "products": ["query"],
            "price": {"query": "1 EUR"},
            "rate": "1/s",
            "in_flight": "4",
            "batch": "4",
            "base_url": "https://api.infobip.com",
            "trusted_hosts": ["h"],
            "proxy": "http://h:1",
        }
    },
    "routes": {"NL": ["infobip"]},
    "budgets": [{"window": "day", "cap": "1 EUR", "provider": "infobip", "country": "NL", "source": "crm"}],
    "approval": {"unattended": "0"},
    "privacy": {"allow": {"roaming": ["NL"]}, "forbid": {"reachability": ["NL"]}},
    "numbers": {"accept": "valid", "types": ["mobile"], "vanity": "true", "bare_international": "false"},
    "in_doubt": {"assume_billed_after": "7d"},
    "simulator_hosts": ["h"],
    "schedule": "0 5 * * *",
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*at, key))


@pytest.mark.parametrize(
    "wrong", [None, [], {}, "", "hunter2", "-1", "\u0661", [["a"]], {"a": "b"}, [{"hunter2": "b"}]]
)
def test_every_error_is_told_in_our_words(tmp_path: Path, wrong: Any) -> None:
    """Whatever stands in whatever place, the file is read or refused, and no sentence is pydantic's."""
    assert load(tmp_path, json.dumps(FULL)).config.mode == "live"
    for at in list(places(FULL))[1:]:
        document = copy.deepcopy(FULL)
        parent: Any = document
        for key in at[:-1]:
            parent = parent[key]
        parent[at[-1]] = wrong
        try:
            load(tmp_path, json.dumps(document))
        except ConfigError as error:
            for line in str(error).splitlines():
                assert line.startswith(f"{tmp_path}/ringfence.yaml:1: ")
                assert not re.search(
                    r"[Ii]nput|should|valid (dict|list|str|int|bool)|instance|pattern|Config\b", line
                ), line
                assert "not allowed here" not in line, (at, line)


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG)
def test_an_error_names_file_line_and_key(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    """One sentence an error: the file, the line that it stands in, the key, and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert f"{tmp_path / 'ringfence.yaml'}{sentence}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


FOUND = {
    "mode: 'Simulate '": "mode: expected simulate or live; found: 'Simulate '",
    "mode:": "mode: expected simulate or live; found: nothing",
    'mode: "a\\nb\\u2028c"': r"mode: expected simulate or live; found: 'a\nb\u2028c'",
    "mode: '+31612345678'": "found: '+31*****678'",
    f"mode: {'x' * 41}": f"found: '{'x' * 37}...'",
    "currency: eur": "such as EUR; found: 'eur'",
    "timezone: Amsterdam": "such as Europe/Amsterdam; found: 'Amsterdam'",
    "budgets: [{window: week, cap: 1 EUR}]": "budgets.0.window: expected day, month, total or quote; found: 'week'",
    "budgets: [{window: day, cap: 5}]": "budgets.0.cap: '5' is not a price; write amount and currency",
    "providers: {infobip: {products: query, rate: 20}}": "rate: expected requests a second such as 20/s; found: '20'",
    "providers: {infobip: {products: query, batch: 0}}": "batch: expected a number of at least 1; found: '0'",
    "providers: {infobip: {products: query, batch: 5000}}": "numbers in a request; found: '5000'",
    '"a\\nb": x': r": a\nb: there is no such key",
}


@pytest.mark.parametrize(("line", "sentence"), FOUND.items())
def test_an_error_says_what_was_found(tmp_path: Path, line: str, sentence: str) -> None:
    """What stands there is shown on the same line, shortened and masked, and only once."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, line if line.startswith("mode") else f"mode: live\n{line}\n")
    assert sentence in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).count("'5'") <= 1


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "mode: live\napi_key: hunter2",
        "mode: live\nproviders: hunter2",
        "mode: live\nproviders: {infobip: hunter2}",
        "mode: live\nproviders: {vonage: {products: basic, auth: hunter2}}",
        "mode: live\nproviders: {infobip: {products: query, base_url: 'https://me:hunter2@h'}}",
        "mode: live\nproviders: {infobip: {products: query, trusted_hosts: 'https://me:hunter2@h'}}",
        "mode: live\nsources: {crm: {warehouse: [hunter2], where: {a: hunter2}}}",
    ],
)
def test_an_error_never_shows_what_may_be_a_secret(tmp_path: Path, text: str) -> None:
    """Values of unknown keys, of sections that are none, and of addresses are not repeated."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


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
    ("simulate", {}, "http://127.0.0.1:abc", False),
    ("simulate", {}, "http://127.0.0.1:99999", False),
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


def test_a_secret_is_masked_once_it_is_read(tmp_path: Path) -> None:
    """User, password and key are masked as they stand, not only in the header that they make."""
    (tmp_path / ".env").write_text("INFOBIP_USERNAME=a-user-of-ours\nINFOBIP_PASSWORD=p4ss-of-ours\n")
    load(tmp_path, "mode: simulate\n" + INFOBIP).secrets("infobip")
    assert redact("refused for a-user-of-ours with p4ss-of-ours") == "refused for *** with ***"
    (tmp_path / ".env").write_text("INFOBIP_API_KEY=k3y-of-ours\n")
    load(tmp_path, "mode: simulate\n" + INFOBIP).secrets("infobip")
    assert redact("refused for App k3y-of-ours") == "refused for App ***"


def test_secrets_are_masked_in_a_process_that_asks_nobody(tmp_path: Path) -> None:
    """Whoever has looked where home is masks all credentials that are there, whichever of them would be used."""
    (tmp_path / ".env").write_text("INFOBIP_PASSWORD=p4ss-of-nobody\nINFOBIP_API_KEY=k3y-of-nobody\n")
    assert load(tmp_path, "mode: simulate\n" + INFOBIP).home
    assert redact("p4ss-of-nobody and k3y-of-nobody") == "*** and ***"


def test_a_file_of_secrets_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Latin-1 in `.env` is a mistake of the user's, not a traceback with its text."""
    (tmp_path / ".env").write_bytes("INFOBIP_API_KEY=hunter2\xe9\n".encode("latin-1"))
    setup = load(tmp_path, "mode: simulate\n" + INFOBIP)
    with pytest.raises(ConfigError, match=r"\.env: cannot be read \(not UTF-8 text\)") as caught:
        setup.secrets("infobip")
    assert "hunter2" not in str(caught.value)


def test_a_home_with_a_nul_is_refused(tmp_path: Path) -> None:
    """`.env` may hold what no path can."""
    (tmp_path / ".env").write_bytes(b"RINGFENCE_HOME=a\0b\n")
    with pytest.raises(ConfigError, match="RINGFENCE_HOME"):
        _ = load(tmp_path, "mode: simulate\n" + INFOBIP).home


def test_a_missing_secret_is_named_and_a_present_one_never_shown(tmp_path: Path) -> None:
    """Half a pair of credentials is none; message and repr hold names of variables and no value."""
    (tmp_path / ".env").write_text("INFOBIP_USERNAME=hunter2\n")
    setup = load(tmp_path, "mode: simulate\n" + INFOBIP)
    with pytest.raises(SecretMissingError, match="INFOBIP_API_KEY, or INFOBIP_USERNAME and INFOBIP_PASSWORD") as caught:
        setup.secrets("infobip")
    assert setup.env["INFOBIP_USERNAME"] == "hunter2"
    assert "hunter2" not in f"{caught.value!r} {setup!r} {setup}"
