"""The served file as a user of SQL meets it: built from a real ledger, a real lake and a real source."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.config.scalars import ONCE
from ringfence.config.sections import Privacy
from ringfence.lake.tables import Lake, frame_of
from ringfence.lake.views import checks, sql_folder
from ringfence.lookups.books import books
from ringfence.lookups.coverage import coverage
from ringfence.lookups.due import BIT, bits
from ringfence.lookups.privacy import allowed, may_store
from ringfence.lookups.serve import serve
from ringfence.money import approvals, quotes
from ringfence.money.amount import Money
from ringfence.money.batch import Batch
from ringfence.money.budget import approval_id, limit, put
from ringfence.money.ledger import Ledger, create, open_ledger
from ringfence.money.moves import Answered, Doubt, Settle, Void, apply
from ringfence.money.quotes import Line, Quote
from ringfence.money.reserve import Owner, reserve
from ringfence.money.schema import ATTEMPT, DEFERRAL
from ringfence.money.store import pack
from ringfence.providers.lookup import Fact
from tests.sizes import share

DAY = 86_400
MONTH = 30 * DAY
# An odd price: rounding anywhere would show.
PRICE = 12_345_679
ANSWERS = bits(("validity", "reachability", "ported", "carrier", "roaming"))
CONFIG = """
home: ./home
mode: simulate
timezone: Europe/Amsterdam
sources:
  crm:
    warehouse: duckdb:///crm.duckdb
    relation: people
    key: [id, country]
    phones: [phone]
    region: {column: country}
    want: {validity: monthly}
providers:
  infobip: {products: [query], price: {query: "0.012345679 EUR"}}
privacy: {allow: {roaming: [NL]}, forbid: {reachability: [CH]}}
budgets:
  - {window: month, cap: "100 EUR"}
