"""Kaleyra's lookup: requests, what was accepted and what left out, answers and their price. Numbers are invented."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.kaleyra import PROVIDER
from ringfence.providers.lookup import Basis, Carrier, Fact, Outcome, Reachability, Validity
from ringfence.providers.provider import Ask, Parsed
from tests.providers.kaleyra_replies import (
    BATCH,
    DOCUMENT,
    ONE,
    SIX,
    THREE,
    TWO,
    acknowledgement,
    answer,
    receipt,
    result,
)


def parse(product: str, document: Any, *asked: Phone, status: int = 200, headers: Any = None) -> Parsed:
    """The reply with this body, or this document as its body, read."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return PROVIDER.parse(product, Reply(status, headers or {"content-type": "application/json"}, body), asked)


def priced(text: str, *asked: Phone, total: Any = None, results: int | None = None) -> Parsed:
    """The answer about these numbers with a price of this text."""
    listed = [result(phone, place) for place, phone in enumerate(asked[:results], 1)]
    document = answer(*listed, total_processed_count=len(listed) if total is None else total)
    body = json.dumps(document)[:-1] + f', "price": {text}}}'
    return parse("lookup_get", body.encode(), *asked)


def test_the_requests_are_the_documented_ones_without_credentials() -> None:
    """Digits without plus in a JSON body, or in the path; where the account stands there is a place for it."""
    ask = Ask("lookup", [ONE, TWO], "", "http://127.0.0.1:8902", {})
    request = PROVIDER.request(ask)
    assert (request.method, request.url.path) == ("POST", "/v1/{KALEYRA_SID}/lookup")
    assert json.loads(request.content) == {"mobile": ["919012345678", "31612000011"]}
    assert request.headers["content-type"] == "application/json"
    assert "api-key" not in request.headers
    request = PROVIDER.request(Ask("lookup_get", [ONE, TWO], "", "http://127.0.0.1:8902/x", {}))
    assert (request.method, request.content) == ("GET", b"")
    assert request.url.path == "/x/v1/{KALEYRA_SID}/lookup/919012345678,31612000011"


def test_auth_is_a_header_and_a_place_in_the_path() -> None:
    """The page asks for `api-key`, and for the account's SID in the address."""
    credentials = PROVIDER.auth({"KALEYRA_API_KEY": "Ac4key", "KALEYRA_SID": "HX0000000071US"}, {})
    assert credentials.headers == {"api-key": "Ac4key"}
    assert credentials.path == {"KALEYRA_SID": "HX0000000071US"}
    assert credentials.query == {}
    assert "Ac4key" not in repr(PROVIDER)


def test_what_it_states_holds_together() -> None:
    """No fact is stated that no field is known for; validity is an inference; only the POST waits for something."""
    assert PROVIDER.base_url == "https://api.kaleyra.io"
    assert not any(product.traced for product in PROVIDER.products.values())
    polled, sync = PROVIDER.products["lookup"], PROVIDER.products["lookup_get"]
    assert (polled.mode, polled.limit, sync.mode, sync.limit) == ("poll", 100, "sync", 10)
    assert polled.patience > sync.patience == 0
    for product in (polled, sync):
        assert product.facts == {Fact.CARRIER, Fact.PORTED, Fact.VALIDITY}
        assert product.plan_only == {Fact.VALIDITY}


# The sample of the page "POST API Lookup", in which one result has lost the name of its first key.
RAW_SAMPLE = """{
"data": {
"code": "LKP201",
"message": "Request accepted successfully",
"id": "2020-01-XXAXXXdXXXXXXXXbbaXXXXeaXecXXXcd4cX3fXXbXXcc",
"total_processed_count": 2,
"data": [
{
"lookup_id": "XXXXadc-cXeX-XXXX-XcXX-XXXXXXdbXXXX:X",
"mobile_number": "919012345678",
"url": "https://api.{pod}.kaleyra.io/api/v1/AXXXdXXXXX/lookup/get-info/XXXXbadc-cXe0-XXXX-XcXX-XXXXXXdbXXXX:X"
},
{
%s"XXXXadc-cXeX-XXXX-XcXX-XXXXXXdbXXXX:X",
"mobile_number": "31612000011",
"url": "https://api.{pod}.kaleyra.io/api/v1/A657d34237/lookup/get-info/XXXXbadc-cXe0-XXXX-XcXX-XXXXXXdbXXXX:X"
}
],
"invalid_count": 0,
"duplicate_count": 0
},
"error": {}
}"""


def test_the_pages_own_sample_is_no_json_and_a_doubt() -> None:
    """It may have cost money, so that it is never void; nothing in it is guessed."""
    body = (RAW_SAMPLE % "").encode()
    parsed = parse("lookup", body, ONE, TWO)
    assert (parsed.verdict, list(parsed.lookups), parsed.retry) == ("doubt", [], False)
    assert PROVIDER.numbers_in(body) == []
    assert PROVIDER.withhold(body, lambda _: frozenset({"imsi", "roaming"})) == body


