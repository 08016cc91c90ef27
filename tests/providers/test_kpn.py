"""KPN Number Insight: the request, the token, what its gateway says, and the documented bodies. Values are invented."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.http.token import Grant, NoToken, Token
from ringfence.numbers.phone import Phone
from ringfence.providers import kpn_gateway, kpn_quota
from ringfence.providers.collectable import Later, Waiting
from ringfence.providers.kpn import PROVIDER
from ringfence.providers.lookup import (
    Basis,
    Billed,
    Carrier,
    Fact,
    LineType,
    Lookup,
    Outcome,
    Ported,
    Reachability,
    Roaming,
    Validity,
)
from ringfence.providers.provider import Ask, Parsed
from tests.providers.number_insight import BODY, JSON, ONE, TWO, advanced, as_xml

OPTIONS = {"country": "omit", "cnam": "off"}
BASE = "http://127.0.0.1:8903"
CALLBACK = "https://hooks.example.com/kpn/unguessable"
# The number of the documentation's examples: valid in form, and nobody's.
EXAMPLE = Phone("+447700900000")
NANO = 10**9
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DATE = {"date": format_datetime(NOW, usegmt=True)}
QUOTA = {"quota-limit": "1000", "quota-interval": "1", "quota-time-unit": "day", "quota-used": "12"}
CARRIER = {"network_code": "23410", "name": "Telefonica UK Limited", "country": "GB", "network_type": "mobile"}
PLACE = {
    "international_format_number": "447700900000",
    "national_format_number": "07700 900000",
    "country_code": "GB",
    "country_code_iso3": "GBR",
    "country_name": "United Kingdom",
    "country_prefix": "44",
}
DOCUMENTED_BASIC = {"status": 0, "status_message": "Success", "request_id": "fcb1e9a2-db9c", **PLACE}
DOCUMENTED_ACK = {
    "request_id": "c510011c-d782",
    "number": "447700900000",
    "remaining_balance": "10.000000",
    "request_price": "0.03000000",
    "status": 0,
}
DOCUMENTED_RESULT = {
    "status": 0,
    "status_message": "Success",
    "lookup_outcome": 0,
    "lookup_outcome_message": "Success",
    "request_id": "c510011c-d782",
    **PLACE,
    "request_price": "0.03000000",
    "remaining_balance": "1.97",
    "current_carrier": CARRIER,
    "original_carrier": CARRIER,
    "valid_number": "valid",
    "reachable": "reachable",
    "ported": "not_ported",
    "roaming": {"status": "not_roaming"},
}
DOCUMENTED_TOKEN = {
    "refresh_token_expires_in": "0",
    "api_product_list": "[xxxxxxx]",
    "api_product_list_json": [" xxxxxxx"],
    "organization_name": "kpn",
    "developer_email": "demo@example.com",
    "token_type": "Bearer",
    "issued_at": "1521039195424",
    "client_id": "APP_CONSUMER_KEY",
    "access_token": "haf2SDl07E9N7RluNQ4kJ1TkGgso",
    "application_name": "6e38ed2d-48b1-4362-97d6-04254065d79c",
    "scope": "",
    "expires_in": "3599",
    "refresh_count": "0",
    "status": "approved",
}


def reply(document: Any, status: int = 200, **headers: str) -> Reply:
    """A reply with this body; underscores of header names are hyphens."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status, {**DATE, **{name.replace("_", "-"): value for name, value in headers.items()}}, body)


def parse(document: Any, product: str = "advanced", status: int = 200, asked: Phone = ONE, **headers: str) -> Parsed:
    """Such a reply, read."""
    return PROVIDER.parse(product, reply(document, status, **headers), [asked])


def envelope(status: int, name: str = "Unauthorized", message: str = "no") -> dict[str, str]:
    """The gateway's error document."""
    return {"transactionId": "0a1b", "status": str(status), "name": name, "message": message, "info": "..."}


