"""Messente's synchronous lookup: the request, and what a reply is read as. All numbers and subscribers are invented."""

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Carrier, Fact, Lookup
from ringfence.providers.messente import PROVIDER
from ringfence.providers.provider import Ask, Parsed

ONE, TWO, THREE = Phone("+37251000101"), Phone("+31600000202"), Phone("+18005550123")


def item(phone: Phone = ONE, status: Any = "ONLINE", **more: Any) -> Any:
    """A result with this status."""
    return {"number": phone.e164, "status": status} | more


def parse(document: Any, *asked: Phone, status: int = 200, headers: dict[str, str] | None = None) -> Parsed:
    """The reply with this body, or this document as its body, read."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return PROVIDER.parse("hlr_sync", Reply(status, headers or {"content-type": "application/json"}, body), asked)


def test_request_is_the_documented_one_without_credentials() -> None:
    """The request is the documented POST: numbers with their plus, JSON both ways, nothing secret."""
    request = PROVIDER.request(Ask("hlr_sync", [ONE, TWO], "", "http://127.0.0.1:8904", {}))
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:8904/v1/hlr/sync")
    assert json.loads(request.content) == {"numbers": ["+37251000101", "+31600000202"]}
    assert request.headers["content-type"] == request.headers["accept"] == "application/json"
    assert "authorization" not in request.headers


def test_auth_is_basic() -> None:
    """User name and password of RFC 7617, section 2."""
    secrets = {"MESSENTE_API_USERNAME": "Aladdin", "MESSENTE_API_PASSWORD": "open sesame"}
    credentials = PROVIDER.auth(secrets, {})
    assert credentials.headers == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}
    assert credentials.query == {}


def test_what_it_states_holds_together() -> None:
    """The base URL is the vendor's own, ten numbers fit into a request, and a line type is not sold."""
    product = PROVIDER.products["hlr_sync"]
    assert PROVIDER.base_url.removeprefix("https://").endswith(PROVIDER.hosts)
    assert (product.name, product.mode, product.batch, product.limit) == ("hlr_sync", "sync", 10, 10)
    assert product.facts == set(Fact) - {Fact.LINE_TYPE}
    assert not any(product.traced for product in PROVIDER.products.values())


def test_the_seeds_reply_and_the_copy_of_ringcentral() -> None:
    """The list is called `result` or `numbers`; a ported number without a ported network has its current one."""
    sample = {
        "number": "+15713150000",
        "currentNetwork": {
            "mccmnc": "310160",
            "networkName": "T-Mobile US",
            "countryName": "United States",
            "countryPrefix": "+1",
            "countryCode": "USA",
        },
        "ported": True,
        "portedNetwork": None,
        "originalNetwork": None,
        "roaming": False,
        "roamingNetwork": None,
        "status": "ON",
        "type": "MOBILE",
    }
    asked = Phone("+15713150000")
    for name in ("result", "numbers"):
        parsed = parse({"request_id": "r-1", name: [sample]}, asked)
        assert (parsed.verdict, parsed.missing, parsed.unasked, parsed.request_ref) == ("answered", [], 0, "r-1")
        one = parsed.lookups[0]
        facts = (one.validity, one.reachability, one.ported, one.roaming, one.line_type)
        assert facts == ("valid", "reachable", "ported", "not_roaming", "mobile")
        assert one.current_carrier == Carrier("T-Mobile US", "310160", "US")
        assert one.original_carrier == Carrier()
        assert (one.raw_status, one.price, one.billed) == ("ON", None, "unknown")


@pytest.mark.parametrize("number", ["+37251000101", "37251000101", "0037251000101", 37251000101])
def test_numbers_are_matched_however_they_are_echoed(number: Any) -> None:
    """With or without plus, in any order, it is the same number."""
    parsed = parse({"result": [item(TWO), item() | {"number": number}]}, ONE, TWO)
    assert ([one.phone for one in parsed.lookups], parsed.unasked) == ([ONE, TWO], 0)


def test_results_need_not_be_complete_single_or_ours() -> None:
    """Missing numbers are told, repeated facts count once, contradicting ones are not known, strangers are nobody's."""
    spellings = [item(status="OFF"), item(status="OFFLINE"), item(status=False)]
    parsed = parse({"result": [*spellings, item(THREE), None, "+37251000101", {}]}, ONE, TWO)
    assert ([one.phone for one in parsed.lookups], parsed.missing, parsed.unasked) == ([ONE], [TWO], 4)
    assert (parsed.lookups[0].reachability, parsed.lookups[0].conflict) == ("absent", False)
    differing = parse({"result": [item(), item(status="OFF")]}, ONE).lookups
    assert differing == [Lookup(phone=ONE, outcome=differing[0].outcome, conflict=True)]
    assert differing[0].outcome == "partial"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in</html>",
        b"null",
        b'{"result":null,"numbers":null}',
        b'{"result":{"number":"+37251000101"}}',
        b'{"result":[],"request_id":"r"}',
        b'{"result":["+37251000101"]}',
        b'{"result":[{"number":"+37251000101","status":"ONLINE"}',
        b'{"error":{"code":103,"description":"no"}}',
    ],
    ids=bytes.decode,
)
def test_a_200_that_answers_nothing_is_in_doubt(body: bytes) -> None:
    """It may have cost money: never void, never success, never made anew."""
    parsed = parse(body, ONE)
    assert (parsed.verdict, list(parsed.lookups), parsed.retry, parsed.split) == ("doubt", [], False, False)


