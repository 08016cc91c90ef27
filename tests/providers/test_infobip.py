"""Infobip's synchronous lookup: the request, and what a reply is read as. All numbers and subscribers are invented."""

import inspect
import json
import random
import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.http.redact import register_secret
from ringfence.numbers.phone import Phone
from ringfence.providers.infobip import PROVIDER
from ringfence.providers.lookup import Billed, Carrier, Fact, Lookup
from ringfence.providers.provider import Ask, Parsed

ONE, TWO, THREE = Phone("+41790000101"), Phone("+31600000202"), Phone("+447400000303")


def item(phone: Phone = ONE, status: tuple[Any, Any] = (3, 5), error: tuple[Any, Any] = (0, 0), **more: Any) -> Any:
    """A result item with these codes."""
    return {
        "to": phone.digits,
        "status": {"groupId": status[0], "id": status[1], "name": "STATUS"},
        "error": {"groupId": error[0], "id": error[1], "name": "ERROR", "permanent": False},
    } | more


def parse(document: Any, *asked: Phone, status: int = 200, headers: dict[str, str] | None = None) -> Parsed:
    """The reply with this body, or this document as its body, read."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return PROVIDER.parse("query", Reply(status, headers or {"content-type": "application/json"}, body), asked)


def read(one: Any) -> Lookup:
    """The lookup of a reply with this one item."""
    parsed = parse({"results": [one]}, ONE)
    assert (parsed.verdict, len(parsed.lookups)) == ("answered", 1)
    return parsed.lookups[0]


def test_request_holds_the_numbers_and_no_credentials() -> None:
    """The request is the documented POST: digits without plus, JSON both ways, nothing secret."""
    request = PROVIDER.request(Ask("query", [ONE, TWO], "", "http://127.0.0.1:8900", {}))
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:8900/number/1/query")
    assert json.loads(request.content) == {"to": ["41790000101", "31600000202"]}
    assert request.headers["content-type"] == request.headers["accept"] == "application/json"
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        ({"INFOBIP_API_KEY": "k3y"}, "App k3y"),
        # RFC 7617, section 2: the user name and password of its example.
        ({"INFOBIP_USERNAME": "Aladdin", "INFOBIP_PASSWORD": "open sesame"}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    ],
)
def test_auth_is_one_header(secrets: dict[str, str], expected: str) -> None:
    """An API key goes as `App`, a pair as Basic."""
    assert PROVIDER.auth(secrets, {}).headers == {"Authorization": expected}


def test_line_type_is_not_sold() -> None:
    """A line type is at most a by-product, so nothing is bought for it."""
    assert Fact.LINE_TYPE not in PROVIDER.products["query"].facts


STATES = """
3/5   0/0    complete valid network reachable
3/2   0/0    complete likely_valid network unknown
2/9   1/6    complete valid network absent
2/9   1/27   complete valid network absent
2/4   1/1    complete invalid network not_applicable
2/4   2/3041 complete invalid network not_applicable
2/4   1/13   complete valid network blocked
2/9   2/351  complete likely_invalid network unknown
2/9   3/2048 partial unknown none unknown
2/9   0/0    partial unknown none undeliverable
2/9   8/8    partial unknown none unknown
5/8   0/0    rejected_number invalid numbering_plan not_applicable
5/52  0/0    rejected_number invalid numbering_plan not_applicable
5/52  2/352  rejected_number invalid numbering_plan not_applicable
5/10  0/0    rejected_number unknown none blocked
5/14  0/0    rejected_number unknown none blocked
5/6   0/0    no_coverage unknown none unknown
5/12  0/0    failed/quota_exhausted unknown none unknown
5/17  0/0    failed/quota_exhausted unknown none unknown
5/18  0/0    failed/not_enabled unknown none unknown
5/19  0/0    failed/not_enabled unknown none unknown
5/20  0/0    failed/throttled unknown none unknown
5/21  0/0    failed/provider_error unknown none unknown
5/100 0/0    failed/provider_error unknown none unknown
4/15  1/27   failed/network_error unknown none unknown
1/3   0/0    pending unknown none unknown
0/0   0/0    pending unknown none unknown
3/99  0/0    partial unknown none unknown
7/1   1/1    partial unknown none unknown
"""


@pytest.mark.parametrize("line", [line for line in STATES.split("\n") if line])
def test_state(line: str) -> None:
    """Status and error become outcome, validity, its basis and reachability; what is billed is never guessed."""
    status, error, outcome, *facts = line.split()
    one = read(item(status=tuple(map(int, status.split("/"))), error=tuple(map(int, error.split("/")))))
    assert outcome == "/".join(part for part in (one.outcome, one.error_class) if part)
    assert facts == [one.validity, one.validity_basis, one.reachability]
    assert (one.billed, one.price, one.currency) == (Billed.UNKNOWN, None, None)
    assert (one.raw_status, one.raw_error, one.raw_permanent) == (f"{status} STATUS", f"{error} ERROR", "false")


FULL = {
    "mccMnc": "22801",
    "imsi": "228010000000001",
    "servingMSC": "41790000000",
    "ported": False,
    "roaming": False,
    "originalNetwork": {"networkName": "Alpenfunk", "countryPrefix": "41"},
}


@pytest.mark.parametrize(
    ("status", "error", "ported", "roaming", "line_type", "carrier"),
    [
        ((3, 5), (0, 0), "not_ported", "not_roaming", "mobile", "Alpenfunk"),
        ((3, 2), (0, 0), "not_ported", "not_roaming", "mobile", "Alpenfunk"),
        ((2, 9), (1, 27), "not_ported", "unknown", "mobile", "Alpenfunk"),
        ((2, 9), (3, 2048), "not_ported", "unknown", "mobile", "Alpenfunk"),
        ((2, 31), (0, 0), "unknown", "unknown", "unknown", None),
        ((4, 15), (0, 0), "unknown", "unknown", "unknown", None),
        ((5, 52), (0, 0), "unknown", "unknown", "unknown", None),
        ((5, 19), (0, 0), "unknown", "unknown", "unknown", None),
        ((1, 3), (0, 0), "unknown", "unknown", "unknown", None),
        ((3, 99), (0, 0), "unknown", "unknown", "unknown", None),
    ],
)
def test_facts_are_read_only_when_the_network_answered(
    status: tuple[int, int], error: tuple[int, int], ported: str, roaming: str, line_type: str, carrier: str | None
) -> None:
    """A REJECTED item carries `false` as well: only groups 2 and 3 tell ported, only 3 tells roaming."""
    one = read(item(status=status, error=error, **FULL))
    assert (one.ported, one.roaming, one.line_type) == (ported, roaming, line_type)
    assert one.current_carrier.name == one.original_carrier.name == carrier


SWISS, NAMED = Carrier("Alpenfunk", "22801", "CH"), Carrier("Alpenfunk")


@pytest.mark.parametrize(
    ("fields", "current", "original"),
    [
        ({"ported": False, "mccMnc": "22801"}, SWISS, SWISS),
        ({"ported": False, "mccMnc": 22801}, SWISS, SWISS),
        ({"ported": "false", "mccMnc": " 22801 "}, SWISS, SWISS),
        ({"ported": False}, NAMED, NAMED),
        ({"ported": False, "mccMnc": "2280"}, NAMED, NAMED),
        ({"ported": False, "mccMnc": "00000"}, NAMED, NAMED),
        ({"ported": False, "mccMnc": "228/01"}, NAMED, NAMED),
        ({"ported": False, "mccMnc": True}, NAMED, NAMED),
        ({"ported": False, "mccMnc": ["22801"]}, NAMED, NAMED),
        ({"ported": False, "mccMnc": "310260"}, Carrier("Alpenfunk", "310260", "US"), None),
        ({"ported": False, "mccMnc": "34001"}, Carrier("Alpenfunk", "34001", None), None),
        ({"ported": True, "mccMnc": "22801"}, Carrier("Firnnetz"), SWISS),
        ({"ported": "TRUE", "mccMnc": "22801"}, Carrier("Firnnetz"), SWISS),
        ({"ported": True, "mccMnc": "22802", "imsi": "228020000000000"}, Carrier("Firnnetz", "22802", "CH"), NAMED),
        ({"ported": True, "mccMnc": "22801", "imsi": 228020000000000}, Carrier("Firnnetz"), SWISS),
        ({"ported": None, "mccMnc": "22801"}, Carrier(), SWISS),
        ({"ported": 1, "mccMnc": "22801"}, Carrier(), SWISS),
        ({"mccMnc": "22802", "imsi": "228020000000000"}, Carrier(None, "22802", "CH"), NAMED),
    ],
)
def test_carriers(fields: dict[str, Any], current: Carrier, original: Carrier | None) -> None:
    """A plausible mccMnc is the current network's when unported or proved by the IMSI, else the original one's."""
    networks = {"originalNetwork": {"networkName": " Alpenfunk\n"}, "portedNetwork": {"networkName": "Firnnetz"}}
    one = read(item(**networks, **fields))
    assert (one.current_carrier, one.original_carrier) == (current, original or current)


@pytest.mark.parametrize("network", [None, {}, "Alpenfunk", [], {"networkName": None}, {"networkName": " \ud800"}])
def test_a_network_without_a_name_is_a_carrier_without_one(network: Any) -> None:
    """An empty or drifted network object is read as nothing known."""
    assert read(item(ported=False, originalNetwork=network)).current_carrier == Carrier()


@pytest.mark.parametrize(
    ("fields", "status", "error", "expected"),
    [
        ({}, (3, 5), (0, 0), "mobile"),
        ({}, (3, 2), (0, 0), "unknown"),
        ({}, (2, 9), (1, 31), "unknown"),
        ({"imsi": "228010000000000"}, (2, 9), (1, 27), "mobile"),
        ({"imsi": ""}, (2, 9), (1, 27), "unknown"),
        ({"imsi": "2280"}, (2, 9), (1, 27), "unknown"),
        ({"servingMSC": "41790000000"}, (3, 2), (0, 0), "mobile"),
        ({"imsi": "228010000000000"}, (5, 52), (0, 0), "unknown"),
    ],
)
def test_line_type(fields: dict[str, Any], status: tuple[int, int], error: tuple[int, int], expected: str) -> None:
    """A SIM, a serving switch or a reached handset shows a mobile line; nothing else says anything."""
    assert read(item(status=status, error=error, **fields)).line_type == expected


def test_a_roaming_handset_names_the_visited_network() -> None:
    """The visited network counts only with `roaming` true."""
    visited = {"roamingNetwork": {"networkName": "Kustnet"}}
    assert read(item(roaming=True, **visited)).roaming_carrier == Carrier("Kustnet")
    assert read(item(roaming=False, **visited)).roaming_carrier == Carrier()
    assert read(item(roaming={"status": "unknown"}, **visited)).roaming == "unknown"


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        ({"groupId": "3", "id": "5"}, None, ("complete", "3/5", None, None)),
        ({"name": "REJECTED_ROUTE_NOT_AVAILABLE"}, {}, ("failed", "?/? REJECTED_ROUTE_NOT_AVAILABLE", None, None)),
        ({"name": "SOMETHING_NEW"}, [], ("partial", "?/? SOMETHING_NEW", None, None)),
        ({"groupId": 3.0, "id": 5}, None, ("partial", "?/5", None, None)),
        ({"groupId": 3, "id": 41790000101}, None, ("partial", "3/?", None, None)),
        ("DELIVERED", "NO", ("partial", None, None, None)),
        (None, {"groupId": 1, "id": 1, "permanent": "True"}, ("partial", None, "1/1", "true")),
    ],
)
def test_drifted_status(status: Any, error: Any, expected: tuple[str | None, ...]) -> None:
    """Ids may be text, a name counts only where ids are missing, and what cannot be read stays unknown."""
    one = read({"to": ONE.digits, "status": status, "error": error})
    assert (one.outcome, one.raw_status, one.raw_error, one.raw_permanent) == expected


@pytest.mark.parametrize("to", ["+41790000101", "0041790000101", "+41 79 000-01-01", "(41) 79.0000101", 41790000101])
def test_numbers_are_matched_however_they_are_echoed(to: Any) -> None:
    """Plus, 00 and separators do not make another number."""
    parsed = parse({"results": [item(TWO), item() | {"to": to}]}, ONE, TWO)
    assert ([one.phone for one in parsed.lookups], parsed.unasked) == ([ONE, TWO], 0)


def test_what_was_not_answered_is_missing_and_what_was_not_asked_is_only_counted() -> None:
    """Clipped numbers, strangers and items that are no object are counted, and nobody's."""
    strangers = [
        item(THREE),
        item() | {"to": "4179000"},
        item() | {"to": None},
        {},
        None,
        7,
        "41790000101",
        [ONE.digits],
    ]
    parsed = parse({"results": [*strangers, item()], "bulkId": "b-1"}, ONE, TWO)
    assert ([one.phone for one in parsed.lookups], parsed.missing) == ([ONE], [TWO])
    assert (parsed.unasked, parsed.request_ref) == (len(strangers), "b-1")
    assert parsed.evidence == "HTTP 200 with results for 1 of 2 numbers"


