"""Vonage Identity Insights: the request and its token, and what each status of an insight becomes. Values invented."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from ringfence.errors import ConfigError
from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Carrier, Fact, Lookup
from ringfence.providers.provider import Ask, Parsed
from ringfence.providers.vonage_insights import PROVIDER
from tests.providers.number_insight import JSON, ONE, TWO

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NETWORK = {"name": "Moorfone", "network_type": "MOBILE", "country_code": "GB", "network_code": "23455"}


def pem(key: Any = KEY, password: bytes | None = None) -> str:
    """A private key as the text of a PEM file."""
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, form, locked).decode())


def insight(code: str = "OK", **values: Any) -> dict[str, Any]:
    """One insight with its status."""
    return {**values, "status": {"code": code, "message": "as documented"}}


def answer(**insights: Any) -> dict[str, Any]:
    """A reply with all three insights, some of them otherwise; None leaves one out."""
    whole = {
        "format": insight(
            country_code="GB",
            country_name="United Kingdom",
            country_prefix="44",
            offline_location="United Kingdom",
            time_zones=["Europe/London"],
            number_international=f"+{ONE.digits}",
            number_national="07400 000303",
            is_format_valid=True,
        ),
        "original_carrier": insight(**NETWORK),
        "current_carrier": insight(**NETWORK),
    } | insights
    told = {name: value for name, value in whole.items() if value is not None}
    return {"request_id": "0a1b2c3d-0000-4000-8000-000000000001", "insights": told}


def parse(document: Any, *asked: Phone, status: int = 200, headers: dict[str, str] | None = None) -> Parsed:
    """A reply, read."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return PROVIDER.parse("insights", Reply(status, headers or {}, body), asked or (ONE,))


def read(**insights: Any) -> Lookup:
    """The one lookup of a reply with these insights."""
    parsed = parse(answer(**insights))
    assert (parsed.verdict, len(parsed.lookups), parsed.missing, parsed.unasked) == ("answered", 1, (), 0)
    return parsed.lookups[0]


def test_what_is_sold() -> None:
    """One number a request, no facts of the network, no currency that anybody published, no end announced."""
    (product,) = PROVIDER.products.values()
    assert (product.name, product.limit, product.mode) == ("insights", 1, "sync")
    assert product.facts == {Fact.CARRIER, Fact.PORTED, Fact.LINE_TYPE, Fact.VALIDITY}
    assert (product.plan_only, product.mobile_only) == ({Fact.VALIDITY}, {Fact.CARRIER, Fact.PORTED})
    assert (PROVIDER.currency, PROVIDER.sunset) == (None, None)


