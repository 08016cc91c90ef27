"""Infobip's asynchronous lookup: the request, the acknowledgement, and callbacks of every kind."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Later
from ringfence.providers.infobip import PROVIDER
from ringfence.providers.infobip_codes import STATUSES
from ringfence.providers.lookup import Outcome, Reachability, Validity
from ringfence.providers.provider import Ask, Parsed
from tests.providers.infobip_words import BULK, IDS, ONE, THREE, TWO, acknowledgement, as_json, as_xml, item

ASKED = (ONE, TWO, THREE)
JSON = {"content-type": "application/json"}
URL = "https://example.com/callbacks/abc"
ACK = Reply(200, JSON, as_json(acknowledgement(*ASKED)))


def accept(document: Any, *asked: Phone, status: int = 200) -> Parsed:
    """The acknowledgement with this document, read."""
    body = document if isinstance(document, bytes) else as_json(document)
    return PROVIDER.parse("notify", Reply(status, JSON, body), asked or ASKED)


def later(document: Any, accepted: Reply | None = ACK, asked: tuple[Phone, ...] = ASKED) -> Parsed:
    """The callback with this document, read."""
    assert isinstance(PROVIDER, Collectable)
    body = document if isinstance(document, bytes) else as_json(document)
    return PROVIDER.parse_later("notify", Later("callback", "", Reply(200, {}, body)), accepted, asked)


@pytest.mark.parametrize(("option", "kind"), [("json", "application/json"), ("xml", "application/xml")])
def test_request_says_where_and_in_which_form_to_call_back(option: str, kind: str) -> None:
    """The documented POST: numbers without plus, the address, and one type for the reply and the callback."""
    request = PROVIDER.request(Ask("notify", [ONE, TWO], "", "http://127.0.0.1:8900", {"format": option}, URL))
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:8900/number/1/notify")
    assert json.loads(request.content) == {
        "to": ["41790000101", "31600000202"], "notifyUrl": URL, "notifyContentType": kind
    }  # fmt: skip
    assert (request.headers["content-type"], request.headers["accept"]) == ("application/json", kind)


def test_an_acknowledgement_awaits_all_numbers() -> None:
    """Numbers that are pending are awaited under the id of the bulk; a single number under that of its message."""
    parsed = accept(acknowledgement(*ASKED))
    assert (parsed.verdict, parsed.lookups, parsed.request_ref, parsed.stop) == ("awaiting", [], BULK, None)
    assert accept(acknowledgement(ONE), ONE).request_ref == IDS[ONE]


@pytest.mark.parametrize("code", STATUSES, ids=str)
def test_every_status_of_an_acknowledgement(code: tuple[int, int]) -> None:
    """A pending item waits, any other known one answers at once; the other numbers are awaited in either case."""
    document = acknowledgement(TWO, THREE)
    document["results"].append(item(ONE, code))
    parsed = accept(document)
    pending = STATUSES[code].outcome is Outcome.PENDING
    assert parsed.verdict == "awaiting"
    assert [one.phone for one in parsed.lookups] == ([] if pending else [ONE])
    assert all(one.outcome is not Outcome.PENDING for one in parsed.lookups)


def test_an_unknown_status_neither_answers_nor_refuses() -> None:
    """A number that was accepted with a status outside the tables is awaited."""
    assert accept({"results": [item(ONE, (9, 9001))]}, ONE).lookups == []
    assert accept({"results": [item(ONE, (9, 9001))]}, ONE).verdict == "awaiting"


@pytest.mark.parametrize(("id_", "said"), [(19, "for the account's sake"), (12, "no credit left"), (14, "is Number")])
def test_a_batch_that_is_rejected_whole_stops_the_provider(id_: int, said: str) -> None:
    """The state of the account is told to the user, and the price of the rejections is waited for."""
    parsed = accept({"results": [item(phone, (5, id_)) for phone in ASKED], "bulkId": BULK})
    assert (parsed.verdict, len(parsed.lookups), parsed.request_ref) == ("awaiting", 3, BULK)
    assert said in str(parsed.stop)


def test_a_rejection_beside_what_was_accepted_stops_nothing() -> None:
    """Only a batch that is rejected whole says something of the account, but for missing credit."""
    for id_, stops in ((19, False), (52, False), (12, True)):
        document = acknowledgement(TWO, THREE)
        document["results"].append(item(ONE, (5, id_)))
        assert bool(accept(document).stop) is stops


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b"", "doubt"),
        (200, b"{}", "doubt"),
        (200, b'{"results": []}', "doubt"),
        (200, as_json({"results": [item(Phone("+34600000404"))]}), "doubt"),
        (400, b"{}", "void"),
        (401, b"{}", "void"),
        (429, b"{}", "void"),
        (500, b"{}", "doubt"),
        (503, b"", "doubt"),
    ],
)
def test_what_accepts_nothing(status: int, body: bytes, verdict: str) -> None:
    """A refusal before any work is void; whatever else names none of the numbers may have cost money."""
    parsed = accept(body, status=status)
    assert (parsed.verdict, parsed.lookups) == (verdict, ()) or parsed.verdict == "doubt"
    assert parsed.verdict == verdict


def test_callbacks_of_one_number_and_of_many() -> None:
    """One POST a number or one for all: each answers the numbers that are in it, and reads like a query's item."""
    query = PROVIDER.parse("query", Reply(200, JSON, as_json({"results": [item(phone) for phone in ASKED]})), ASKED)
    assert later({"results": [item(phone) for phone in ASKED]}).lookups == query.lookups
    for phone, expected in zip(ASKED, query.lookups, strict=True):
        parsed = later({"results": [item(phone)]})
        assert (parsed.verdict, parsed.lookups, parsed.unasked) == ("answered", [expected], 0)
        assert later(item(phone)).lookups == [expected]
        assert later([item(phone)]).lookups == [expected]