def test_repeated_items_count_once_and_contradicting_ones_are_not_known() -> None:
    """The same facts twice are one answer; different facts are a conflict without facts."""
    absent = item(status=(2, 9), error=(1, 27), messageId="m")
    same = parse({"results": [item(messageId="b"), item(messageId="a"), item(TWO)]}, ONE, TWO)
    assert [(one.validity, one.conflict, one.result_ref) for one in same.lookups] == [
        ("valid", False, "a"),
        ("valid", False, None),
    ]
    differing = parse({"results": [item(), absent, item()]}, ONE).lookups
    assert differing == [Lookup(phone=ONE, outcome=differing[0].outcome, conflict=True)]
    assert differing[0].outcome == "partial"


@pytest.mark.parametrize(
    ("statuses", "stops"),
    [
        ([(5, 19), (5, 19), (5, 18)], "enabled"),
        ([(5, 11)], "enabled"),
        ([(5, 19), (5, 19), (3, 5)], None),
        ([(5, 12), (3, 5), (3, 5)], "top it up"),
        ([(5, 17)], "top it up"),
        ([(5, 52), (5, 8)], None),
        ([(5, 52), (5, 999), (5, 6)], "every number of a batch was rejected"),
        ([(5, "14"), ("5", None)], "every number of a batch was rejected"),
        ([(5, 52), (3, 5), (5, 52)], None),
        ([(5, 52), (2, 9)], None),
        ([(5, 52)], None),
        ([(5, 999)], None),
        ([(4, 15), (5, 20)], None),
    ],
)
def test_an_account_that_is_refused_stops_the_run(statuses: list[tuple[int, int]], stops: str | None) -> None:
    """Every item refused for the account's sake, several for any, or one without credit: nothing more may be sent."""
    asked = [ONE, TWO, THREE][: len(statuses)]
    parsed = parse({"results": [item(*pair) for pair in zip(asked, statuses, strict=True)]}, *asked)
    assert (parsed.verdict, parsed.stop is None) == ("answered", stops is None)
    assert (stops or "") in (parsed.stop or "")


