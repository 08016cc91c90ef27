"""How Vonage's Identity Insights word the truth about a subscriber. No prices, no requests.

Source: Vonage's Identity Insights specification 1.0.0 and its guides: each insight has a status of its own, and no
values where that is not OK. Not simulated: insights that need an operator's approval, and those in preview.
"""

from collections.abc import Callable, Mapping
from typing import Any

import phonenumbers

from ringfence.simulator.networks import Network
from ringfence.simulator.subscribers import Line, State, Subscriber
from ringfence.simulator.vendor import Payload

_TEXT = {
    "OK": "Success",
    "INVALID_NUMBER_FORMAT": "The phone number format is not valid for assignment by carriers to users.",
    "UNSUPPORTED_NETWORK_TYPE": "The network type is not supported for this Insight.",
    "NO_COVERAGE": "The country or mobile network is not supported by available suppliers.",
    "NOT_FOUND": "The phone number could not be found for this Insight.",
    "UNAUTHORIZED": "The request could not be authorized.",
    "SUPPLIER_ERROR": "The supplier returned an error while processing the request.",
    "INTERNAL_ERROR": "An internal error occurred while processing the request.",
}
# What the supplier of current networks says where it does not know.
_CURRENT = {
    State.UNASSIGNED: "NOT_FOUND",
    State.SILENT: "SUPPLIER_ERROR",
    State.GARBLED: "SUPPLIER_ERROR",
    State.BUSY: "INTERNAL_ERROR",
    State.BLOCKED: "UNAUTHORIZED",
    State.UNCOVERED: "NO_COVERAGE",
}
_NETWORK_TYPES = {
    Line.MOBILE: "MOBILE",
    Line.LANDLINE: "LANDLINE",
    Line.TOLL_FREE: "TOLLFREE",
    Line.PREMIUM: "PREMIUM",
    Line.VIRTUAL: "VIRTUAL",
}
_UNASKED = "+88299900000001"


def insight(name: str, subscriber: Subscriber) -> Payload:
    """What one insight says of a number."""
    home = subscriber.original
    if subscriber.state is State.UNALLOCATED or home is None:
        invalid: Payload = {"is_format_valid": False} if name == "format" and subscriber.dice % 2 else {}
        return invalid | _status("OK" if invalid else "INVALID_NUMBER_FORMAT")
    return INSIGHTS[name](subscriber, home)


def _status(code: str) -> Payload:
    return {"status": {"code": code, "message": _TEXT[code]}}


def _format(subscriber: Subscriber, home: Network) -> Payload:
    number = phonenumbers.parse(f"+{subscriber.digits}")
    named = {"country_name": home.country, "offline_location": home.country} if home.country else {}
    return {
        "country_code": home.region,
        **named,
        "country_prefix": home.country_prefix,
        "time_zones": ["Etc/UTC"],
        "number_international": f"+{subscriber.digits}",
        "number_national": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL),
        "is_format_valid": True,
        **_status("OK"),
    }


def _original(subscriber: Subscriber, home: Network) -> Payload:
    kind = _NETWORK_TYPES.get(subscriber.line)
    return _status("NOT_FOUND") if kind is None else _network(home, kind) | _status("OK")


def _current(subscriber: Subscriber, home: Network) -> Payload:
    if subscriber.line is not Line.MOBILE:
        return _status("UNSUPPORTED_NETWORK_TYPE")
    code = _CURRENT.get(subscriber.state)
    return _status(code) if code else _network(subscriber.current or home, "MOBILE") | _status("OK")


def _network(network: Network, kind: str) -> Payload:
    """A network; only a mobile one has a code of E.212."""
    named = {"name": network.name, "network_code": network.mccmnc} if kind == "MOBILE" else {"name": "Landline"}
    return {**named, "network_type": kind, "country_code": network.region}


INSIGHTS: Mapping[str, Callable[[Subscriber, Network], Payload]] = {
    "format": _format,
    "original_carrier": _original,
    "current_carrier": _current,
}


def _with(name: str, **changed: Any) -> Callable[[Payload], Payload]:
    """The answer with one insight changed, where it is there and has these values."""

    def change(payload: Payload) -> Payload:
        insights = payload.get("insights", {})
        if name not in insights:
            return payload
        known = {key: value for key, value in changed.items() if key in insights[name]}
        return payload | {"insights": insights | {name: insights[name] | known}}

    return change


def _without_current(payload: Payload) -> Payload:
    insights = {key: value for key, value in payload.get("insights", {}).items() if key != "current_carrier"}
    return payload | {"insights": insights} if "insights" in payload else payload


def _bare(payload: Payload) -> Payload:
    named = str(payload.get("insights", {}).get("format", {}).get("number_international", ""))
    return _with("format", number_international=named.removeprefix("+"))(payload)


DISTORTIONS: Mapping[str, Callable[[Payload], Payload]] = {
    "one_missing": _without_current,
    "one_unasked": _with("format", number_international=_UNASKED),
    "echo_bare": _bare,
    "unknown_status": _with("current_carrier", status={"code": "NEW_CODE", "message": "New"}),
    "drifted_types": _with("format", is_format_valid="true"),
}
