"""Advanced Number Insight asynchronously: what an acknowledgement and a callback decide. All values are invented."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.lookups.answers import Kept, Read, read
from ringfence.lookups.verdict import net_price
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Later, Waiting
from ringfence.providers.provider import Parsed
from ringfence.providers.vonage import PROVIDER
from tests.providers.number_insight import BODY, JSON, ONE, TWO, advanced, as_xml

PRODUCT = "advanced_async"
REF = "0a1b2c3d-0000-4000-8000-000000000001"
LIST_PRICE = 7 * 10**9


def ack(**more: Any) -> dict[str, Any]:
    """An acknowledgement that went well."""
    return {
        "request_id": REF,
        "number": ONE.digits,
        "remaining_balance": "9.87654321",
        "request_price": "0.04000000",
        "status": 0,
    } | more


def body_of(document: Any) -> bytes:
    """The bytes of a document; bytes are some already."""
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def acknowledged(document: Any, status: int = 200) -> Parsed:
    """An acknowledgement, read."""
    return PROVIDER.parse(PRODUCT, Reply(status, {}, body_of(document)), [ONE])


def called(document: Any, accepted: Any = None, asked: tuple[Phone, ...] = (ONE,)) -> Parsed:
    """A callback, read, after this acknowledgement (None: it never came)."""
    before = None if accepted is None else Reply(200, {}, body_of(accepted))
    return PROVIDER.parse_later(PRODUCT, Later("callback", "", Reply(200, {}, body_of(document))), before, asked)


def camel(document: dict[str, Any]) -> bytes:
    """An acknowledgement in XML."""
    names = {"request_id": "requestId", "remaining_balance": "remainingBalance", "request_price": "requestPrice"}
    inner = "".join(f"<{names.get(key, key)}>{value}</{names.get(key, key)}>" for key, value in document.items())
    return f"<lookup>{inner}</lookup>".encode()


def test_it_can_be_collected_and_not_polled() -> None:
    """Vonage calls back, and has nothing to ask meanwhile."""
    assert isinstance(PROVIDER, Collectable)
    waiting = Waiting(PRODUCT, [ONE], datetime(2026, 11, 21, tzinfo=UTC), None, [ONE], [])
    assert not PROVIDER.polls(waiting, "http://127.0.0.1:8901", {})


STATUSES = """
0    awaiting
43   awaiting
44   awaiting
45   awaiting
3    answered failed/bad_request    no
999  answered failed/bad_request    no
5    answered failed/provider_error no
1    void
4    void
9    void
19   void
46   doubt
"""


@pytest.mark.parametrize("line", [line for line in STATUSES.split("\n") if line])
@pytest.mark.parametrize("form", [json.dumps, camel])
@pytest.mark.parametrize("text", ["error_text", "status_message"])
def test_acknowledgement(line: str, form: Callable[[Any], Any], text: str) -> None:
    """What is accepted is waited for, 43 to 45 too, which are billed and called back with what there is."""
    status, verdict, *rest = line.split()
    sent = ack(status=status, **{text: "Live mobile lookup not returned"})
    document = form(sent if verdict == "awaiting" else {"status": status, text: "no"})
    parsed = acknowledged(document if isinstance(document, bytes) else document.encode())
    assert parsed.verdict == verdict
    assert parsed.request_ref == (REF if verdict == "awaiting" else None)
    told = [
        part
        for one in parsed.lookups
        for part in ("/".join(filter(None, (one.outcome, one.error_class))), str(one.billed))
    ]
    assert told == rest
    assert (parsed.stop is not None) == (status in ("4", "9", "19"))
    assert parsed.retry == (status == "1")


def test_an_acknowledgement_about_a_bad_number_settles_it() -> None:
    """There is no such number, nothing is charged, and nothing is called back."""
    parsed = acknowledged({"status": 3, "error_text": "Invalid request :: Not valid number format detected [ 1 ]"})
    (one,) = parsed.lookups
    assert (parsed.verdict, one.outcome, one.validity, one.billed) == ("answered", "rejected_number", "invalid", "no")


@pytest.mark.parametrize(
    "document",
    [ack(number=TWO.digits), ack(request_price="soon"), ack(status=None), b"", b"[]", b"<lookup/>"],
    ids=str,
)
def test_an_acknowledgement_that_cannot_be_relied_on_is_in_doubt(document: Any) -> None:
    """About another number, with a price that is none, or with no status: it may have been accepted all the same."""
    assert acknowledged(document).verdict == "doubt"
    assert acknowledged(ack(), status=503).verdict == "doubt"
    assert acknowledged(ack(), status=401).verdict == "void"


@pytest.mark.parametrize("form", [body_of, as_xml])
@pytest.mark.parametrize("before", [None, ack(), camel(ack())], ids=["no acknowledgement", "JSON", "XML"])
def test_a_callback_answers(form: Callable[[Any], bytes], before: Any) -> None:
    """With the facts of a synchronous answer and its own price, also where the acknowledgement never came."""
    parsed = called(form(advanced()), before)
    (one,) = parsed.lookups
    assert (parsed.verdict, one.outcome, one.validity, one.reachability) == (
        "answered",
        "complete",
        "valid",
        "reachable",
    )
    assert (one.price, one.currency, parsed.request_ref) == (40_000_000, "EUR", REF)


CALLED = """
0   0  answered complete    valid        yes      40000000
0   1  answered partial     likely_valid yes      40000000
0   2  answered no_data     unknown      refunded 0
43  1  answered partial     likely_valid yes      40000000
44  1  answered partial     likely_valid yes      40000000
45  1  answered partial     likely_valid yes      40000000
"""


@pytest.mark.parametrize("line", [line for line in CALLED.split("\n") if line])
@pytest.mark.parametrize("form", [body_of, as_xml])
def test_callback_statuses(line: str, form: Callable[[Any], bytes]) -> None:
    """Status and lookup_outcome of a callback mean what they mean in a reply."""
    status, outcome, *expected = line.split()
    parsed = called(form(advanced(status=int(status), lookup_outcome=int(outcome))), ack())
    (one,) = parsed.lookups
    assert [
        parsed.verdict,
        *map(str, (one.outcome, one.validity, one.billed, net_price(one, LIST_PRICE))),
    ] == expected


@pytest.mark.parametrize(("status", "verdict"), [(3, "answered"), (5, "answered"), (999, "answered")])
def test_a_callback_that_failed_is_free(status: int, verdict: str) -> None:
    """The vendor's statuses of failure are not billed; the price that the acknowledgement announced is not added."""
    failed = {"status": status, "error_text": "no", "request_id": REF}
    parsed = called(failed, ack())
    assert parsed.verdict == verdict
    assert [(net_price(one, LIST_PRICE), one.price, one.currency) for one in parsed.lookups] == [(0, None, None)]


