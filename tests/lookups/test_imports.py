"""Replies that were paid for elsewhere: imported once, as old as they are, free of cost, and never guessed at."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from ringfence.config.sections import Privacy
from ringfence.errors import ConfigError, SourceError
from ringfence.http.redact import redact
from ringfence.lake.tables import Lake
from ringfence.lake.views import checks
from ringfence.lookups.costs import costs
from ringfence.lookups.due import bits
from ringfence.lookups.import_preview import effect, told_by
from ringfence.lookups.imported_rows import Raw, raw_replies
from ringfence.lookups.imports import (
    FAILED,
    FUTURE,
    NAMES_NONE,
    NO_BODY,
    NO_STATUS,
    PAST,
    REFUSED,
    THERE,
    Found,
    import_replies,
    importing_of,
    read_raw,
    readable,
)
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.reparse import reparse
from ringfence.lookups.serve import serve
from ringfence.money import quotes
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger, create, open_ledger
from ringfence.money.schema import ASKED, ATTEMPT, COUNTER, REPLY
from ringfence.money.workers import working
from ringfence.providers.registry import provider
from ringfence.sources.configured import spec_at
from ringfence.sources.select import selected
from tests.sizes import share

DAY = 86_400_000_000
# What `raw_replies` makes of a time: microseconds.
NOW = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000


def number(place: int) -> str:
    """A valid mobile number that nobody has."""
    return f"+316121{place:05d}"


def answered(phone: str, place: int = 0, **more: Any) -> dict[str, Any]:
    """An advanced Number Insight reply: valid, ported, reachable, and paid for."""
    carrier = {"network_code": "20404", "name": "Vodafone Libertel", "country": "NL", "network_type": "mobile"}
    return {
        "request_id": f"{place:08d}-aaaa-bbbb-cccc-0123456789ab",
        "status": 0,
        "status_message": "Success",
        "international_format_number": phone[1:],
        "request_price": "0.04000000",
        "remaining_balance": "1.23",
        "current_carrier": carrier,
        "original_carrier": {**carrier, "network_code": "20408", "name": "KPN"},
        "valid_number": "valid",
        "reachable": "reachable",
        "ported": "ported",
        "roaming": {"status": "not_roaming"},
        "lookup_outcome": 0,
        "lookup_outcome_message": "Success",
        **more,
    }


def raw(body: object, age_days: float = 1, **more: Any) -> Raw:
    """A row of the warehouse, so many days old."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Raw(content, NOW - int(age_days * DAY), **more)


class World:
    """A ledger and a lake of 20 November 2026, noon."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        create(self.home, mode="simulate")
        self.ledger: Ledger = open_ledger(self.home, clock=lambda: NOW)
        self.lake = Lake(self.home, self.ledger.ledger_id)

    def bring(self, *raws: Raw, product: str = "advanced", of: str = "vonage", privacy: Privacy | None = None) -> Found:
        """Import, publish and merge."""
        importing = importing_of(self.ledger, provider(of), product, "EUR", "", "ada")
        found = import_replies(self.ledger, importing, privacy or Privacy(), iter(raws))
        publish_settled(self.ledger, self.lake)
        publish_facts(self.lake)
        with self.ledger.store.read() as connection:
            assert violations(connection) == []
        return found

    def lookups(self) -> list[dict[str, Any]]:
        """The rows of the lake, by number and time."""
        return list(self.lake.read("lookups").sort("phone_e164", "answered_at").iter_rows(named=True))

    def scalar(self, query: Any) -> Any:
        """One value of the ledger."""
        with self.ledger.store.read() as connection:
            return connection.scalar(query)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty home."""
    return World(tmp_path)