"""


def number(place: int) -> str:
    """A number that belongs to nobody."""
    return f"+4915550{place:06d}"


@dataclass
class World:
    """A home in which things happen at times of the test's choosing."""

    folder: Path
    started: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    lookups: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    wanted: list[dict[str, Any]] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        with duckdb.connect(str(self.folder / "crm.duckdb")) as connection:
            connection.execute("CREATE TABLE people (id INTEGER, country VARCHAR, phone VARCHAR)")
        (self.folder / "ringfence.yaml").write_text(CONFIG)
        self.setup: Setup = environment.load(self.folder / "ringfence.yaml")
        self.now = self.started
        create(self.setup.home, mode="simulate")
        self.ledger: Ledger = open_ledger(self.setup.home, clock=lambda: int(self.now.timestamp() * 1_000_000))
        self.lake = Lake(self.setup.home, self.ledger.ledger_id)
        with self.ledger.store.write() as connection:
            cap = Money(100 * 10**9, "EUR")
            put(connection, limit("month", cap, None, None, None), self.ledger.store.clock(), "test")

    def at(self, days_ago: float) -> datetime:
        """Go to a time before the start."""
        self.now = self.started - timedelta(days=days_ago)
        return self.now

    def want(self, phone: str, country: str = "DE", **facts: int) -> None:
        """A source asks for facts of a number, each no older than so many seconds."""
        wants = {f"want_{fact}": age for fact, age in facts.items()}
        row = {"phone_e164": phone, "bucket": self.ledger.bucket(phone), "country": country, "source": "crm", **wants}
        self.wanted.append({**row, "sources": ["crm"], "row_count": 1})

    def know(self, phone: str, fact: str, value: str | None, days_ago: float, country: str = "DE") -> None:
        """The lake knows a fact of a number."""
        told = {"basis": "network", "origin": "simulated", "provider": "infobip", "lookup_id": "before:0"}
        time = self.started - timedelta(days=days_ago)
        values = {"current_carrier_name" if fact == "carrier" else fact: value, f"{fact}_observed_at": time}
        row = {"phone_e164": phone, "bucket": self.ledger.bucket(phone), "country": country, "first_seen_at": time}
        self.facts.append({**row, **values, **{f"{fact}_{name}": text for name, text in told.items()}})

    def quote(self, phones: list[str]) -> tuple[str, list[int]]:
        """An approved quote for these numbers; its id and their subjects."""
        ids = quotes.subjects(self.ledger, phones)
        subjects = tuple(ids[phone] for phone in phones)
        at = self.ledger.store.clock()
        line = Line(
            provider="infobip",
            product="query",
            country="DE",
            source="crm",
            facts=ANSWERS,
            unit_price=Money(PRICE, "EUR"),
            subjects=subjects,
            ranks=tuple(range(len(subjects))),
        )
        quote = Quote(
            quote_id=self.ledger.store.new_id(),
            created_at=at,
            expires_at=at + quotes.DAY,
            ledger_seq=self.ledger.settled_seq(),
            launch_id="launch",
            summary={"currency": "EUR"},
            lines=[line],
        )
        with self.ledger.store.write() as connection:
            quotes.save(connection, quote)
        approvals.approve(self.ledger, quote.quote_id, None, who="ada", why="test")
        return quote.quote_id, list(subjects)

    def send(self, phones: list[str]) -> tuple[str, list[int]]:
        """Reserve and send; the attempt's id and its subjects."""
        quote_id, subjects = self.quote(phones)
        batch = Batch(
            quote_id=quote_id,
            ledger_seq=self.ledger.settled_seq(),
            consent=approval_id(quote_id),
            provider="infobip",
            product="query",
            country="DE",
            source="crm",
            answers=ANSWERS,
            facts=ANSWERS,
            unit_price=Money(PRICE, "EUR"),
            subjects=tuple(subjects),
        )
        with self.ledger.store.write() as connection:
            owner = Owner("worker", "launch", self.setup.config.zone)
            [reserved], refused = reserve(connection, self.ledger, owner, [batch])
        assert not refused
        return reserved.attempt_id, subjects

    def settle(
        self, phones: list[str], outcome: str, *, price: int = PRICE, refund: int = 0, billed: bool = True
    ) -> None:
        """Send and settle; every outcome but paid_lost has an answer in the lake."""
        attempt_id, subjects = self.send(phones)
        net = price - refund
        answers = [Answered(subject, outcome, net, billed) for subject in subjects]
        with self.ledger.store.write() as connection:
            apply(connection, self.ledger, [Settle(attempt_id=attempt_id, answers=answers, evidence="test")], "test")
        for place, phone in enumerate(phones):
            if outcome != "paid_lost":
                self.lookups.append(self._lookup(attempt_id, place, phone, outcome, price, refund))

    def _lookup(
        self, attempt_id: str, place: int, phone: str, outcome: str, price: int, refund: int
    ) -> dict[str, object]:
        unknown = dict.fromkeys(("validity", "reachability", "ported", "roaming", "line_type"), "unknown")
        ids = {"lookup_id": f"{attempt_id}:{place}", "attempt_id": attempt_id, "phone_e164": phone}
        times = dict.fromkeys(("requested_at", "answered_at", "observed_at"), self.now)
        money = {"cost_amount": price, "cost_refund": refund, "cost_net": price - refund}
        return {
            **ids,
            **unknown,
            **times,
            **{name: Decimal(amount).scaleb(-9) for name, amount in money.items()},
            "bucket": self.ledger.bucket(phone),
            "provider": "infobip",
            "product": "query",
            "country": "DE",
            "source": "crm",
            "outcome": outcome,
            "error_class": "provider_error" if outcome == "failed" else None,
            "validity_basis": "none",
            "cost_currency": "EUR",
            "cost_basis": "list_price",
            "billed": "yes",
            "origin": "simulated",
            "settled_seq": self.ledger.settled_seq(),
        }

    def cell(self, raw: str | None, phone: str | None, position: int = 0, *, status: str = "parsed") -> None:
        """A cell of the source as it was read."""
        row = {"source": "crm", "phone_column": "phone", "raw_value": raw, "region_hint": "DE", "position": position}
        reason = "not_valid" if status == "rejected" else None
        told = {"phone_e164": phone, "parse_status": status, "reject_reason": reason, "row_count": 1}
        self.cells.append({**row, **told, "last_seen_at": self.started})

    def serve(self) -> Path:
        """Write the lake and publish."""
        self.now = self.started
        rows = {
            "phone_map": self.cells,
            "distinct_phones": self.wanted,
            "phone_facts": self.facts,
            "phone_changes": self.changes,
        }
        for name, part in rows.items():
            self.lake.overwrite(name, frame_of(name, part), ["crm"] if name == "phone_map" else list(range(16)))
        self.lake.append_settled(frame_of("lookups", self.lookups), max(1, self.ledger.settled_seq()))
        return serve(self.setup, self.ledger, self.lake)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home with a ledger, a lake and an empty source."""
    return World(tmp_path)


def ask(path: Path, query: str, *values: object) -> list[Any]:
    """Rows of the served file, by name of column."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{path}' AS file (READ_ONLY)")
        connection.execute("USE file")
        rows = connection.execute(query, list(values)).fetchall()
        names = [column[0] for column in connection.description]
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows]