@pytest.mark.parametrize("status", [200, 201, 202])
def test_the_repaired_sample_is_accepted(status: int) -> None:
    """Whichever status of the 200s says so; both numbers share the id that the sample gives to all."""
    parsed = parse("lookup", (RAW_SAMPLE % '"lookup_id": ').encode(), ONE, TWO, status=status)
    assert (parsed.verdict, list(parsed.lookups), parsed.unasked) == ("awaiting", [], 0)
    assert parsed.request_ref == "2020-01-XXAXXXdXXXXXXXXbbaXXXXeaXecXXXcd4cX3fXXbXXcc"
    assert parsed.evidence == f"HTTP {status} with LKP201, 2 of 2 numbers accepted and 0 rejected"


def test_the_masked_sample_is_about_nobody() -> None:
    """`9190XXXXXX` is no number: six results that nobody asked for."""
    listed = [receipt(phone, place) | {"mobile_number": "9190XXXXXX"} for place, phone in enumerate(SIX, 1)]
    parsed = parse("lookup", acknowledgement(*listed), *SIX)
    assert (parsed.verdict, parsed.unasked, list(parsed.lookups)) == ("doubt", 6, [])


def test_numbers_that_are_counted_as_invalid_are_rejected() -> None:
    """As many are missing as were invalid: those were rejected, and nothing is said of what they cost."""
    parsed = parse("lookup", acknowledgement(receipt(TWO), invalid=2), ONE, TWO, THREE)
    assert (parsed.verdict, [one.phone for one in parsed.lookups]) == ("awaiting", [ONE, THREE])
    first = parsed.lookups[0]
    assert (first.outcome, first.validity, first.validity_basis) == (
        Outcome.REJECTED_NUMBER,
        Validity.INVALID,
        Basis.NUMBERING_PLAN,
    )
    assert first.reachability is Reachability.NOT_APPLICABLE
    assert (first.price, first.billed) == (None, "unknown")
    alone = parse("lookup", acknowledgement(invalid="1"), ONE)
    assert (alone.verdict, len(alone.lookups)) == ("answered", 1)
    by_get = parse("lookup_get", answer(result(TWO), invalid_count=1), ONE, TWO)
    assert [one.outcome for one in by_get.lookups] == ["rejected_number", "complete"]


@pytest.mark.parametrize(
    ("invalid", "duplicate"), [(0, 0), (1, 0), (3, 0), (None, 0), ("many", 0), (2, 1), (1, 1), (-2, 0), (True, 0)]
)
def test_missing_numbers_that_the_counts_do_not_explain_stay_unanswered(invalid: Any, duplicate: Any) -> None:
    """Which of them was dropped, and why, is not known: none is called invalid, and none is called free."""
    parsed = parse("lookup", acknowledgement(receipt(TWO), invalid=invalid, duplicate=duplicate), ONE, TWO, THREE)
    assert (parsed.verdict, list(parsed.lookups)) == ("awaiting", [])
    got = parse("lookup_get", answer(result(TWO), invalid_count=invalid, duplicate_count=duplicate), ONE, TWO, THREE)
    assert ([one.phone for one in got.lookups], got.missing) == ([TWO], [ONE, THREE])
    none = parse("lookup", acknowledgement(invalid=invalid, duplicate=duplicate), ONE, THREE, TWO, SIX[0])
    assert none.verdict == "doubt"


COUNT = st.integers(0, 4) | st.none() | st.booleans() | st.floats() | st.text(max_size=3)