@pytest.mark.parametrize("wrap", [b"\xef\xbb\xbf%s", b" \n%s\r\n"])
def test_a_byte_order_mark_and_a_wrong_content_type_lose_no_answer(wrap: bytes) -> None:
    """The content type is not trusted but told; the body decides."""
    body = wrap % json.dumps({"ncResults": [item()]}).encode()
    parsed = parse(body, ONE, headers={"content-type": "text/html"})
    assert (parsed.verdict, len(parsed.lookups)) == ("answered", 1)
    assert "not declared as JSON" in parsed.evidence


def test_an_invalid_byte_costs_a_letter_and_no_answer() -> None:
    """A network name in Latin-1 does not put a paid batch in doubt."""
    body = json.dumps({"results": [item(ported=False, originalNetwork={"networkName": "F?rn"})]}).encode()
    one = parse(body.replace(b"F?rn", b"F\xf6rn"), ONE).lookups[0]
    assert (one.validity, one.current_carrier.name) == ("valid", "F\ufffdrn")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Sign in</body></html>",
        b"null",
        b"[]",
        b'{"results":{}}',
        b'{"results":[]}',
        b'{"status":{"groupName":"REJECTED"}}',
        b'{"results":[{"to":"41790000101","status":{"groupId":3,"id":5}}',
        b'{"results":[{"to":"41790000101"}],"results":[{"to":"41790000101"}]}',
        b'{"results":[{"to":"41790000101","price":NaN}]}',
        b'{"results":[{"to":"41790000101","price":1e999}]}',
        b'{"results":[{"to":' + b"4" * 1_000_000 + b"}]}",
        b'{"results":' + b"[" * 100_000,
        b'{"results":' + b'{"a":' * 100_000,
    ],
    ids=lambda body: body[:30].decode(),
)
def test_a_200_that_answers_nothing_is_in_doubt(body: bytes) -> None:
    """A body that cannot be read, or names no number that was asked, may have cost money: never void, never success."""
    parsed = parse(body, ONE)
    assert (parsed.verdict, parsed.lookups, parsed.retry) == ("doubt", [] if b'results":[]' in body else (), False)
    assert parsed.evidence.startswith("HTTP 200")