def doubt(world: World, phone: str) -> None:
    """Send, and lose the reply."""
    attempt_id, _ = world.send([phone])
    with world.ledger.store.write() as connection:
        apply(connection, world.ledger, [Doubt(attempt_id, "no whole reply")], "test")


def wait(world: World, phone: str) -> None:
    """Send, and wait for a callback."""
    attempt_id, _ = world.send([phone])
    with world.ledger.store.write() as connection:
        connection.execute(update(ATTEMPT).where(ATTEMPT.c.attempt_id == attempt_id).values(state="awaiting"))


def defer(world: World, phone: str, status: str = "deferred_budget", reason: str = "month 100.00 EUR is spent") -> None:
    """Quote, and leave unbought."""
    quote_id, subjects = world.quote([phone])
    values = {"quote_id": quote_id, "at": world.ledger.store.clock(), "status": status, "reason": reason}
    with world.ledger.store.write() as connection:
        connection.execute(insert(DEFERRAL), [{**values, "subjects": pack(subjects)}])


@dataclass(frozen=True)
class Case:
    """What happened to a number, days before now, and how phone_facts has to show a wanted fact of it."""

    status: str
    happened: Callable[[World, str], object] = lambda _world, _phone: None
    days_ago: float = 1
    fact: str = "validity"
    known: tuple[str | None, float] | None = None
    country: str = "DE"
    want: int | None = MONTH
    value: str = "unknown"
    reason: str | None = None
    next_in_days: float | None = None


def settled(outcome: str, **how: Any) -> Callable[[World, str], object]:
    """The number was asked about, with this outcome."""
    return lambda world, phone: world.settle([phone], outcome, **how)


def lost_then_deferred(world: World, phone: str) -> None:
    """Deferred first, and then bought after all, without an answer."""
    defer(world, phone)
    world.at(40)
    world.settle([phone], "partial")


