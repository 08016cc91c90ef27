"""What the privacy rules forbid is nowhere on the disk, and what they let in is kept."""

import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
from sqlalchemy import select

from ringfence.config.sections import Privacy
from ringfence.lookups.privacy import forbidden
from ringfence.money.schema import REPLY
from ringfence.simulator.subscribers import Subscriber, Subscribers

SUBSCRIBERS = Subscribers(seed=1)


def truth(phone: str) -> Subscriber:
    """What the simulator knows of a number."""
    return SUBSCRIBERS.find(phone.removeprefix("+"))


@pytest.fixture
def phones(numbers: Callable[[str, int], list[str]]) -> list[str]:
    """Numbers of two countries with everything that may not be kept: a roamer, an IMSI, a serving MSC."""
    chosen = []
    for country in ("NL", "DE"):
        candidates = numbers(country, 1500)
        chosen += [phone for phone in candidates if truth(phone).roaming][:6]
        chosen += candidates[:34]
    return sorted(set(chosen))


def bodies(house: Any) -> str:
    """Every stored reply, decompressed."""
    with house.ledger.store.read() as connection:
        return "\n".join(zlib.decompress(body).decode() for body in connection.scalars(select(REPLY.c.body)))


def items(house: Any) -> Iterator[dict[str, Any]]:
    """Every stored result."""
    for body in bodies(house).splitlines():
        yield from json.loads(body)["results"]


def files(house: Any) -> bytes:
    """Every byte of the home, with the replies and the tables readable."""
    tables = "".join(house.lake.read(name).write_csv() for name in ("lookups", "phone_facts"))
    raw = b"".join(path.read_bytes() for path in house.lake.home.rglob("*") if path.is_file())
    return raw + bodies(house).encode() + tables.encode()


def test_by_default_no_identifier_and_no_place_is_kept(build, phones) -> None:
    """IMSI, serving MSC and roaming of no subscriber are in the ledger or the lake, and the rest of the reply is."""
    house = build(phones, provider={"batch": "20"})
    house.run()
    kept = files(house)
    truths = [truth(phone) for phone in phones]
    assert sum(bool(one.roaming) for one in truths) >= 12
    for one in truths:
        if one.imsi:
            assert one.imsi.encode() not in kept
            assert one.msc.encode() not in kept
    for item in items(house):
        assert item.get("roaming") is None
        assert item.get("roamingNetwork") is None
        assert len(item.get("imsi") or "") <= 6
    lookups = house.lookups()
    assert set(lookups["roaming"]) == {"unknown"}
    assert lookups.select(pl.col("^roaming_carrier_.*$").null_count()).row(0) == (len(phones),) * 3
    assert lookups["current_carrier_mccmnc"].null_count() < len(phones) / 4
    house.check()


def test_what_came_back_broken_is_cut_too(build, phones) -> None:
    """Half a body is kept as evidence, without what may not be kept."""
    house = build(phones, {"when": "always", "fault": "drop_in_body", "by": "close"}, provider={"batch": "20"})
    house.run()
    kept = bodies(house)
    assert '"results"' in kept
    for one in map(truth, phones):
        assert not one.imsi or (one.imsi not in kept and one.msc not in kept)
    assert '"roaming":true' not in kept
    assert '"roaming":false' not in kept


def test_a_country_that_is_let_in_keeps_what_was_allowed(build, phones) -> None:
    """With roaming allowed for NL alone, it is kept for Dutch numbers and still cut for German ones."""
    house = build(phones, provider={"batch": "20"}, privacy={"allow": {"roaming": ["NL"], "imsi": ["NL"]}})
    house.run()
    found = {row["phone_e164"]: row for row in house.lookups().iter_rows(named=True)}
    for phone in phones:
        if phone.startswith("+49"):
            assert found[phone]["roaming"] == "unknown"
        elif truth(phone).roaming:
            assert (found[phone]["roaming"], found[phone]["reachability"]) == ("roaming", "reachable")
    kept = {item["to"]: item for item in items(house)}
    assert any(item.get("imsi") == truth(to).imsi for to, item in kept.items() if to.startswith("31"))
    assert all(
        item.get("imsi") != truth(to).imsi for to, item in kept.items() if to.startswith("49") and "imsi" in item
    )


def test_reachability_that_is_shut_out_is_kept_nowhere(build, phones) -> None:
    """For a country of `privacy.forbid` neither the fact nor the status that tells it is stored; validity still is."""
    house = build(phones, provider={"batch": "20"}, privacy={"forbid": {"reachability": ["DE"]}})
    house.run()
    german = house.lookups().filter(pl.col("phone_e164").str.starts_with("+49"))
    dutch = house.lookups().filter(pl.col("phone_e164").str.starts_with("+31"))
    assert set(german["reachability"]) == {"unknown"}
    assert set(german["raw_status"]) == {"withheld"}
    assert "valid" in set(german["validity"])
    assert "reachable" in set(dutch["reachability"])
    assert not any("status" in item for item in items(house) if item["to"].startswith("49"))


DEFAULT = {"imsi", "serving_msc", "caller_name", "roaming"}


@pytest.mark.parametrize(
    ("privacy", "country", "expected"),
    [
        (Privacy(), "NL", DEFAULT),
        (Privacy(), None, DEFAULT),
        (Privacy(allow={"roaming": ["NL"]}), "NL", DEFAULT - {"roaming"}),
        (Privacy(allow={"roaming": ["NL"]}), "DE", DEFAULT),
        (Privacy(allow={"roaming": ["NL"]}), None, DEFAULT),
        (Privacy(allow={"roaming": ["NL"]}), "", DEFAULT),
        (Privacy(forbid={"reachability": ["CH"]}), "CH", DEFAULT | {"reachability"}),
        (Privacy(forbid={"reachability": ["CH"]}), "NL", DEFAULT),
        (Privacy(forbid={"reachability": ["CH"]}), None, DEFAULT | {"reachability"}),
    ],
)
def test_a_number_of_an_unknown_country_is_given_the_strictest_rule(privacy, country, expected) -> None:
    """Forbidden unless its country is allowed, allowed unless its country is shut out, and unknown is never allowed."""
    assert forbidden(privacy, country) == expected
