"""What every documented value of a Number Insight body becomes, and what becomes of one that is not documented."""

from typing import Any

import pytest

from ringfence.providers.lookup import Carrier
from tests.providers.number_insight import advanced, read

# valid_number, reachable | lookup_outcome 0: outcome validity basis reachability | 43 to 45, or lookup_outcome 1
VALIDITY = """
valid              reachable     | complete valid          network  reachable     | likely_valid   inferred
valid              absent        | complete valid          network  absent        | likely_valid   inferred
valid              undeliverable | complete valid          network  undeliverable | likely_valid   inferred
valid              blacklisted   | complete valid          network  blocked       | likely_valid   inferred
valid              unknown       | complete valid          network  unknown       | likely_valid   inferred
valid              null          | complete valid          network  unknown       | likely_valid   inferred
valid              "null"        | complete valid          network  unknown       | likely_valid   inferred
valid              missing       | complete valid          network  unknown       | likely_valid   inferred
valid              sleeping      | complete valid          network  unknown       | likely_valid   inferred
not_valid          unknown       | complete invalid        network  not_applicable | likely_invalid inferred unknown
not_valid          reachable     | complete invalid        network  not_applicable | likely_invalid inferred unknown
inferred           absent        | complete likely_valid   inferred absent        | likely_valid   inferred
inferred_not_valid reachable     | complete likely_invalid inferred unknown       | likely_invalid inferred
unknown            reachable     | partial  unknown        none     reachable     | unknown        none
null               absent        | partial  unknown        none     absent        | unknown        none
"null"             unknown       | partial  unknown        none     unknown       | unknown        none
missing            blacklisted   | partial  unknown        none     blocked       | unknown        none
perhaps            unknown       | partial  unknown        none     unknown       | unknown        none
valid              bad_number    | complete invalid        network  not_applicable | invalid        network
not_valid          bad_number    | complete invalid        network  not_applicable | invalid        network
inferred           bad_number    | complete invalid        network  not_applicable | invalid        network
unknown            bad_number    | complete invalid        network  not_applicable | invalid        network
"""


def body(**fields: str | None) -> dict[str, Any]:
    """An advanced body; `null` is null, `"null"` the word, and `missing` no field at all."""
    spelled = {"null": None, '"null"': "null"}
    sent = {name: spelled.get(value, value) for name, value in fields.items() if value != "missing"}
    return {name: value for name, value in advanced().items() if name not in fields} | sent


@pytest.mark.parametrize("line", [line for line in VALIDITY.split("\n") if line])
def test_validity_and_reachability(line: str) -> None:
    """Only a live lookup's word is the network's: without one it is an inference, and the answer is partial."""
    sent, *expected = (part.split() for part in line.split("|"))
    whole, partial = expected
    document = body(valid_number=sent[0], reachable=sent[1])
    for outcome in (0, "0", None, "null"):
        one = read(document | {"lookup_outcome": outcome})
        assert [one.outcome, one.validity, one.validity_basis, one.reachability] == whole
        assert one.conflict == (sent == ["valid", "bad_number"])
    for more in ({"status": 43}, {"status": 44}, {"status": 45}, {"lookup_outcome": 1}, {"lookup_outcome": 7}):
        one = read(document | more)
        reachability = partial[2] if len(partial) > 2 else whole[3]
        assert [one.validity, one.validity_basis, one.reachability] == [*partial[:2], reachability]
        assert (one.outcome, one.conflict) == ("partial", sent == ["valid", "bad_number"])


NETWORK_TYPES = """
mobile            mobile
landline          landline
landline_premium  premium
landline_tollfree toll_free
virtual           virtual
pager             pager
unknown           unknown
null              unknown
"null"            unknown
missing           unknown
voip              unknown
"""


@pytest.mark.parametrize("line", [line for line in NETWORK_TYPES.split("\n") if line])
@pytest.mark.parametrize("product", ["standard", "advanced"])
def test_line_type(line: str, product: str) -> None:
    """The network's type is the line's, the original network's where the current one has none."""
    sent, expected = line.split()
    kind = {"null": None, '"null"': "null"}.get(sent, sent)
    network = {} if sent == "missing" else {"network_type": kind}
    assert read(advanced(current_carrier=network, original_carrier=None), product).line_type == expected
    assert read(advanced(current_carrier=None, original_carrier=network), product).line_type == expected
    both = read(advanced(current_carrier=network, original_carrier={"network_type": "pager"}), product)
    assert both.line_type == (expected if expected != "unknown" else "pager")