def test_the_ids_of_a_callback_are_those_that_were_accepted() -> None:
    """An item under another message or bulk is not about this request; one without ids is taken by its number."""
    for ids in ({}, {"messageId": IDS[ONE]}, {"bulkId": BULK}, {"messageId": IDS[ONE], "bulkId": BULK}):
        assert later({"results": [item(ONE, **ids)]}).verdict == "answered"
    for ids in ({"messageId": IDS[TWO]}, {"messageId": "other"}, {"bulkId": "other"}):
        parsed = later({"results": [item(ONE, **ids)]})
        assert (parsed.verdict, list(parsed.lookups), parsed.unasked) == ("doubt", [], 1)
    assert later({"results": [item(ONE)], "bulkId": "other"}).verdict == "doubt"


def test_a_callback_about_another_number_is_nobodys() -> None:
    """A number that was not asked is counted and never published, beside one that was asked too."""
    other = item(Phone("+34600000404"))
    assert (later({"results": [other]}).verdict, later({"results": [other]}).unasked) == ("doubt", 1)
    both = later({"results": [other, item(TWO)]})
    assert ([one.phone for one in both.lookups], both.unasked) == ([TWO], 1)


@pytest.mark.parametrize("accepted", [None, Reply(500, {}, b""), Reply(200, {}, b"{"), Reply(200, {}, b"[]")])
def test_a_callback_before_its_acknowledgement(accepted: Reply | None) -> None:
    """Without a stored acknowledgement the ids prove nothing, and the number alone tells."""
    parsed = later({"results": [item(ONE, messageId="any")], "bulkId": "any"}, accepted)
    assert [one.phone for one in parsed.lookups] == [ONE]


@pytest.mark.parametrize("code", STATUSES, ids=str)
@pytest.mark.parametrize("write", [as_json, as_xml])
def test_every_status_of_a_callback(code: tuple[int, int], write: Any) -> None:
    """A pending item says nothing final; every other one answers as in the reply of a query."""
    body = write({"results": [item(ONE, code)]})
    parsed = later(body)
    if STATUSES[code].outcome is Outcome.PENDING:
        assert (parsed.verdict, list(parsed.lookups)) == ("awaiting", [])
    else:
        assert parsed.verdict == "answered"
        assert list(parsed.lookups) == list(PROVIDER.parse("query", Reply(200, JSON, body), [ONE]).lookups)


def test_an_unknown_status_in_a_callback_is_an_answer_that_says_nothing() -> None:
    """What is called back is done: a status outside the tables leaves everything unknown."""
    (one,) = later({"results": [item(ONE, (9, 9001))]}).lookups
    assert (one.outcome, one.validity, one.reachability) == (
        Outcome.PARTIAL, Validity.UNKNOWN, Reachability.UNKNOWN
    )  # fmt: skip


def test_contradicting_items_are_a_conflict() -> None:
    """Two answers about a number in one callback are neither of them."""
    (one,) = later({"results": [item(ONE), item(ONE, (2, 9), (1, 1))]}).lookups
    assert one.conflict


SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.sampled_from([ONE.digits, BULK, IDS[ONE], "PENDING", "2026-02-24T11:40:30.893+0100", "0.01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["results", "to", "status", "error", "groupId", "id", "messageId", "bulkId", "price",
                         "pricePerLookup", "currency", "doneAt", "withheld", "outcome", "imsi", "ported"]),
        inner, max_size=6),
    max_leaves=30,
)  # fmt: skip


@given(
    document=SCRAPS, source=st.sampled_from(["callback", "log"]), ack=SCRAPS, status=st.sampled_from([200, 404, 500])
)
def test_nothing_that_comes_later_is_refused_with_an_error(document: Any, source: Any, ack: Any, status: int) -> None:
    """Whatever JSON comes, and whatever accepted it: a verdict, with lookups only of numbers that were asked."""
    assert isinstance(PROVIDER, Collectable)
    for body in (as_json(document), as_json({"results": [document, item(ONE)]})):
        accepted = Reply(200, {}, as_json(ack))
        parsed = PROVIDER.parse_later("notify", Later(source, "", Reply(status, {}, body)), accepted, ASKED)
        assert parsed.verdict in ("answered", "awaiting", "doubt")
        assert {one.phone for one in parsed.lookups} <= set(ASKED)
        assert bool(parsed.lookups) == (parsed.verdict == "answered")
        assert all(one.price is None or one.price >= 0 for one in parsed.lookups)


@given(body=st.binary(max_size=200), source=st.sampled_from(["callback", "log"]))
def test_no_bytes_that_come_later_are_refused_with_an_error(body: bytes, source: Any) -> None:
    """Garbage, alone or in a place where a document was, is in doubt, or says nothing."""
    assert isinstance(PROVIDER, Collectable)
    for sent in (body, as_json({"results": [item(ONE)]}) + body, b"<a>" + body, as_xml({"results": []}) + body):
        parsed = PROVIDER.parse_later("notify", Later(source, "", Reply(200, {}, sent)), ACK, ASKED)
        assert parsed.verdict in ("answered", "awaiting", "doubt")
