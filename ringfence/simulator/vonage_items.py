"""How Vonage words the truth about a subscriber, at each of the three levels of Number Insight. No prices, no requests.

Sources: the Number Insight reference, Nexmo's specification 1.1.2, and the fixtures of Vonage's SDKs and documentation,
which show what the reference does not: `roaming` as a string, as null and at level standard, "null" as a string, a
landline's network as US-FIXED, 43 to 45 with most of the answer.
"""

from collections.abc import Mapping
from typing import Any

import phonenumbers

from ringfence.simulator.networks import ALPHA_3, Network
from ringfence.simulator.subscribers import Line, State, Subscriber
from ringfence.simulator.vendor import Payload

_NO_LIVE_LOOKUP = "Lookup Handler unable to handle request"
STATUS_TEXT = {
    0: "Success",
    1: "Busy - you have made more requests in the last second than are permitted by your account. Please retry.",
    3: "Invalid - your request is incomplete and missing some mandatory parameters.",
    4: "Invalid credentials - the api_key or api_secret you supplied is either not valid or has been disabled.",
    5: "Internal Error - the format of the recipient address is not valid.",
    9: "Partner quota exceeded - your account does not have sufficient credit to process this request.",
    19: "Facility Not Allowed - your request makes use of a facility that is not enabled on your account.",
    43: _NO_LIVE_LOOKUP,
    44: _NO_LIVE_LOOKUP,
    45: _NO_LIVE_LOOKUP,
    999: "Request unparseable.",
}
# What an acknowledgement says of 43 to 45.
ACCEPTED_TEXT = dict.fromkeys((43, 44, 45), "Live mobile lookup not returned")
_OUTCOME_TEXT = {0: "Success", 1: "Partial success - some fields populated", 2: "Failed"}
NUMBER_FORMAT = "Invalid request :: Not valid number format detected [ {} ]"

_Words = tuple[int, int, str, str | None]
_LIVE = 43  # stands for each of 43, 44 and 45, which mean the same
# (status, lookup_outcome, valid_number, reachable) in which each truth is told; the subscriber's dice choose one.
_WORDS: Mapping[State, tuple[_Words, ...]] = {
    State.REACHABLE: ((0, 0, "valid", "reachable"),),
    State.ABSENT: ((0, 0, "valid", "absent"),),
    State.UNASSIGNED: (
        (0, 0, "not_valid", "bad_number"),
        (0, 0, "not_valid", "unknown"),
        (0, 0, "unknown", "bad_number"),
        (0, 1, "inferred_not_valid", None),
    ),
    State.REFUSED: ((0, 0, "valid", "undeliverable"),),
    State.HANDED_OVER: ((0, 0, "valid", "unknown"), (0, 1, "inferred", "null")),
    State.SILENT: ((_LIVE, 1, "unknown", "unknown"), (_LIVE, 1, "inferred", None)),
    State.UNCOVERED: ((0, 2, "unknown", "unknown"), (0, 2, "unknown", None)),
    State.BUSY: ((_LIVE, 1, "unknown", "unknown"), (0, 1, "unknown", "null")),
    State.BLOCKED: ((0, 0, "unknown", "blacklisted"), (0, 1, "inferred", "blacklisted")),
    State.GARBLED: ((0, 2, "unknown", "unknown"), (_LIVE, 1, "unknown", None)),
}
# The network of a US number is not asked: what is known of it comes from databases.
_UNASKED: Mapping[str, _Words] = {
    "valid": (0, 1, "valid", "unknown"),
    "not_valid": (0, 1, "inferred_not_valid", "unknown"),
}
_NETWORK_TYPES = {
    Line.MOBILE: "mobile",
    Line.LANDLINE: "landline",
    Line.TOLL_FREE: "landline_tollfree",
    Line.PREMIUM: "landline_premium",
    Line.VIRTUAL: "virtual",
    Line.PAGER: "pager",
    Line.OTHER: "unknown",
}
_LANDLINES = {Line.LANDLINE, Line.TOLL_FREE, Line.PREMIUM}
_FIRST, _LAST = ("Avery", "Blake", "Casey", "Devon"), ("Amberley", "Birchwood", "Calder")
_ABSENT_WORDS = ("unknown", None, "null")


def basic(subscriber: Subscriber, home: Network) -> Payload:
    """How the number is written, and whose it is: all from the numbering plan. `home` is where the number belongs."""
    number = phonenumbers.parse(f"+{subscriber.digits}")
    country: Payload = {"country_code": home.region}
    if home.country:
        country |= {"country_code_iso3": ALPHA_3[home.region], "country_name": home.country}
    return {
        "international_format_number": subscriber.digits,
        "national_format_number": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL),
        **country,
        "country_prefix": home.country_prefix,
    }


def standard(subscriber: Subscriber, home: Network) -> Payload:
    """With the carriers, and whether ported: mostly assumed."""
    roaming: Mapping[int, Payload] = {0: {"roaming": {"status": "unknown"}}, 1: {"roaming": "unknown"}}
    ported = {"ported": _ported(subscriber, "assumed_" if subscriber.dice % 5 else "")}
    return basic(subscriber, home) | _carriers(subscriber) | ported | roaming.get(subscriber.dice % 7, {})


