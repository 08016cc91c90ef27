"""Vonage Number Insight: the request, what a status means for money, and what a reply cost. All values are invented."""

import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.lookups.verdict import move_for, net_price
from ringfence.money.moves import Settle
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Billed, Fact, Lookup
from ringfence.providers.provider import Ask
from ringfence.providers.vonage import PROVIDER
from tests.providers.number_insight import BODY, JSON, ONE, TWO, advanced, parse, read

HEADER = {"auth": "header", "method": "post", "format": "json", "country": "omit", "cnam": "off"}
EUR = 10**9
# What a lookup costs here when its reply states nothing.
LIST_PRICE = 7 * EUR


def test_what_is_sold() -> None:
    """One number a request, billed in EUR, until the day that Vonage has announced; basic facts are the plan's."""
    assert (PROVIDER.currency, PROVIDER.sunset) == ("EUR", date(2027, 2, 4))
    assert {(one.limit, one.batch) for one in PROVIDER.products.values()} == {(1, 1)}
    of_mobiles = {Fact.VALIDITY, Fact.REACHABILITY, Fact.ROAMING}
    assert {name: (one.facts, one.plan_only, one.mobile_only) for name, one in PROVIDER.products.items()} == {
        "basic": ({Fact.VALIDITY}, {Fact.VALIDITY}, set()),
        "standard": ({Fact.CARRIER, Fact.PORTED, Fact.LINE_TYPE, Fact.VALIDITY}, {Fact.VALIDITY}, set()),
        "advanced": (set(Fact), set(), of_mobiles),
        "advanced_async": (set(Fact), set(), of_mobiles),
    }
    modes = {name: (one.mode, one.patience) for name, one in PROVIDER.products.items() if one.mode != "sync"}
    assert modes == {"advanced_async": ("callback", 90_000)}
    told = {name: one.not_told for name, one in PROVIDER.products.items() if one.not_told}
    assert told == {name: {"US": {Fact.REACHABILITY}} for name in ("advanced", "advanced_async")}
    assert {option: values[0] for option, values in PROVIDER.options.items()} == {
        **HEADER,
        "reports": "off",
    }


@pytest.mark.parametrize("product", ["basic", "standard", "advanced"])
def test_a_request_holds_the_number_in_its_body(product: str) -> None:
    """The default is a form, so that neither the number nor a secret is in the URL; digits without plus."""
    request = PROVIDER.request(Ask(product, [ONE], "", "http://127.0.0.1:8901", HEADER))
    assert (request.method, str(request.url)) == ("POST", f"http://127.0.0.1:8901/ni/{product}/json")
    assert request.content == b"number=447400000303"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in request.headers


def test_a_get_has_the_number_in_the_query() -> None:
    """The method of Vonage's own examples, for gateways that know no other."""
    request = PROVIDER.request(Ask("basic", [ONE], "", "http://127.0.0.1:8901", HEADER | {"method": "get"}))
    assert (request.method, request.content) == ("GET", b"")
    assert str(request.url) == "http://127.0.0.1:8901/ni/basic/json?number=447400000303"


US = Phone("+12025550123")


@pytest.mark.parametrize("product", ["basic", "standard", "advanced", "advanced_async"])
@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("country", ["omit", "send"])
@pytest.mark.parametrize("cnam", ["off", "on"])
@pytest.mark.parametrize(("phone", "land"), [(ONE, "GB"), (US, "US"), (ONE, ""), (ONE, "001")])
def test_what_a_request_says(
    product: str, form: str, method: str, country: str, cnam: str, phone: Phone, land: str
) -> None:
    """The country only where there is one, the caller's name only of American numbers and never at the level basic."""
    options = {"auth": "header", "method": method, "format": form, "country": country, "cnam": cnam}
    back = "http://127.0.0.1:9/vonage/a/b/c" if product == "advanced_async" else None
    request = PROVIDER.request(Ask(product, [phone], land, "http://127.0.0.1:8901", options, back))
    level = product.replace("_", "/")
    assert (request.method, request.url.path) == (method.upper(), f"/ni/{level}/{form}")
    assert request.headers["accept"] == f"application/{form}"
    named = cnam == "on" and land == "US" and product != "basic"
    expected = {"number": phone.digits}
    expected |= {"country": land} if country == "send" and land.isalpha() else {}
    expected |= {"cnam": "true"} if named else {}
    expected |= {"callback": back} if back else {}
    sent = dict(request.url.params) if method == "get" else dict(parse_qsl(request.content.decode()))
    assert sent == expected
    priced = PROVIDER.priced_as(product, land, options)
    assert priced == (f"{product}_cnam" if named else product)
    assert priced in (*PROVIDER.products, *PROVIDER.priced_names)