def test_a_request_asks_for_what_is_generally_available() -> None:
    """Three insights, no purpose, no preview; the number without plus."""
    request = PROVIDER.request(Ask("insights", [ONE], "GB", "http://127.0.0.1:8905", {}))
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:8905/identity-insights/v1/requests")
    assert json.loads(request.content) == {
        "phone_number": ONE.digits,
        "insights": {"format": {}, "original_carrier": {}, "current_carrier": {}},
    }
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("form", ["text", "one line", "path"])
def test_the_token_is_signed_with_the_applications_key(form: str, tmp_path: Path) -> None:
    """RS256, with the claims that Vonage documents, and another id each time; the key is a text or the path of one."""
    (tmp_path / "private.key").write_text(pem())
    value = {"text": pem(), "one line": pem().replace("\n", "\\n"), "path": str(tmp_path / "private.key")}[form]
    credentials = PROVIDER.auth({"VONAGE_APPLICATION_ID": "an-application", "VONAGE_PRIVATE_KEY": value}, {})
    assert callable(credentials.token)
    assert (credentials.headers, credentials.query) == ({}, {})
    one, two = credentials.token(), credentials.token()
    scheme, _, text = one.header.partition(" ")
    claims = jwt.decode(text, KEY.public_key(), algorithms=["RS256"])
    assert (scheme, jwt.get_unverified_header(text)) == ("Bearer", {"alg": "RS256", "typ": "JWT"})
    assert set(claims) == {"application_id", "iat", "exp", "jti"}
    assert claims["application_id"] == "an-application"
    assert abs(claims["iat"] - time.time()) < 30
    assert claims["exp"] - claims["iat"] == one.seconds == 840
    assert one.header != two.header
    assert one.header not in repr(one)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no such file", "neither a private key"),
        ("a\0b", "neither a private key"),
        ("/", "neither a private key"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "no private key in PEM form"),
        (pem(password=b"secret"), "protected by a password"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "not of RSA"),
    ],
)
def test_a_key_that_cannot_be_used_is_one_sentence(value: str, says: str) -> None:
    """It names the variable and shows nothing of what it holds."""
    with pytest.raises(ConfigError, match=says) as error:
        PROVIDER.auth({"VONAGE_APPLICATION_ID": "an-application", "VONAGE_PRIVATE_KEY": value}, {})
    assert "VONAGE_PRIVATE_KEY" in str(error.value)
    assert len(value) < 5 or value not in str(error.value)
    assert "MII" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_whole_answer() -> None:
    """Facts of databases and of the plan: nothing here asks the network about the subscriber."""
    parsed = parse(answer())
    (one,) = parsed.lookups
    assert (one.outcome, one.validity, one.validity_basis) == ("complete", "likely_valid", "numbering_plan")
    assert (one.reachability, one.roaming, one.ported, one.line_type) == (
        "unknown",
        "unknown",
        "likely_not_ported",
        "mobile",
    )
    assert one.current_carrier == one.original_carrier == Carrier("Moorfone", "23455", "GB")
    assert (one.billed, one.price, one.currency) == ("yes", None, None)
    assert parsed.request_ref == "0a1b2c3d-0000-4000-8000-000000000001"
    assert one.raw_status == "format=OK original_carrier=OK current_carrier=OK"


# What the current carrier says, alone and when nothing else could be told: outcome, error | outcome, error
CODES = """
OK                       complete -              | partial -
PARTIAL_SUCCESS          partial  -              | partial -
UNSUPPORTED_NETWORK_TYPE complete -              | no_data -
INVALID_NUMBER_FORMAT    complete -              | rejected_number -
NO_COVERAGE              partial  -              | no_coverage -
NOT_FOUND                partial  -              | no_data -
UNAUTHORIZED             partial  -              | failed not_enabled
INVALID_PURPOSE          partial  -              | failed bad_request
SUPPLIER_ERROR           partial  -              | failed provider_error
INTERNAL_ERROR           partial  -              | failed provider_error
SOMETHING_NEW            partial  -              | failed contract
"""


