"""One result of Kaleyra: what each value becomes, and what stays unknown. All numbers are invented."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.numbers.phone import Phone
from ringfence.providers.kaleyra_item import FIELDS, is_final, lookup
from ringfence.providers.lookup import Basis, Carrier, LineType, Outcome, Ported, Reachability, Roaming, Validity

PHONE = Phone("+919012345678")
EMPTY = dict.fromkeys(FIELDS, "")


def item(**fields: Any) -> dict[str, Any]:
    """A result with every field of a network, empty but for these."""
    return {"lookup_id": "b:1", "mobile_number": PHONE.digits, "country": "IN", "country_code": 91, **EMPTY, **fields}


@pytest.mark.parametrize(
    ("fields", "outcome", "validity", "basis"),
    [
        ({"current_mcc": "404", "current_mnc": "70"}, "complete", "likely_valid", "inferred"),
        ({"current_mcc": "404"}, "complete", "likely_valid", "inferred"),
        ({"current_mcc": 404}, "complete", "likely_valid", "inferred"),
        ({}, "no_data", "unknown", "none"),
        (dict.fromkeys(FIELDS), "no_data", "unknown", "none"),
        ({"original_mcc": "404", "original_mnc": "70"}, "partial", "unknown", "none"),
        ({"current_operator": "Airtel"}, "partial", "unknown", "none"),
        ({"current_mcc": "0"}, "partial", "unknown", "none"),
        ({"current_mcc": "40470"}, "partial", "unknown", "none"),
        ({"current_mcc": True}, "partial", "unknown", "none"),
        ({"status": "INVALID-SUB"}, "complete", "invalid", "network"),
        ({"status": "invalid-sub", "current_mcc": "404"}, "complete", "invalid", "network"),
        ({"status": "MOB-OFF"}, "complete", "valid", "network"),
        ({"status": "DELIVERED", "current_mcc": "404"}, "complete", "likely_valid", "inferred"),
    ],
    ids=repr,
)
def test_validity_is_inferred_from_a_current_network_alone(
    fields: dict[str, Any], outcome: str, validity: str, basis: str
) -> None:
    """A current MCC makes it likely, empty fields tell nothing, and only the legacy codes speak of a subscriber."""
    read = lookup(item(**fields), PHONE)
    assert (read.outcome, read.validity, read.validity_basis) == (
        Outcome(outcome),
        Validity(validity),
        Basis(basis),
    )


@pytest.mark.parametrize(
    ("status", "reachability", "raw"),
    [
        ("MOB-OFF", "absent", "MOB-OFF"),
        ("INVALID-SUB", "not_applicable", "INVALID-SUB"),
        ("AWAITED-DLR", "unknown", "AWAITED-DLR"),
        ("REACHABLE", "unknown", "REACHABLE"),
        ("919012345678", "unknown", None),
        (None, "unknown", None),
        ({"a": 1}, "unknown", None),
    ],
)
def test_reachability_is_told_by_no_field_but_a_legacy_code(status: Any, reachability: str, raw: str | None) -> None:
    """Whatever else a status says is kept as its word and means nothing."""
    read = lookup(item(status=status), PHONE)
    assert (read.reachability, read.raw_status) == (Reachability(reachability), raw)


@pytest.mark.parametrize(
    ("current", "original", "ported"),
    [
        (("404", "70"), ("404", "70"), "likely_not_ported"),
        (("404", "70"), ("404", "10"), "likely_ported"),
        (("404", "70"), ("405", "70"), "likely_ported"),
        (("404", "70"), ("", ""), "unknown"),
        (("404", "70"), ("404", ""), "unknown"),
        (("", ""), ("404", "70"), "unknown"),
        (("404", "70"), ("404", 70), "unknown"),
        ((405, 872), ("405", "872"), "likely_not_ported"),
        (("404", "7"), ("404", "07"), "unknown"),
        (("", ""), ("", ""), "unknown"),
    ],
)
def test_ported_is_derived_from_two_whole_networks(current: Any, original: Any, ported: str) -> None:
    """Never more than likely; a number in the place of a text may have lost a zero and is not compared."""
    fields = zip(("current_mcc", "current_mnc", "original_mcc", "original_mnc"), (*current, *original), strict=True)
    assert lookup(item(**dict(fields)), PHONE).ported is Ported(ported)


def test_a_subscriber_that_there_is_not_was_not_ported() -> None:
    """Two networks say nothing of a number that its home network does not know."""
    networks = {"current_mcc": "404", "current_mnc": "70", "original_mcc": "404", "original_mnc": "10"}
    assert lookup(item(status="INVALID-SUB", **networks), PHONE).ported is Ported.UNKNOWN


def test_networks_have_a_name_a_code_and_a_country() -> None:
    """The country is that of the MCC, the stated one where the MCC has none, and nobody's where there is no network."""
    named = {"current_mcc": "262", "current_mnc": "01", "current_operator": "Telekom", "original_operator": "Airtel"}
    read = lookup(item(**named), PHONE)
    assert read.current_carrier == Carrier("Telekom", "26201", "DE")
    assert read.original_carrier == Carrier("Airtel", None, "IN")
    assert lookup(item(), PHONE).current_carrier == Carrier()
    assert lookup(item(current_mcc="901", current_mnc="28"), PHONE).current_carrier == Carrier(None, "90128", "IN")