def test_auth_is_a_header_or_two_parameters() -> None:
    """Basic as in RFC 7617, or key and secret in the query, never both."""
    secrets = {"VONAGE_API_KEY": "Aladdin", "VONAGE_API_SECRET": "open sesame"}
    header = PROVIDER.auth(secrets, HEADER)
    query = PROVIDER.auth(secrets, HEADER | {"auth": "query"})
    assert (header.headers, header.query) == ({"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, {})
    assert (query.headers, query.query) == ({}, {"api_key": "Aladdin", "api_secret": "open sesame"})


STATUSES = """
0    answered complete             yes
43   answered partial              yes
44   answered partial              yes
45   answered partial              yes
3    answered failed/bad_request   no
999  answered failed/bad_request   no
5    answered failed/provider_error no
1    void
4    void
9    void
19   void
2    doubt
46   doubt
-1   doubt
"""


@pytest.mark.parametrize("line", [line for line in STATUSES.split("\n") if line])
@pytest.mark.parametrize("spelled", [int, str])
@pytest.mark.parametrize("words", ["status_message", "error_text"])
def test_status(line: str, spelled: Callable[[str], Any], words: str) -> None:
    """A status decides whether a number is answered and billed, sent as a number or as text, with either message."""
    status, verdict, *rest = line.split()
    error = {"status": spelled(status), words: "Lookup Handler unable to handle request"}
    parsed = parse(advanced(status=spelled(status)) if status == "0" else error)
    assert parsed.verdict == verdict
    assert [
        part
        for one in parsed.lookups
        for part in ("/".join(filter(None, (one.outcome, one.error_class))), str(one.billed))
    ] == rest
    assert [one.raw_status for one in parsed.lookups if status != "0"] in ([], [status])


@pytest.mark.parametrize("product", ["basic", "standard", "advanced"])
@pytest.mark.parametrize(
    "text", ["Invalid request :: Not valid number format detected [ 44 ]", "invalid NUMBER  Format", "number\nformat"]
)
@pytest.mark.parametrize("words", ["status_message", "error_text"])
def test_a_status_3_about_the_format_is_about_the_number(product: str, text: str, words: str) -> None:
    """Status 3 is a mistake in the request unless its text speaks of the number's format: then there is no number."""
    one = read({"status": 3, words: text}, product)
    assert (one.outcome, one.validity, one.validity_basis) == ("rejected_number", "invalid", "numbering_plan")
    assert (one.reachability, one.billed, one.raw_status) == ("not_applicable", "no", "3")
    assert read({"status": 5, words: text}, product).outcome == "failed"


def test_a_busy_account_may_try_again() -> None:
    """Status 1 costs nothing, and the reply's own pause is kept."""
    parsed = parse({"status": 1, "status_message": "Busy"}, headers={"retry-after": "3"})
    assert (parsed.verdict, parsed.retry, parsed.retry_after, parsed.stop) == ("void", True, 3.0, None)
    assert parse({"status": 1}).retry_after is None


@pytest.mark.parametrize(
    ("status", "product", "says"),
    [
        (4, "basic", "VONAGE_API_KEY and VONAGE_API_SECRET"),
        (9, "standard", "top it up"),
        (19, "advanced", "has not enabled advanced"),
    ],
)
def test_an_account_that_is_refused_stops(status: int, product: str, says: str) -> None:
    """Wrong credentials and no credit end the run, a level that is not enabled ends only itself."""
    parsed = parse({"status": status, "status_message": f"no, {ONE.digits}"}, product=product)
    assert (parsed.verdict, parsed.retry, parsed.stop_product) == ("void", False, status == 19)
    assert says in (parsed.stop or "")
    assert f"(status {status})" in (parsed.stop or "")


def test_an_http_status_goes_before_the_body() -> None:
    """A good body in a 503 is no answer; 401 names what to check; 429 waits; a code may be evidence, no sentence."""
    assert parse(advanced(), status=503).verdict == "doubt"
    refused = parse({"status": 4, "status_message": f"no, {ONE.digits}"}, status=401)
    assert (refused.verdict, refused.evidence) == ("void", "HTTP 401: status 4")
    assert "VONAGE_API_KEY and VONAGE_API_SECRET" in (refused.stop or "")
    throttled = parse(b"<html>", status=429, headers={"retry-after": "2"})
    assert (throttled.verdict, throttled.retry, throttled.retry_after) == ("void", True, 2.0)
    assert throttled.evidence == "HTTP 429"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<lookup/>",
        b"<lookup><status>0</status><status>0</status></lookup>",
        b"<html><body>0</body></html>",
        b'<!DOCTYPE lookup [<!ENTITY a "0">]><lookup><status>&a;</status></lookup>',
        b"null",
        b'[{"status":0}]',
        b"{}",
        b'{"status":null}',
        b'{"status":"null"}',
        b'{"status":true}',
        b'{"status":0.0}',
        b'{"status":"0.0"}',
        b'{"status":[0]}',
        b'{"status":0',
        b'{"status":0,"status":0}',
        b'{"status":0,"request_price":NaN}',
        b'{"status":0,"request_price":1e999}',
        b'{"status":447400000303}',
        b'{"status":0,"a":' + b"[" * 100_000,
    ],
    ids=lambda body: body[:30].decode(),
)
def test_a_200_that_says_nothing_is_in_doubt(body: bytes) -> None:
    """A body without a readable status may have cost money: never void, never an answer."""
    parsed = parse(body)
    assert (parsed.verdict, parsed.lookups, parsed.retry) == ("doubt", (), False)
    assert parsed.evidence == "HTTP 200 without a body that has a status"


