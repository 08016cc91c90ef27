"""Number Insight in XML: it reads as the same answer in JSON does, and is cut as that is. All values are invented."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.providers.lookup import Carrier
from ringfence.providers.markup import element
from ringfence.providers.vonage import PROVIDER
from ringfence.providers.vonage_facts import WITHHELD, WITHHELD_BAD_NUMBER
from ringfence.providers.vonage_markup import document
from tests.providers.number_insight import DOCUMENTED, ONE, TWO, advanced, as_xml, parse, read
from tests.providers.test_vonage_privacy import ALL, CALLER, DEFAULT, PLANTED, full

# The samples of the documentation, with other values: what they show is which part stands where.
BASIC = b"""<?xml version="1.0" encoding="UTF-8"?>
<format>
  <request_id>0a1b2c3d-0000-4000-8000-00000000000b</request_id>
  <international_format_number>447400000303</international_format_number>
  <local_number country_code="GB" country_code_iso3="GBR" country_name="United Kingdom" country_prefix="44"
    >07400 000303</local_number>
  <error code="0">Success</error>
</format>
"""
LOOKUP = b"""<?xml version="1.0" encoding="UTF-8"?>
<lookup>
  <request_id>0a1b2c3d-0000-4000-8000-00000000000a</request_id>
  <international_format_number>447400000303</international_format_number>
  <lookup_outcome code="0">Success</lookup_outcome>
  <local_number country_code="GB" country_code_iso3="GBR" country_name="United Kingdom" country_prefix="44"
    >07400 000303</local_number>
  <error code="0">Success</error>
  <request_price>0.03000000</request_price>
  <remaining_balance>10.000000</remaining_balance>
  <current_carrier network_code="23455" name="Moorfone" country="GB" network_type="mobile" />
  <original_carrier network_code="23466" name="Heathtel" country="GB" network_type="mobile" />
  <valid_number>valid</valid_number>
  <reachable>reachable</reachable>
  <ported>ported</ported>
  <roaming status="not_roaming" />
</lookup>
"""
ACCEPTED = b"""<?xml version="1.0" encoding="UTF-8"?>
<lookup>
  <requestId>0a1b2c3d-0000-4000-8000-000000000001</requestId>
  <number>447400000303</number>
  <remainingBalance>10.000000</remainingBalance>
  <requestPrice>0.03000000</requestPrice>
  <status>0</status>