CASES = {
    "fresh": Case("answered", known=("valid", 10), value="valid", next_in_days=20),
    "stale": Case("awaiting_approval", known=("valid", 40), value="valid", reason="not quoted yet"),
    "once": Case("answered", known=("valid", 4000), want=ONCE, value="valid"),
    "once, and not answered": Case("no_data", settled("partial"), 5, want=ONCE, reason="not in the answer"),
    "gone from every source": Case("answered", known=("invalid", 400), want=None, value="invalid"),
    "never quoted": Case("awaiting_approval", reason="not quoted yet"),
    "on its way": Case("in_flight", lambda world, phone: world.send([phone])),
    "callback": Case("awaiting_callback", wait),
    "reply lost": Case("in_doubt", doubt),
    "stale, on its way": Case("in_flight", lambda w, phone: w.send([phone]), known=("valid", 40), value="valid"),
    "fresh, on its way": Case(
        "answered", lambda w, phone: w.send([phone]), known=("valid", 10), value="valid", next_in_days=20
    ),
    "claimed for other facts": Case("no_route", lambda w, phone: w.send([phone]), fact="line_type", reason="*product*"),
    "no coverage": Case("no_coverage", settled("no_coverage"), 5, reason="no_coverage", next_in_days=25),
    "failed": Case("provider_failed", settled("failed"), 5, reason="provider_error", next_in_days=25),
    "failed for free": Case(
        "provider_failed", settled("failed", price=0, billed=False), 5, reason="provider_error", next_in_days=None
    ),
    "answered with nothing": Case("no_data", settled("partial"), 5, reason="not in the answer", next_in_days=25),
    "paid and lost": Case("no_data", settled("paid_lost"), 5, reason="paid_lost", next_in_days=25),
    "asked too long ago": Case("awaiting_approval", settled("partial"), 31, reason="not quoted yet"),
    "nobody answers it": Case("no_route", fact="line_type", reason="*product*"),
    "out of budget": Case("deferred_budget", defer, reason="month 100.00 EUR is spent"),
    "no route to it": Case(
        "no_route", lambda world, phone: defer(world, phone, "no_route", "no price is set"), reason="no price is set"
    ),
    "deferred before it was asked": Case("awaiting_approval", lost_then_deferred, 50, reason="not quoted yet"),
    "roaming forbidden": Case("suppressed", fact="roaming", known=("roaming", 1), reason="*privacy*"),
    "roaming allowed": Case(
        "answered", fact="roaming", known=("roaming", 1), country="NL", value="roaming", next_in_days=29
    ),
    "reachability forbidden": Case(
        "suppressed", fact="reachability", known=("absent", 1), country="CH", reason="*privacy*"
    ),
    "carrier": Case("answered", fact="carrier", known=("Vodafone", 1), value="Vodafone", next_in_days=29),
}
CASES["only a country of a carrier"] = Case(
    "awaiting_approval", fact="carrier", known=(None, 1), reason="not quoted yet"
)
PLACES = {name: number(place) for place, name in enumerate(CASES)}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """One served file with a number for every case."""
    world = World(tmp_path_factory.mktemp("cases"))
    for name, case in CASES.items():
        phone = PLACES[name]
        if case.want is not None:
            world.want(phone, case.country, **{case.fact: case.want})
        if case.known:
            world.know(phone, case.fact, *case.known, country=case.country)
        world.at(case.days_ago)
        case.happened(world, phone)
    return world, world.serve()


@pytest.mark.parametrize("name", CASES)
def test_answer_status(everything: tuple[World, Path], name: str) -> None:
    """Each fact says whether it is known, and if not, what became of it and when it is asked again."""
    world, path = everything
    case = CASES[name]
    [row] = ask(path, "FROM phone_facts WHERE phone_e164 = ? AND fact = ?", PLACES[name], case.fact)
    assert (row.answer_status, row.value) == (case.status, case.value)
    if case.reason and case.reason.startswith("*"):
        assert case.reason.strip("*") in row.answer_reason
    else:
        assert row.answer_reason == case.reason
    due = case.next_in_days
    expected = None if due is None else world.started.replace(tzinfo=None) + timedelta(days=due)
    assert row.next_attempt_at == expected
    if row.answer_status == "answered":
        assert row.expires_at == expected


def test_coverage_is_of_what_is_wanted(everything: tuple[World, Path]) -> None:
    """Each fact that a source wants is counted once a number; what is known and wanted by nobody is not counted."""
    _, path = everything
    wanted = [case for case in CASES.values() if case.want is not None]
    assert len(wanted) < len(CASES)
    expected = {}
    for fact in {case.fact for case in wanted}:
        of_fact = [case for case in wanted if case.fact == fact]
        answered = sum(case.status == "answered" for case in of_fact)
        expected[fact] = (len(of_fact), answered, Decimal(round(answered / len(of_fact) * 10**9)).scaleb(-9))
    assert {row.fact: (row.wanted, row.answered, row.share) for row in ask(path, "FROM coverage")} == expected
    assert {(c.fact, c.wanted, c.answered) for c in coverage(path)} == {(f, w, a) for f, (w, a, _) in expected.items()}


RULES = st.fixed_dictionaries(
    {},
    optional={
        "allow": st.dictionaries(st.just("roaming"), st.lists(st.sampled_from(["NL", "DE"]))),
        "forbid": st.dictionaries(st.just("reachability"), st.lists(st.sampled_from(["CH", "DE"]))),
    },
)


@settings(deadline=None)
@given(RULES)
def test_what_is_shown_is_what_may_be_stored(rules: dict[str, Any]) -> None:
    """The served rule is the one that answers are stored and quoted by, for every country and for none."""
    privacy = Privacy(**rules)
    listed = set(allowed(privacy))
    frame = pl.DataFrame({"country": ["NL", "DE", "CH", "US", None]})
    for fact in Fact:
        stored = frame.select("country", shown=may_store(fact, privacy)).rows()
        assert {country: (fact, country or "") in listed for country, _ in stored} == dict(stored), fact