@pytest.mark.parametrize("status", [1, 4, 9, 19])
def test_a_callback_that_refuses_is_evidence_that_nothing_was_charged(status: int) -> None:
    """It makes no new attempt by itself; with a price beside it, it is in doubt."""
    parsed = called({"status": status, "request_id": REF}, ack())
    assert (parsed.verdict, parsed.retry, parsed.retry_after) == ("void", False, None)
    assert called({"status": status, "request_id": REF, "request_price": "0.04"}, ack()).verdict == "doubt"


@pytest.mark.parametrize(
    ("callback", "accepted", "price"),
    [
        ({"request_price": "0.05", "refund_price": "0.01"}, {"request_price": "0.04"}, 40_000_000),
        ({"request_price": None}, {"request_price": "0.04"}, 40_000_000),
        ({"request_price": None}, {"request_price": "0.04", "refund_price": "0.01"}, 30_000_000),
        ({"request_price": None}, {"request_price": None}, LIST_PRICE),
        ({"request_price": "0"}, {"request_price": "0.04"}, 0),
        ({"request_price": None, "lookup_outcome": 2}, {"request_price": "0.04"}, 0),
    ],
)
def test_a_price_is_counted_once(callback: dict[str, Any], accepted: dict[str, Any], price: int) -> None:
    """The callback's holds; the acknowledgement's only where the callback has none."""
    (one,) = called(advanced(**callback), ack(**accepted)).lookups
    assert net_price(one, LIST_PRICE) == price