</lookup>
"""


def test_the_documented_forms_are_read() -> None:
    """Level by level: facts from text and attributes, the price, the id, and whose answer it is."""
    one = read(LOOKUP)
    assert (one.outcome, one.validity, one.validity_basis) == ("complete", "valid", "network")
    assert (one.reachability, one.ported, one.roaming, one.line_type) == (
        "reachable",
        "ported",
        "not_roaming",
        "mobile",
    )
    assert one.current_carrier == Carrier("Moorfone", "23455", "GB")
    assert one.original_carrier == Carrier("Heathtel", "23466", "GB")
    assert (one.price, one.currency, one.raw_status) == (30_000_000, "EUR", "0/0")
    assert parse(LOOKUP).request_ref == "0a1b2c3d-0000-4000-8000-00000000000a"
    one = read(BASIC, "basic")
    assert (one.outcome, one.validity, one.validity_basis, one.price) == (
        "complete",
        "likely_valid",
        "numbering_plan",
        None,
    )
    parsed = parse(ACCEPTED, product="advanced_async")
    assert (parsed.verdict, parsed.request_ref) == ("awaiting", "0a1b2c3d-0000-4000-8000-000000000001")
    assert PROVIDER.numbers_in(LOOKUP) == PROVIDER.numbers_in(BASIC) == [ONE.digits]


ENUMERATIONS = {
    "valid_number": "unknown valid not_valid inferred inferred_not_valid null perhaps",
    "reachable": "unknown reachable undeliverable absent bad_number blacklisted null sleeping",
    "ported": "unknown ported not_ported assumed_ported assumed_not_ported null moved",
    "status": "0 43 44 45 3 5 999",
    "lookup_outcome": "0 1 2 7",
    "network_type": "mobile landline landline_premium landline_tollfree virtual pager unknown null voip",
    "roaming": "unknown not_roaming roaming null",
}


@pytest.mark.parametrize(
    ("name", "value"), [(n, value) for n, values in ENUMERATIONS.items() for value in values.split()]
)
def test_every_value_means_what_it_means_in_json(name: str, value: str) -> None:
    """Each documented value of each field, and one that is not documented."""
    if name == "network_type":
        body = advanced(current_carrier={"network_type": value}, original_carrier={"network_code": "US-FIXED"})
    else:
        body = advanced(**{name: value})
    assert read(as_xml(body)) == read(body)
    if name == "roaming":
        status = {"status": value, "roaming_country_code": "NL", "roaming_network_code": "20499"}
        body = advanced(roaming=status)
        assert read(as_xml(body)) == read(body)


@pytest.mark.parametrize("status", ["1", "4", "9", "19", "46"])
def test_a_refusal_in_xml_is_one(status: str) -> None:
    """An `error` with a code is what `status` is in JSON."""
    body = {"status": status, "status_message": "no"}
    assert parse(as_xml(body)) == parse(body)


WORD = st.sampled_from([word for word in DOCUMENTED.split() if not word.startswith("withheld")])
NETWORK = st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "network_code", "country", "network_type"), WORD))


@given(
    st.fixed_dictionaries(
        {"status": st.sampled_from(["0", "43", "3", "5", "999", "19"])},
        optional={
            **dict.fromkeys(("valid_number", "reachable", "ported"), WORD),
            **dict.fromkeys(("current_carrier", "original_carrier"), NETWORK),
            **dict.fromkeys(("request_price", "refund_price"), st.sampled_from(["0.04", "0.015", "null", "x"])),
            "roaming": WORD | st.fixed_dictionaries({"status": WORD}, optional={"roaming_country_code": WORD}),
            "international_format_number": st.sampled_from([ONE.digits, TWO.digits]),
            "lookup_outcome": st.sampled_from(["0", "1", "2"]),
            "status_message": st.sampled_from(["Not valid number format detected", "no"]),
        },
    ),
    st.sampled_from(["basic", "standard", "advanced"]),
)
def test_both_forms_are_one_answer(body: dict[str, Any], product: str) -> None:
    """Whatever a body says, its form changes nothing of what is read from it."""
    assert parse(as_xml(body), product=product) == parse(body, product=product)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE lookup SYSTEM "http://127.0.0.1/x.dtd"><lookup/>',
        b'<!DOCTYPE lookup [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><lookup><error code="0">&b;</error></lookup>',
        b'<!DOCTYPE lookup [<!ENTITY f SYSTEM "file:///etc/passwd">]><lookup><ported>&f;</ported></lookup>',
        b"<a>" * 65 + b"</a>" * 65,
        b"<a>" * 100_000,
        b'<?xml version="1.0" encoding="no-such"?><lookup/>',
        b"<lookup>\xff</lookup>",
        b"<lookup",
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_what_is_dangerous_or_broken_is_not_read(body: bytes) -> None:
    """No entity is expanded and no file or address is opened: such a body is in doubt, and its bytes are kept."""
    assert element(body) is None
    assert document(body) is None
    assert parse(body).verdict == "doubt"
    assert PROVIDER.withhold(body, lambda _: frozenset()) == body
    assert PROVIDER.withhold(body, lambda _: ALL)


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: f"<lookup>{text}</lookup>".encode("utf-8", "replace"))
)
def test_no_bytes_make_it_raise(body: bytes) -> None:
    """Neither reading nor cutting."""
    parse(b"<" + body)
    parse(body, product="advanced_async")
    PROVIDER.withhold(b"<" + body, lambda _: ALL)
    PROVIDER.numbers_in(b"<" + body)


def cut(body: bytes, names: frozenset[str]) -> bytes:
    """What is kept of a body under one rule."""
    return PROVIDER.withhold(body, lambda _: names)


@pytest.mark.parametrize("names", [DEFAULT, ALL, frozenset({"caller_name"}), frozenset({"roaming"})])
def test_it_is_cut_as_json_is(names: frozenset[str]) -> None:
    """What is left reads as what is left of the same body in JSON, and nothing that was planted is in it."""
    body = full()
    left = cut(as_xml(body), names)
    if names >= DEFAULT:
        assert not [planted for planted in PLANTED if planted.encode() in left]
    assert parse(left) == parse(cut(json.dumps(body).encode(), names))
    assert cut(left, names) == left


def test_what_is_not_forbidden_stays_to_the_byte() -> None:
    """A body in which nothing is forbidden is not written anew; a comment stays only where nothing is forbidden."""
    assert cut(LOOKUP, frozenset({"caller_name"})) == LOOKUP
    assert cut(LOOKUP, frozenset()) == LOOKUP
    noted = LOOKUP.replace(b"<lookup>", f"<lookup><!-- {CALLER['caller_name']} -->".encode())
    assert cut(noted, frozenset()) == noted
    assert CALLER["caller_name"].encode() not in cut(noted, DEFAULT)
    said = LOOKUP.replace(b"Success</error>", b"caller_name: Wilhelmina Moor</error>")
    assert b"Wilhelmina" not in cut(said, DEFAULT)


@pytest.mark.parametrize("said", ["reachable", "absent", "bad_number", None])
def test_reachability_is_replaced_by_a_marker(said: str | None) -> None:
    """Which says of a bad number that it was one, and nothing else."""
    body = {name: value for name, value in advanced(reachable=said).items() if said or name != "reachable"}
    left = document(cut(as_xml(body), frozenset({"reachability"})))
    assert isinstance(left, dict)
    assert left["reachable"] == (WITHHELD_BAD_NUMBER if said == "bad_number" else WITHHELD)


def test_the_caller_is_read_where_it_is_kept() -> None:
    """Flat as `firs_name`, or in the hyphened attributes of `caller_identity`; the whole name goes before its parts."""
    flat = {name: value for name, value in CALLER.items() if name != "caller_name"}
    assert read(as_xml(advanced(**flat))).caller_name == "Wilhelmina Moor"
    assert read(as_xml(advanced(caller_identity=CALLER))).caller_name == "Wilhelmina Moor"
    assert read(as_xml(advanced(caller_identity={"caller_name": "unknown"}))).caller_name is None