def test_what_is_sold() -> None:
    """One number a request, in EUR, at three levels and one that answers by callback within a day and an hour."""
    products = PROVIDER.products
    assert (PROVIDER.name, PROVIDER.currency, PROVIDER.sunset) == ("kpn", "EUR", None)
    assert {name: (one.mode, one.limit, one.batch, one.patience) for name, one in products.items()} == {
        "basic": ("sync", 1, 1, 0),
        "standard": ("sync", 1, 1, 0),
        "advanced": ("sync", 1, 1, 0),
        "advanced_async": ("callback", 1, 1, 90_000),
    }
    assert products["basic"].facts == products["basic"].plan_only == {Fact.VALIDITY}
    assert products["standard"].facts == {Fact.CARRIER, Fact.PORTED, Fact.LINE_TYPE, Fact.VALIDITY}
    assert products["advanced"].facts == products["advanced_async"].facts == set(Fact)
    assert {name: values[0] for name, values in PROVIDER.options.items()} == OPTIONS


PATHS = {"basic": "basic", "standard": "standard", "advanced": "advanced", "advanced_async": "advanced/async"}


@pytest.mark.parametrize(("product", "path"), PATHS.items())
def test_a_request_is_a_form(product: str, path: str) -> None:
    """One number without plus in the body, never in the URL; a callback only where the answer comes later."""
    later = CALLBACK if product == "advanced_async" else None
    request = PROVIDER.request(Ask(product, [ONE], "GB", BASE, OPTIONS, later))
    assert (request.method, str(request.url)) == ("POST", f"{BASE}/communication/nexmo/number-insight/{path}")
    sent = {"number": ONE.digits} | ({"callback": CALLBACK} if later else {})
    assert dict(parse_qsl(request.content.decode())) == sent
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in request.headers


def test_the_country_and_the_name_are_asked_for_by_choice() -> None:
    """The name of a caller is asked for in the United States alone, and has a price of its own."""
    chosen = {"country": "send", "cnam": "on"}
    forms = [
        dict(parse_qsl(PROVIDER.request(Ask("advanced", [ONE], country, BASE, chosen)).content.decode()))
        for country in ("US", "GB")
    ]
    assert forms == [
        {"number": ONE.digits, "country": "US", "cnam": "true"},
        {"number": ONE.digits, "country": "GB"},
    ]
    assert [PROVIDER.priced_as("advanced", country, chosen) for country in ("US", "GB")] == [
        "advanced_cnam",
        "advanced",
    ]


def grant() -> Grant:
    """How a token is fetched."""
    secrets = {"KPN_CLIENT_ID": "an-id", "KPN_CLIENT_SECRET": "a-secret"}
    token = PROVIDER.auth(secrets, OPTIONS).token
    assert isinstance(token, Grant)
    return token


def test_a_token_is_asked_for_as_documented() -> None:
    """The grant type stands in the query, the credentials in the form, and neither is shown."""
    asked = grant()
    assert (asked.path, asked.query) == (
        "/oauth/client_credential/accesstoken",
        {"grant_type": "client_credentials"},
    )
    assert asked.form == {"client_id": "an-id", "client_secret": "a-secret"}
    assert "a-secret" not in repr(asked)


def test_the_documented_token_is_read() -> None:
    """Its life is a string of seconds."""
    assert grant().read(reply(DOCUMENTED_TOKEN)) == Token("Bearer haf2SDl07E9N7RluNQ4kJ1TkGgso", 3599.0)


LIVES = {
    3599: 3599,
    "60": 60,
    60: 60,
    " 7 ": 7,
    "0": 3599,
    "-5": 3599,
    "soon": 3599,
    None: 3599,
    1.5: 3599,
    "9" * 9: 86400,
}


@pytest.mark.parametrize(("sent", "seconds"), LIVES.items())
def test_the_life_of_a_token(sent: Any, seconds: float) -> None:
    """What is no life is the documented one: a token that has ended is refused, which costs nothing, and renewed."""
    assert grant().read(reply(DOCUMENTED_TOKEN | {"expires_in": sent})) == Token(
        "Bearer haf2SDl07E9N7RluNQ4kJ1TkGgso", float(seconds)
    )


REFUSED_CREDENTIALS = {
    "ErrorCode": (401, {"ErrorCode": "invalid_client", "Error": "ClientId is Invalid"}),
    "as a server error": (500, envelope(500, "Internal Server Error", "invalid_client-invalid_client_id")),
    "bare": (500, b"Invalid client"),
    "empty": (401, b""),
    "bad request": (400, {"ErrorCode": "invalid_request"}),
}


