"""Replies of Kaleyra to write tests with, as its pages show them and as nobody should send them. All is invented."""

from typing import Any

from hypothesis import strategies as st

from ringfence.numbers.phone import Phone

ONE, TWO, THREE = Phone("+919012345678"), Phone("+31612000011"), Phone("+447400123456")
SIX = [Phone(f"+9190123456{place}0") for place in range(6)]
BATCH = "2020-01-0aXAbc1d2e3f4bba5ea6ec7cd4c3f9b8cc"
OPERATORS = {
    "country": "IN",
    "country_code": 91,
    "current_mcc": "404",
    "current_mnc": "70",
    "current_operator": "",
    "original_mcc": "",
    "original_mnc": "",
    "original_operator": "",
}


def receipt(phone: Phone, place: int = 1, **more: Any) -> Any:
    """One number of an acknowledgement, as the page shows it: the address has a literal {pod}."""
    lookup_id = f"{BATCH}:{place}"
    url = f"https://api.{{pod}}.kaleyra.io/api/v1/HX0000000071US/lookup/get-info/{lookup_id}"
    return {"lookup_id": lookup_id, "mobile_number": phone.digits, "url": url} | more


def acknowledgement(*results: Any, invalid: Any = 0, duplicate: Any = 0, **more: Any) -> Any:
    """The reply to a POST, as the page shows it."""
    head = {"code": "LKP201", "message": "Request accepted successfully", "id": BATCH}
    counts = {"invalid_count": invalid, "duplicate_count": duplicate}
    return {
        "data": {**head, "total_processed_count": len(results), "data": list(results), **counts} | more,
        "error": {},
    }


def result(phone: Phone, place: int = 1, **more: Any) -> Any:
    """One number of an answer to a GET."""
    return {"lookup_id": f"{BATCH}:{place}", "mobile_number": phone.digits, **OPERATORS} | more


def answer(*results: Any, **more: Any) -> Any:
    """The answer to a GET, as far as the page shows it."""
    head = {"code": "LKP200", "message": "Request processed successfully", "id": BATCH}
    return {**head, "total_processed_count": len(results), "data": list(results)} | more


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KEYS = ["lookup_id", "country", "current_mcc", "current_mnc", "current_operator", "original_mcc", "status", "imsi"]
ITEMS = JSON | st.fixed_dictionaries(
    {"mobile_number": st.sampled_from([phone.digits for phone in SIX]) | JSON},
    optional=dict.fromkeys(KEYS, st.sampled_from(["404", "70", "", "MOB-OFF", 404, f"{BATCH}:1"]) | JSON),
)
CODE = st.sampled_from(["LKP200", "LKP201"]) | JSON
HEAD = {
    "data": st.lists(ITEMS, max_size=6) | JSON,
    **dict.fromkeys(("price", "total_processed_count", "invalid_count", "duplicate_count", "id", "error"), JSON),
}
FLAT = st.fixed_dictionaries({"code": CODE}, optional=HEAD)
DOCUMENT = JSON | FLAT | st.fixed_dictionaries({"data": FLAT}, optional={"error": st.just({}) | JSON})