def test_what_no_field_is_known_for_stays_unknown() -> None:
    """The page promises roaming and line type; under guessed names they are not read."""
    guessed = {"roaming": True, "roaming_mcc": "262", "line_type": "mobile", "type": "landline", "ported": True}
    read = lookup(item(current_mcc="404", **guessed), PHONE)
    assert (read.roaming, read.line_type, read.ported) == (Roaming.UNKNOWN, LineType.UNKNOWN, Ported.UNKNOWN)
    assert read.roaming_carrier == Carrier()


@pytest.mark.parametrize(
    ("fields", "final"),
    [
        ({"lookup_id": "b:1"}, False),
        ({"lookup_id": "b:1", "country": "IN", "country_code": 91}, False),
        ({"status": "AWAITED-DLR"}, False),
        ({"status": "AWAITED-DLR", **EMPTY}, False),
        ({"status": "QUEUED"}, False),
        ({"current_mcc": ""}, True),
        ({"original_operator": None}, True),
        ({"status": "MOB-OFF"}, True),
        ({"status": "INVALID-SUB"}, True),
    ],
)
def test_details_are_there_when_they_have_a_field_of_a_network(fields: dict[str, Any], final: Any) -> None:
    """Empty ones are an answer, their absence is none, and the legacy word for waiting is waiting."""
    assert is_final(fields) is final


VALUE = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.lists(st.text(max_size=2), max_size=2)
KEYS = st.sampled_from([*FIELDS, "country", "status", "lookup_id", "roaming"])


@given(st.dictionaries(KEYS, VALUE | st.sampled_from(["404", "70", 404, "MOB-OFF", "IN"])))
def test_nothing_is_inferred_from_absence(fields: dict[str, Any]) -> None:
    """Values of any type become a lookup; without two codes nothing is said of porting, without one of validity."""
    read = lookup(fields, PHONE)
    assert read.price is None
    codes = (read.current_carrier.mccmnc, read.original_carrier.mccmnc)
    assert all(code is None or (code.isdigit() and 5 <= len(code) <= 6) for code in codes)
    if None in codes:
        assert read.ported is Ported.UNKNOWN
    if "current_mcc" not in fields and "status" not in fields:
        assert (read.validity, read.validity_basis) == (Validity.UNKNOWN, Basis.NONE)
    if "status" not in fields:
        assert read.reachability is Reachability.UNKNOWN
    assert (read.roaming, read.line_type) == (Roaming.UNKNOWN, LineType.UNKNOWN)