@pytest.mark.parametrize(("status", "document"), REFUSED_CREDENTIALS.values(), ids=REFUSED_CREDENTIALS)
def test_refused_credentials_are_named(status: int, document: Any) -> None:
    """In whatever dress the gateway says it: asking again would not help, and the variables to check are named."""
    got = grant().read(reply(document, status))
    assert isinstance(got, NoToken)
    assert got.refused == (
        f"kpn gives no token to these credentials (HTTP {status}): check KPN_CLIENT_ID and KPN_CLIENT_SECRET"
    )
    assert f"HTTP {status}" in got.reason


NO_TOKEN = {
    "no token": (200, {"status": "approved"}, {}, "again"),
    "no JSON": (200, b"<html>", {}, "again"),
    "an odd token": (200, {"access_token": "a b\n"}, {}, "again"),
    "busy": (503, b"later", {}, "again"),
    "throttled": (429, envelope(429), {"retry_after": "4"}, "again"),
    "elsewhere": (404, b"", {}, "never"),
    "not permitted": (403, envelope(403), {}, "never"),
}


@pytest.mark.parametrize(("status", "document", "headers", "when"), NO_TOKEN.values(), ids=NO_TOKEN)
def test_no_token(status: int, document: Any, headers: dict[str, str], when: str) -> None:
    """What passes by itself may be asked again, after the pause that is named; what does not, ends the run."""
    got = grant().read(reply(document, status, **headers))
    assert isinstance(got, NoToken)
    assert got.retry_after == (4.0 if headers else None)
    assert (got.refused is None) == (when == "again")


@given(st.sampled_from([200, 200, 400, 401, 403, 429, 500, 503, 302]), JSON | st.binary(max_size=60))
def test_nothing_breaks_the_reading_of_a_token(status: int, document: Any) -> None:
    """Whatever comes is a token that a header can carry, or none."""
    got = grant().read(reply(document, status))
    assert isinstance(got, NoToken) or (got.header.isascii() and got.header.isprintable())


def told(**facts: Any) -> Lookup:
    """The lookup that the documented bodies tell of."""
    network = Carrier("Telefonica UK Limited", "23410", "GB")
    return Lookup(phone=EXAMPLE, current_carrier=network, original_carrier=network, line_type=LineType.MOBILE, **facts)


def test_the_documented_bodies() -> None:
    """Basic is the plan's opinion and free of a price; the acknowledgement waits; the callback is a whole answer."""
    basic = parse(DOCUMENTED_BASIC, "basic", asked=EXAMPLE)
    assert (basic.verdict, basic.request_ref) == ("answered", "fcb1e9a2-db9c")
    (one,) = basic.lookups
    assert (one.outcome, one.validity, one.validity_basis) == ("complete", "likely_valid", "numbering_plan")
    assert (one.price, one.reachability, one.line_type) == (None, "unknown", "unknown")

    accepted = reply(DOCUMENTED_ACK)
    waits = PROVIDER.parse("advanced_async", accepted, [EXAMPLE])
    assert (waits.verdict, waits.request_ref, waits.lookups) == ("awaiting", "c510011c-d782", ())

    expected = told(
        outcome=Outcome.COMPLETE,
        validity=Validity.VALID,
        validity_basis=Basis.NETWORK,
        reachability=Reachability.REACHABLE,
        ported=Ported.NOT_PORTED,
        roaming=Roaming.NOT_ROAMING,
        billed=Billed.YES,
        price=30_000_000,
        currency="EUR",
        raw_status="0/0",
    )
    later = Later("callback", "", reply(DOCUMENTED_RESULT))
    answered = PROVIDER.parse_later("advanced_async", later, accepted, [EXAMPLE])
    assert (answered.verdict, list(answered.lookups)) == ("answered", [expected])
    assert list(parse(DOCUMENTED_RESULT, asked=EXAMPLE).lookups) == [expected]
    assert PROVIDER.numbers_in(json.dumps(DOCUMENTED_RESULT).encode()) == ["447700900000"]
    markup = as_xml(advanced())
    assert PROVIDER.numbers_in(markup) == [one.phone.digits for one in parse(markup).lookups] == [ONE.digits]
    refused = Later("callback", "", reply({"status": 4, "request_id": DOCUMENTED_ACK["request_id"]}))
    said = PROVIDER.parse_later("advanced_async", refused, accepted, [EXAMPLE]).stop
    assert said
    assert said.startswith("kpn ")
    waiting = Waiting("advanced_async", [EXAMPLE], NOW, accepted, [EXAMPLE], [])
    assert PROVIDER.polls(waiting, BASE, OPTIONS) == ()