@pytest.mark.parametrize(
    "named", [ONE.digits, f"+{ONE.digits}", f"00{ONE.digits}", "44 7400 000-303", int(ONE.digits), None, "", " null "]
)
def test_an_answer_is_about_the_number_that_was_asked(named: Any) -> None:
    """It may name its number in any spelling, or not at all."""
    parsed = parse(advanced(international_format_number=named))
    assert [one.phone for one in parsed.lookups] == [ONE]
    assert parsed.request_ref == "0a1b2c3d-0000-4000-8000-000000000001"


@pytest.mark.parametrize("named", [TWO.digits, "07400 000303", "44740000030", 44, True, {}, [ONE.digits], "x"])
@pytest.mark.parametrize("status", [0, 3, 44, 5])
def test_an_answer_about_another_number_is_nobodys(named: Any, status: int) -> None:
    """Facts and price of another number never become the asked one's."""
    parsed = parse(advanced(international_format_number=named, status=status))
    assert (parsed.verdict, parsed.lookups, parsed.missing, parsed.unasked) == ("doubt", (), (ONE,), 1)
    assert "another number" in parsed.evidence


def test_one_answer_is_never_given_to_two_numbers() -> None:
    """Where a stored reply is read for several numbers, or for one that was erased, only the named one is answered."""
    assert parse(advanced(), TWO, ONE).missing == (TWO,)
    assert parse({"status": 0}, TWO, ONE).verdict == "doubt"
    assert PROVIDER.parse("advanced", Reply(200, {}, json.dumps(advanced()).encode()), ()).verdict == "doubt"


@pytest.mark.parametrize(
    ("sent", "kept"), [("r" * 40, "r" * 40), ("r" * 41, "r" * 40), (" a-1\n", "a-1"), (7, None), (None, None)]
)
def test_the_request_id_is_kept(sent: Any, kept: str | None) -> None:
    """As far as its documented forty characters go."""
    assert parse(advanced(request_id=sent)).request_ref == kept


PRICES = [
    # price, refund, billed, nanos of the price, of the refund
    ("0.04000000", None, Billed.YES, 40_000_000, None),
    ("0.05025", "0.01025", Billed.YES, 50_250_000, 10_250_000),
    ("0.005", "0.00500000", Billed.REFUNDED, 5_000_000, 5_000_000),
    ("0.04", "0.00", Billed.YES, 40_000_000, 0),
    ("0", "0", Billed.YES, 0, 0),
    ("0.000000001", None, Billed.YES, 1, None),
    ("0.0300000000000000000000", None, Billed.YES, 30_000_000, None),
    ("0.030000000000000002", None, Billed.YES, 30_000_000, None),
    (" 1.97 ", "null", Billed.YES, 1_970_000_000, None),
    ("0.04", "", Billed.YES, 40_000_000, None),
    (2, 1, Billed.YES, 2 * EUR, EUR),
    (None, "0.01", Billed.YES, None, None),
    ("null", None, Billed.YES, None, None),
    ("", None, Billed.YES, None, None),
    (" NULL ", " ", Billed.YES, None, None),
    ("999999999.999999999", None, Billed.YES, 10**18 - 1, None),
]