@pytest.mark.parametrize("line", [line for line in CODES.split("\n") if line])
def test_status_of_an_insight(line: str) -> None:
    """Each insight fails by itself; what the others tell stays, and an unknown code is told as such."""
    code, *rest = line.replace("|", " ").split()
    current = insight(code, **(NETWORK if code in ("OK", "PARTIAL_SUCCESS") else {}))
    one = read(current_carrier=current)
    assert [one.outcome, one.error_class or "-"] == rest[:2]
    assert one.original_carrier.mccmnc == "23455"
    assert (one.current_carrier == Carrier()) == (code not in ("OK", "PARTIAL_SUCCESS"))
    assert one.raw_status == f"format=OK original_carrier=OK current_carrier={code}"
    alone = read(format=insight(code), original_carrier=insight(code), current_carrier=current)
    assert [alone.outcome, alone.error_class or "-"] == rest[2:]
    # None is documented to be free, so list price is what the books say.
    assert alone.billed == ("yes" if alone.outcome == "partial" else "unknown")
    assert bool(parse(answer(current_carrier=current)).notes) == (code == "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("told", "validity", "basis", "outcome"),
    [
        (insight(is_format_valid=True), "likely_valid", "numbering_plan", "complete"),
        (insight(is_format_valid="true"), "likely_valid", "numbering_plan", "complete"),
        (insight(is_format_valid=False), "invalid", "numbering_plan", "complete"),
        (insight("INVALID_NUMBER_FORMAT"), "invalid", "numbering_plan", "complete"),
        (insight(), "unknown", "none", "partial"),
        (insight(is_format_valid=None), "unknown", "none", "partial"),
        (insight(is_format_valid=1), "unknown", "none", "partial"),
        (insight("INTERNAL_ERROR", is_format_valid=True), "unknown", "none", "partial"),
        ({"is_format_valid": True}, "unknown", "none", "partial"),
        (None, "unknown", "none", "partial"),
        ("OK", "unknown", "none", "partial"),
    ],
)
def test_format(told: Any, validity: str, basis: str, outcome: str) -> None:
    """A format is of the plan, and counts only under a status that says it was told."""
    one = read(format=told)
    assert (one.validity, one.validity_basis, one.outcome) == (validity, basis, outcome)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("MOBILE", "mobile"),
        ("LANDLINE", "landline"),
        ("TOLLFREE", "toll_free"),
        ("PREMIUM", "premium"),
        ("VIRTUAL", "virtual"),
        ("landline", "landline"),
        ("SATELLITE", "mobile"),
        (None, "mobile"),
        (7, "mobile"),
    ],
)
def test_line_type(sent: Any, expected: str) -> None:
    """The original carrier's, and the current one's where that says none."""
    assert read(original_carrier=insight(**(NETWORK | {"network_type": sent}))).line_type == expected
    one = read(original_carrier=insight("NOT_FOUND"), current_carrier=insight(**(NETWORK | {"network_type": sent})))
    assert one.line_type == (
        expected if sent in ("MOBILE", "LANDLINE", "TOLLFREE", "PREMIUM", "VIRTUAL", "landline") else "unknown"
    )