def test_a_callback_about_another_request_answers_nothing() -> None:
    """Its id must be the one that was accepted, and its number the one that was asked."""
    accepted = reply(DOCUMENTED_ACK)
    for other in ({"request_id": "another"}, {"international_format_number": TWO.digits}):
        later = Later("callback", "", reply(DOCUMENTED_RESULT | other))
        assert PROVIDER.parse_later("advanced_async", later, accepted, [EXAMPLE]).verdict == "doubt"


STATUSES = """
0   answered complete
43  answered partial
44  answered partial
45  answered partial
3   answered failed
5   answered failed
999 answered failed
1   void
4   void stops
9   void stops
19  void stops
"""


@pytest.mark.parametrize("line", STATUSES.strip().splitlines())
def test_every_status_of_the_definition(line: str) -> None:
    """The business status stands in an HTTP 200, as at Vonage, whose sentences are KPN's."""
    status, verdict, *rest = line.split()
    body = advanced(status=int(status)) if status in ("0", "43", "44", "45") else {"status": int(status)}
    parsed = parse(body)
    assert parsed.verdict == verdict
    assert [str(one.outcome) for one in parsed.lookups] + (["stops"] if parsed.stop else []) == rest
    assert parsed.stop is None or parsed.stop.startswith("kpn ")


# Every value of the definition's enumerations: field, value, and where and what it is here.
MEANINGS: list[tuple[str, Any, str, str]] = [
    ("ported", "unknown", "ported", "unknown"),
    ("ported", "ported", "ported", "ported"),
    ("ported", "not_ported", "ported", "not_ported"),
    ("ported", "assumed_not_ported", "ported", "likely_not_ported"),
    ("ported", "assumed_ported", "ported", "likely_ported"),
    ("valid_number", "unknown", "validity", "unknown"),
    ("valid_number", "valid", "validity", "valid"),
    ("valid_number", "not_valid", "validity", "invalid"),
    ("reachable", "unknown", "reachability", "unknown"),
    ("reachable", "reachable", "reachability", "reachable"),
    ("reachable", "undeliverable", "reachability", "undeliverable"),
    ("reachable", "absent", "reachability", "absent"),
    ("reachable", "bad_number", "validity", "invalid"),
    ("reachable", "blacklisted", "reachability", "blocked"),
    ("roaming", {"status": "unknown"}, "roaming", "unknown"),
    ("roaming", {"status": "roaming"}, "roaming", "roaming"),
    ("roaming", {"status": "not_roaming"}, "roaming", "not_roaming"),
    *(
        ("current_carrier", CARRIER | {"network_type": value}, "line_type", meaning)
        for value, meaning in (
            *(("mobile", "mobile"), ("landline", "landline"), ("landline_premium", "premium")),
            *(("landline_tollfree", "toll_free"), ("virtual", "virtual"), ("pager", "pager")),
        )
    ),
    ("lookup_outcome", 0, "outcome", "complete"),
    ("lookup_outcome", 1, "outcome", "partial"),
    ("lookup_outcome", 2, "outcome", "no_data"),
]


@pytest.mark.parametrize(("field", "value", "where", "meaning"), MEANINGS)
def test_every_value_of_the_definition(field: str, value: Any, where: str, meaning: str) -> None:
    """What each documented word becomes."""
    (one,) = parse(advanced(**{field: value})).lookups
    assert str(getattr(one, where)) == meaning


SILENT = [
    *({"ip": {"address": "192.0.2.1", "ip_match_level": level}} for level in ("country", "mismatch")),
    *({"ip_warnings": said} for said in ("unknown", "no_warning")),
    *({"caller_type": kind} for kind in ("business", "consumer", "unknown")),
    *(
        {"caller_identity": {"caller_type": kind, "caller_name": "unknown"}}
        for kind in ("business", "consumer", "unknown")
    ),
]


@pytest.mark.parametrize("more", SILENT, ids=str)
def test_what_is_about_an_address_or_a_person_tells_no_fact(more: dict[str, Any]) -> None:
    """An answer that has it reads as one that has not."""
    assert parse(advanced(**more)) == parse(advanced())