@pytest.mark.parametrize(("price", "refund", "billed", "nanos", "given_back"), PRICES)
@pytest.mark.parametrize("status", [0, 43, 44, 45])
def test_price(price: Any, refund: Any, billed: Billed, nanos: int | None, given_back: int | None, status: int) -> None:
    """Price less refund is what an answer cost, to the nano; list price where none is stated.

    A status of 43 to 45 is billed like a whole answer.
    """
    one = read(advanced(request_price=price, refund_price=refund, status=status))
    assert (one.billed, one.price, one.refund) == (billed, nanos, given_back)
    assert one.currency == (None if nanos is None else "EUR")
    assert net_price(one, LIST_PRICE) == (LIST_PRICE if nanos is None else nanos - (given_back or 0))


UNREADABLE = [
    *("1000000000000", "-0.04", "-0.0", "0.50 USD", "12.5 EUR", "1,50", "garbage", "unknown", "\u0660.04", "0.04\x00"),
    *("NaN", "Infinity", "1_0", "0x1", "+1", ".5", "1" * 10, "999999999.9999999999", "1e99"),
    *(True, False, [], ["0.04"], {}, {"amount": "0.04"}, -1, -0.5, 10**30, 1e30),
]


def _in_doubt(document: dict[str, Any]) -> None:
    parsed = parse(document)
    assert (parsed.verdict, parsed.lookups, parsed.retry, parsed.stop_product) == ("doubt", (), False, False)
    assert parsed.evidence == f"HTTP 200 with status {document['status']} and with a price that cannot be read"
    assert parsed.stop == (
        "vonage states a price that cannot be read (advanced): compare with its invoice, "
        "decide the attempt with: ringfence attempts decide"
    )


@pytest.mark.parametrize("sent", UNREADABLE, ids=str)
@pytest.mark.parametrize("status", [0, 44, 3, 5, 1, 19])
def test_a_stated_price_that_cannot_be_read_stays_held_and_stops(sent: Any, status: int) -> None:
    """Neither list price nor nothing is booked for a price or a refund that is stated and says no amount."""
    for outcome in (0, 2):
        _in_doubt(advanced(status=status, lookup_outcome=outcome, request_price=sent))
        _in_doubt(advanced(status=status, lookup_outcome=outcome, refund_price=sent))
        _in_doubt(advanced(status=status, lookup_outcome=outcome, request_price=None, refund_price=sent))


@pytest.mark.parametrize(("price", "refund"), [("0.04", "0.05"), ("0", "0.000000001"), (1, 2)])
def test_a_refund_above_its_price_contradicts_it(price: Any, refund: Any) -> None:
    """What was paid is not known then: nothing settles."""
    _in_doubt(advanced(request_price=price, refund_price=refund))


@pytest.mark.parametrize(
    ("sent", "nanos"),
    [
        ("0.03", 30_000_000),
        ("0.03000000", 30_000_000),
        ("3E-2", 30_000_000),
        ("3e-09", 3),
        ("0.030000000000000002", 30_000_000),
        ("123456789.123456789", 123_456_789_123_456_789),
        ("900719925.474099301", 900_719_925_474_099_301),
        ("1", EUR),
    ],
)
def test_a_json_number_is_read_from_its_text(sent: str, nanos: int) -> None:
    """No float rounds a price that is sent as a number."""
    body = json.dumps(advanced()).replace('"0.04000000"', sent).encode()
    assert parse(body).lookups[0].price == nanos


@pytest.mark.parametrize(("price", "refund"), [(price, refund) for price, refund, *_ in PRICES])
def test_a_failed_lookup_outcome_is_given_back(price: Any, refund: Any) -> None:
    """`lookup_outcome` 2 found nothing and costs nothing, whatever price is stated; no fact is read beside it."""
    one = read(advanced(lookup_outcome=2, request_price=price, refund_price=refund))
    assert (one.outcome, one.billed, one.price, net_price(one, LIST_PRICE)) == ("no_data", "refunded", one.refund, 0)
    assert one == Lookup(
        phone=ONE, outcome=one.outcome, billed=one.billed, price=one.price, refund=one.refund,
        currency="EUR", raw_status="0/2",
    )  # fmt: skip


def test_a_basic_body_has_no_price() -> None:
    """It is billed at list price, which is nothing unless the config says otherwise."""
    one = read({"status": 0, "status_message": "Success", "international_format_number": ONE.digits}, "basic")
    assert (one.billed, one.price, one.refund, one.currency) == (Billed.YES, None, None, None)


