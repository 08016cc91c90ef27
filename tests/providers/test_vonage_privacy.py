"""What may not be kept of a Number Insight body is not in what is kept, and everything else still reads the same."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.numbers.phone import Phone
from ringfence.providers.batch_privacy import Forbidden
from ringfence.providers.lookup import Carrier, Lookup, Reachability, Roaming
from ringfence.providers.reading import load
from ringfence.providers.vonage import PROVIDER
from tests.providers.number_insight import BODY, JSON, ONE, TWO, advanced, parse

DEFAULT = frozenset({"imsi", "serving_msc", "caller_name", "roaming"})
ALL = DEFAULT | {"reachability"}
PERSON, FIRST, LAST, VISITED = "Wilhelmina Moor", "Wilhelmina", "Moor", "Kustnet"
IMSI, MSC = "234559876543210", "33609001234"
ABROAD = {"roaming_country_code": "NL", "roaming_network_code": "20499", "roaming_network_name": VISITED}
CALLER = {"caller_type": "consumer", "caller_name": PERSON, "first_name": FIRST, "last_name": LAST}
CARRIER = {"network_code": "23455", "name": "Alpenfunk", "country": "GB", "network_type": "mobile"}


def full(**more: Any) -> dict[str, Any]:
    """A body with everything in it that can be forbidden, also what no documentation shows."""
    return (
        advanced(
            current_carrier=CARRIER,
            original_carrier=CARRIER,
            roaming={"status": "roaming", **ABROAD},
            caller_identity=CALLER | {"subscription_type": "postpaid"},
            real_time_data={"active_status": "active", "handset_status": "on"},
            imsi=IMSI,
            serving_msc=MSC,
            **CALLER,
            **ABROAD,
        )
        | more
    )


def everywhere(names: frozenset[str]) -> Forbidden:
    """The same rule for every number."""
    return lambda _phone: names


def cut(body: bytes, names: frozenset[str] = DEFAULT) -> bytes:
    """What is kept of a body under one rule."""
    return PROVIDER.withhold(body, everywhere(names))


def kept(document: Any, names: frozenset[str] = DEFAULT) -> Any:
    """What is kept of a document under one rule."""
    return json.loads(cut(json.dumps(document).encode(), names))


def test_only_what_is_forbidden_goes() -> None:
    """Caller, subscriber, switch and visited network go, in objects and flattened; all else stays as it came."""
    gone = dict.fromkeys(("caller_identity", "imsi", "serving_msc", "roaming", *CALLER, *ABROAD))
    assert kept(full()) == full() | gone
    allowed = {"caller_identity": full()["caller_identity"], **CALLER}
    assert kept(full(), DEFAULT - {"caller_name"}) == full() | gone | allowed
    allowed = {"roaming": full()["roaming"], **ABROAD}
    assert kept(full(), DEFAULT - {"roaming"}) == full() | gone | allowed


@pytest.mark.parametrize("roaming", ["roaming", "not_roaming", "unknown", {"status": "not_roaming"}])
def test_roaming_goes_in_all_its_forms(roaming: Any) -> None:
    """A word tells as much as an object."""
    assert kept(full(roaming=roaming))["roaming"] is None
    assert kept(advanced(roaming=None)) == advanced(roaming=None)


@pytest.mark.parametrize("said", ["reachable", "absent", "undeliverable", "blacklisted", "unknown", "null", None, 7])
def test_reachability_goes_alone(said: Any) -> None:
    """Whatever it said, what is kept is alike, and validity, carriers, ported and price read as before."""
    document = full(reachable=said)
    assert kept(document, ALL) == kept(full(), ALL)
    assert b"handset" not in cut(json.dumps(document).encode(), ALL)
    one = parse(kept(document, ALL)).lookups[0]
    assert (one.reachability, one.validity, one.validity_basis, one.price) == (
        "unknown",
        "valid",
        "network",
        40_000_000,
    )


@pytest.mark.parametrize("valid_number", ["valid", "unknown"])
def test_a_bad_number_stays_invalid(valid_number: str) -> None:
    """What `reachable` says of validity outlives the rule, and says nothing of reachability any more."""
    document = full(reachable="bad_number", valid_number=valid_number)
    one = parse(kept(document, ALL)).lookups[0]
    assert (one.validity, one.validity_basis, one.reachability) == ("invalid", "network", "unknown")
    assert one.conflict == (valid_number == "valid")
    assert kept(kept(document, ALL), ALL) == kept(document, ALL)


@pytest.mark.parametrize(
    "document",
    [
        full(valid_number="not_valid"),
        full(current_carrier={"network_type": "landline"}, reachable="unknown"),
        {name: value for name, value in full(valid_number="not_valid").items() if name != "reachable"},
        {"status": 3, "status_message": "Invalid request :: Not valid number format detected"},
    ],
)
def test_no_reachability_is_derived_where_none_may_be_told(document: Any) -> None:
    """A number that is invalid or a landline has none to tell; where that is forbidden it is not told either."""
    assert parse(document).lookups[0].reachability == "not_applicable"
    assert parse(kept(document, ALL)).lookups[0].reachability == "unknown"


def test_the_rule_is_the_numbers_own() -> None:
    """A body follows the rule of the number that it names, and one that names none, or no number, nobody's."""

    def forbidden(phone: Phone | None) -> frozenset[str]:
        return ALL if phone is None else frozenset({"imsi"}) if phone == ONE else frozenset()

    def kept_of(named: Any) -> Any:
        return json.loads(PROVIDER.withhold(json.dumps(full(international_format_number=named)).encode(), forbidden))

    assert kept_of(ONE.digits) == full(imsi=None)
    assert kept_of(f"+{TWO.digits}") == full(international_format_number=f"+{TWO.digits}")
    for named in (None, "", "null", "07400 000303", 7, []):
        assert kept_of(named) == kept(full(international_format_number=named), ALL)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(full(), indent=1).encode(),
        b'\xef\xbb\xbf {"request_price": 0.03000000}\n',
        b"<html>roaming: yes",
        b"",
        b"\x00\xff imsi",
        b"[1.50]",
    ],
)
def test_a_body_without_anything_forbidden_stays_to_the_byte(body: bytes) -> None:
    """Evidence is not rewritten without need."""
    assert cut(body, frozenset()) == body
    plain = json.dumps(advanced(roaming=None), indent=1).encode()
    assert cut(plain, DEFAULT) == plain