def test_a_suppressed_fact_is_nowhere(everything: tuple[World, Path]) -> None:
    """What privacy forbids is stored in this lake, and shown by no relation; the check says that it is stored."""
    _, path = everything
    for name in ("roaming forbidden", "reachability forbidden"):
        phone = PLACES[name]
        [row] = ask(path, "FROM phone_numbers WHERE phone_e164 = ?", phone)
        assert (row.roaming_status, row.reachability, row.is_reachable) == ("unknown", "unknown", None)
        assert (row.roaming_observed_at, row.reachability_observed_at) == (None, None)
        [fact] = ask(path, "FROM phone_facts WHERE phone_e164 = ?", phone)
        assert (fact.provider, fact.lookup_id, fact.observed_at) == (None, None, None)
    assert {check.name: check.rows for check in checks(path)}["forbidden_facts"] == 2


def test_costs_add_up_to_the_ledger(everything: tuple[World, Path]) -> None:
    """Settlements less refunds are the ledger's spent, and holds less releases its held, to the nano."""
    world, path = everything
    budgets = books(world.ledger)["budgets"].filter(pl.col("window_kind") == "month")
    [costs] = ask(
        path,
        "SELECT sum(amount) FILTER (entry_type IN ('settle', 'refund')) AS spent, "
        "sum(amount) FILTER (entry_type IN ('hold', 'release')) AS held FROM lookup_costs",
    )
    assert (costs.spent, costs.held) == (budgets["spent"].sum(), budgets["held"].sum())
    assert costs.spent > 0
    assert costs.held > 0


def test_refunds_erasures_and_decisions_still_add_up(world: World) -> None:
    """A refund is its own negative row, and what no number of the lake accounts for is one row without a number."""
    world.settle([number(1), number(2)], "complete", price=40_000_001, refund=39_999_999)
    world.settle([number(3)], "complete")
    world.lookups.pop()
    quote_id, _ = world.send([number(4)])
    with world.ledger.store.write() as connection:
        apply(connection, world.ledger, [Void(quote_id, "refused")], "test")
    path = world.serve()
    rows = ask(path, "FROM lookup_costs WHERE entry_type IN ('settle', 'refund') ORDER BY entry, phone_e164, amount")
    assert [(row.phone_e164, row.entry_type, row.amount, row.basis) for row in rows] == [
        (number(1), "refund", Decimal("-0.039999999"), "list_price"),
        (number(1), "settle", Decimal("0.040000001"), "list_price"),
        (number(2), "refund", Decimal("-0.039999999"), "list_price"),
        (number(2), "settle", Decimal("0.040000001"), "list_price"),
        (None, "settle", Decimal("0.012345679"), "unattributed"),
    ]
    assert all(row.amount_reporting == row.amount for row in rows)
    assert [check.name for check in checks(path) if check.rows] == []


def test_billing_date_is_local(world: World) -> None:
    """What is bought just before midnight UTC is billed on the next day in Amsterdam."""
    world.now = datetime(2026, 7, 31, 22, 30, tzinfo=UTC)
    world.send([number(1)])
    [row] = ask(world.serve(), "FROM lookup_costs")
    assert (str(row.billing_date), str(row.occurred_at)) == ("2026-08-01", "2026-07-31 22:30:00")


