"""Infobip's log: what is asked for, and what its entries are read as."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Later, Poll, Waiting
from ringfence.providers.infobip import PROVIDER
from ringfence.providers.infobip_codes import STATUSES
from ringfence.providers.infobip_logs import moment
from ringfence.providers.lookup import Billed, Carrier, Lookup, Outcome, Ported, Roaming
from ringfence.providers.provider import Parsed
from tests.providers.infobip_words import BULK, IDS, ONE, THREE, TWO, acknowledgement, as_json, as_xml, entry, item

ASKED = (ONE, TWO, THREE)
SENT = datetime(2026, 2, 24, 10, 40, tzinfo=UTC)
DONE = datetime(2026, 2, 24, 10, 40, 30, 917000, tzinfo=UTC)


def ack(document: Any) -> Reply:
    """The reply that accepted."""
    return Reply(200, {}, as_json(document))


def polls(accepted: Reply | None, unanswered: Any = ASKED, unpriced: Any = (), form: str = "json") -> list[Poll]:
    """What is asked again about a request."""
    assert isinstance(PROVIDER, Collectable)
    waiting = Waiting("notify", ASKED, SENT, accepted, unanswered, unpriced)
    return list(PROVIDER.polls(waiting, "http://127.0.0.1:8900", {"format": form}))


def page(*entries: Any, status: int = 200, accepted: Any = None, body: bytes | None = None) -> Parsed:
    """A page of the log with these entries, read."""
    assert isinstance(PROVIDER, Collectable)
    reply = Reply(status, {}, as_json({"results": list(entries)}) if body is None else body)
    by = ack(acknowledgement(*ASKED) if accepted is None else accepted)
    return PROVIDER.parse_later("notify", Later("log", "", reply), by, ASKED)


def read(one: Any) -> Lookup:
    """The lookup of a page with this one entry."""
    parsed = page(one)
    assert (parsed.verdict, len(parsed.lookups), parsed.unasked) == ("answered", 1, 0)
    return parsed.lookups[0]


@pytest.mark.parametrize(("form", "kind"), [("json", "application/json"), ("xml", "application/xml")])
def test_one_page_holds_a_whole_request(form: str, kind: str) -> None:
    """A bulk is asked for by its id and by the largest page; no number is in the address."""
    (poll,) = polls(ack(acknowledgement(*ASKED)), form=form)
    assert (poll.source, poll.ref, poll.request.method) == ("log", f"bulkId={BULK}", "GET")
    assert str(poll.request.url) == f"http://127.0.0.1:8900/number/1/logs?bulkId={BULK}&limit=1000"
    assert poll.request.headers["accept"] == kind
    assert PROVIDER.products["notify"].limit <= 1000


def test_without_a_bulk_the_messages_are_asked_for() -> None:
    """The ids of the numbers that have no answer or no price yet, at most fifty in an address."""
    (poll,) = polls(ack(acknowledgement(ONE)), [ONE])
    assert poll.request.url.query == f"messageId={IDS[ONE]}&limit=1000".encode()
    document = acknowledgement(*ASKED)
    del document["bulkId"]
    (poll,) = polls(ack(document), [TWO], [TWO, THREE])
    assert poll.request.url.query == f"messageId={IDS[TWO]}&messageId={IDS[THREE]}&limit=1000".encode()
    many = [Phone(f"+3160000{number:04d}") for number in range(120)]
    results = [{"to": phone.digits, "messageId": f"id-{phone.digits[-4:]}"} for phone in many]
    found = polls(ack({"results": results}), many)
    assert [poll.request.url.query.count(b"messageId=") for poll in found] == [50, 50, 20]
    assert len({poll.ref for poll in found}) == 3


@pytest.mark.parametrize(
    "accepted",
    [None, Reply(200, {}, b""), ack({"results": []}), ack({"results": [{"to": ONE.digits}], "bulkId": "a b&to=1"})],
)
def test_without_an_id_it_is_asked_by_time(accepted: Reply | None) -> None:
    """Where no id was given, or one that is none, the log is asked for the time of sending; no number is in it."""
    (poll,) = polls(accepted)
    assert (poll.source, poll.shared, poll.request.headers["accept"]) == ("log", True, "application/json")
    query = dict(poll.request.url.params)
    times = {"sentSince": "2026-02-24T10:39:00.000+0000", "sentUntil": "2026-02-24T10:43:00.001+0000"}
    assert query == {**times, "limit": "1000"}
    assert not any(phone.digits in str(poll) for phone in ASKED)


def test_nothing_is_asked_when_all_is_known() -> None:
    """Answers and prices that are all there end the asking."""
    assert polls(ack(acknowledgement(*ASKED)), (), ()) == []
    assert len(polls(ack(acknowledgement(*ASKED)), (), [ONE])) == 1


def test_the_documented_entry_of_2015() -> None:
    """The example of the page "Sent lookup logs": older spelling, an offset of one hour, a price as a number."""
    phone = Phone("+41793026727")
    document = {
        "bulkId": BULK,
        "messageId": "24bd66d4-97c9-4598-9283-401224591bbd",
        "to": "41793026727",
        "sentAt": "2015-02-24T11:40:30.893+0100",
        "doneAt": "2015-02-24T11:40:30.917+0100",
        "mccmnc": "22801",
        "price": {"pricePerLookup": 0.01, "currency": "EUR"},
        "status": {"groupId": 2, "groupName": "UNDELIVERABLE", "id": 9, "name": "UNDELIVERABLE_NOT_DELIVERED"},
        "error": {"groupId": 2, "id": 4096, "name": "EC_INVALID_PDU_FORMAT", "permanent": True},
    }
    assert isinstance(PROVIDER, Collectable)
    later = Later("log", "", ack({"results": [document]}))
    (one,) = PROVIDER.parse_later("notify", later, None, [phone]).lookups
    assert one == Lookup(
        phone=phone,
        outcome=Outcome.PARTIAL,
        billed=Billed.YES,
        price=10_000_000,
        currency="EUR",
        priced_late=True,
        observed_at=datetime(2015, 2, 24, 10, 40, 30, 917000, tzinfo=UTC),
        result_ref="24bd66d4-97c9-4598-9283-401224591bbd",
        raw_status="2/9 UNDELIVERABLE_NOT_DELIVERED",
        raw_error="2/4096 EC_INVALID_PDU_FORMAT",
        raw_permanent="true",
    )


@pytest.mark.parametrize("code", STATUSES, ids=str)
@pytest.mark.parametrize("write", [as_json, as_xml])
def test_every_status_of_an_entry(code: tuple[int, int], write: Any) -> None:
    """Pending is no answer; the others read as in a query, but never as complete, and with a price."""
    parsed = page(body=write({"results": [entry(ONE, code)]}))
    expected = STATUSES[code]
    if expected.outcome is Outcome.PENDING:
        assert (parsed.verdict, list(parsed.lookups)) == ("awaiting", [])
        return
    (one,) = parsed.lookups
    assert one.outcome == (Outcome.PARTIAL if expected.outcome is Outcome.COMPLETE else expected.outcome)
    assert (one.error_class, one.validity, one.price) == (expected.error_class, expected.validity, 10_000_000)


@pytest.mark.parametrize("key", ["mccMnc", "mccmnc"])
def test_an_entry_tells_no_network(key: str) -> None:
    """Networks, porting and roaming are not in the log: whatever stands there is not read."""
    networks = {"ported": True, "roaming": True, "imsi": "228019876543210", "originalNetwork": {"networkName": "A"}}
    one = read(entry(**networks, **{key: "22801"}))
    assert (one.ported, one.roaming) == (Ported.UNKNOWN, Roaming.UNKNOWN)
    assert one.current_carrier == one.original_carrier == one.roaming_carrier == Carrier()


def test_an_unknown_status_answers_once_it_is_done() -> None:
    """A status outside the tables is final only where the log says when the lookup was done."""
    assert read(entry(ONE, (9, 9001))).outcome is Outcome.PARTIAL
    assert page(entry(ONE, (9, 9001), doneAt=None)).verdict == "awaiting"


@pytest.mark.parametrize(
    ("price", "nanos"),
    [
        (0.01, 10_000_000), ("0.0000000015", 2), (1e-9, 1), (0, 0), (3, 3_000_000_000), ("0.1", 100_000_000),
        (None, None),
    ],
)  # fmt: skip
def test_prices_are_exact(price: Any, nanos: int | None) -> None:
    """The text of the number counts, to the nano; where none is stated the price is open."""
    one = read(entry(price=price))
    assert (one.price, one.currency) == (nanos, None if nanos is None else "EUR")
    billed = {None: Billed.UNKNOWN, 0: Billed.NO}.get(nanos, Billed.YES)
    assert (one.billed, one.priced_late) == (billed, nanos is not None)


@pytest.mark.parametrize("price", [-0.01, "", True, "1e999", [1], "0,01"])
def test_what_is_no_price_answers_nothing(price: Any) -> None:
    """What was charged is not known, so that nothing may settle by it."""
    assert page(entry(price=price)).verdict == "awaiting"


@pytest.mark.parametrize("currency", [None, "", "eur", "EURO", 978, ["EUR"]])
def test_a_price_without_its_currency_answers_nothing(currency: Any) -> None:
    """An amount of nobody knows what money is not taken for ours, nor for none."""
    assert page(entry(price=None) | {"price": {"pricePerLookup": 0.01, "currency": currency}}).verdict == "awaiting"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-24T11:40:30.917+0100", DONE),
        ("2026-02-24T10:40:30.917+0000", DONE),
        ("2026-02-24T10:40:30.917Z", DONE),
        ("2026-02-24T05:40:30.917-05:00", DONE),
        ("2026-02-24T10:40:30.917", None),
        ("2026-13-24T10:40:30.917+0000", None),
        ("0001-01-01T00:00:00.000+0100", None),
        ("yesterday", None),
        (1771929630, None),
    ],
)
def test_times_are_utc(text: Any, expected: datetime | None) -> None:
    """A time needs its offset, with a colon or without."""
    assert moment(text) == expected
    assert read(entry(doneAt=text)).observed_at == expected


def test_entries_of_others_are_nobodys() -> None:
    """Another bulk, another message and another number are counted, and not read."""
    other = item(Phone("+34600000404")) | {"bulkId": BULK}
    parsed = page(entry(ONE), entry(TWO, messageId="other"), entry(THREE, bulkId="other"), other)
    assert ([one.phone for one in parsed.lookups], parsed.unasked) == ([ONE], 3)


@pytest.mark.parametrize("status", [204, 301, 400, 401, 404, 429, 500, 503])
def test_a_log_that_cannot_be_read_is_never_evidence(status: int) -> None:
    """A refusal to tell the log says nothing of the request that it is about: it is not void."""
    parsed = page(entry(), status=status)
    assert (parsed.verdict, list(parsed.lookups), f"HTTP {status}" in parsed.evidence) == ("doubt", [], True)
    assert page(body=b"<html>").verdict == "doubt"
    assert page().verdict == "awaiting"


@given(st.lists(st.sampled_from([(phone, code) for phone in ASKED for code in [(1, 3), (1, 7), (3, 5), (5, 52)]])))
def test_pages_in_any_order(shown: list[tuple[Phone, tuple[int, int]]]) -> None:
    """Entries may come in any order and repeat: the final ones answer, each number at most once."""
    forward, backward = (page(*(entry(phone, code) for phone, code in each)) for each in (shown, shown[::-1]))
    assert forward.lookups == backward.lookups
    assert {one.phone for one in forward.lookups} == {phone for phone, code in shown if code[0] != 1}
