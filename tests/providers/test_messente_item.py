"""One result of Messente: every status in every spelling, networks, and what of it may be kept."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Carrier, Lookup, Reachability, Roaming
from ringfence.providers.messente import PROVIDER

MOBILE, DUTCH, TOLL_FREE, FREEPHONE = map(Phone, ("+37251000101", "+31600000202", "+18005550123", "+80012345678"))
ASKED = (MOBILE, DUTCH, TOLL_FREE)
DEFAULT = frozenset({"imsi", "serving_msc", "caller_name", "roaming"})
ALL = DEFAULT | {"reachability"}


def network(mccmnc: Any = "24801", name: Any = "Soonet", country: Any = "EST") -> dict[str, Any]:
    """A network as Messente writes it."""
    return {
        "mccmnc": mccmnc,
        "networkName": name,
        "countryName": "Estonia",
        "countryPrefix": "+372",
        "countryCode": country,
    }


def body_of(*items: Any, **more: Any) -> bytes:
    """The body with these results."""
    return json.dumps({"result": items, **more}).encode()


def parse(body: bytes, *asked: Phone) -> Any:
    """The body of a 200, read."""
    return PROVIDER.parse("hlr_sync", Reply(200, {"content-type": "application/json"}, body), asked or ASKED)


def read(phone: Phone = MOBILE, **fields: Any) -> Lookup:
    """The lookup of a reply with this one result."""
    (one,) = parse(body_of({"number": phone.e164, **fields}), phone).lookups
    assert isinstance(one, Lookup)
    return one


STATES: list[tuple[Any, str]] = [
    *((word, "complete valid network reachable") for word in ("ONLINE", "ON", "true", True, "online", " On ", "TRUE")),
    *((word, "complete valid network absent") for word in ("OFFLINE", "OFF", "false", False, "Off", "False")),
    *((word, "complete invalid network not_applicable") for word in ("INVALID", "invalid")),
    *((word, "partial unknown none unknown") for word in ("UNKNOWN", "unknown", None, "", "BUSY", 1, 0, ["ON"], {})),
]


@pytest.mark.parametrize(("status", "expected"), STATES, ids=str)
def test_status(status: Any, expected: str) -> None:
    """Three spellings and JSON booleans become outcome, validity, its basis and reachability; the rest is not known."""
    one = read(status=status)
    assert f"{one.outcome} {one.validity} {one.validity_basis} {one.reachability}" == expected
    assert (one.error_class, one.billed, one.price) == (None, "unknown", None)


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        ("ON", "ON"),
        (False, "false"),
        ("Busy", "Busy"),
        ("call +37251000101", None),
        ("37251000101", None),
        (None, None),
    ],
)
def test_a_status_is_kept_as_received_if_it_is_a_word(status: Any, raw: str | None) -> None:
    """An unknown word is worth reading; a sentence may repeat the number, and stays in the reply."""
    assert read(status=status).raw_status == raw


@pytest.mark.parametrize(
    ("phone", "validity", "basis"),
    [
        (MOBILE, "invalid", "network"),
        (TOLL_FREE, "likely_invalid", "inferred"),
        (FREEPHONE, "likely_invalid", "inferred"),
    ],
)
def test_an_invalid_toll_free_number_is_no_proof(phone: Phone, validity: str, basis: str) -> None:
    """Live toll-free numbers without text messages are called INVALID too."""
    one = read(phone, status="INVALID")
    assert (one.outcome, one.validity, one.validity_basis) == ("complete", validity, basis)
    assert read(phone, status="ON").validity == "valid"


@pytest.mark.parametrize(
    ("fields", "outcome", "raw"),
    [
        ({"error": {"code": 103, "description": "number +37251000101"}}, "failed", "103"),
        ({"error": {"code": "103"}, "status": None}, "failed", "103"),
        ({"error": "SERVER_ERROR", "status": ""}, "failed", "SERVER_ERROR"),
        ({"error": "no answer from +37251000101"}, "failed", None),
        ({"error": {"code": 37251000101}}, "failed", None),
        ({"error": ["x"]}, "failed", None),
        ({"error": "SERVER_ERROR", "status": "ON"}, "complete", "SERVER_ERROR"),
        ({"error": "SERVER_ERROR", "status": "BUSY"}, "partial", "SERVER_ERROR"),
        *(({"error": nothing}, "partial", None) for nothing in (None, "", {}, [], False)),
    ],
)
def test_an_error_without_a_status_is_a_failure(fields: dict[str, Any], outcome: str, raw: str | None) -> None:
    """Messente failed on that number; its networks then say nothing. Beside a status an error is only kept."""
    one = read(currentNetwork=network(), type="MOBILE", **fields)
    assert (one.outcome, one.raw_error) == (outcome, raw)
    assert one.error_class == ("provider_error" if outcome == "failed" else None)
    assert (one.current_carrier == Carrier(), one.line_type == "unknown") == (outcome == "failed",) * 2


@pytest.mark.parametrize(
    ("status", "sent", "ported", "roaming"),
    [
        ("ONLINE", True, "ported", "roaming"),
        ("ONLINE", False, "not_ported", "not_roaming"),
        (True, "false", "not_ported", "not_roaming"),
        ("ONLINE", None, "unknown", "unknown"),
        ("ONLINE", "no", "unknown", "unknown"),
        ("ONLINE", 1, "unknown", "unknown"),
        ("OFFLINE", True, "ported", "roaming"),
        ("OFFLINE", False, "not_ported", "unknown"),
        (False, "FALSE", "not_ported", "unknown"),
        ("OFFLINE", None, "unknown", "unknown"),
        *(
            (status, sent, "unknown", "unknown")
            for status in ("INVALID", "UNKNOWN", None, "BUSY")
            for sent in (True, False)
        ),
    ],
)
def test_booleans_count_only_of_a_subscriber_that_the_network_knows(
    status: Any, sent: Any, ported: str, roaming: str
) -> None:
    """An absent handset is not "not roaming", and beside INVALID and UNKNOWN a boolean says nothing."""
    visited = network("26201", "Fernfunk", "DEU")
    one = read(status=status, ported=sent, roaming=sent, roamingNetwork=visited)
    assert (one.ported, one.roaming) == (ported, roaming)
    assert one.roaming_carrier == (Carrier("Fernfunk", "26201", "DE") if roaming == "roaming" else Carrier())


CURRENT, PORTED = Carrier("Soonet", "24801", "EE"), Carrier("Lahenet", "24802", "EE")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ported": True, "portedNetwork": network("24802", "Lahenet")}, PORTED),
        ({"ported": None, "portedNetwork": network("24802", "Lahenet")}, PORTED),
        ({"ported": True, "portedNetwork": network(24802, None)}, Carrier(None, "24802", "EE")),
        ({"ported": False, "portedNetwork": network("24802", "Lahenet")}, CURRENT),
        *(({"ported": True, "portedNetwork": none}, CURRENT) for none in (None, {}, "x", [], network(None, " "))),
        ({"ported": True}, CURRENT),
    ],
)
def test_the_current_network(fields: dict[str, Any], expected: Carrier) -> None:
    """It is the ported one where that is named; a ported number without it still has its current network."""
    for status in ("ON", "OFF", "UNKNOWN"):
        one = read(status=status, currentNetwork=network(), originalNetwork=network("24803", "Vananet"), **fields)
        assert one.current_carrier == expected
        assert one.original_carrier == Carrier("Vananet", "24803", "EE")


@pytest.mark.parametrize(
    ("mccmnc", "country", "expected"),
    [
        ("310160", "USA", ("310160", "US")),
        ("310160", "us", ("310160", "US")),
        (310160, None, ("310160", "US")),
        ("23450", "JEY", ("23450", "JE")),
        ("23450", "England", ("23450", "GB")),
        (None, "EST", (None, "EE")),
        ("2480", "XX", (None, None)),
        ("2480100", 372, (None, None)),
        ("248-01", None, (None, None)),
        ("٢٤٨٠١", None, (None, None)),
        (True, [], (None, None)),
        ("90128", "", ("90128", None)),
    ],
)
def test_codes_of_a_network(mccmnc: Any, country: Any, expected: tuple[Any, Any]) -> None:
    """Five or six digits, and the stated country in two or three letters, else the one of the MCC."""
    carrier = read(status="ON", currentNetwork=network(mccmnc, "Soonet", country)).current_carrier
    assert (carrier.name, carrier.mccmnc, carrier.country) == ("Soonet", *expected)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("MOBILE", "mobile"), ("landline", "landline"), ("VOIP", "unknown"), (None, "unknown"), (1, "unknown")],
)
def test_line_type(sent: Any, expected: str) -> None:
    """The newer field of RingCentral's copy is read, and nothing else is a line type."""
    assert read(status="ON", type=sent).line_type == expected