@pytest.mark.parametrize(
    ("callback", "accepted"),
    [
        (advanced(request_id="another"), ack()),
        (advanced(request_id=None), ack()),
        (advanced(international_format_number=TWO.digits), ack()),
        (advanced(international_format_number=TWO.digits), None),
        (advanced(international_format_number=None), None),
        ({"status": 5, "error_text": "no"}, ack()),
        (advanced(request_price="soon"), ack()),
        (advanced(status=46), ack()),
        (b"<html>", ack()),
        (b"", None),
    ],
    ids=str,
)
def test_a_callback_about_something_else_decides_nothing(callback: Any, accepted: Any) -> None:
    """Another id, another number, or nothing that says which: it is kept and in doubt."""
    parsed = called(callback, accepted)
    assert (parsed.verdict, parsed.lookups) == ("doubt", ())


def test_a_callback_without_its_number_is_about_the_only_one() -> None:
    """The id says whose it is; where several were asked, it is nobody's."""
    assert called(advanced(international_format_number=None), ack()).lookups[0].phone == ONE
    assert called(advanced(international_format_number=None), ack(), (ONE, TWO)).verdict == "doubt"
    assert called(advanced(), ack(), (TWO, ONE)).missing == (TWO,)


def combined(*callbacks: Any, first: Any = None, given_up: bool = False) -> Read:
    """What an acknowledgement and these callbacks make of the attempt together."""
    replies = [Kept(1, "response", "", Reply(200, {}, body_of(first or ack())))]
    replies += [Kept(number, "callback", "", Reply(200, {}, body_of(each))) for number, each in enumerate(callbacks, 2)]
    return read(PROVIDER, PRODUCT, replies, [ONE], given_up=given_up)


def test_intermediate_and_repeated_callbacks_are_one_answer() -> None:
    """A partial one before the whole one is forgotten, the same one twice is one, and a forged one changes nothing."""
    partial, whole = advanced(status=44, lookup_outcome=1), advanced()
    for callbacks in ([partial, whole], [whole, whole], [advanced(request_id="forged"), whole], [whole, partial]):
        found = combined(*callbacks)
        assert found.parsed.verdict == "answered"
        (one,) = found.parsed.lookups
        assert (one.outcome, one.conflict, one.price) == ("complete", False, 40_000_000)


@pytest.mark.parametrize("status", [0, 43, 44, 45])
def test_what_is_never_called_back_is_in_doubt_at_the_end(status: int) -> None:
    """Until then it waits; time alone answers nothing and frees nothing."""
    assert combined(first=ack(status=status)).parsed.verdict == "awaiting"
    assert combined(first=ack(status=status), given_up=True).parsed.verdict == "doubt"


@given(
    st.binary(max_size=100) | (JSON | BODY).map(body_of),
    st.none() | st.binary(max_size=100) | (JSON | BODY | st.just(ack())).map(body_of),
)
def test_a_callback_bears_anything_and_invents_no_money(callback: bytes, accepted: bytes | None) -> None:
    """No bytes make it raise; it answers only for the number that was asked, never with a price below nothing."""
    parsed = called(callback, accepted)
    assert parsed.verdict in ("answered", "void", "doubt")
    assert not parsed.retry
    for one in parsed.lookups:
        assert (one.phone, parsed.verdict) == (ONE, "answered")
        assert net_price(one, LIST_PRICE) >= 0
        assert (one.currency == "EUR") == (one.price is not None)
    assert acknowledged(callback).verdict in ("awaiting", "answered", "void", "doubt")