@pytest.mark.parametrize("kind", ["landline", "landline_premium", "landline_tollfree", "virtual"])
@pytest.mark.parametrize(
    ("valid_number", "reachable", "expected"),
    [
        ("valid", "unknown", ["valid", "numbering_plan", "not_applicable"]),
        ("valid", "null", ["valid", "numbering_plan", "not_applicable"]),
        ("valid", "reachable", ["valid", "numbering_plan", "reachable"]),
        ("not_valid", "unknown", ["invalid", "numbering_plan", "not_applicable"]),
        ("inferred", "absent", ["likely_valid", "numbering_plan", "absent"]),
        ("inferred_not_valid", "unknown", ["likely_invalid", "numbering_plan", "not_applicable"]),
        ("unknown", "missing", ["unknown", "none", "not_applicable"]),
        ("valid", "bad_number", ["invalid", "numbering_plan", "not_applicable"]),
    ],
)
def test_a_line_without_a_handset(kind: str, valid_number: str, reachable: str, expected: list[str]) -> None:
    """No network is asked about it: what is said rests on the plan, and it cannot be reached unless it was said to."""
    document = body(valid_number=valid_number, reachable=reachable)
    one = read(document | {"current_carrier": {"network_type": kind}})
    assert [one.validity, one.validity_basis, one.reachability] == expected
    assert one.roaming == "not_roaming"


def test_a_landline_that_was_not_looked_up() -> None:
    """The answer to a landline in the United States, status 43: an opinion of the plan, and no E.212 code."""
    fixed = {"network_code": "US-FIXED", "name": "Landline Ltd", "country": "US", "network_type": "landline"}
    one = read(
        advanced(
            status=43,
            status_message="Lookup Handler unable to handle request",
            lookup_outcome=1,
            current_carrier=fixed,
            original_carrier=fixed,
            reachable="unknown",
            roaming={"status": "unknown"},
        )
    )
    assert (one.outcome, one.validity, one.validity_basis) == ("partial", "likely_valid", "numbering_plan")
    assert (one.reachability, one.line_type, one.raw_status) == ("not_applicable", "landline", "43/1")
    assert one.current_carrier == Carrier("Landline Ltd", None, "US")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("ported", "ported"),
        ("not_ported", "not_ported"),
        ("assumed_ported", "likely_ported"),
        ("assumed_not_ported", "likely_not_ported"),
        (" Ported ", "ported"),
        *((value, "unknown") for value in ("unknown", "null", None, "", "moved", True, 1, {}, ["ported"])),
    ],
)
@pytest.mark.parametrize("product", ["standard", "advanced"])
def test_ported(sent: Any, expected: str, product: str) -> None:
    """What is assumed stays apart from what is known."""
    assert read(advanced(ported=sent), product).ported == expected


ABROAD = {"roaming_country_code": "NL", "roaming_network_code": "20499", "roaming_network_name": "Kustnet"}


@pytest.mark.parametrize(
    ("sent", "expected", "network"),
    [
        ({"status": "roaming", **ABROAD}, "roaming", Carrier("Kustnet", "20499", "NL")),
        ({"status": "roaming"}, "roaming", Carrier()),
        ({"status": "roaming", "roaming_network_code": 20499}, "roaming", Carrier(None, "20499", "NL")),
        ({"status": "not_roaming", **ABROAD}, "not_roaming", Carrier()),
        ({"status": "unknown", **ABROAD}, "unknown", Carrier()),
        ({"status": None}, "unknown", Carrier()),
        ({"status": "null"}, "unknown", Carrier()),
        ({}, "unknown", Carrier()),
        ("not_roaming", "not_roaming", Carrier()),
        ("roaming", "roaming", Carrier()),
        ("unknown", "unknown", Carrier()),
        ("null", "unknown", Carrier()),
        (None, "unknown", Carrier()),
        (False, "unknown", Carrier()),
        ([{"status": "roaming"}], "unknown", Carrier()),
    ],
)
def test_roaming(sent: Any, expected: str, network: Carrier) -> None:
    """An object with a status or the status itself; the visited network counts only with `roaming`."""
    one = read(advanced(roaming=sent))
    assert (one.roaming, one.roaming_carrier) == (expected, network)
    assert read({name: value for name, value in advanced().items() if name != "roaming"}).roaming == "unknown"


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (
            {"network_code": "23455", "name": " Moor\nfone ", "country": "GB", "network_type": "mobile"},
            Carrier("Moor fone", "23455", "GB"),
        ),
        ({"network_code": "310004", "name": "Prairie", "country": "us"}, Carrier("Prairie", "310004", "US")),
        ({"network_code": 23455, "name": "Moorfone"}, Carrier("Moorfone", "23455", "GB")),
        ({"network_code": "12345", "name": "Acme Inc", "country": "GB"}, Carrier("Acme Inc", "12345", "GB")),
        ({"network_code": "US-FIXED", "name": "Fixed", "country": "US"}, Carrier("Fixed", None, "US")),
        ({"network_code": "2345", "name": "Short", "country": "GBR"}, Carrier("Short", None, "GB")),
        ({"network_code": "23455", "name": "Moorfone", "country": "ZZ"}, Carrier("Moorfone", "23455", "GB")),
        ({"network_code": "US-FIXED", "name": "Fixed", "country": "ZZ"}, Carrier("Fixed")),
        ({"network_code": "2345567", "name": "Long"}, Carrier("Long")),
        ({"network_code": None, "name": None, "country": None, "network_type": None}, Carrier()),
        ({"network_code": "null", "name": "null", "country": "null", "network_type": "null"}, Carrier()),
        ({"network_code": "unknown", "name": "unknown"}, Carrier()),
        ({"network_code": True, "name": 7, "country": ["GB"]}, Carrier()),
        ({}, Carrier()),
        (None, Carrier()),
        ("Moorfone", Carrier()),
        ([], Carrier()),
    ],
)
@pytest.mark.parametrize("product", ["standard", "advanced"])
def test_carriers(network: Any, expected: Carrier, product: str) -> None:
    """Name, five or six digits of E.212, and a country of ISO 3166, which the code tells where none is named."""
    one = read(advanced(current_carrier=network, original_carrier=None), product)
    assert (one.current_carrier, one.original_carrier) == (expected, Carrier())
    one = read(advanced(current_carrier=None, original_carrier=network), product)
    assert (one.current_carrier, one.original_carrier) == (Carrier(), expected)