@pytest.mark.parametrize("status", [3, 5, 999])
def test_a_failure_is_free_unless_it_states_a_price(status: int) -> None:
    """Nothing is paid for a failure, given back or not stated; a price that is left over is believed."""
    for free in ({}, {"request_price": "0.04", "refund_price": "0.04"}, {"request_price": "0"}):
        one = read({"status": status, **free})
        assert (one.billed, one.price, net_price(one, LIST_PRICE)) == ("no", None, 0)
    one = read({"status": status, "request_price": "0.04", "refund_price": "0.01"})
    assert (one.billed, net_price(one, LIST_PRICE)) == ("yes", 30_000_000)


@pytest.mark.parametrize("status", [1, 4, 9, 19])
def test_a_refusal_with_a_price_is_in_doubt(status: int) -> None:
    """Money is given free only where nothing speaks against it; a stop still holds."""
    parsed = parse({"status": status, "request_price": "0.04"})
    assert (parsed.verdict, parsed.retry, parsed.stop is None) == ("doubt", False, status == 1)
    assert parse({"status": status, "request_price": "0.04", "refund_price": "0.04"}).verdict == "void"


def test_what_settles_is_what_was_billed() -> None:
    """An answer goes into the books with its net price, and a refunded one with nothing."""
    for price, refund, cost in (("0.05025", "0.01025", 40_000_000), ("0.005", "0.00500000", 0)):
        parsed = parse(advanced(request_price=price, refund_price=refund))
        move = move_for({"attempt_id": "a", "unit_price": LIST_PRICE, "currency": "EUR"}, parsed, {ONE.e164: 1})
        assert isinstance(move, Settle)
        assert [answer.amount for answer in move.answers] == [cost]
        assert move.request_ref == parsed.request_ref


LEVEL = st.sampled_from(["basic", "standard", "advanced"])
HTTP = st.sampled_from([200, 200, 200, 200, 400, 401, 429, 500, 302])


@given(st.binary(max_size=200), LEVEL, HTTP, st.dictionaries(st.just("retry-after"), st.text(max_size=20)))
def test_parse_bears_any_bytes(body: bytes, product: str, status: int, headers: dict[str, str]) -> None:
    """No body and no header makes it raise."""
    parsed = parse(body, product=product, status=status, headers=headers)
    assert parsed.evidence.startswith(f"HTTP {status}")


def _amount(sent: Any) -> bool:
    """Whether it is an amount that the ledger can hold, read without the parser's own rules."""
    return not isinstance(sent, bool | list | dict) and 0 <= Decimal(str(sent).strip()) < EUR


@given(JSON | BODY, LEVEL, HTTP)
def test_parse_bears_any_document_and_invents_no_money(document: Any, product: str, status: int) -> None:
    """Only a 200 answers, the number is answered or missing, no price is negative, and none is more than was stated."""
    parsed = parse(document, product=product, status=status)
    assert parsed.verdict in ("answered", "doubt", "void")
    for one in parsed.lookups:
        assert (parsed.verdict, status, one.phone, parsed.missing) == ("answered", 200, ONE, ())
        assert (one.currency == "EUR") == (one.price is not None)
        assert one.price is not None or one.refund is None
        assert 0 <= (one.refund or 0) <= (one.price or 0)
        amounts = {"request_price": one.price, "refund_price": None if one.outcome == "no_data" else one.refund}
        for name, amount in amounts.items():
            if amount:
                assert abs(Decimal(str(document[name]).strip()) * EUR - amount) <= Decimal("0.5")
        stated = [document.get(name) for name in ("request_price", "refund_price")]
        assert all(sent is None or str(sent).strip().lower() in ("", "null") or _amount(sent) for sent in stated)
        assert net_price(one, LIST_PRICE) >= 0
        assert (one.outcome == "no_data") <= (net_price(one, LIST_PRICE) == 0)


@given(st.text(max_size=40), st.sampled_from([0, 1, 3, 4, 5, 9, 19, 44, 77]), HTTP)
def test_no_text_of_a_provider_is_evidence(said: str, status: int, http: int) -> None:
    """Whatever stands in any text, evidence and stop are our words and a code."""
    texts = dict.fromkeys(("status_message", "error_text", "request_id", "lookup_outcome_message"), said)
    parsed = parse({"status": status, **texts}, status=http)
    assert parsed.evidence == parse({"status": status}, status=http).evidence
    assert parsed.stop == parse({"status": status}, status=http).stop
    assert re.fullmatch(r"[\w :,]+", parsed.evidence)