def test_budgets_and_attempts_and_quotes(world: World) -> None:
    """A budget shows its cap and what is left of it, an attempt its age, a quote what it has cost so far."""
    world.at(0.5)
    world.settle([number(1), number(2)], "complete")
    doubt(world, number(3))
    path = world.serve()
    spent, held = Decimal(2 * PRICE).scaleb(-9), Decimal(PRICE).scaleb(-9)
    rows = ask(path, "FROM budget_status WHERE kind = 'limit' AND spent > 0")
    assert [(row.cap, row.spent, row.held, row.free) for row in rows] == [(100, spent, held, 100 - spent - held)]
    rows = ask(path, "FROM budget_status WHERE kind = 'approval' ORDER BY cap")
    assert [(row.cap, row.spent, row.held, row.free) for row in rows] == [(held, 0, held, 0), (spent, spent, 0, 0)]
    [attempt] = ask(path, "FROM open_attempts")
    assert (attempt.state, attempt.amount, attempt.numbers, attempt.why) == ("in_doubt", held, 1, "no whole reply")
    assert timedelta(hours=12) <= attempt.age < timedelta(hours=13)
    rows = ask(path, "FROM quotes ORDER BY max")
    assert [(row.max, row.actual, row.status, row.approved_by) for row in rows] == [
        (held, 0, "approved", "ada"),
        (spent, spent, "approved", "ada"),
    ]
    approvals.approve(world.ledger, rows[0].quote_id, Money(0, "EUR"), who="ada", why="")
    rows = ask(world.serve(), "FROM quotes ORDER BY max")
    assert [(row.status, row.approved_by) for row in rows] == [("quoted", None), ("approved", "ada")]


def test_a_budget_shows_its_window_of_now(world: World) -> None:
    """A cap in which nothing counted yet is there, with all of it free."""
    [row] = ask(world.serve(), "FROM budget_status")
    here = world.started.astimezone(world.setup.config.zone)
    assert (row.window_kind, row.window_start, row.free) == ("month", f"{here:%Y-%m}", 100)


def test_enriched_keeps_every_source_row(world: World) -> None:
    """Each row of the source is there, under its own key, whatever its cell holds and whether it was read."""
    with duckdb.connect(str(world.folder / "crm.duckdb")) as connection:
        connection.execute(
            "INSERT INTO people VALUES (1, 'DE', 'one'), (2, 'DE', 'one'), (3, 'DE', 'two; three'), (4, 'DE', NULL), "
            "(5, 'DE', 'fax'), (6, 'DE', 'new'), (7, 'AT', 'one')"
        )
    world.cell("one", number(1))
    world.cell("two; three", number(2))
    world.cell("two; three", number(3), 1)
    world.cell(None, None, status="empty")
    world.cell("fax", None, status="rejected")
    for place in (1, 2, 3):
        world.want(number(place), validity=MONTH)
    world.know(number(1), "validity", "valid", 1)
    world.know(number(2), "validity", "likely_invalid", 1)
    path = world.serve()
    rows = ask(path, "FROM enriched_crm ORDER BY id, position")
    assert [
        (row.id, row.country, row.phone_country, row.position, row.raw_value, row.phone_e164, row.parse_status)
        for row in rows
    ] == [
        (1, "DE", "DE", 0, "one", number(1), "parsed"),
        (2, "DE", "DE", 0, "one", number(1), "parsed"),
        (3, "DE", "DE", 0, "two; three", number(2), "parsed"),
        (3, "DE", "DE", 1, "two; three", number(3), "parsed"),
        (4, "DE", None, 0, None, None, "empty"),
        (5, "DE", None, 0, "fax", None, "rejected"),
        (6, "DE", None, 0, "new", None, "not_read_yet"),
        (7, "AT", None, 0, "one", None, "not_read_yet"),
    ]
    assert [(row.is_valid, row.validity) for row in rows[:4]] == [
        (True, "valid"),
        (True, "valid"),
        (None, "likely_invalid"),
        (None, "unknown"),
    ]


def test_unusable_phones_are_facts_with_a_date(world: World) -> None:
    """A row is unusable when its cell was rejected or the network says so, since the answer that said so first."""
    with duckdb.connect(str(world.folder / "crm.duckdb")) as connection:
        connection.execute(
            "INSERT INTO people VALUES (1, 'DE', 'gone'), (2, 'DE', 'off'), (3, 'DE', 'fine'), (4, 'DE', 'maybe'), "
            "(5, 'DE', 'fax'), (6, 'DE', NULL)"
        )
    for place, raw in enumerate(("gone", "off", "fine", "maybe"), 1):
        world.cell(raw, number(place))
        world.want(number(place), validity=MONTH)
    world.cell("fax", None, status="rejected")
    world.cell(None, None, status="empty")
    world.know(number(1), "validity", "invalid", 1)
    world.know(number(2), "reachability", "absent", 2)
    world.know(number(3), "validity", "valid", 1)
    world.know(number(4), "validity", "likely_invalid", 1)
    first = world.at(3)
    world.changes.append(
        {
            "phone_e164": number(1),
            "bucket": world.ledger.bucket(number(1)),
            "fact": "validity",
            "old_value": "valid",
            "new_value": "invalid",
            "last_seen_old_at": world.at(9),
            "first_seen_new_at": first,
        }
    )
    path = world.serve()
    rows = ask(path, "FROM unusable_phones ORDER BY source_key")
    assert [(row.source_key, row.reason, row.phone_e164) for row in rows] == [
        ('[1,"DE"]', "invalid", number(1)),
        ('[2,"DE"]', "absent", number(2)),
        ('[5,"DE"]', "rejected", None),
    ]
    assert rows[0].since_at == first.replace(tzinfo=None)
    history = ask(path, "FROM phone_history WHERE phone_e164 = ? ORDER BY valid_from", number(1))
    assert [(row.value, row.valid_to) for row in history] == [("valid", rows[0].since_at), ("invalid", None)]