PLANTED = ("Fernfunk", "26201", "228019876543210", "37255500001", "Mari Maasikas")
FULL: dict[str, Any] = {
    "number": MOBILE.e164,
    "currentNetwork": network(),
    "ported": True,
    "portedNetwork": None,
    "originalNetwork": network("24803", "Vananet"),
    "roaming": True,
    "roamingNetwork": network("26201", "Fernfunk", "DEU"),
    "status": "ONLINE",
    "type": "MOBILE",
    "IMSI": "228019876543210",
    "servingMsc": "37255500001",
    "caller_name": "Mari Maasikas",
}


def cut(body: bytes, names: frozenset[str] = DEFAULT) -> bytes:
    """What is kept of a body under one rule."""
    return PROVIDER.withhold(body, lambda _phone: names)


def test_only_what_is_forbidden_goes() -> None:
    """The visited network and what would name a subscriber go; without a rule every byte stays."""
    body = body_of(FULL, request_id="r-1")
    gone = dict.fromkeys(("roaming", "roamingNetwork", "IMSI", "servingMsc", "caller_name"))
    assert json.loads(cut(body)) == {"result": [FULL | gone], "request_id": "r-1"}
    for any_body in (body, b"\xef\xbb\xbf {}", b"<html>", b""):
        assert cut(any_body, frozenset()) == any_body


