"""What is served of several providers' answers: the seed's cleaning, agreement, costs, and history with its bounds."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest

from ringfence.config import environment
from ringfence.config.sections import Privacy
from ringfence.lake.tables import Lake, frame_of
from ringfence.lake.views import checks
from ringfence.lookups.imports import Raw, import_replies, importing_of
from ringfence.lookups.merge import phone_changes, phone_facts
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.serve import serve
from ringfence.lookups.wanted import distinct_phones, phone_map, policy_of
from ringfence.money.ledger import Ledger, create, open_ledger
from ringfence.providers.registry import provider
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, tzinfo=UTC)
CONFIG = """
home: ./home
mode: simulate
sources:
  crm:
    warehouse: duckdb:///crm.duckdb
    relation: people
    key: [id]
    phones: [phone]
    region: {default: CH}
    want: {validity: monthly, reachability: monthly}
providers:
  infobip: {products: [query], price: {query: "0.01 EUR"}}
"""
# The examples of Infobip's documentation of Number Lookup: a handset that got the message, and one that is absent.
DELIVERED = {
    "to": "41793026834",
    "mccMnc": "22801",
    "imsi": "228012123477789",
    "originalNetwork": {"networkPrefix": "79", "countryPrefix": "41"},
    "ported": False,
    "roaming": False,
    "status": {
        "groupId": 3,
        "groupName": "DELIVERED",
        "id": 5,
        "name": "DELIVERED_TO_HANDSET",
        "description": "Message delivered to handset",
    },
    "error": {
        "groupId": 0,
        "groupName": "OK",
        "id": 0,
        "name": "NO_ERROR",
        "description": "No Error",
        "permanent": False,
    },
}
ABSENT = {
    "to": "41793026727",
    "mccMnc": "22801",
    "originalNetwork": {"networkPrefix": "79", "countryPrefix": "41"},
    "ported": False,
    "roaming": False,
    "status": {
        "groupId": 2,
        "groupName": "UNDELIVERABLE",
        "id": 9,
        "name": "UNDELIVERABLE_NOT_DELIVERED",
        "description": "Message sent not delivered",
    },
    "error": {
        "groupId": 1,
        "groupName": "HANDSET_ERRORS",
        "id": 27,
        "name": "EC_ABSENT_SUBSCRIBER",
        "description": "Absent Subscriber",
        "permanent": False,
    },
}
UNKNOWN_SUBSCRIBER = {**ABSENT["error"], "id": 1, "name": "EC_UNKNOWN_SUBSCRIBER", "permanent": True}  # type: ignore[dict-item]


@dataclass
class Home:
    """A home with a source of these cells, on 1 December 2026."""

    folder: Path
    cells: list[str]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        with duckdb.connect(str(self.folder / "crm.duckdb")) as connection:
            connection.execute("CREATE TABLE people (id INTEGER, phone VARCHAR)")
            for place, cell in enumerate(self.cells):
                connection.execute("INSERT INTO people VALUES (?, ?)", [place, cell])
        (self.folder / "ringfence.yaml").write_text(CONFIG)
        self.setup = environment.load(self.folder / "ringfence.yaml")
        create(self.setup.home, mode="simulate")
        now = int((START + 30 * DAY).timestamp() * 1_000_000)
        self.ledger: Ledger = open_ledger(self.setup.home, clock=lambda: now)
        self.lake = Lake(self.setup.home, self.ledger.ledger_id)
        found = phone_map(open_source(spec_of(self.setup, "crm")), policy_of(self.setup.config), datetime.now(UTC))
        self.lake.overwrite("phone_map", found, ["crm"])
        phones = distinct_phones(self.lake.read("phone_map"), self.setup.config.sources, self.ledger)
        self.lake.overwrite("distinct_phones", phones, range(self.ledger.buckets))

    def reply(self, day: int, *items: object) -> None:
        """A reply of Infobip's on a day of November."""
        importing = importing_of(self.ledger, provider("infobip"), "query", "EUR", "", "ada")
        raw = Raw(json.dumps({"results": items}).encode(), int((START + day * DAY).timestamp() * 1_000_000))
        assert import_replies(self.ledger, importing, Privacy(), iter([raw])).replies == 1

    def answer(self, phone: str, by: str, day: int, **values: Any) -> None:
        """An answer of a provider as it stands in the lake."""
        seq = len(self.rows) + 1
        unknown = dict.fromkeys(("validity", "reachability", "ported", "roaming", "line_type"), "unknown")
        times = dict.fromkeys(("requested_at", "answered_at", "observed_at"), START + day * DAY)
        ids = {"lookup_id": f"{seq}:0", "attempt_id": str(seq), "phone_e164": phone, "settled_seq": seq}
        told = {"provider": by, "bucket": self.ledger.bucket(phone), "country": "CH", "origin": "simulated"}
        self.rows.append({**unknown, **times, **ids, **told, "validity_basis": "none", "outcome": "complete", **values})

    def serve(self) -> Path:
        """Publish what there is."""
        if self.rows:
            frame = frame_of("lookups", self.rows)
            buckets = list(range(self.ledger.buckets))
            self.lake.append_settled(frame, 1)
            self.lake.overwrite("phone_changes", phone_changes(frame), buckets)
            self.lake.overwrite("phone_facts", phone_facts(frame), buckets)
        else:
            publish_settled(self.ledger, self.lake)
            publish_facts(self.lake)
        return serve(self.setup, self.ledger, self.lake)