def test_networks_of_no_known_type() -> None:
    """Where neither network says what it is, the line is not known."""
    unknown = CARRIER | {"network_type": "unknown"}
    (one,) = parse(advanced(current_carrier=unknown, original_carrier=unknown)).lookups
    assert (one.line_type, one.outcome) == ("unknown", "complete")


@pytest.mark.parametrize("price", ["0.03", "0.03000000", 0.03])
def test_a_price_is_a_string_or_a_number(price: Any) -> None:
    """The definition says number, the examples show strings: both are exact."""
    (one,) = parse(advanced(request_price=price)).lookups
    assert (one.price, one.currency) == (30_000_000, "EUR")


CODES = {
    *((status, "answered") for status in (200, 201, 202)),
    *((status, "void") for status in (302, 400, 401, 403, 404, 405, 412, 429)),
    *((status, "doubt") for status in (500, 502, 503)),
}


@pytest.mark.parametrize(("status", "verdict"), sorted(CODES))
def test_every_return_code(status: int, verdict: str) -> None:
    """What was refused before any work cost nothing; what may have been begun is in doubt."""
    body = advanced() if verdict == "answered" else envelope(status, "Some Error")
    parsed = parse(body, status=status)
    assert parsed.verdict == verdict
    assert f"HTTP {status}" in parsed.evidence
    assert verdict == "answered" or parsed.evidence == f"HTTP {status}: SOME_ERROR"
    assert parsed.retry == (status == 429)
    assert (parsed.stop is not None) == (status in (302, 401, 403, 404, 405, 412))


ABOUT_THE_TOKEN = {
    "401": (401, envelope(401)),
    "401 without a word": (401, b""),
    "the gateway's own fault": (
        401,
        {"fault": {"faultstring": "Access Token expired", "detail": {"errorcode": "oauth.v2.AccessTokenExpired"}}},
    ),
    "invalid token": (500, envelope(500, "Internal Server Error", "Invalid token")),
    "an invalid access token": (
        500,
        {"fault": {"detail": {"errorcode": "keymanagement.service.invalid_access_token"}}},
    ),
    "invalid client": (503, envelope(503, "x", "invalid_client-invalid_client_id")),
}


@pytest.mark.parametrize(("status", "document"), ABOUT_THE_TOKEN.values(), ids=ABOUT_THE_TOKEN)
def test_a_token_that_is_not_taken(status: int, document: Any) -> None:
    """Void, for another token; should that not be taken either, it is the project, not the token."""
    parsed = parse(document, status=status)
    assert (parsed.verdict, parsed.token_refused, parsed.retry) == ("void", True, False)
    assert "has the product Number Insight" in (parsed.stop or "")


def test_a_product_outside_the_project_stops() -> None:
    """A 403 is about the product, so that no other token helps."""
    parsed = parse(envelope(403, "Forbidden"), status=403)
    assert (parsed.verdict, parsed.token_refused, parsed.evidence) == ("void", False, "HTTP 403: FORBIDDEN")
    assert parsed.stop == (
        "kpn does not permit this request (HTTP 403): check in the API Store that the project of KPN_CLIENT_ID is "
        "approved and has the product Number Insight"
    )


RESETS = [
    (NOW + timedelta(seconds=40)).isoformat(),
    "2026-11-22T12:00:40Z",
    "2026-11-22 12:00:40",
    format_datetime(NOW + timedelta(seconds=40), usegmt=True),
    str(int(NOW.timestamp()) + 40),
    str((int(NOW.timestamp()) + 40) * 1000),
]


@pytest.mark.parametrize("reset", RESETS)
def test_a_quota_that_is_used_up_pauses_until_its_reset(reset: str) -> None:
    """An answer is an answer; nothing more goes out until the quota begins anew, by the reply's own clock."""
    used = {**QUOTA, "quota-used": "1000", "quota-reset-utc": reset}
    parsed = parse(advanced(), **{name.replace("-", "_"): value for name, value in used.items()})
    assert (parsed.verdict, parsed.pause) == ("answered", 40.0)
    assert parsed.notes == (
        ["kpn: 1,000 of the quota of 1,000 requests a day are used; it begins anew at 2026-11-22 12:00 UTC"]
    )
    throttled = parse(envelope(429), status=429, quota_reset_utc=reset)
    assert (throttled.verdict, throttled.retry, throttled.retry_after) == ("void", True, 40.0)
    assert parse(envelope(429), status=429, quota_reset_utc=reset, retry_after="3").retry_after == 3.0


