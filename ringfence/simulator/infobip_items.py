"""How Infobip words the truth about a subscriber: its status and error codes, and the result items made of them.

Sources: the status and error code lists of Infobip's API documentation (`permanent` flags of 2026), and for the items
Infobip OpenAPI 3.210.0. No request, limit or fault.
"""

from collections.abc import Mapping

from ringfence.simulator.networks import Network
from ringfence.simulator.subscribers import State, Subscriber
from ringfence.simulator.vendor import Payload

_STATUS_GROUPS = {2: "UNDELIVERABLE", 3: "DELIVERED", 4: "EXPIRED", 5: "REJECTED"}
# id: (group, name, description)
_STATUSES = {
    2: (3, "DELIVERED_TO_OPERATOR", "Message delivered to operator"),
    4: (2, "UNDELIVERABLE_REJECTED_OPERATOR", "Message rejected by operator"),
    5: (3, "DELIVERED_TO_HANDSET", "Message delivered to handset"),
    6: (5, "REJECTED_NETWORK", "Network is forbidden"),
    8: (5, "REJECTED_PREFIX_MISSING", "Number prefix missing"),
    9: (2, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"),
    10: (5, "REJECTED_DND", "Destination number is on the do-not-disturb list"),
    12: (5, "REJECTED_NOT_ENOUGH_CREDITS", "Not enough credits"),
    14: (5, "REJECTED_DESTINATION_BLOCKLISTED", "Destination blocklisted"),
    15: (4, "EXPIRED_EXPIRED", "Message expired"),
    19: (5, "REJECTED_ROUTE_NOT_AVAILABLE", "Route not available"),
    20: (5, "REJECTED_FLOODING_FILTER", "Rejected flooding"),
    21: (5, "REJECTED_SYSTEM_ERROR", "System error"),
    29: (4, "EXPIRED_DLR_UNKNOWN", "Expired with unknown delivery report"),
    52: (5, "REJECTED_DESTINATION", "Invalid destination address."),
}
_ERROR_GROUPS = {0: "OK", 1: "HANDSET_ERRORS", 3: "OPERATOR_ERRORS"}
# id: (group, name, description, permanent)
_CODES = {
    0: (0, "NO_ERROR", "No Error", False),
    1: (1, "EC_UNKNOWN_SUBSCRIBER", "Unknown Subscriber", True),
    5: (1, "EC_UNIDENTIFIED_SUBSCRIBER", "Unidentified Subscriber", False),
    6: (1, "EC_ABSENT_SUBSCRIBER_SM", "Absent Subscriber", False),
    8: (1, "EC_ROAMING_NOT_ALLOWED", "Roaming Not Allowed", False),
    9: (1, "EC_ILLEGAL_SUBSCRIBER", "Illegal Subscriber", True),
    11: (1, "EC_TELESERVICE_NOT_PROVISIONED", "Teleservice Not Provisioned", True),
    12: (1, "EC_ILLEGAL_EQUIPMENT", "Illegal Equipment", True),
    13: (1, "EC_CALL_BARRED", "Call Barred", False),
    21: (1, "EC_FACILITY_NOT_SUPPORTED", "Facility Not Supported", False),
    27: (1, "EC_ABSENT_SUBSCRIBER", "Absent Subscriber", False),
    31: (1, "EC_SUBSCRIBER_BUSY_FOR_MT_SMS", "Subscriber Busy For MT SMS", False),
    33: (1, "EC_MESSAGE_WAITING_LIST_FULL", "Message Waiting List Full", False),
    34: (1, "EC_SYSTEM_FAILURE", "System Failure", False),
    255: (1, "EC_UNKNOWN_ERROR", "Unknown Error", False),
    2048: (3, "EC_TIME_OUT", "Time Out", False),
}


def _status(number: int) -> Payload:
    group, name, description = _STATUSES[number]
    status = {"groupId": group, "groupName": _STATUS_GROUPS[group], "id": number, "name": name}
    action = {"action": "Contact account manager"} if number == 19 else {}
    return {**status, "description": description, **action}


def _error(number: int, ok: str) -> Payload:
    group, name, description, permanent = _CODES[number]
    error = {"groupId": group, "groupName": _ERROR_GROUPS[group] if group else ok, "id": number, "name": name}
    return {**error, "description": description, "permanent": permanent}


# Group 0 is "OK" in the documentation's examples and "Ok" in the OpenAPI document's: both occur.
STATUS = {number: _status(number) for number in _STATUSES}
ERROR = {(number, odd): _error(number, "Ok" if odd else "OK") for number in _CODES for odd in (0, 1)}

# The (status id, error id) pairs in which each truth is told; the subscriber's dice choose one.
_WORDS: Mapping[State, tuple[tuple[int, int], ...]] = {
    State.REACHABLE: ((5, 0),),
    State.ABSENT: ((9, 27), (9, 27), (9, 27), (9, 6)),
    State.UNASSIGNED: ((9, 1),),
    State.REFUSED: ((9, 9), (9, 11), (9, 13), (9, 31), (9, 33), (9, 8), (9, 12), (9, 21)),
    State.HANDED_OVER: ((2, 0),),
    State.SILENT: ((15, 2048), (29, 0)),
    State.UNALLOCATED: ((52, 0), (52, 0), (8, 0)),
    State.UNCOVERED: ((6, 0),),
    State.BUSY: ((20, 0), (21, 0)),
    State.BLOCKED: ((14, 0), (10, 0)),
    State.GARBLED: ((9, 5), (9, 34), (9, 255), (9, 2048), (4, 0)),
}


def item(subscriber: Subscriber) -> Payload:
    """One result. What the network did not say is absent, except in a rejection."""
    words = _WORDS[subscriber.state]
    status, error = words[subscriber.dice % len(words)]
    original, current = subscriber.original, subscriber.current
    if original is None:
        status = 8 if subscriber.digits.isdigit() else 52
    if STATUS[status]["groupId"] == 5 or original is None or current is None:
        return rejection(subscriber.digits, status)
    # The OpenAPI example of a ported number keeps the original network's code: mccMnc has both meanings.
    # Moduli without a common factor keep these choices independent.
    kept = subscriber.ported and subscriber.dice % 4 == 0
    named = subscriber.dice % 19 != 0
    result: Payload = {"to": subscriber.digits, "mccMnc": original.mccmnc if kept else current.mccmnc}
    if subscriber.state is State.REACHABLE:
        masked = subscriber.dice % 11 == 0
        result["imsi"] = current.mccmnc.ljust(15, "0") if masked else subscriber.imsi
        if subscriber.dice % 3 == 0:
            result["servingMSC"] = subscriber.msc
    result["originalNetwork"] = _network(original, named=named)
    result["ported"] = subscriber.ported
    if subscriber.ported:
        result["portedNetwork"] = _network(current, named=named)
    result["roaming"] = subscriber.roaming is not None
    if subscriber.roaming:
        result["roamingNetwork"] = _network(subscriber.roaming, named=named)
    return result | {"status": STATUS[status], "error": ERROR[error, subscriber.dice & 1]}


def rejection(to: str, status: int) -> Payload:
    """A result that never reached a network, with its trap: false and an empty object stand for "not asked"."""
    nothing = {"originalNetwork": {}, "ported": False, "roaming": False}
    return {"to": to, **nothing, "status": STATUS[status], "error": ERROR[0, 0]}


def _network(network: Network, *, named: bool) -> Payload:
    """A network object; names are not in every package and country."""
    prefixes = {"networkPrefix": network.prefix, "countryPrefix": network.country_prefix}
    if not named:
        return prefixes
    return {"networkName": network.name, **({"countryName": network.country} if network.country else {}), **prefixes}