@pytest.mark.parametrize(
    ("original", "current", "expected"),
    [
        ("23455", "23455", "likely_not_ported"),
        ("23455", "23466", "likely_ported"),
        ("23455", 23466, "likely_ported"),
        ("23455", None, "unknown"),
        ("US-FIXED", "23455", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_ported_is_inferred_from_two_networks(original: Any, current: Any, expected: str) -> None:
    """Only where both have a code: absence says nothing."""
    one = read(
        original_carrier=insight(**(NETWORK | {"network_code": original})),
        current_carrier=insight(**(NETWORK | {"network_code": current})),
    )
    assert one.ported == expected


def test_a_landline_has_no_current_mobile_network() -> None:
    """That is nothing missing: the answer is complete, and the carrier is not known."""
    landline = insight(name="Moor Lines", network_type="LANDLINE", country_code="GB")
    one = read(original_carrier=landline, current_carrier=insight("UNSUPPORTED_NETWORK_TYPE"))
    assert (one.outcome, one.line_type, one.ported) == ("complete", "landline", "unknown")
    assert (one.current_carrier, one.original_carrier) == (Carrier(), Carrier("Moor Lines", None, "GB"))


PROBLEMS = """
400 invalid-json        void  -
401 unauthorized        void  VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY
403 forbidden           void  does not permit
403 low-balance         void  top it up
405 method-not-allowed  void  base_url
415 unsupported-media-type void -
422 invalid-params      void  -
429 throttled           void  -
500 internal-error      doubt -
503 service-unavailable doubt -
"""


@pytest.mark.parametrize("line", [line for line in PROBLEMS.split("\n") if line])
def test_problem(line: str) -> None:
    """What was refused as it was written is void; a failure of the vendor's may have cost something."""
    status, kind, verdict, *says = line.split()
    problem = {"type": f"https://developer.vonage.com/api-errors#{kind}", "title": "No", "detail": f"no {ONE.digits}"}
    parsed = parse(problem | {"instance_id": "x"}, status=int(status), headers={"retry-after": "3"})
    assert (parsed.verdict, parsed.evidence) == (verdict, f"HTTP {status}: {kind}")
    assert " ".join(says) in (parsed.stop or "-")
    assert (parsed.token_refused, parsed.retry) == (status == "401", status == "429")
    assert ONE.digits not in f"{parsed.evidence} {parsed.stop}"


@pytest.mark.parametrize("document", [b"", b"[]", {"insights": []}, {"insights": None}, {"request_id": "x"}, b"<x/>"])
def test_a_200_without_insights_is_in_doubt(document: Any) -> None:
    """It may have cost money, and says nothing."""
    assert parse(document).verdict == "doubt"


@pytest.mark.parametrize("named", [f"+{TWO.digits}", "07400 000303", "", 7, True])
def test_an_answer_about_another_number_is_nobodys(named: Any) -> None:
    """Its facts never become the asked one's."""
    parsed = parse(answer(format=insight(number_international=named, is_format_valid=True)))
    assert (parsed.verdict, parsed.lookups, parsed.unasked) == ("doubt", (), 1)


def test_an_answer_names_its_number_in_any_spelling() -> None:
    """With plus as documented, without it, or not at all."""
    for named in (ONE.digits, f"+{ONE.digits}", f"00{ONE.digits}", None):
        told = insight(number_international=named, is_format_valid=True)
        assert parse(answer(format=told)).lookups[0].phone == ONE
    assert PROVIDER.numbers_in(json.dumps(answer()).encode()) == [ONE.digits]
    assert not PROVIDER.numbers_in(b"")
    assert parse(answer(format=None), ONE, TWO).verdict == "doubt"


def test_what_was_not_asked_for_is_cut_where_it_is_forbidden() -> None:
    """Previews that a reply holds all the same follow the rules; otherwise it stays as it is."""
    more = answer(roaming=insight(is_roaming=True, country_codes=["NL"]), reachability=insight(is_reachable=True))
    body = json.dumps(more, indent=1).encode()
    left = PROVIDER.withhold(body, lambda _: frozenset({"roaming", "caller_name"}))
    assert b"NL" not in left
    assert b"is_reachable" in left
    assert parse(left).lookups == parse(body).lookups
    assert b"is_reachable" not in PROVIDER.withhold(body, lambda _: frozenset({"reachability"}))
    assert PROVIDER.withhold(body, lambda _: frozenset()) == body
    assert PROVIDER.withhold(b'{"roaming": {"country', lambda _: frozenset({"roaming"})) == b'{"roaming": '
    rule = {ONE: frozenset({"roaming"})}
    assert b"NL" not in PROVIDER.withhold(body, lambda phone: rule.get(phone, frozenset()) if phone else frozenset())


VALUE = st.sampled_from(["OK", "NO_COVERAGE", "NEW", "MOBILE", "23455", f"+{ONE.digits}", True]) | JSON
STATUS = st.fixed_dictionaries({}, optional={"code": VALUE, "message": JSON}) | JSON
INSIGHT = JSON | st.fixed_dictionaries(
    {"status": STATUS},
    optional=dict.fromkeys(("network_type", "network_code", "number_international", "is_format_valid"), VALUE),
)
INSIGHTS = st.dictionaries(st.sampled_from(["format", "original_carrier", "current_carrier", "roaming"]), INSIGHT)


@given(
    st.binary(max_size=100)
    | (JSON | st.fixed_dictionaries({"insights": INSIGHTS | JSON}, optional={"type": JSON, "request_id": JSON})).map(
        lambda document: json.dumps(document).encode()
    ),
    st.sampled_from([200, 200, 200, 400, 401, 403, 422, 500]),
)
def test_no_reply_makes_it_raise(body: bytes, status: int) -> None:
    """Only a 200 answers, and only for the number that was asked."""
    parsed = parse(body, status=status)
    assert parsed.verdict in ("answered", "doubt", "void")
    assert all((one.phone, status, one.price) == (ONE, 200, None) for one in parsed.lookups)
    PROVIDER.withhold(body, lambda _: frozenset({"roaming", "reachability", "caller_name", "imsi", "serving_msc"}))
    PROVIDER.numbers_in(body)