def tutorial(code: Any) -> Any:
    """The error envelope of the tutorial."""
    return {"error": {"code": code, "description": "numbers +37251000101"}}


def sdk(*codes: Any) -> Any:
    """The error envelope of the SDK's models."""
    return {"errors": [tutorial(code) for code in codes]}


@pytest.mark.parametrize(
    ("status", "document", "verdict", "split", "evidence", "stop"),
    [
        (400, tutorial(103), "void", True, "HTTP 400: error 103", None),
        (400, tutorial("103"), "void", True, "HTTP 400: error 103", None),
        (400, sdk(103), "void", True, "HTTP 400: error 103", None),
        (400, sdk("102", "103"), "void", True, "HTTP 400: error 102, 103", None),
        (400, tutorial(102), "void", False, "HTTP 400: error 102", None),
        (400, sdk(106), "void", False, "HTTP 400: error 106", None),
        (400, {"errors": ["103"], "error": "103"}, "void", False, "HTTP 400", None),
        (400, tutorial(37251000101), "void", False, "HTTP 400", None),
        (400, sdk(372510, 101, 7), "void", False, "HTTP 400: error 101", None),
        (400, b"<html>103", "void", False, "HTTP 400", None),
        (401, sdk(101), "void", False, "HTTP 401: error 101", "MESSENTE_API_USERNAME and MESSENTE_API_PASSWORD, and"),
        (402, tutorial(104), "void", False, "HTTP 402: error 104", "balance"),
        (402, sdk(105), "void", False, "HTTP 402: error 105", "balance"),
        (402, tutorial(103), "void", False, "HTTP 402: error 103", "balance"),
        (404, b"", "void", False, "HTTP 404", "providers.messente.base_url"),
        (500, sdk(103), "doubt", False, "HTTP 500: error 103", None),
        (503, {"result": [item()]}, "doubt", False, "HTTP 503", None),
        (200, sdk(104), "doubt", False, "HTTP 200 without a list of results: error 104", None),
    ],
)
def test_the_http_status_decides(
    status: int, document: Any, verdict: str, split: Any, evidence: str, stop: str | None
) -> None:
    """A refusal is void, only 400 with 103 is split, a stop says what to mend, and the rest may have cost money."""
    parsed = parse(document, ONE, TWO, status=status)
    assert (parsed.verdict, parsed.split, parsed.retry, parsed.evidence) == (verdict, split, False, evidence)
    assert (parsed.stop is None) == (stop is None)
    assert (stop or "") in (parsed.stop or "")


def test_a_throttled_request_may_be_made_anew() -> None:
    """No rate is published; a 429 is obeyed all the same."""
    parsed = parse(b"", ONE, status=429, headers={"retry-after": "7"})
    assert (parsed.verdict, parsed.retry, parsed.retry_after) == ("void", True, 7.0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
NETWORK = st.fixed_dictionaries(
    {}, optional={"mccmnc": st.sampled_from(["24801", 24802]) | JSON, "networkName": JSON, "countryCode": JSON}
)
ITEMS = JSON | st.fixed_dictionaries(
    {"number": st.sampled_from([ONE.digits, TWO.e164, f"00{THREE.digits}", "3725", 7]) | JSON},
    optional={
        "status": st.sampled_from(["ON", "OFFLINE", "INVALID", "UNKNOWN", True]) | JSON,
        "error": st.sampled_from([tutorial(103)["error"], "ERROR"]) | JSON,
        **dict.fromkeys(("ported", "roaming"), st.booleans() | JSON),
        **dict.fromkeys(("currentNetwork", "portedNetwork", "originalNetwork", "roamingNetwork"), NETWORK | JSON),
        "type": JSON,
    },
)
STATUS = st.sampled_from([200, 200, 200, 400, 401, 402, 429, 500, 302])


@given(st.binary(max_size=200), STATUS, st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text(max_size=30)))
def test_parse_bears_any_bytes(body: bytes, status: int, headers: dict[str, str]) -> None:
    """No body and no header makes it raise."""
    assert parse(body, ONE, TWO, status=status, headers=headers).evidence.startswith(f"HTTP {status}")


@given(
    JSON | st.fixed_dictionaries({"result": JSON | st.lists(ITEMS, max_size=6)}, optional={"errors": JSON, "x": JSON}),
    STATUS,
    st.randoms(use_true_random=False),
)
def test_every_number_is_accounted_for_once(document: Any, status: int, shuffler: random.Random) -> None:
    """Whatever the results are, each asked number is answered or missing, only a 200 answers, order means nothing."""
    asked = (ONE, TWO, THREE)
    parsed = parse(document, *asked, status=status)
    assert re.fullmatch(r"HTTP \d{3}( with(out a list of)? results[\w ]*)?(: error \d{3}(, \d{3})*)?", parsed.evidence)
    if parsed.verdict == "answered":
        assert status == 200
        assert sorted([*(one.phone for one in parsed.lookups), *parsed.missing]) == sorted(asked)
        shuffled = shuffler.sample(document["result"], len(document["result"]))
        assert parse(document | {"result": shuffled}, *asked) == parsed
