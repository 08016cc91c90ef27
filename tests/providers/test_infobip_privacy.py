"""What may not be kept is not in what is kept, and everything else still reads the same."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.infobip import PROVIDER
from ringfence.providers.lookup import Carrier, LineType, Lookup, Reachability, Roaming

SWISS, DUTCH, BRITISH = Phone("+41790000101"), Phone("+31600000202"), Phone("+447400000303")
ASKED = (SWISS, DUTCH, BRITISH)
DEFAULT = frozenset({"imsi", "serving_msc", "caller_name", "roaming"})
ALL = DEFAULT | {"reachability"}
IMSI, MSC, VISITED = "228019876543210", "33609001234", "Kustnet"


def reply(*items: Any, **more: Any) -> bytes:
    """The body with these results."""
    return json.dumps({"results": list(items), **more}).encode()


def item(phone: Phone = SWISS, status: tuple[int, int] = (3, 5), error: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """A result item with everything that can be forbidden in it."""
    return {
        "to": phone.digits,
        "mccMnc": "22801",
        "imsi": IMSI,
        "servingMSC": MSC,
        "originalNetwork": {"networkName": "Alpenfunk"},
        "ported": False,
        "roaming": True,
        "roamingNetwork": {"networkName": VISITED, "countryPrefix": "31"},
        "status": {"groupId": status[0], "id": status[1], "name": "STATUS"},
        "error": {"groupId": error[0], "id": error[1], "name": "ERROR", "permanent": False},
    }


def everywhere(names: frozenset[str]) -> Callable[[Phone | None], frozenset[str]]:
    """The same rule for every number."""
    return lambda _phone: names


def cut(body: bytes, names: frozenset[str] = DEFAULT) -> bytes:
    """What is kept of a body under one rule."""
    return PROVIDER.withhold(body, everywhere(names))


def parse(body: bytes) -> Any:
    """The body of a 200, read."""
    return PROVIDER.parse("query", Reply(200, {"content-type": "application/json"}, body), ASKED)


def test_only_what_is_forbidden_goes() -> None:
    """The network code of the IMSI stays, the subscriber, the switch and the visited network go."""
    kept = json.loads(cut(reply(item())))["results"][0]
    assert kept == item() | {"imsi": "22801", "servingMSC": "withheld", "roaming": None, "roamingNetwork": None}


@pytest.mark.parametrize(
    ("mccmnc", "imsi", "kept"),
    [
        ("22801", IMSI, "22801"),
        ("310260", "310260987654321", "310260"),
        ("22802", IMSI, "22801"),
        (None, IMSI, "22801"),
        (None, int(IMSI), "22801"),
        (IMSI, IMSI, "22801"),
        ("22801", "", None),
        ("22801", ["228019876543210"], None),
    ],
)
def test_an_imsi_is_cut_to_its_network(mccmnc: str | None, imsi: Any, kept: str | None) -> None:
    """As many digits stay as the reply itself calls MCC and MNC, else five."""
    body = reply(item() | {"imsi": imsi, "mccMnc": mccmnc})
    assert json.loads(cut(body))["results"][0]["imsi"] == kept


def test_the_rule_is_the_numbers_own() -> None:
    """Each item follows the country of its number; an item that names no number follows the rule for nobody."""

    def forbidden(phone: Phone | None) -> frozenset[str]:
        return DEFAULT if phone is None else frozenset({"imsi"}) if phone == SWISS else frozenset()

    items = (item(), item(DUTCH), item() | {"to": "clipped"})
    swiss, dutch, nobody = json.loads(PROVIDER.withhold(reply(*items), forbidden))["results"]
    assert swiss == item() | {"imsi": "22801"}
    assert dutch == item(DUTCH)
    assert nobody["roaming"] is None
    assert VISITED not in json.dumps(nobody)


@pytest.mark.parametrize(
    "body", [reply(item()), b"\xef\xbb\xbf {}", b"<html>", b"", b"\x00\xff imsi", b'{"results":[1.50]}']
)
def test_a_body_without_anything_forbidden_stays_to_the_byte(body: bytes) -> None:
    """Evidence is not rewritten without need."""
    assert PROVIDER.withhold(body, everywhere(frozenset())) == body
    assert json.loads(cut(reply(), ALL)) == {"results": []}


PLANTED = (IMSI[5:], MSC, VISITED)
WHOLE = reply(item())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(WHOLE, id="whole"),
        pytest.param(b"[" + WHOLE + b"]", id="inside a list"),
        pytest.param(json.dumps(WHOLE.decode()).encode(), id="JSON in a string"),
        pytest.param(json.dumps({"results": [[item()]], "more": {"x": item()}}).encode(), id="elsewhere"),
        pytest.param(WHOLE.replace(b'"imsi"', b'"IMSI"').replace(b"servingMSC", b"serving_msc"), id="other case"),
        pytest.param(WHOLE.replace(b'"imsi"', rb'"\u0069ms\u0049"'), id="escaped key"),
        pytest.param(WHOLE[:-1], id="one byte short"),
        pytest.param(WHOLE[:-1].replace(b'"imsi"', rb'"\u0069ms\u0049"'), id="escaped key, cut off"),
        pytest.param(WHOLE[:-1].upper().replace(b"KUSTNET", VISITED.encode()), id="upper case, cut off"),
        pytest.param(json.dumps(WHOLE.decode()).encode()[:-1], id="JSON in a string, cut off"),
        pytest.param(WHOLE + WHOLE, id="twice"),
        pytest.param(WHOLE.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(WHOLE.decode().encode("utf-16")[:-9], id="UTF-16, cut off"),
        pytest.param(WHOLE.replace(b'"ported"', b'"to": 1, "ported"'), id="duplicate key"),
        pytest.param(WHOLE.replace(b'"ported": false', b'"ported": NaN'), id="NaN"),
        pytest.param(
            f"<r><imsi>{IMSI}</imsi><servingMSC>{MSC}</servingMSC>"
            f"<roamingNetwork><networkName>{VISITED}</networkName></roamingNetwork></r>".encode(),
            id="XML",
        ),
        pytest.param(f"<p>imsi = {IMSI}, servingMSC: '{MSC}', roamingNetwork={VISITED}".encode(), id="HTML"),
        pytest.param(b'{"a":' * 100_000 + WHOLE, id="too deep"),
        pytest.param(b'{"imsi":' + b"[" * 100_000 + WHOLE, id="too deep in a value"),
        pytest.param(b"\xff" + WHOLE, id="invalid UTF-8"),
    ],
)
def test_nothing_planted_survives_in_any_form(body: bytes) -> None:
    """Subscriber, switch and visited network are gone from the bytes, broken and disguised ones too."""
    kept = cut(body)
    for text in (kept.decode("latin-1"), kept.decode("utf-16", "replace")):
        assert not [planted for planted in PLANTED if planted.lower() in text.lower()]
    assert cut(kept) == kept


@pytest.mark.parametrize("length", range(0, len(WHOLE), 7))
def test_a_reply_cut_off_anywhere_keeps_no_secret(length: int) -> None:
    """Whatever arrived before the connection broke: no digit of the subscriber or the switch, no visited network."""
    kept = cut(WHOLE[:length]).decode()
    assert not [planted for planted in (IMSI[:6], MSC[:4], VISITED[:3], "true") if planted in kept]
    assert WHOLE.decode().startswith(kept.split("null")[0])


STATES = [(3, 5), (3, 2), (2, 9), (2, 4), (2, 31), (4, 15), (5, 8), (5, 10), (5, 19), (5, 12), (1, 3), (3, 99)]
ERRORS = [(0, 0), (1, 1), (1, 27), (1, 13), (1, 34), (2, 4099), (2, 352), (9, 9)]


@pytest.mark.parametrize("state", STATES, ids=str)
@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_reachability_goes_alone(state: tuple[int, int], error: tuple[int, int]) -> None:
    """Without reachability the status and its error are gone, and validity, ported, carrier and outcome still read."""
    body = reply(item(status=state, error=error))
    kept = cut(body, ALL)
    assert b"groupId" not in kept
    assert b"ERROR" not in kept
    before, after = parse(body), parse(kept)
    assert after.stop == before.stop
    assert apart_from(before.lookups[0], ALL) == apart_from(after.lookups[0], ALL)
    assert after.lookups[0].reachability is Reachability.UNKNOWN


def test_a_reached_and_an_absent_handset_are_kept_alike() -> None:
    """Nothing in the stored item tells the two apart."""
    absent = item(status=(2, 9), error=(1, 27)) | {"roaming": False, "roamingNetwork": None}
    assert cut(reply(item()), ALL) == cut(reply(absent), ALL)


def test_the_error_envelope_survives_every_rule() -> None:
    """A refusal is about the request, and its words are evidence."""
    body = json.dumps({"requestError": {"serviceException": {"messageId": "BAD_REQUEST", "text": "no"}}}).encode()
    assert cut(body, ALL) == body


def apart_from(one: Lookup, names: frozenset[str]) -> Lookup:
    """The lookup without the facts that `names` forbid."""
    if names & {"roaming", "reachability"}:
        one = replace(one, roaming=Roaming.UNKNOWN, roaming_carrier=Carrier())
    if "reachability" in names:
        one = replace(one, reachability=Reachability.UNKNOWN, line_type=LineType.UNKNOWN)
        one = replace(one, raw_status=None, raw_error=None, raw_permanent=None)
    return one


PLAIN = st.none() | st.booleans() | st.integers(0, 10**15) | st.sampled_from(["", "22801", IMSI, "true", "x", "null"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("mccMnc", "imsi", "servingMSC", "ported", "roaming", "messageId"), PLAIN),
        **{
            name: PLAIN | st.fixed_dictionaries({}, optional={"networkName": PLAIN})
            for name in ("originalNetwork", "portedNetwork", "roamingNetwork")
        },
        **{
            name: PLAIN | st.fixed_dictionaries({"groupId": codes, "id": ids}, optional={"permanent": PLAIN})
            for name, codes, ids in (
                ("status", st.integers(0, 5), st.sampled_from([0, 2, 3, 4, 5, 9, 12, 15, 19, 52])),
                ("error", st.integers(0, 3), st.sampled_from([0, 1, 9, 27, 31, 345, 352, 2052])),
            )
        },
    },
)
RULES = st.dictionaries(st.sampled_from([*ASKED, None]), st.sets(st.sampled_from(sorted(ALL))).map(frozenset))


@given(st.tuples(FIELDS, FIELDS, FIELDS), RULES)
def test_what_is_kept_reads_the_same(fields: tuple[dict[str, Any], ...], rules: dict[Any, frozenset[str]]) -> None:
    """Reading what was kept gives all that reading everything gives but the forbidden facts; cutting is final."""
    body = reply(*(one | {"to": phone.digits} for one, phone in zip(fields, ASKED, strict=True)), bulkId="b")

    def forbidden(phone: Phone | None) -> frozenset[str]:
        return rules.get(phone, frozenset())

    kept = PROVIDER.withhold(body, forbidden)
    before, after = parse(body), parse(kept)
    assert (before.verdict, before.evidence, before.stop) == (after.verdict, after.evidence, after.stop)
    for one, other in zip(before.lookups, after.lookups, strict=True):
        names = forbidden(one.phone)
        assert apart_from(one, names) == apart_from(other, names)
        assert not names & {"roaming", "reachability"} or other.roaming is Roaming.UNKNOWN
    assert PROVIDER.withhold(kept, forbidden) == kept


@given(st.binary(max_size=300) | st.text(alphabet='"imsi:{}[]\\ =>roaming1,', max_size=60).map(str.encode))
def test_withhold_bears_any_bytes_and_changes_no_verdict(body: bytes) -> None:
    """No body makes it raise, and none becomes readable or unreadable by it."""
    assert parse(cut(body, ALL)).verdict == parse(body).verdict