def test_an_imported_reply_is_an_answer_that_cost_nothing_here(world: World) -> None:
    """Facts, provenance, age and asking are those of the reply; the price in its body is nobody's cost here."""
    found = world.bring(raw(answered(number(1)), 3), raw(answered(number(2), 1), 40))
    assert (found.replies, sorted(found.phones), +found.left) == (2, [number(1), number(2)], {})
    one, two = world.lookups()
    assert (one["origin"], one["validity"], one["ported"], one["country"]) == ("imported", "valid", "ported", "NL")
    assert {row["cost_basis"] for row in (one, two)} == {"none"}
    assert {row[name] for row in (one, two) for name in ("cost_amount", "cost_refund", "cost_net")} == {Decimal(0)}
    assert one["answered_at"] == one["observed_at"] == datetime(2026, 11, 17, 12, tzinfo=UTC)
    [fact] = world.lake.read("phone_facts").filter(pl.col("phone_e164") == number(1)).iter_rows(named=True)
    assert (fact["carrier_origin"], fact["carrier_provider"]) == ("imported", "vonage")
    assert world.scalar(select(func.max(ASKED.c.asked_at))) == NOW - 3 * DAY
    assert world.scalar(select(func.count()).select_from(COUNTER)) == 0


def test_a_reply_is_imported_once(world: World) -> None:
    """In one command or several, with another time or not: a body that bears the provider's id is one reply."""
    reply = answered(number(1), 7)
    assert world.bring(raw(reply), raw(reply), raw(reply, 2)).left == {THERE: 2}
    again = world.bring(raw(reply), raw(answered(number(2), 8)))
    assert (again.replies, again.left[THERE]) == (1, 1)
    assert [row["phone_e164"] for row in world.lookups()] == [number(1), number(2)]
    assert world.scalar(select(func.count()).select_from(REPLY)) == 2


def test_bodies_without_an_id_are_told_apart_by_their_time(world: World) -> None:
    """The same answer on two days is two answers, where nothing in it says otherwise; twice at one time it is one."""
    item = {"number": number(1), "status": "ON", "error": None, "ported": False, "roaming": False}
    body = {"result": [item]}
    found = world.bring(raw(body, 9), raw(body, 2), raw(body, 2), product="hlr_sync", of="messente")
    assert (found.replies, found.left) == (2, {THERE: 1})
    assert len(world.lookups()) == 2