def ask(path: Path, query: str) -> list[Any]:
    """Rows of the served file, by name of column."""
    with duckdb.connect(str(path), read_only=True) as connection:
        result = connection.execute(query)
        names = [column[0] for column in result.description or []]
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in result.fetchall()]


def day(number: int) -> datetime:
    """A day of November, as the served file has it."""
    return (START + number * DAY).replace(tzinfo=None)


def test_database_cleaning_ends_in_unusable_phones(tmp_path: Path) -> None:
    """The documentation's example: whom a message reached stays; the rest is listed by row, with reason and time."""
    home = Home(
        tmp_path, ["+41 79 302 68 34", "079 302 67 27", "+41793026728", "call me", "+41793026729", "079 302 67 27"]
    )
    home.reply(1, {**ABSENT, "to": "41793026728"}, {**DELIVERED, "to": "41793026729"})
    home.reply(3, DELIVERED, ABSENT, {**ABSENT, "to": "41793026728", "error": UNKNOWN_SUBSCRIBER})
    path = home.serve()
    rows = ask(path, "FROM unusable_phones ORDER BY CAST(source_key ->> 0 AS INTEGER)")
    assert [(row.source_key, row.phone_e164, row.reason, row.since_at) for row in rows] == [
        ("[1]", "+41793026727", "absent", day(3)),
        ("[2]", "+41793026728", "invalid", day(3)),
        ("[3]", None, "rejected", None),
        ("[5]", "+41793026727", "absent", day(3)),
    ]
    usable = ask(path, "FROM enriched_crm WHERE is_valid AND is_reachable ORDER BY id")
    assert [row.phone_e164 for row in usable] == ["+41793026834", "+41793026729"]
    assert {each.name: each.rows for each in checks(path) if each.rows} == {}


def test_agreement_is_of_the_newest_answers_about_the_same_numbers(tmp_path: Path) -> None:
    """An inference agrees with what it infers; who does not know, or knows other numbers, is not compared."""
    home = Home(tmp_path, [])
    phones = [f"+4179302{n:04d}" for n in range(6)]
    said = [
        ("ported", "ported"),
        ("ported", "likely_ported"),
        ("ported", "not_ported"),
        ("not_ported", "likely_ported"),
    ]
    for phone, (one, other) in zip(phones, said, strict=False):
        home.answer(phone, "messente", 1, ported=one)
        home.answer(phone, "infobip", 1, ported="unknown" if "likely" in other else "not_ported")
        home.answer(phone, "infobip", 2, ported=other)
        home.answer(phone, "infobip", 3, ported="unknown")
    home.answer(phones[4], "infobip", 1, ported="ported")
    path = home.serve()
    [row] = ask(path, "FROM provider_agreement")
    assert (row.fact, row.provider, row.other_provider) == ("ported", "infobip", "messente")
    assert (row.both_known, row.agree, row.disagree, row.share) == (4, 2, 2, Decimal("0.5"))
    pairs = ask(path, "FROM value_agreement ORDER BY ALL")
    assert [(each.value, each.other_value, each.numbers, each.agrees) for each in pairs] == [
        ("likely_ported", "not_ported", 1, False),
        ("likely_ported", "ported", 1, True),
        ("not_ported", "ported", 1, False),
        ("ported", "ported", 1, True),
    ]
    # An inference contradicts nobody.
    [conflict] = ask(path, "FROM fact_conflicts")
    assert (conflict.phone_e164, conflict.value, conflict.other_value) == (phones[2], "not_ported", "ported")