WHOLE = body_of(FULL)


@pytest.mark.parametrize(
    "body",
    [
        WHOLE,
        WHOLE[:-1],
        WHOLE.replace(b'"result"', b'"numbers"'),
        b"[" + WHOLE + b"]",
        json.dumps({"result": FULL, "more": [[FULL]]}).encode(),
        json.dumps(WHOLE.decode()).encode(),
        WHOLE.decode().encode("utf-16"),
        WHOLE.replace(b'"roaming"', rb'"\u0072oaming"'),
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_nothing_planted_survives_in_any_form(body: bytes) -> None:
    """Subscriber, switch, name and visited network are gone from the bytes, broken and disguised ones too."""
    for names in (DEFAULT, ALL):
        kept = cut(body, names)
        for text in (kept.decode("latin-1"), kept.decode("utf-16", "replace")):
            assert not [planted for planted in PLANTED if planted in text]
        assert cut(kept, names) == kept


@pytest.mark.parametrize("online", ["ONLINE", "ON", True])
@pytest.mark.parametrize("offline", ["OFFLINE", "false", False])
def test_an_online_and_an_offline_handset_are_kept_alike(online: Any, offline: Any) -> None:
    """Nothing in the stored result tells the two apart, and the subscriber still is valid."""
    absent = FULL | {"status": offline, "roaming": False, "roamingNetwork": None, "error": "ABSENT"}
    for names in (ALL, frozenset({"reachability"})):
        there = cut(body_of(FULL | {"status": online}), names)
        assert there == cut(body_of(absent), names)
    (one,) = parse(there).lookups
    assert (one.outcome, one.validity, one.validity_basis, one.reachability) == (
        "complete",
        "valid",
        "network",
        "unknown",
    )
    assert (one.ported, one.current_carrier, one.line_type) == ("ported", CURRENT, "mobile")


def test_an_error_of_the_request_survives_every_rule() -> None:
    """It is about the request, and its code is evidence."""
    for document in ({"error": {"code": "103"}}, {"errors": [{"error": {"code": 103, "description": "no"}}]}):
        body = json.dumps(document).encode()
        assert cut(body, ALL) == body


def apart_from(one: Lookup, names: frozenset[str]) -> Lookup:
    """The lookup without the facts that `names` forbid."""
    if names & {"roaming", "reachability"}:
        one = replace(one, roaming=Roaming.UNKNOWN, roaming_carrier=Carrier())
    if "reachability" in names:
        one = replace(one, reachability=Reachability.UNKNOWN, raw_status=None, raw_error=None)
    return one


PLAIN = st.none() | st.booleans() | st.integers(0, 10**15) | st.sampled_from(["", "24801", "true", "x", "null", "EST"])
NETWORK = PLAIN | st.fixed_dictionaries({}, optional={"mccmnc": PLAIN, "networkName": PLAIN, "countryCode": PLAIN})
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([state for state, _ in STATES]) | PLAIN,
        "error": st.sampled_from(["ABSENT", {"code": 103}]) | PLAIN,
        "type": st.sampled_from(["MOBILE", "LANDLINE"]) | PLAIN,
        **dict.fromkeys(("ported", "roaming"), PLAIN),
        **dict.fromkeys(("currentNetwork", "portedNetwork", "originalNetwork", "roamingNetwork"), NETWORK),
    },
)
RULES = st.dictionaries(st.sampled_from([*ASKED, None]), st.sets(st.sampled_from(sorted(ALL))).map(frozenset))