@pytest.mark.parametrize(
    ("fact", "value", "expected"),
    [
        ("validity", "valid", (True, None, None)),
        ("validity", "invalid", (False, None, None)),
        ("validity", "likely_invalid", (None, None, None)),
        ("reachability", "reachable", (None, True, None)),
        ("reachability", "absent", (None, False, None)),
        ("reachability", "blocked", (None, False, None)),
        ("reachability", "not_applicable", (None, None, None)),
        ("ported", "ported", (None, None, True)),
        ("ported", "not_ported", (None, None, False)),
        ("ported", "likely_not_ported", (None, None, None)),
    ],
)
def test_booleans_are_facts(world: World, fact: str, value: str, expected: tuple[bool | None, ...]) -> None:
    """A boolean is true or false only by an answer, and NULL for what is likely, not applicable or unknown."""
    world.know(number(1), fact, value, 1)
    [row] = ask(world.serve(), "FROM phone_numbers")
    assert (row.is_valid, row.is_reachable, row.is_ported) == expected
    assert row.is_in_source is False
    assert {row.validity, row.reachability, row.ported_status, row.roaming_status, row.line_type} == {value, "unknown"}


def test_conflicts_are_between_providers_and_of_facts_that_stay(world: World) -> None:
    """Two providers that disagree about validity are a conflict; about reachability, or by inference, they are not."""
    world.settle([number(1), number(2), number(3)], "complete")
    values = {
        number(1): {"validity": "valid", "validity_basis": "network"},
        number(2): {"reachability": "absent"},
        number(3): {"validity": "valid", "validity_basis": "numbering_plan"},
    }
    for row in list(world.lookups):
        row.update(values[row["phone_e164"]])
        other = {**row, "provider": "kpn", "lookup_id": row["lookup_id"] + "k", "attempt_id": "other"}
        other.update({"validity": "invalid"} if "validity_basis" in values[row["phone_e164"]] else {})
        world.lookups.append({**other, "reachability": "reachable"})
    rows = ask(world.serve(), "FROM fact_conflicts")
    assert [
        (row.phone_e164, row.fact, row.provider, row.value, row.other_provider, row.other_value) for row in rows
    ] == [(number(1), "validity", "infobip", "valid", "kpn", "invalid")]


CONTRACT = {
    "phone_facts": "phone_e164 fact value basis origin provider lookup_id observed_at expires_at answer_status "
    "answer_reason next_attempt_at",
    "coverage": "fact wanted answered share",
    "phone_map": "source phone_column raw_value region_hint position phone_e164 parse_status reject_reason "
    "region_basis row_count last_seen_at",
    "phone_numbers": "phone_e164 country is_in_source is_valid is_reachable is_ported validity validity_basis "
    "reachability ported_status roaming_status line_type current_carrier_name current_carrier_mccmnc "
    "current_carrier_country original_carrier_name original_carrier_mccmnc original_carrier_country "
    "validity_observed_at reachability_observed_at ported_observed_at carrier_observed_at roaming_observed_at "
    "line_type_observed_at first_seen_at content_changed_at",
    "unusable_phones": "source source_key phone_column position phone_e164 reason since_at",
    "phone_changes": "phone_e164 fact old_value new_value last_seen_old_at first_seen_new_at",
    "phone_history": "phone_e164 fact value valid_from valid_to began_after last_seen_at",
    "provider_agreement": "fact provider other_provider both_known agree disagree share",
    "value_agreement": "fact provider other_provider value other_value numbers agrees",
    "cost_per_fact": "provider product fact asked answered share cost cost_per_answer currency",
    "lookup_costs": "entry attempt_id phone_e164 entry_type provider product country source quote_id amount currency "
    "amount_reporting basis occurred_at billing_date",
}