@pytest.mark.parametrize("price", ["0.030000000", "123456789.123456789", "900719925.474099301", "3E-2"])
def test_a_price_that_is_a_number_stays_exact(price: str) -> None:
    """Cutting a body beside a JSON number rounds nothing."""
    body = json.dumps(full()).replace('"0.04000000"', price).encode()
    assert cut(body) != body
    assert parse(cut(body)).lookups[0].price == parse(body).lookups[0].price
    assert parse(body).lookups[0].price is not None


PLANTED = (PERSON, FIRST, LAST, VISITED, IMSI, MSC, "20499")
WHOLE = json.dumps(full()).encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(WHOLE, id="whole"),
        pytest.param(b"[" + WHOLE + b"]", id="inside a list"),
        pytest.param(json.dumps(WHOLE.decode()).encode(), id="JSON in a string"),
        pytest.param(json.dumps(full(status_message=WHOLE.decode())).encode(), id="JSON in a field"),
        pytest.param(json.dumps({"data": [{"lookup": full()}]}).encode(), id="elsewhere"),
        pytest.param(
            WHOLE.replace(b"caller_name", b"CallerName").replace(b"first_name", b"FIRST-NAME"), id="other spelling"
        ),
        pytest.param(WHOLE.replace(b'"imsi"', rb'"\u0069ms\u0049"'), id="escaped key"),
        pytest.param(WHOLE[:-1], id="one byte short"),
        pytest.param(WHOLE + WHOLE, id="twice"),
        pytest.param(WHOLE.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(WHOLE.decode().encode("utf-16")[:-9], id="UTF-16, cut off"),
        pytest.param(WHOLE.replace(b'"ported"', b'"status": 0, "ported"'), id="duplicate key"),
        pytest.param(WHOLE.replace(b'"0.04000000"', b"NaN"), id="NaN"),
        pytest.param(
            f"<lookup><caller_identity><caller-name>{PERSON}</caller-name></caller_identity><firs_name>{FIRST}"
            f'</firs_name><roaming status="roaming" network="{VISITED}"/><imsi>{IMSI}</imsi></lookup>'.encode(),
            id="XML",
        ),
        pytest.param(
            f'<roaming status="roaming" roaming-network-name="{VISITED}" caller-name="{PERSON}"'.encode(),
            id="attributes",
        ),
        pytest.param(f"<p>imsi = {IMSI}, serving MSC: '{MSC}', caller_name={PERSON}".encode(), id="HTML"),
        pytest.param(b'{"a":' * 100_000 + WHOLE, id="too deep"),
        pytest.param(b"\xff" + WHOLE, id="invalid UTF-8"),
    ],
)
@pytest.mark.parametrize("names", [DEFAULT, ALL], ids=["default", "all"])
def test_nothing_planted_survives_in_any_form(body: bytes, names: frozenset[str]) -> None:
    """Caller, subscriber, switch and visited network are gone from the bytes, of broken and disguised bodies too."""
    left = cut(body, names)
    for text in (left.decode("latin-1"), left.decode("utf-16", "replace")):
        assert not [planted for planted in PLANTED if planted.lower() in text.lower()]
    assert cut(left, names) == left