PAUSES = {
    "not used up": ({"quota-used": "999"}, None),
    "over": ({"quota-used": "1001"}, 40.0),
    "in the past": ({"quota-reset-utc": "2026-11-22T11:00:00Z"}, 1.0),
    "next month": ({"quota-reset-utc": "2026-12-01T00:00:00Z"}, 300.0),
    "no reset": ({"quota-reset-utc": ""}, None),
    "garbage": ({"quota-reset-utc": "soon"}, None),
    "a huge number": ({"quota-reset-utc": "9" * 30}, None),
    "no limit": ({"quota-limit": "0"}, None),
    "a limit of words": ({"quota-limit": "many"}, None),
    "a negative use": ({"quota-used": "-1"}, None),
    "no date": ({"date": ""}, None),
}


@pytest.mark.parametrize(("more", "pause"), PAUSES.values(), ids=PAUSES)
def test_a_pause_is_clamped_and_never_rests_on_garbage(more: dict[str, str], pause: float | None) -> None:
    """Between 1 and 300 seconds, or none at all."""
    full = {**DATE, **QUOTA, "quota-used": "1000", "quota-reset-utc": "2026-11-22T12:00:40Z"}
    assert kpn_quota.pause({**full, **more}) == pause


@given(st.dictionaries(st.sampled_from([*kpn_quota.HEADERS, "date"]), st.text(max_size=30)))
def test_nothing_breaks_the_reading_of_headers(headers: dict[str, str]) -> None:
    """Whatever they hold, a pause is within its bounds and a note is a line."""
    paused = kpn_quota.pause(headers)
    assert paused is None or 1 <= paused <= 300
    assert all(note.isprintable() for note in kpn_quota.notes(headers))


SUNSETS = {
    "n/a": None,
    "": None,
    "Thu, 04 Feb 2027 00:00:00 GMT": "on 2027-02-04",
    "2027-02-04": "on 2027-02-04",
    "soon": "at a time that cannot be read",
}


@pytest.mark.parametrize(("sunset", "says"), SUNSETS.items())
def test_an_announced_end_is_told(sunset: str, says: str | None) -> None:
    """The header is KPN's announcement; it says `n/a` while there is none."""
    notes = parse(advanced(), sunset=sunset).notes
    end = f"kpn announces that this API ends {says} (its sunset header): move to another provider before"
    assert notes == ([end] if says else [])


def test_the_window_of_a_quota_is_told() -> None:
    """What it is counted over, where that is said."""
    windows = {("1", "month"): " a month", ("5", "minute"): " in 5 minutes", ("", "day"): "", ("1", "d4y"): ""}
    for (interval, unit), said in windows.items():
        headers = {**QUOTA, "quota-interval": interval, "quota-time-unit": unit}
        assert kpn_quota.notes(headers) == [f"kpn: 12 of the quota of 1,000 requests{said} are used"]


def test_the_headers_that_are_read_are_kept() -> None:
    """What is read of a reply is stored beside its body, so that it reads the same again."""
    assert set(PROVIDER.headers) == {*QUOTA, "quota-reset-utc", "sunset"} == set(kpn_gateway.HEADERS)


@given(
    st.sampled_from(sorted(PROVIDER.products)),
    st.sampled_from([200, 202, 400, 401, 403, 429, 500]),
    BODY | JSON,
)
def test_nothing_breaks_a_parser(product: str, status: int, document: Any) -> None:
    """Whatever comes has a verdict, and no secret or number stands in what is said of it."""
    parsed = parse(document, product, status)
    assert parsed.verdict in ("answered", "void", "doubt", "awaiting")
    later = PROVIDER.parse_later(product, Later("callback", "", reply(document, status)), reply(DOCUMENTED_ACK), [ONE])
    for each in (parsed, later):
        assert ONE.digits not in f"{each.evidence}{each.stop}{each.notes}"


def test_what_may_not_be_kept_is_cut() -> None:
    """The body is Vonage's, and so is what is cut out of it."""
    kept = json.loads(PROVIDER.withhold(json.dumps(DOCUMENTED_RESULT).encode(), lambda _: frozenset({"roaming"})))
    assert kept["roaming"] is None
    assert {key: kept[key] for key in ("valid_number", "reachable", "request_price")} == {
        "valid_number": "valid",
        "reachable": "reachable",
        "request_price": "0.03000000",
    }
