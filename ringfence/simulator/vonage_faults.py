"""The faults that need Vonage's words. One number a request: what says "one of them" is about the only one."""

from collections.abc import Callable, Mapping
from typing import Any

from ringfence.simulator.vendor import Payload

# Which status stands in the place of the answer.
REFUSED_WITH = {"throttled": 1, "internal_error": 5, "no_credit": 9, "not_enabled": 19}

# Outside every country's numbering plan (+882 is shared by international networks), so that nobody has asked for it.
_UNASKED = "88299900000001"
_NEW_STATUS = {"status": 46, "status_message": "New status"}
_ECHO = "international_format_number"


def _without_echo(payload: Payload) -> Payload:
    return {key: value for key, value in payload.items() if key not in (_ECHO, "national_format_number")}


def _contradicted(payload: Payload) -> Payload:
    """Both at once: the number is valid, and it is none."""
    return payload | ({"valid_number": "valid", "reachable": "bad_number"} if "valid_number" in payload else {})


def _drifted(payload: Payload) -> Payload:
    """Strings for numbers and numbers for strings; `roaming` as a bare word, "null" for null.

    Prices are numbers where KPN sells the same service.
    """
    strings = {key: str(payload[key]) for key in ("status", "lookup_outcome") if key in payload}
    prices = {key: float(payload[key]) for key in ("request_price", "refund_price") if key in payload}
    drifted = payload | strings | prices | {"country_prefix": int(payload["country_prefix"])}
    if "roaming" in payload:
        drifted["roaming"] = _bare(payload["roaming"])
    for key in ("current_carrier", "original_carrier"):
        carrier = payload.get(key)
        if carrier and (carrier["network_code"] or "").isdigit():
            drifted[key] = carrier | {"network_code": int(carrier["network_code"])}
    return drifted


def _bare(roaming: Any) -> str:
    return str(roaming["status"]) if isinstance(roaming, dict) else roaming or "null"


DISTORTIONS: Mapping[str, Callable[[Payload], Payload]] = {
    "one_missing": _without_echo,
    "one_conflicting": _contradicted,
    "one_unasked": lambda payload: payload | {_ECHO: _UNASKED},
    "echo_plus": lambda payload: payload | {_ECHO: f"+{payload[_ECHO]}"},
    "echo_double_zero": lambda payload: payload | {_ECHO: f"00{payload[_ECHO]}"},
    "unknown_status": lambda payload: payload | _NEW_STATUS,
    "drifted_types": _drifted,
}