@pytest.mark.parametrize("length", range(0, len(WHOLE), 11))
def test_a_reply_cut_off_anywhere_keeps_no_secret(length: int) -> None:
    """Whatever arrived before the connection broke: no name, no digit of the subscriber, no visited network."""
    left = cut(WHOLE[:length], ALL).decode()
    assert not [planted for planted in (FIRST[:3], IMSI[:6], MSC[:4], VISITED[:3], '"on"') if planted in left]


def apart_from(one: Lookup, names: frozenset[str]) -> Lookup:
    """The lookup without the facts that `names` forbid."""
    if names & {"roaming", "reachability"}:
        one = replace(one, roaming=Roaming.UNKNOWN, roaming_carrier=Carrier(), raw_error=None)
    if "caller_name" in names:
        one = replace(one, caller_name=None)
    return replace(one, reachability=Reachability.UNKNOWN) if "reachability" in names else one


RULES = st.dictionaries(st.sampled_from([ONE, TWO, None]), st.sets(st.sampled_from(sorted(ALL))).map(frozenset))
EXTRA = st.dictionaries(
    st.sampled_from([*CALLER, *ABROAD, "imsi", "msc", "caller_identity", "real_time_data"]), JSON, max_size=4
)


@given(BODY, EXTRA, RULES, st.sampled_from(sorted(PROVIDER.products)))
def test_what_is_kept_reads_the_same(
    body: dict[str, Any], extra: dict[str, Any], rules: dict[Any, frozenset[str]], product: str
) -> None:
    """Reading what was kept gives all that reading everything gives but the forbidden facts; cutting is final."""
    asked: list[Phone | None] = []

    def forbidden(phone: Phone | None) -> frozenset[str]:
        asked.append(phone)
        return rules.get(phone, frozenset())

    raw = json.dumps(body | extra).encode()
    left = PROVIDER.withhold(raw, forbidden)
    names = rules.get(asked[0], frozenset())
    before, after = parse(raw, product=product), parse(left, product=product)
    assert replace(before, lookups=()) == replace(after, lookups=())
    for one, other in zip(before.lookups, after.lookups, strict=True):
        assert apart_from(one, names) == apart_from(other, names)
        assert not names & {"roaming", "reachability"} or other.roaming is Roaming.UNKNOWN
        assert "reachability" not in names or other.reachability is Reachability.UNKNOWN
    assert PROVIDER.withhold(left, forbidden) == left
    document = load(left)
    if isinstance(document, dict) and "caller_name" in names:
        assert not [key for key in CALLER if document.get(key) is not None]


@given(st.binary(max_size=300) | st.text(alphabet='"imsi:{}[]\\ =>roaming1,', max_size=60).map(str.encode))
def test_withhold_bears_any_bytes_and_changes_no_verdict(body: bytes) -> None:
    """No body makes it raise, and none becomes readable or unreadable by it."""
    assert parse(cut(body, ALL)).verdict == parse(body).verdict


@given(JSON | BODY)
def test_json_stays_json(document: Any) -> None:
    """Whatever JSON a provider sends, what is kept of it can be read again."""
    raw = json.dumps(document).encode()
    assert (load(raw) is None) == (load(cut(raw, ALL)) is None)