def envelope(**fields: Any) -> Any:
    """The one error envelope with these fields."""
    return {"requestError": {"serviceException": fields}}


@pytest.mark.parametrize(
    ("document", "evidence"),
    [
        (envelope(messageId="BAD_REQUEST", text="bad: 41790000101"), "HTTP 400: BAD_REQUEST"),
        ({"errorCode": "E400", "description": "Bad +41 79 000 01 01"}, "HTTP 400: E400"),
        (envelope(text="number 44,7911,110039 refused for App s3cret"), "HTTP 400"),
        (envelope(messageId="E41790000101"), "HTTP 400"),
        (envelope(messageId="BAD REQUEST 41790"), "HTTP 400"),
        (envelope(messageId="App s3cret"), "HTTP 400"),
        (envelope(messageId="TOPSECRETKEY"), "HTTP 400: ***"),
        (envelope(messageId="E\n400"), "HTTP 400"),
        (envelope(messageId=["BAD_REQUEST"]), "HTTP 400"),
        ({"requestError": {"serviceException": ["text"]}}, "HTTP 400"),
        ({"requestError": "no"}, "HTTP 400"),
        (["bad"], "HTTP 400"),
    ],
)
def test_evidence_holds_code_words_of_both_error_envelopes_and_no_sentence(document: Any, evidence: str) -> None:
    """A provider's sentence may repeat the number or the key: it stays in the reply."""
    register_secret("TOPSECRETKEY")
    assert parse(document, ONE, status=400).evidence == evidence