def test_an_inferred_carrier_is_no_conflict_and_does_not_stand_over_the_network_s(tmp_path: Path) -> None:
    """Who infers that a number was ported infers its carrier: older words of the network stand, a newer one's count."""
    home = Home(tmp_path, [])
    home.answer("+41793020001", "messente", 1, ported="not_ported", current_carrier_mccmnc="22801")
    home.answer("+41793020001", "kaleyra", 9, ported="likely_ported", current_carrier_mccmnc="22803")
    home.answer("+41793020002", "kaleyra", 1, ported="likely_not_ported", current_carrier_mccmnc="22801")
    home.answer("+41793020002", "messente", 9, ported="ported", current_carrier_mccmnc="22803")
    path = home.serve()
    facts = {
        row.phone_e164: (row.value, row.basis, row.provider)
        for row in ask(path, "FROM phone_facts WHERE fact = 'carrier'")
    }
    assert facts == {
        "+41793020001": ("22801", "network", "messente"),
        "+41793020002": ("22803", "network", "messente"),
    }
    assert ask(path, "FROM fact_conflicts") == []
    changes = ask(path, "FROM phone_changes WHERE fact = 'carrier'")
    assert [(row.phone_e164, row.old_value, row.new_value) for row in changes] == [("+41793020002", "22801", "22803")]


def test_history_has_the_bounds_of_each_interval(tmp_path: Path) -> None:
    """A value began after the last sight of the one before, by its own first; it ended likewise."""
    home = Home(tmp_path, [])
    for at, value in (
        (0, "reachable"),
        (2, "reachable"),
        (5, "absent"),
        (6, "unknown"),
        (7, "absent"),
        (9, "reachable"),
    ):
        home.answer("+41793020001", "infobip", at, reachability=value)
    home.answer("+41793020001", "infobip", 12, reachability="reachable")
    rows = ask(home.serve(), "FROM phone_history ORDER BY valid_from")
    assert [(row.value, row.began_after, row.valid_from, row.last_seen_at, row.valid_to) for row in rows] == [
        ("reachable", None, day(0), day(2), day(5)),
        ("absent", day(2), day(5), day(7), day(9)),
        ("reachable", day(7), day(9), day(12), None),
    ]


def test_what_a_useful_answer_costs_is_of_what_was_bought(build, numbers) -> None:
    """All that a product has cost, by how many of its answers tell the fact; what is imported does not count."""
    phones = numbers("NL", 12)
    house = build(phones, {"when": {"nth": 2}, "fault": "drop_in_body"})
    house.run()
    importing = importing_of(house.ledger, provider("infobip"), "query", "EUR", "", "ada")
    body = json.dumps({"results": [{**DELIVERED, "to": phones[0][1:]}]}).encode()
    import_replies(house.ledger, importing, Privacy(), iter([Raw(body, 1)]))
    house.publish()
    rows = {row.fact: row for row in ask(serve(house.setup, house.ledger, house.lake), "FROM cost_per_fact")}
    bought = house.lookups().filter(pl.col("origin") == "simulated")
    assert set(rows) == {"validity", "reachability", "ported", "carrier", "roaming"} & set(rows)
    for fact in ("validity", "reachability", "ported"):
        known = bought.filter(pl.col(fact) != "unknown").height
        assert (rows[fact].asked, rows[fact].answered, rows[fact].cost) == (10, known, Decimal("0.1"))
        assert rows[fact].cost_per_answer == (Decimal("0.1") / known).quantize(Decimal("1e-9"))
        assert rows[fact].share == (Decimal(known) / 10).quantize(Decimal("1e-9"))
    # Nothing is stored of roaming, so that no answer of it was useful.
    assert (rows["roaming"].answered, rows["roaming"].cost_per_answer) == (0, None)


@pytest.mark.parametrize("name", ["provider_agreement", "value_agreement", "cost_per_fact", "fact_conflicts"])
def test_nothing_makes_no_rows(tmp_path: Path, name: str) -> None:
    """Without answers the relations are there, and empty."""
    assert ask(Home(tmp_path, []).serve(), f"FROM {name}") == []