def advanced(subscriber: Subscriber, home: Network) -> tuple[int, Payload]:
    """With what the network says; the status, and the rest."""
    status, outcome, valid, reachable = _words(subscriber, home)
    payload = basic(subscriber, home)
    if status and subscriber.dice % 3:
        del payload["national_format_number"]
    payload |= {"lookup_outcome": outcome, "lookup_outcome_message": _OUTCOME_TEXT[outcome]}
    payload |= {"valid_number": valid, "reachable": reachable}
    if outcome == 2:
        nothing = {"network_code": None, "name": None, "country": home.region, "network_type": "unknown"}
        known: Payload = {"current_carrier": nothing, "original_carrier": nothing} if subscriber.dice % 2 else {}
        payload |= known | {"ported": _ABSENT_WORDS[subscriber.dice % 3], "roaming": "unknown"}
    else:
        payload |= _carriers(subscriber) | {"ported": _ported(subscriber, "")}
        payload |= _roaming(subscriber, told=reachable == "reachable")
    if subscriber.dice % 23 == 0:
        # Deprecated, and always this, whatever is true.
        payload["real_time_data"] = {"active_status": "inactive", "handset_status": "off"}
    return status, payload


def caller(subscriber: Subscriber, *, flat: bool) -> Payload:
    """Who has the number, as American databases know it; `flat` repeats it beside, as the level standard does."""
    first, last = _FIRST[subscriber.dice % len(_FIRST)], _LAST[subscriber.dice // 8 % len(_LAST)]
    known: tuple[Payload, ...] = (
        {"caller_type": "consumer", "caller_name": f"{first} {last}", "first_name": first, "last_name": last},
        {"caller_type": "business", "caller_name": f"{last} & Sons"},
        {"caller_type": "unknown", "caller_name": "unknown"},
        {"caller_type": "consumer", "caller_name": None, "first_name": first, "last_name": last},
    )
    identity = known[subscriber.dice // 3 % len(known)]
    return {"caller_identity": identity, **(identity if flat else {})}


def _words(subscriber: Subscriber, home: Network) -> _Words:
    if subscriber.line is not Line.MOBILE:
        # The numbering plan's opinion of a landline, seen under 43; nobody vouches for a toll-free number.
        valid = "valid" if subscriber.line is Line.LANDLINE and home.region == "US" else "unknown"
        status = _LIVE + subscriber.dice % 3 if subscriber.dice % 2 else 0
        return status, 1, valid, _ABSENT_WORDS[subscriber.dice % 4 % 3]
    choices = _WORDS[subscriber.state]
    words = choices[subscriber.dice % len(choices)]
    if home.region == "US":
        words = _UNASKED.get(words[2], (0, 1, "unknown", "unknown"))
    status, outcome, valid, reachable = words
    return (status + subscriber.dice % 3 if status else 0), outcome, valid, reachable


def _ported(subscriber: Subscriber, assumed: str) -> str | None:
    if subscriber.dice % 11 == 0 or subscriber.line is not Line.MOBILE:
        return _ABSENT_WORDS[subscriber.dice % 3]
    return f"{assumed}{'ported' if subscriber.ported else 'not_ported'}"


def _carriers(subscriber: Subscriber) -> Payload:
    """Now and then neither is there; the current one of a number that does not exist has null for its name."""
    if subscriber.dice % 17 == 0 or subscriber.original is None or subscriber.current is None:
        return {}
    current = _carrier(subscriber.current, subscriber.line)
    if subscriber.state is State.UNASSIGNED and subscriber.dice % 3 == 0:
        current |= {"network_code": None, "name": None, "network_type": "null"}
    return {"current_carrier": current, "original_carrier": _carrier(subscriber.original, subscriber.line)}


def _carrier(network: Network, line: Line) -> Payload:
    carrier: Payload = {"network_code": None, "name": None, "country": network.region}
    if line is Line.MOBILE:
        carrier |= {"network_code": network.mccmnc, "name": network.name}
    elif line in _LANDLINES:
        carrier |= {"network_code": f"{network.region}-FIXED", "name": f"{network.country or network.region} Landline"}
    return carrier | {"network_type": _NETWORK_TYPES[line]}


def _roaming(subscriber: Subscriber, *, told: bool) -> Payload:
    """An object, a string, null or nothing; a network that did not say where the handset is leaves the last three."""
    visited, silent = subscriber.roaming, subscriber.dice % 13
    if told and silent > 2:
        if visited is None:
            return {"roaming": {"status": "not_roaming"}}
        names = {"roaming_network_code": visited.mccmnc, "roaming_network_name": visited.name}
        return {"roaming": {"status": "roaming", "roaming_country_code": visited.region, **names}}
    forms: tuple[Any, ...] = ("unknown", None, {"status": "unknown"}, "unknown")
    return {} if silent % 5 == 1 else {"roaming": forms[silent % 4]}