@given(st.text(max_size=40), st.sampled_from([200, 400, 500]))
def test_no_text_of_a_provider_is_evidence(said: str, status: int) -> None:
    """Whatever stands in any field of an error, evidence is made of our words and code words."""
    documents = (envelope(messageId=said, text=said), {"errorCode": said, "description": said, "results": said})
    for document in documents:
        evidence = parse(document, ONE, status=status).evidence
        assert re.fullmatch(r"HTTP \d{3}( without a list of results)?(: [A-Z][A-Z0-9_]+)?", evidence)


@pytest.mark.parametrize("room", [80, 150, 400])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"]":', "}]")])
def test_what_nests_is_read_alike_at_any_depth_of_the_stack(opening: str, closing: str, room: int) -> None:
    """A paid answer that was read once is read again by any caller: the limit is ours, not the interpreter's."""

    def called(frames: int, body: bytes) -> Parsed:
        return called(frames - 1, body) if frames else parse(body, ONE)

    each = opening.count("[") + opening.count("{")
    used = len(inspect.stack(0))
    for depth, verdict in ((60 // each, "answered"), (64, "doubt"), (990, "doubt"), (100_000, "doubt")):
        nested = opening * depth + '"[[[[{"' + closing * depth
        body = f'{{"results":[{json.dumps(item())}],"more":{nested}}}'.encode()
        assert parse(body, ONE).verdict == verdict, depth
        frames = sys.getrecursionlimit() - used - room
        assert called(frames, body) == parse(body, ONE)


def test_brackets_in_texts_do_not_nest() -> None:
    """Only the structure counts, whatever escapes stand in a text."""
    text = '[{"\\' * 200
    assert parse({"results": [item()], "more": [text, {text: text}]}, ONE).verdict == "answered"
    assert parse(json.dumps({"results": [item()]}).encode() + b"[" * 99, ONE).verdict == "doubt"


def test_the_status_goes_before_the_body() -> None:
    """Results in a 500 are not an answer, and a 401 names the variables to check."""
    assert parse({"results": [item()]}, ONE, status=500).verdict == "doubt"
    refused = parse(b"", ONE, status=401)
    assert (refused.verdict, refused.retry) == ("void", False)
    assert "INFOBIP_API_KEY, or INFOBIP_USERNAME and INFOBIP_PASSWORD" in (refused.stop or "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
CODES = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9, 12, 19, 27, 52, 2049, "3", "5", None])
OBJECT = st.fixed_dictionaries({}, optional={"groupId": CODES, "id": CODES, "name": JSON, "permanent": JSON})
NETWORK = st.fixed_dictionaries({}, optional={"networkName": JSON})
ITEMS = JSON | st.fixed_dictionaries(
    {"to": st.sampled_from([ONE.digits, TWO.digits, f"+{THREE.digits}", "4179", 7]) | JSON},
    optional={
        "status": OBJECT | JSON,
        "error": OBJECT | JSON,
        "mccMnc": st.sampled_from(["22801", 22801, "310260"]) | JSON,
        "imsi": st.sampled_from(["228010000000001", 228]) | JSON,
        "servingMSC": JSON,
        "ported": st.booleans() | JSON,
        "roaming": st.booleans() | JSON,
        "originalNetwork": NETWORK | JSON,
        "portedNetwork": NETWORK | JSON,
        "roamingNetwork": NETWORK | JSON,
        "messageId": JSON,
    },
)
STATUS = st.sampled_from([200, 200, 200, 400, 401, 429, 500, 302])


@given(st.binary(max_size=200), STATUS, st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text(max_size=30)))
def test_parse_bears_any_bytes(body: bytes, status: int, headers: dict[str, str]) -> None:
    """No body and no header makes it raise."""
    assert parse(body, ONE, TWO, status=status, headers=headers).evidence.startswith(f"HTTP {status}")


@given(JSON | st.fixed_dictionaries({"results": JSON | st.lists(ITEMS, max_size=6)}), STATUS)
def test_every_number_is_accounted_for_once(document: Any, status: int) -> None:
    """Whatever the results are, each asked number is answered or missing, and only a 200 answers."""
    asked = (ONE, TWO, THREE)
    parsed = parse(document, *asked, status=status)
    if parsed.verdict == "answered":
        assert status == 200
        assert sorted([*(one.phone for one in parsed.lookups), *parsed.missing]) == sorted(asked)
        assert not any(one.conflict and one.current_carrier != Carrier() for one in parsed.lookups)


@given(st.lists(ITEMS, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_results_means_nothing(items: list[Any], shuffler: random.Random) -> None:
    """Permuted results are read as the same reply."""
    permuted = shuffler.sample(items, len(items))
    assert parse({"results": items}, ONE, TWO, THREE) == parse({"results": permuted}, ONE, TWO, THREE)
