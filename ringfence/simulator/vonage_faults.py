"""The faults that need Vonage's words. One number a request: what says "one of them" is about the only one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ringfence.simulator import vonage_markup
from ringfence.simulator.bill import Charge, Price
from ringfence.simulator.vendor import Answer, Callback, Payload

# Which status stands in the place of the answer.
REFUSED_WITH = {"throttled": 1, "internal_error": 5, "no_credit": 9, "not_enabled": 19}

# Outside every country's numbering plan (+882 is shared by international networks), so that nobody has asked for it.
_UNASKED = "88299900000001"
_NEW_STATUS = {"status": 46, "status_message": "New status"}
# Under which an answer, and an acknowledgement, name the number.
_ECHOES = ("international_format_number", "number")


def _without_echo(payload: Payload) -> Payload:
    return {key: value for key, value in payload.items() if key not in (*_ECHOES, "national_format_number")}


def _echoed(change: Callable[[str], str]) -> Callable[[Payload], Payload]:
    """The number written otherwise, wherever it is named."""
    return lambda payload: payload | {key: change(str(payload[key])) for key in _ECHOES if key in payload}


def _contradicted(payload: Payload) -> Payload:
    """Both at once: the number is valid, and it is none."""
    return payload | ({"valid_number": "valid", "reachable": "bad_number"} if "valid_number" in payload else {})


def _drifted(payload: Payload) -> Payload:
    """Strings for numbers and numbers for strings; `roaming` as a bare word, "null" for null.

    Prices are numbers where KPN sells the same service.
    """
    strings = {key: str(payload[key]) for key in ("status", "lookup_outcome") if key in payload}
    prices = {key: float(payload[key]) for key in ("request_price", "refund_price") if key in payload}
    prefix = {key: int(payload[key]) for key in ("country_prefix",) if key in payload}
    drifted = payload | strings | prices | prefix
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
    "one_unasked": _echoed(lambda _: _UNASKED),
    "echo_plus": _echoed("+{}".format),
    "echo_double_zero": _echoed("00{}".format),
    "unknown_status": lambda payload: payload | _NEW_STATUS,
    "drifted_types": _drifted,
}


def _nothing_determined(answer: Answer) -> Answer:
    """The callback says that nothing could be determined, and the whole price is given back."""
    if not answer.later:
        return answer
    paid = next(charge for charge in answer.charges if charge.price.amount >= 0)
    back = Charge(paid.product, paid.number, Price(-paid.price.amount, paid.price.currency))
    callback = _failed(answer.later[0], answer.payload)
    return replace(answer, charges=(paid, back) if paid.price.amount else (paid,), later=(callback,))


def _failed(callback: Callback, accepted: Payload) -> Callback:
    price = accepted["request_price"]
    body: Payload = {
        "status": 0,
        "status_message": "Success",
        "request_id": accepted["request_id"],
        "international_format_number": accepted["number"],
        "lookup_outcome": 2,
        "lookup_outcome_message": "Failed",
        "request_price": price,
        "refund_price": price,
        "remaining_balance": accepted["remaining_balance"],
    }
    if callback.content_type == vonage_markup.MEDIA_TYPE:
        return replace(callback, body=vonage_markup.lookup(body))
    return replace(callback, body=json.dumps(body, separators=(",", ":")).encode())


REWORDINGS: Mapping[str, Callable[[Answer], Answer]] = {"callback_outcome_2": _nothing_determined}
