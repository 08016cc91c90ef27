"""Number Insight bodies of invented subscribers, whole and broken, and how Vonage's module reads them."""

import json
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Lookup
from ringfence.providers.provider import Parsed
from ringfence.providers.vonage import PROVIDER

ONE, TWO = Phone("+447400000303"), Phone("+31600000202")


def advanced(**more: Any) -> dict[str, Any]:
    """The body of an advanced lookup that went well."""
    carrier = {"network_code": "23455", "name": "Moorfone", "country": "GB", "network_type": "mobile"}
    return {
        "status": 0,
        "status_message": "Success",
        "request_id": "0a1b2c3d-0000-4000-8000-000000000001",
        "international_format_number": ONE.digits,
        "national_format_number": "07400 000303",
        "country_code": "GB",
        "country_code_iso3": "GBR",
        "country_name": "United Kingdom",
        "country_prefix": "44",
        "request_price": "0.04000000",
        "remaining_balance": "9.87654321",
        "current_carrier": carrier,
        "original_carrier": carrier,
        "ported": "not_ported",
        "roaming": {"status": "not_roaming"},
        "lookup_outcome": 0,
        "lookup_outcome_message": "Success",
        "valid_number": "valid",
        "reachable": "reachable",
    } | more


def as_xml(document: dict[str, Any], root: str = "lookup") -> bytes:
    """The same body as Vonage writes it in XML; null is an empty element, and a number stands among its country."""
    top = Element(root)
    local = {key: document[key] for key in document if key.startswith("country_")}
    for key, value in document.items():
        if key in ("status", "lookup_outcome"):
            tag, message = ("error", "status_message") if key == "status" else (key, f"{key}_message")
            SubElement(top, tag, code=str(value)).text = document.get(message)
        elif key == "national_format_number":
            SubElement(top, "local_number", local).text = value
        elif isinstance(value, dict):
            hyphens = {part.replace("_", "-") if key == "caller_identity" else part: part for part in value}
            SubElement(top, key, {name: value[part] for name, part in hyphens.items() if value[part] is not None})
        elif not key.endswith("_message") and key not in local:
            SubElement(top, {"first_name": "firs_name"}.get(key, key)).text = value
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top)


def parse(
    document: Any, *asked: Phone, product: str = "advanced", status: int = 200, headers: dict[str, str] | None = None
) -> Parsed:
    """The reply with this body, or this document as its body, read."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return PROVIDER.parse(product, Reply(status, headers or {}, body), asked or (ONE,))


def read(document: Any, product: str = "advanced") -> Lookup:
    """The one lookup of an answered reply."""
    parsed = parse(document, product=product)
    assert (parsed.verdict, len(parsed.lookups), parsed.missing, parsed.unasked) == ("answered", 1, (), 0)
    assert parsed.lookups[0].phone == ONE
    return parsed.lookups[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
DOCUMENTED = """
valid not_valid inferred inferred_not_valid unknown null reachable undeliverable absent bad_number blacklisted
withheld withheld_bad_number ported not_ported assumed_ported assumed_not_ported roaming not_roaming mobile landline
landline_premium landline_tollfree virtual pager US-FIXED 23455 GB Moorfone
"""
WORDS = st.sampled_from(DOCUMENTED.split())
VALUE = WORDS | JSON
AMOUNT = st.sampled_from(["0.04", "0.015", "-0.04", "null", "1e9", "0.0000000001"]) | st.decimals(-9, 9).map(str) | JSON
NETWORK = VALUE | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("name", "network_code", "country", "network_type"), VALUE)
)
VISITED = ("status", "roaming_country_code", "roaming_network_code", "roaming_network_name")
BODY = st.fixed_dictionaries(
    {"status": st.sampled_from([0, 0, 0, 43, 44, 45, 1, 3, 4, 5, 9, 19, 999, "0", "45", 7]) | JSON},
    optional={
        **dict.fromkeys(("valid_number", "reachable", "ported"), VALUE),
        **dict.fromkeys(("current_carrier", "original_carrier"), NETWORK),
        **dict.fromkeys(("request_price", "refund_price"), AMOUNT),
        "roaming": VALUE | st.fixed_dictionaries({}, optional=dict.fromkeys(VISITED, VALUE)),
        "international_format_number": st.sampled_from([ONE.digits, TWO.digits, None, "null"]) | JSON,
        "lookup_outcome": st.sampled_from([0, 1, 2, "0", "1", "2"]) | JSON,
        "request_id": JSON,
        "status_message": st.sampled_from(["Not valid number format detected"]) | JSON,
        "error_text": JSON,
    },
)