@given(st.sets(st.sampled_from(SIX)), COUNT, COUNT, st.sampled_from(["lookup", "lookup_get"]))
def test_only_counts_that_add_up_reject(there: set[Phone], invalid: Any, duplicate: Any, product: str) -> None:
    """A number is rejected exactly when it is missing and all missing ones are counted as invalid."""
    make = receipt if product == "lookup" else result
    listed = [make(phone, place) for place, phone in enumerate(sorted(there), 1)]
    counts = {"invalid_count": invalid, "duplicate_count": duplicate}
    document = acknowledgement(*listed) if product == "lookup" else answer(*listed)
    (document["data"] if product == "lookup" else document).update(counts)
    parsed = parse(product, document, *SIX)
    rejected = {one.phone for one in parsed.lookups if one.outcome == "rejected_number"}
    explained = (
        str(invalid) == str(6 - len(there))
        and not isinstance(invalid, float)
        and (not duplicate or (isinstance(duplicate, str) and not re.fullmatch(r"[0-9]+", duplicate)))
    )
    assert rejected in (set(), set(SIX) - there)
    if rejected:
        assert str(invalid).lstrip("0") == str(6 - len(there))
    if explained and isinstance(invalid, int):
        assert rejected == set(SIX) - there


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>Sign in</html>",
        b"null",
        b"[]",
        {},
        {"data": [receipt(ONE)], "error": {}},
        acknowledgement(receipt(ONE), code="LKP400"),
        acknowledgement(receipt(ONE), code=None),
        acknowledgement(receipt(ONE), code=201),
        acknowledgement(receipt(ONE)) | {"error": {"code": "LKP500", "message": "no"}},
        acknowledgement(receipt(ONE)) | {"error": "FAILED"},
        acknowledgement(receipt(ONE), error={"message": "no"}),
        acknowledgement() | {"data": None},
        acknowledgement(receipt(ONE), data=None),
        acknowledgement(receipt(ONE, lookup_id=None)),
        acknowledgement(receipt(ONE, lookup_id="../../v2/pay")),
        answer(code="LKP404"),
    ],
    ids=repr,
)
def test_a_200_that_is_no_documented_success_is_in_doubt(document: Any) -> None:
    """No error code is documented as free, and success needs both the code and an empty error."""
    for product in PROVIDER.products:
        parsed = parse(product, document, ONE)
        if product == "lookup" or not document or not isinstance(document, dict) or "data" not in document:
            assert (parsed.verdict, parsed.retry, parsed.split) == ("doubt", False, False)
        assert "919012345678" not in parsed.evidence


def test_what_failed_is_named_by_its_code_words_alone() -> None:
    """A sentence of a provider may repeat a number, and stays in the reply."""
    error = {"error": {"code": "LKP500", "message": "no such number 919012345678"}}
    assert parse("lookup", acknowledgement() | error, ONE).evidence == (
        "HTTP 200 with LKP201, LKP500, which is no documented success"
    )
    assert parse("lookup", error, ONE, status=400).evidence == "HTTP 400: LKP500"
    assert parse("lookup", {"code": "LKP-919012345678"}, ONE).evidence == "HTTP 200, which is no documented success"


@pytest.mark.parametrize(
    ("status", "verdict", "stop"),
    [
        (400, "void", None),
        (401, "void", "check KALEYRA_API_KEY and KALEYRA_SID"),
        (402, "void", "balance"),
        (403, "void", "products"),
        (404, "void", "providers.kaleyra.base_url"),
        (429, "void", None),
        (500, "doubt", None),
        (503, "doubt", None),
        (303, "doubt", "providers.kaleyra.base_url"),
        (408, "doubt", None),
    ],
)
@pytest.mark.parametrize("product", sorted(PROVIDER.products))
def test_the_http_status_decides(product: str, status: int, verdict: str, stop: str | None) -> None:
    """A refusal is void and says what to mend, even around an answer; the rest may have cost money."""
    parsed = parse(product, acknowledgement(receipt(ONE)), ONE, status=status, headers={"retry-after": "7"})
    assert (parsed.verdict, parsed.retry, parsed.retry_after) == (
        verdict,
        status == 429,
        7.0 if status == 429 else None,
    )
    assert (parsed.stop is None) == (stop is None)
    assert (stop or "") in (parsed.stop or "")


def test_the_sample_of_the_get_completed() -> None:
    """Four numbers for 0.80000000000000004: a current network is a carrier and a probable subscriber, no more."""
    asked = SIX[:4]
    listed = [result(phone, place) for place, phone in enumerate(asked, 1)]
    body = json.dumps(answer(*listed)).replace('"id"', '"price":0.80000000000000004,"id"').encode()
    parsed = parse("lookup_get", body, *asked)
    assert (parsed.verdict, parsed.missing, parsed.unasked, parsed.request_ref) == ("answered", [], 0, BATCH)
    assert [one.price for one in parsed.lookups] == [200_000_000] * 4
    one = parsed.lookups[0]
    assert (one.outcome, one.validity, one.validity_basis) == ("complete", "likely_valid", "inferred")
    assert (one.reachability, one.ported, one.roaming, one.line_type) == ("unknown",) * 4
    assert one.current_carrier == Carrier(None, "40470", "IN")
    assert one.original_carrier == Carrier()
    assert (one.result_ref, one.currency) == (f"{BATCH}:1", None)
    assert PROVIDER.numbers_in(body) == [phone.digits for phone in asked]


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("0.80000000000000004", 4, [200_000_000] * 4),
        ("0.79999999999999993", 4, [200_000_000] * 4),
        ('"0.80000000000000004"', 4, [200_000_000] * 4),
        ("8e-1", 4, [200_000_000] * 4),
        ("1", 3, [333_333_334, 333_333_333, 333_333_333]),
        ("0.000001", 3, [334, 333, 333]),
        ("0", 2, [0, 0]),
        ("0.0", 2, [0, 0]),
        ("null", 2, [None, None]),
        ('""', 2, [None, None]),
    ],
)
def test_the_price_of_a_batch_is_split(text: str, count: int, expected: list[int | None]) -> None:
    """Noise is rounded away at millionths; without a price list price holds; the currency is the configured one."""
    parsed = priced(text, *SIX[:count])
    assert [one.price for one in parsed.lookups] == expected
    assert {one.currency for one in parsed.lookups} == {None}