def test_the_contract(everything: tuple[World, Path]) -> None:
    """Relations have the columns that their users were promised, no time has a zone, and money is DECIMAL(18,9)."""
    _, path = everything
    for name, columns in CONTRACT.items():
        described = ask(path, f"DESCRIBE {name}")
        assert [row.column_name for row in described] == columns.split(), name
    kinds = ask(path, "SELECT column_name, data_type FROM duckdb_columns() WHERE NOT internal")
    assert not {row.column_name for row in kinds if "TIME ZONE" in row.data_type}
    decimals = {row.data_type for row in kinds if "DECIMAL" in row.data_type}
    assert decimals == {"DECIMAL(18,9)"}
    assert not {row.column_name for row in kinds if row.data_type in ("FLOAT", "DOUBLE")}


def test_facts_have_the_bits_of_the_ledger(everything: tuple[World, Path]) -> None:
    """The served file decodes sets of facts with the ledger's own bits."""
    _, path = everything
    assert {row.fact: row.bit for row in ask(path, "FROM base.facts")} == BIT


# What breaks each check: one statement on the internal tables.
VIOLATIONS = {
    "accepted_numbers_are_wanted": "DELETE FROM base.distinct_phones",
    "answers_cost_no_more": "UPDATE base.lookups SET cost_net = cost_net + 0.000000001",
    "costs_add_up": "UPDATE base.attempts SET held = held + 0.000000001",
    "facts_have_provenance": "UPDATE base.phone_facts SET validity_provider = NULL",
    "forbidden_facts": "UPDATE base.lookups SET roaming = 'not_roaming'",
    "lookups_once": "INSERT INTO base.lookups FROM base.lookups",
    "money_is_not_negative": "UPDATE base.lookups SET cost_refund = -1",
    "phone_map_adds_up": "UPDATE base.phone_map SET position = 1",
    "phone_numbers_once": "INSERT INTO phone_numbers FROM phone_numbers",
    "vocabulary": "UPDATE base.lookups SET outcome = 'splendid'",
}


def test_every_check_can_fail(world: World) -> None:
    """A sound file passes every check, and each check finds its violation."""
    world.cell("one", number(1))
    world.want(number(1), validity=MONTH)
    world.know(number(1), "validity", "valid", 1)
    world.settle([number(1)], "complete")
    doubt(world, number(2))
    path = world.serve()
    results = checks(path)
    assert {check.name for check in results} == set(VIOLATIONS) == {p.stem for p in (sql_folder() / "checks").iterdir()}
    assert [check.name for check in results if check.rows] == []
    assert all(check.meaning.endswith(".") and check.mend for check in results)
    for name, statement in VIOLATIONS.items():
        broken = world.folder / f"{name}.duckdb"
        broken.write_bytes(path.read_bytes())
        with duckdb.connect(str(broken)) as connection:
            connection.execute(statement)
        assert {check.name: check.rows for check in checks(broken)}[name] > 0, name


@settings(max_examples=share(24), deadline=None)
@given(caps=st.lists(st.integers(0, 10**18 - 1), min_size=1, max_size=20))
def test_money_is_exact(tmp_path_factory: pytest.TempPathFactory, caps: list[int]) -> None:
    """Nanos become decimals exactly, from one nano to the largest amount that a ledger holds."""
    ledger = create(tmp_path_factory.mktemp("ledger"), mode="simulate")
    with ledger.store.write() as connection:
        for place, cap in enumerate(caps):
            put(connection, limit("day", Money(cap, "EUR"), f"p{place}", None, None), 1, "test")
    served = books(ledger)["budgets"].select("provider", "cap").rows()
    assert dict(served) == {f"p{place}": Decimal(cap).scaleb(-9) for place, cap in enumerate(caps)}