@pytest.mark.parametrize("product", ["basic", "standard"])
def test_a_level_tells_no_more_than_it_looks_up(product: str) -> None:
    """Neither basic nor standard asks the network: a number has a known prefix, and its subscriber is not known."""
    one = read(advanced(), product)
    assert (one.outcome, one.validity, one.validity_basis) == ("complete", "likely_valid", "numbering_plan")
    assert (one.reachability, one.conflict) == ("unknown", False)
    assert (one.line_type, one.ported) == (("unknown",) * 2 if product == "basic" else ("mobile", "not_ported"))
    odd = read(advanced(valid_number="not_valid", reachable="bad_number"), product)
    assert (odd.validity, odd.reachability, odd.conflict) == ("likely_valid", "unknown", False)
    partial = read(advanced(status=44), product)
    assert (partial.outcome, partial.validity, partial.validity_basis) == ("partial", "unknown", "none")


@pytest.mark.parametrize("product", ["basic", "standard", "advanced"])
def test_nothing_is_inferred_from_absence(product: str) -> None:
    """A body with a status alone, as one that timed out may be, tells nothing of the subscriber."""
    one = read({"status": 44}, product)
    assert (one.outcome, one.validity, one.validity_basis, one.reachability) == (
        "partial",
        "unknown",
        "none",
        "unknown",
    )
    assert (one.ported, one.roaming, one.line_type) == ("unknown",) * 3
    assert {one.current_carrier, one.original_carrier, one.roaming_carrier} == {Carrier()}
    assert (one.observed_at, one.result_ref, one.raw_error) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({}, None),
        ({"reachable": "sleeping"}, "reachable=sleeping"),
        ({"valid_number": "Perhaps", "ported": "moved"}, "ported=moved valid_number=perhaps"),
        ({"roaming": {"status": "abroad"}}, "roaming=abroad"),
        ({"roaming": "abroad"}, "roaming=abroad"),
        ({"current_carrier": {"network_type": "voip"}}, "current_carrier.network_type=voip"),
        ({"original_carrier": {"network_type": ["mobile"]}}, "original_carrier.network_type=?"),
        ({"reachable": "call 447400000303"}, "reachable=?"),
        ({"reachable": "n447400000303"}, "reachable=?"),
        ({"reachable": True}, "reachable=?"),
        ({"reachable": "bad_number", "ported": "null", "roaming": "unknown", "valid_number": ""}, None),
    ],
)
def test_a_value_that_is_not_documented_is_told(fields: dict[str, Any], kept: str | None) -> None:
    """As a code word beside its field, never as a sentence that may hold a number."""
    assert read(advanced(**fields)).raw_error == kept


@pytest.mark.parametrize(
    ("sent", "raw"), [(0, "0/0"), ("1", "0/1"), (None, "0"), ("null", "0"), ("x", "0/?"), (True, "0/?"), (0.5, "0/?")]
)
def test_the_codes_are_kept(sent: Any, raw: str) -> None:
    """Status and lookup_outcome, as far as they are codes."""
    assert read(advanced(lookup_outcome=sent)).raw_status == raw


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"caller_name": "Ada Moor"}, "Ada Moor"),
        ({"caller_identity": {"caller_type": "business", "caller_name": "Moor & Sons"}}, "Moor & Sons"),
        ({"caller_name": "unknown", "first_name": "Ada", "last_name": "Moor"}, "Ada Moor"),
        ({"caller_identity": {"caller_name": None, "first_name": "Ada", "last_name": None}}, "Ada"),
        ({"caller_name": None, "caller_identity": {"caller_type": "consumer", "caller_name": "Ada Moor"}}, "Ada Moor"),
        ({"caller_identity": {"caller_type": "unknown", "caller_name": "unknown"}}, None),
        ({"caller_name": "null", "caller_identity": None}, None),
        ({"caller_name": " Ada\n Moor "}, "Ada Moor"),
        ({"caller_name": 7, "caller_identity": ["Ada"]}, None),
    ],
)
@pytest.mark.parametrize("product", ["standard", "advanced"])
def test_the_name_of_the_caller(fields: dict[str, Any], expected: str | None, product: str) -> None:
    """Flat or in `caller_identity`, whole or in two parts; business, consumer or unknown; never in a text of ours."""
    one = read(advanced(**fields), product)
    assert one.caller_name == expected
    assert expected is None or expected not in repr(one)
    assert read(advanced(**fields), "basic").caller_name is None