@pytest.mark.parametrize("text", ["-0.8", '"free"', "true", "[]", "{}", "1e99", "12345678901"])
def test_a_price_that_says_no_amount_is_in_doubt(text: str) -> None:
    """Nothing settles with a price that cannot be read, and nothing more is sent until somebody looks."""
    parsed = priced(text, ONE, TWO)
    assert (parsed.verdict, list(parsed.lookups)) == ("doubt", [])
    assert "ringfence attempts decide" in (parsed.stop or "")


@given(st.integers(0, 10**15), st.integers(1, 6), st.integers(0, 20) | st.none())
def test_the_shares_add_up_to_the_price(millionths: int, count: int, total: int | None) -> None:
    """To the nano, over the numbers that were processed; where more than one share differs, it is by a nano."""
    if millionths >= 10**15:
        millionths -= 1
    parsed = priced(f"{millionths // 10**6}.{millionths % 10**6:06d}", *SIX[:count], total=total)
    found = [one.price or 0 for one in parsed.lookups]
    price = millionths * 1000
    assert max(found) - min(found) <= 1
    if total is None or not count < total <= 10:
        assert sum(found) == price
    else:
        assert 0 <= price - sum(found) - (total - count) * (price // total) < total


def test_a_number_that_is_missing_keeps_its_share() -> None:
    """What was processed and not told is not paid twice over by what was told."""
    parsed = priced("0.8", *SIX[:4], total=4, results=3)
    assert [one.price for one in parsed.lookups] == [200_000_000] * 3
    assert parsed.missing == [SIX[3]]


def test_a_number_that_was_left_out_keeps_its_share_while_it_is_not_known_which() -> None:
    """Of three, one is rejected and one is missing: the third has not cost more than its third."""
    document = answer(result(SIX[0], 1), total_processed_count=2, invalid_count=1, price=0.6)
    parsed = parse("lookup_get", document, *SIX[:3])
    assert [one.price for one in parsed.lookups] == [200_000_000]
    assert list(parsed.missing) == list(SIX[1:3])


def test_results_need_not_be_complete_single_or_ours() -> None:
    """Matched by number however it is echoed; repeated facts count once, contradicting ones are not known."""
    listed = [
        result(TWO, 2, mobile_number="+31612000011"),
        result(ONE, mobile_number="00919012345678"),
        result(ONE, mobile_number=919012345678, lookup_id="other:1"),
        result(THREE),
        None,
        "919012345678",
        {},
    ]
    parsed = parse("lookup_get", answer(*listed), ONE, TWO)
    assert ([one.phone for one in parsed.lookups], parsed.missing, parsed.unasked) == ([ONE, TWO], [], 4)
    assert not parsed.lookups[0].conflict
    contrary = parse("lookup_get", answer(result(ONE), result(ONE, current_mnc="71")), ONE).lookups[0]
    assert (contrary.conflict, contrary.current_carrier) == (True, Carrier())


STATUS = st.sampled_from([200, 200, 201, 400, 401, 404, 429, 500, 302])


@given(
    st.sampled_from(sorted(PROVIDER.products)),
    st.binary(max_size=200) | DOCUMENT.map(lambda document: json.dumps(document).encode()),
    STATUS,
    st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text(max_size=30)),
)
def test_parse_bears_anything(product: str, body: bytes, status: int, headers: dict[str, str]) -> None:
    """No body makes it raise; only a success answers or is waited for; no number is in the evidence."""
    parsed = parse(product, body, *SIX, status=status, headers=headers)
    assert parsed.evidence.startswith(f"HTTP {status}") or (status == 201 and parsed.evidence.startswith("HTTP 200"))
    assert not re.search(r"\d{7}", parsed.evidence)
    if parsed.verdict in ("answered", "awaiting"):
        assert status in (200, 201)
        found = [one.phone for one in parsed.lookups]
        assert len(set(found)) == len(found)
        assert set(found) | set(parsed.missing) <= set(SIX)
    if parsed.verdict == "answered":
        assert sorted([*found, *parsed.missing]) == sorted(SIX)
        assert all(one.price is None or one.price >= 0 for one in parsed.lookups)
    assert PROVIDER.numbers_in(body) == list(dict.fromkeys(PROVIDER.numbers_in(body)))