@given(st.tuples(FIELDS, FIELDS, FIELDS), RULES)
def test_what_is_kept_reads_the_same(fields: tuple[dict[str, Any], ...], rules: dict[Any, frozenset[str]]) -> None:
    """Reading what was kept gives all that reading everything gives but the forbidden facts; cutting is final."""
    items = [one | {"number": phone.e164} for one, phone in zip(fields, ASKED, strict=True)]
    body = body_of(*items, request_id="r")

    def forbidden(phone: Phone | None) -> frozenset[str]:
        return rules.get(phone, frozenset())

    kept = PROVIDER.withhold(body, forbidden)
    before, after = parse(body), parse(kept)
    assert (before.verdict, before.evidence, before.request_ref) == (after.verdict, after.evidence, after.request_ref)
    for one, other, stored in zip(before.lookups, after.lookups, json.loads(kept)["result"], strict=True):
        names = forbidden(one.phone)
        assert apart_from(one, names) == apart_from(other, names)
        assert not names & {"roaming", "reachability"} or other.roaming is Roaming.UNKNOWN
        if "reachability" in names:
            assert other.reachability in (Reachability.UNKNOWN, Reachability.NOT_APPLICABLE)
            assert stored.get("status") in (None, "ONLINE_OR_OFFLINE", "INVALID", "UNKNOWN", "WITHHELD")
    assert PROVIDER.withhold(kept, forbidden) == kept


@given(st.binary(max_size=300) | st.text(alphabet='"status:{}[]\\ =>roaming1,', max_size=60).map(str.encode))
def test_withhold_bears_any_bytes_and_changes_no_verdict(body: bytes) -> None:
    """No body makes it raise, and none becomes readable or unreadable by it."""
    assert parse(cut(body, ALL)).verdict == parse(body).verdict
