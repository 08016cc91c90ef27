"""Kaleyra's details: which addresses are asked for, and whose the answers are. All numbers are invented."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Later, Poll, Waiting
from ringfence.providers.kaleyra import PROVIDER
from ringfence.providers.provider import Parsed
from tests.providers.kaleyra_replies import BATCH, DOCUMENT, ONE, SIX, TWO, acknowledgement, answer, receipt, result

assert isinstance(PROVIDER, Collectable)
KALEYRA: Collectable = PROVIDER
BASE = "http://127.0.0.1:8902/x"
SID = "%7BKALEYRA_SID%7D"


def accepted(*results: Any, **counts: Any) -> Reply:
    """The stored acknowledgement."""
    return Reply(200, {}, json.dumps(acknowledgement(*results, **counts)).encode())


def polls(reply: Reply | None, *unanswered: Phone, product: str = "lookup") -> list[Poll]:
    """What is asked for when these numbers have no answer yet."""
    sent_at = datetime(2026, 11, 22, tzinfo=UTC)
    return list(KALEYRA.polls(Waiting(product, SIX, sent_at, reply, unanswered, ()), BASE, {}))


def told(
    document: Any, *asked: Phone, ref: str = f"{BATCH}:1", status: int = 200, reply: Reply | None = None
) -> Parsed:
    """These details, read against an acknowledgement of the first and the second number."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    acknowledged = reply or accepted(receipt(ONE, 1), receipt(TWO, 2))
    return KALEYRA.parse_later("lookup", Later("poll", ref, Reply(status, {}, body)), acknowledged, asked or (ONE, TWO))


def test_each_unanswered_number_is_asked_for_by_its_id() -> None:
    """The address is made of the configured one and the id, whatever address the reply names; its colon is escaped."""
    elsewhere = {"url": "https://169.254.169.254/latest/meta-data"}
    reply = accepted(receipt(ONE, 1, **elsewhere), receipt(TWO, 2))
    found = polls(reply, ONE, TWO)
    assert [poll.ref for poll in found] == [f"{BATCH}:1", f"{BATCH}:2"]
    assert {poll.source for poll in found} == {"poll"}
    first = found[0].request
    assert (first.method, first.url.host, first.url.port) == ("GET", "127.0.0.1", 8902)
    assert first.url.raw_path == f"/x/api/v1/{SID}/lookup/get-info/{BATCH}%3A1".encode()
    assert [poll.ref for poll in polls(reply, TWO)] == [f"{BATCH}:2"]
    assert polls(reply) == polls(None, ONE) == polls(reply, ONE, product="lookup_get") == []


def test_an_id_that_several_numbers_were_given_is_asked_for_once() -> None:
    """The page's own sample does so; then the details must name their number."""
    reply = accepted(receipt(ONE, 1), receipt(TWO, 1), receipt(ONE, 1))
    assert len(polls(reply, ONE, TWO)) == 1
    details = {"data": result(TWO, 1), "error": {}}
    assert [one.phone for one in told(details, reply=reply).lookups] == [TWO]
    del details["data"]["mobile_number"]
    assert (told(details, reply=reply).verdict, told(details).verdict) == ("doubt", "answered")


@given(st.text(max_size=140) | st.text(alphabet="./\\%?#{}:aA1 ", max_size=12))
@example("..")
@example(".")
@example("...")
@example("a/../../../v1/x/lookup")
@example("..%2f..%2fv1")
@example("{KALEYRA_SID}")
@example("x?to=1")
@example("a:1#b")
@example(f"{ONE.digits}:1")
@example("a" * 129)
def test_no_id_leads_out_of_the_path(lookup_id: str) -> None:
    """What is asked for is one segment below our own path and says the id, or nothing is asked for."""
    for poll in polls(accepted(receipt(ONE, lookup_id=lookup_id)), ONE):
        path = poll.request.url.raw_path.decode()
        prefix = f"/x/api/v1/{SID}/lookup/get-info/"
        assert path.startswith(prefix)
        last = path.removeprefix(prefix)
        assert unquote(last) == poll.ref == lookup_id
        assert not set(last) & set("/\\?#{}")
        assert last.strip(".")
        assert ONE.digits not in path
        assert (poll.request.url.query, poll.request.url.fragment) == (b"", "")


@pytest.mark.parametrize("lookup_id", [None, 7, "", ["a"], {"a": "b"}, "a b", "a\n", "ü:1"])
def test_what_cannot_be_asked_for_is_in_doubt(lookup_id: Any) -> None:
    """Accepted without an id that can be used, a number may have cost money and can never be answered."""
    reply = accepted(receipt(ONE, lookup_id=lookup_id))
    assert polls(reply, ONE) == []
    assert KALEYRA.parse("lookup", reply, [ONE]).verdict == "doubt"
    beside = accepted(receipt(ONE, lookup_id=lookup_id), receipt(TWO, 2))
    assert KALEYRA.parse("lookup", beside, [ONE, TWO]).verdict == "awaiting"