REFUSALS = {
    "no JSON": (raw(b"<html>moved</html>"), NAMES_NONE),
    "nobody's": (raw({"status": 0, "valid_number": "valid"}), NAMES_NONE),
    "not a number": (raw(answered("+12"), 1), NAMES_NONE),
    "a phone that is none": (raw(answered(number(1)), phone="0612345678"), NAMES_NONE),
    "another number": (raw(answered(number(1)), phone=number(2)), REFUSED["doubt"]),
    "a wrong key": (raw({**answered(number(1)), "status": 4, "request_price": None}), REFUSED["void"]),
    "an HTTP error": (raw(answered(number(1)), status=500), REFUSED["doubt"]),
    "a failed lookup": (raw({**answered(number(1)), "status": 5, "request_price": None}), FAILED),
    "the future": (raw(answered(number(1)), -1), FUTURE),
    "the beginning of time": (Raw(b"{}", -62_135_596_800_000_000), PAST),
    "before there were computers": (raw(answered(number(1)), 57.5 * 365), PAST),
    "seconds that are read as microseconds": (Raw(b"{}", NOW // 1_000_000), PAST),
    "the last moment of 1999": (Raw(b"{}", 946_684_800_000_000 - 1), PAST),
    "a status that is none": (raw(answered(number(1)), status=None), NO_STATUS),
    "no time": (Raw(b"{}", None), NO_BODY),
    "no body": (Raw(None, NOW), NO_BODY),
    "an empty body": (Raw(b"", NOW), NO_BODY),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_no_answer_is_counted_and_not_imported(world: World, name: str) -> None:
    """Whatever cannot be read, was refused or failed leaves nothing behind: no attempt, no asking, no row."""
    row, reason = REFUSALS[name]
    found = world.bring(row)
    assert (found.replies, +found.left) == (0, {reason: 1})
    assert world.scalar(select(func.count()).select_from(ATTEMPT)) == 0
    assert world.scalar(select(func.count()).select_from(ASKED)) == 0


@settings(max_examples=share(100), deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["results", "result", "to", "number", "status", "international_format_number", "data"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    st.sampled_from([None, number(1), "", "+", "no number"]),
)
def test_nothing_that_a_body_can_hold_breaks_an_import(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, phone: str | None
) -> None:
    """Every body of every provider and product becomes an answer or a reason."""
    global _SHARED  # noqa: PLW0603 - one ledger is enough: nothing is written to it
    _SHARED = _SHARED or World(tmp_path_factory.mktemp("any"))
    for name in ("infobip", "kaleyra", "kpn", "messente", "vonage"):
        try:
            kind = provider(name)
        except ConfigError:
            continue
        for product in kind.products:
            importing = importing_of(_SHARED.ledger, kind, product, "EUR", "", "ada")
            found = read_raw(_SHARED.ledger, importing, Privacy(), Raw(body, NOW - DAY, phone))
            assert isinstance(found, str) or found.reply.outcomes


_SHARED: World | None = None


def test_an_old_reply_makes_nothing_older(world: World) -> None:
    """An older reply after a newer one changes neither what stands nor when it was asked."""
    world.bring(raw(answered(number(1), 1), 1))
    before = world.lake.read("phone_facts")
    world.bring(raw({**answered(number(1), 2), "ported": "not_ported", "reachable": "absent"}, 20))
    assert world.scalar(select(ASKED.c.asked_at)) == NOW - DAY
    after = world.lake.read("phone_facts")
    names = ["ported", "ported_lookup_id", "reachability", "validity_observed_at"]
    assert before.select(names).rows() == after.select(names).rows()
    assert world.lake.read("phone_changes")["last_seen_old_at"].unique().to_list() == [
        datetime(2026, 10, 31, 12, tzinfo=UTC)
    ]


def test_what_may_not_be_stored_is_cut_before_it_is(world: World) -> None:
    """Roaming is forbidden where it is not let in: neither the lake nor the stored reply holds it."""
    roaming = {"status": "roaming", "roaming_country_code": "DE", "roaming_network_code": "26201"}
    world.bring(raw({**answered(number(1)), "roaming": roaming}))
    assert world.lookups()[0]["roaming"] == "unknown"
    world.bring(raw({**answered(number(2), 2), "roaming": roaming}), privacy=Privacy(allow={"roaming": ["NL"]}))
    assert world.lookups()[1]["roaming"] == "roaming"


def test_a_body_with_many_numbers_is_one_reply_of_all(world: World) -> None:
    """A batch is one attempt, with each number's own country."""
    phones = [number(1), "+447400123456", "+4915112345678"]
    status = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}
    body = {"results": [{"to": phone[1:], "status": status, "error": {"groupId": 0, "id": 0}} for phone in phones]}
    world.bring(raw(body), of="infobip", product="query")
    assert {row["phone_e164"]: row["country"] for row in world.lookups()} == dict(
        zip(phones, ["NL", "GB", "DE"], strict=True)
    )
    assert {row["attempt_id"] for row in world.lookups()} == {world.scalar(select(ATTEMPT.c.attempt_id))}


@pytest.mark.parametrize(("of", "product"), [("vonage", "advanced_async"), ("kpn", "advanced_async")])
def test_what_came_by_callback_is_read_as_such(world: World, of: str, product: str) -> None:
    """A callback of a product that answers later is its answer, and stays so when all is read again."""
    world.bring(raw(answered(number(1))), of=of, product=product)
    [row] = world.lookups()
    assert (row["product"], row["validity"], row["cost_net"]) == (product, "valid", 0)
    assert world.scalar(select(REPLY.c.source)) == "callback"
    found = reparse(world.ledger, world.lake)
    assert (found.read, found.unread, found.differs, list(found.prices)) == (1, 0, False, [])


def test_an_acknowledgement_is_no_answer(world: World) -> None:
    """A body that accepts a request and answers nobody is not imported."""
    accepted = {"request_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab", "number": number(1)[1:], "error_text": "Success"}
    found = world.bring(raw({**accepted, "status": 0}, phone=number(1)), product="advanced_async")
    assert found.replies == 0
    assert world.scalar(select(func.count()).select_from(ATTEMPT)) == 0


def test_open_claims_and_budgets_are_not_touched(build, numbers) -> None:
    """Importing about a number whose request is in doubt settles nothing, frees nothing and spends nothing."""
    phones = numbers("NL", 4)
    house = build(phones, {"when": {"nth": 1}, "fault": "status", "status": 500})
    house.run()
    before = (house.spent(), house.held(), house.states().count("in_doubt"))
    assert before[2]
    totals = costs(house.setup, house.ledger, house.lake, by=[])
    importing = importing_of(house.ledger, provider("vonage"), "advanced", "EUR", "people", "ada")
    at = house.ledger.store.clock() - DAY
    raws = [Raw(json.dumps(answered(phone, n)).encode(), at) for n, phone in enumerate(phones)]
    assert import_replies(house.ledger, importing, Privacy(), iter(raws)).replies == 4
    house.publish()
    assert (house.spent(), house.held(), house.states().count("in_doubt")) == before
    assert costs(house.setup, house.ledger, house.lake, by=[]) == totals
    house.check()
    path = serve(house.setup, house.ledger, house.lake)
    assert {each.name: each.rows for each in checks(path) if each.rows} == {}
    with house.ledger.store.read() as connection:
        assert {row["quote_id"] for row in quotes.listing(connection, house.ledger.store.clock())} == {
            row["quote_id"] for row in house.attempts() if row["origin"] is None
        }


def test_what_is_imported_is_not_bought(build, numbers) -> None:
    """A preview says how many numbers would not be due; after the import a quote says the same."""
    phones = numbers("NL", 10)
    house = build(phones)
    importing = importing_of(house.ledger, provider("vonage"), "advanced", "EUR", "", "ada")
    at = house.ledger.store.clock()
    fresh = [Raw(json.dumps(answered(phone, n)).encode(), at - DAY) for n, phone in enumerate(phones[:6])]
    stale = [Raw(json.dumps(answered(phones[6], 6)).encode(), at - 31 * DAY)]
    found = Found()
    told = told_by(readable(house.ledger, importing, Privacy(), iter([*fresh, *stale]), found))
    brings = effect(house.setup.config, house.ledger, house.lake, told)
    assert (found.replies, brings.due, brings.settled) == (7, 10, 6)
    assert brings.told["carrier"] == brings.new["carrier"] == 7
    assert house.attempts() == []
    import_replies(house.ledger, importing, Privacy(), iter([*fresh, *stale]))
    house.publish()
    assert house.quote("after").numbers == 4


def test_recovery_and_workers_leave_imports_alone(build, numbers) -> None:
    """An import has no worker, and nothing that looks for dead ones finds it."""
    house = build(numbers("NL", 1))
    importing = importing_of(house.ledger, provider("vonage"), "advanced", "EUR", "", "ada")
    at = house.ledger.store.clock() - DAY
    import_replies(house.ledger, importing, Privacy(), iter([Raw(json.dumps(answered(number(1))).encode(), at)]))
    with working(house.ledger, "next"):
        house.run("run")
    assert house.states().count("settled") == 2
    house.check()


def test_many_replies_stream(world: World) -> None:
    """Several groups and several commits of the lake lose and double nothing."""
    found = world.bring(*(raw(answered(number(n), n), 1) for n in range(2_500)))
    assert found.replies == len(world.lookups()) == 2_500
    assert world.scalar(select(func.count()).select_from(ATTEMPT)) == 2_500


def test_a_product_that_is_not_there_is_refused(world: World) -> None:
    """The products that there are stand in the sentence."""
    with pytest.raises(ConfigError, match="basic, standard, advanced"):
        importing_of(world.ledger, provider("vonage"), "premium", "EUR", "", "ada")


def warehouse(folder: Path, rows: Sequence[tuple[object, ...]] = ()) -> str:
    """raw.duckdb with a table replies, and a secret beside it."""
    (folder / "secret.csv").write_text("a\n1\n")
    with duckdb.connect(str(folder / "raw.duckdb")) as connection:
        columns = "body VARCHAR, received_at TIMESTAMP, zoned TIMESTAMPTZ, content BLOB"
        connection.execute(f"CREATE TABLE replies ({columns})")
        for row in rows:
            connection.execute("INSERT INTO replies VALUES (?, ?, ?, ?)", row)
    return f"duckdb://{folder}/raw.duckdb"


class Here:
    """What `spec_at` wants to know of a configuration."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ringfence.yaml"
        self.env: dict[str, str] = {}


def rows_of(folder: Path, query: str, address: str = "duckdb:///raw.duckdb") -> list[Raw]:
    """The rows that a SELECT gives."""
    with selected(spec_at(Here(folder), "replies", address), query) as found:  # type: ignore[arg-type]
        return list(raw_replies(found))


def test_times_and_bodies_of_every_type_are_the_same(tmp_path: Path) -> None:
    """A TIMESTAMP is UTC, one with a zone is converted, a BLOB is its bytes."""
    at = datetime(2026, 11, 20, 11, tzinfo=UTC)
    warehouse(tmp_path, [("{é}", at.replace(tzinfo=None), at.astimezone(), "{é}".encode())])
    expected = [Raw("{é}".encode(), NOW - 3_600_000_000)]
    assert rows_of(tmp_path, "SELECT body, received_at FROM raw.replies -- all of them") == expected
    assert rows_of(tmp_path, "SELECT content AS BODY, zoned AS received_at FROM raw.replies;") == expected
    more = rows_of(tmp_path, f"SELECT *, '{number(1)}' AS phone, '404' AS status FROM raw.replies")
    assert more == [replace(expected[0], phone=number(1), status=404)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT body, received_at FROM raw.replies, read_csv('{folder}/secret.csv')",
        "SELECT body, received_at FROM raw.replies, '{folder}/secret.csv'",
        "COPY raw.replies TO '{folder}/out.csv'",
        "WITH gone AS (COPY raw.replies TO '{folder}/out.csv') SELECT body, received_at FROM raw.replies",
        "INSERT INTO raw.replies SELECT * FROM raw.replies",
        "SELECT body, received_at FROM raw.replies; DROP TABLE raw.replies",
        "ATTACH '{folder}/other.duckdb'",
        "SET enable_external_access = true",
        "SELECT 1 AS body, received_at FROM raw.replies",
        "SELECT body, body AS received_at FROM raw.replies",
        "SELECT body FROM raw.replies",
        "SELECT body, received_at FROM raw.nowhere",
        "SELEC body",
        "",
    ],
)
def test_a_select_reads_its_warehouse_and_nothing_else(tmp_path: Path, query: str) -> None:
    """What would write, or read another file, or gives no replies, is one sentence, and nothing has happened."""
    at = datetime(2026, 11, 20, 11)  # noqa: DTZ001 - a TIMESTAMP of DuckDB
    warehouse(tmp_path, [("{}", at, None, None)])
    before = sorted(each.name for each in tmp_path.iterdir())
    with pytest.raises(SourceError):
        rows_of(tmp_path, query.format(folder=tmp_path))
    assert sorted(each.name for each in tmp_path.iterdir()) == before
    assert len(rows_of(tmp_path, "SELECT body, received_at FROM raw.replies")) == 1


STATUSES = {
    "'200'": 200,
    "404::SMALLINT": 404,
    "200.0::DOUBLE": 200,
    "503.00::DECIMAL(5, 2)": 503,
    "' 429 '": 429,
    "'x'": None,
    "''": None,
    "NULL": None,
    "NULL::INTEGER": None,
    "1099511627776": None,
    "-200": None,
    "0": None,
    "99": None,
    "600": None,
    "200.5::DOUBLE": None,
    "'nan'::DOUBLE": None,
    "'200 OK'": None,
    "true": None,
    "[200]": None,
    "DATE '2026-11-20'": None,
}


@pytest.mark.parametrize(("status", "read"), STATUSES.items())
def test_a_status_that_is_given_must_be_one(tmp_path: Path, status: str, read: int | None) -> None:
    """Only a SELECT without that column means 200; what cannot be read as a status is never taken for success."""
    at = datetime(2026, 11, 20, 11)  # noqa: DTZ001 - a TIMESTAMP of DuckDB
    warehouse(tmp_path, [("{}", at, None, None)])
    rows = rows_of(tmp_path, f"SELECT body, received_at, {status} AS Status FROM raw.replies")
    assert [row.status for row in rows] == [read]
    assert [row.status for row in rows_of(tmp_path, "SELECT body, received_at FROM raw.replies")] == [200]


FAILING = {
    "$1": "Values were not provided for the following parameters: 1",
    "$name": "Values were not provided for the following parameters: name",
    "error('x is not here')": "Invalid Input Error: x is not here",
    "error(body)": "Invalid Input Error: ...",
    "CAST('abc' AS INTEGER)": "Could not convert string 'abc' to INT32; use TRY_CAST",
    "CAST(body AS INTEGER)": "Could not convert string ... to INT32 when casting from source column body; use TRY_CAST",
    "CAST(body AS TIMESTAMP)": "invalid timestamp field format: ...",
    "strptime(body, '%Y')": "Could not parse string ...",
    "json(body)": "Malformed JSON at byte",
    "(SELECT body FROM raw.replies UNION ALL FROM (SELECT 'a'))": "More than one row returned by a subquery",
    "9223372036854775807 + length(body)": "Overflow in addition of INT64 (9223372036854775807",
    "date_trunc(body, received_at)": "not recognized",
}


@pytest.mark.parametrize(("expression", "sentence"), FAILING.items())
def test_a_query_that_fails_is_told_as_such(tmp_path: Path, expression: str, sentence: str) -> None:
    """In DuckDB's words but for those of a cell: it is the query that must be mended, and no file that is damaged."""
    at = datetime(2026, 11, 20, 11)  # noqa: DTZ001 - a TIMESTAMP of DuckDB
    cell = f'Jane\'s \n\n "{number(1)}" 4711'
    warehouse(tmp_path, [(cell, at, None, None)])
    with pytest.raises(SourceError) as told:
        rows_of(tmp_path, f"SELECT ({expression})::VARCHAR AS body, received_at FROM raw.replies")
    said = str(told.value)
    assert "the SELECT failed on replies: " in said or expression[0] == "$"
    assert redact(sentence) in said
    assert not any(word in said for word in ("Jane", "4711", number(1), "damaged"))


def test_a_damaged_file_is_told_as_such(tmp_path: Path) -> None:
    """What cannot be unpacked is the file's fault, not the query's."""
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT range || 'abc' AS body, now()::TIMESTAMP AS received_at FROM range(10000)) TO '{path}'"
        )
    content = bytearray(path.read_bytes())
    content[100 : len(content) // 2 : 7] = bytes(len(content[100 : len(content) // 2 : 7]))
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.parquet cannot be read"):
        rows_of(tmp_path, "SELECT body, received_at FROM replies", "parquet:///a.parquet")


def test_a_cell_is_never_quoted(tmp_path: Path) -> None:
    """A condition that stumbles over a cell says so without it."""
    at = datetime(2026, 11, 20, 11)  # noqa: DTZ001 - a TIMESTAMP of DuckDB
    warehouse(tmp_path, [(f"body of {number(1)}", at, None, None)])
    with pytest.raises(SourceError) as told:
        rows_of(tmp_path, "SELECT body, received_at FROM raw.replies WHERE CAST(body AS INTEGER) > 0")
    assert number(1) not in str(told.value)
    assert "body of" not in str(told.value)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_files_are_a_view_of_their_own(tmp_path: Path, kind: str) -> None:
    """Files that a glob matches are the view `replies`; what lies beside them cannot be read."""
    with duckdb.connect() as connection:
        for name in ("a1", "a2", "b"):
            connection.execute(
                f"COPY (SELECT '{{}}' AS body, '2026-11-20 11:00:00'::TIMESTAMP AS received_at) "
                f"TO '{tmp_path}/{name}.{kind}'"
            )
    query = "SELECT body, received_at::TIMESTAMP AS received_at FROM replies"
    assert rows_of(tmp_path, query, f"{kind}:///a*.{kind}") == [Raw(b"{}", NOW - 3_600_000_000)] * 2
    with pytest.raises(SourceError):
        rows_of(tmp_path, query.replace("replies", f"'{tmp_path}/b.{kind}'"), f"{kind}:///a*.{kind}")


def test_what_is_asked_is_what_the_product_answers(world: World) -> None:
    """The facts of the product count as asked at the time of the reply."""
    world.bring(raw(answered(number(1)), 5))
    kind = provider("vonage").products["advanced"]
    assert world.scalar(select(ASKED.c.facts)) == bits(kind.facts)
    assert world.scalar(select(ASKED.c.product)) == "vonage/advanced"
    assert world.scalar(select(ASKED.c.asked_at)) == NOW - 5 * DAY