@pytest.mark.parametrize(
    "document",
    [
        answer(result(ONE)),
        {"data": result(ONE), "error": {}},
        {"data": {"code": "LKP200", "data": [result(ONE)]}, "error": {}},
        {"code": "LKP200", "data": result(ONE)},
        result(ONE),
        {key: value for key, value in result(ONE).items() if key not in ("mobile_number", "lookup_id")},
        {"data": [result(ONE)]},
    ],
    ids=["flat", "nested", "nested list", "flat object", "bare", "anonymous", "list alone"],
)
def test_details_are_read_however_they_are_wrapped(document: Any) -> None:
    """The wrapping is not documented: as the POST, as the GET, or none."""
    parsed = told(document)
    assert (parsed.verdict, [one.phone for one in parsed.lookups]) == ("answered", [ONE])
    assert (parsed.lookups[0].current_carrier.mccmnc, parsed.lookups[0].price) == ("40470", None)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"data": {"lookup_id": f"{BATCH}:1", "mobile_number": ONE.digits}, "error": {}}, 200),
        (answer({"lookup_id": f"{BATCH}:1", "country": "IN"}), 200),
        (answer(result(ONE, status="AWAITED-DLR")), 200),
        ({"status": "pending"}, 200),
        ({"code": "LKP404", "message": "not found"}, 200),
        ({"data": {}, "error": {"code": "LKP404", "message": "not found"}}, 200),
        ({"data": {}, "error": {}}, 200),
        (answer(), 200),
        ({}, 200),
        ({}, 404),
        (b"<html>", 502),
        (answer(result(ONE)), 404),
        (b"", 429),
        (b"", 401),
    ],
    ids=repr,
)
def test_what_is_no_answer_yet_is_asked_for_again(document: Any, status: int) -> None:
    """Asking is free, and no error is documented as final: it is never void and never an answer."""
    parsed = told(document, status=status)
    assert (parsed.verdict, list(parsed.lookups), parsed.stop) == ("awaiting", [], None)


@pytest.mark.parametrize(
    ("document", "ref"),
    [
        (answer(result(TWO)), f"{BATCH}:1"),
        (answer(result(ONE, 2)), f"{BATCH}:1"),
        (answer(result(ONE)), f"{BATCH}:2"),
        (answer(result(ONE, mobile_number="9190XXXXXX")), f"{BATCH}:1"),
        (answer(result(ONE)), f"{BATCH}:9"),
        (answer(result(ONE)), ""),
        (answer("x", None), f"{BATCH}:1"),
        (b"<html>Sign in</html>", f"{BATCH}:1"),
        (b"", f"{BATCH}:1"),
        (b"[1]", f"{BATCH}:1"),
    ],
    ids=repr,
)
def test_details_of_something_else_answer_nothing(document: Any, ref: str) -> None:
    """The id and the number must be those that were accepted for each other, and the body must be one."""
    parsed = told(document, ref=ref)
    assert (parsed.verdict, list(parsed.lookups)) == ("doubt", [])


def test_only_polls_of_the_lookup_are_answers() -> None:
    """Kaleyra calls nobody back, has no log, and a number that was not asked for here is nobody's."""
    reply = Reply(200, {}, json.dumps(answer(result(ONE))).encode())
    receipts = accepted(receipt(ONE))
    for source, product, known in (
        ("callback", "lookup", receipts),
        ("log", "lookup", receipts),
        ("poll", "lookup_get", receipts),
        ("poll", "lookup", None),
    ):
        later = Later(source, f"{BATCH}:1", reply)  # type: ignore[arg-type]
        assert KALEYRA.parse_later(product, later, known, [ONE]).verdict == "doubt"
    assert told(answer(result(ONE)), TWO).verdict == "doubt"


def test_contradicting_details_are_not_known() -> None:
    """Two results about the number under one id that differ are a conflict."""
    parsed = told(answer(result(ONE), result(ONE, current_mnc="71"), result(TWO)))
    assert [one.conflict for one in parsed.lookups] == [True]
    assert parsed.unasked == 1


BYTES = st.binary(max_size=200) | DOCUMENT.map(lambda document: json.dumps(document).encode())


@given(BYTES, BYTES, st.sampled_from([200, 201, 302, 404, 429, 500]), st.sampled_from([f"{BATCH}:1", "", "x"]))
def test_parse_later_bears_anything(first: bytes, later: bytes, status: int, ref: str) -> None:
    """No acknowledgement and no details make it raise, and nothing is ever called free by them."""
    acknowledged = Reply(200, {}, first)
    for known in (acknowledged, accepted(receipt(ONE, 1), receipt(TWO, 2))):
        parsed = KALEYRA.parse_later("lookup", Later("poll", ref, Reply(status, {}, later)), known, SIX)
        assert parsed.verdict in ("answered", "awaiting", "doubt")
        assert (parsed.verdict == "answered") == bool(parsed.lookups)
        assert {one.phone for one in parsed.lookups} <= {*SIX, ONE, TWO}
        assert all(poll.request.method == "GET" for poll in polls(known, *SIX))
