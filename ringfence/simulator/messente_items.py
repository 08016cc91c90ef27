"""How Messente words the truth about a subscriber: one result of a lookup, in its documentation's words or its SDK's.

Sources: the tutorial "Number Lookup API" (fields, ONLINE and OFFLINE), RingCentral's copy of the documentation (ON and
OFF, `type`, three letters for a country, a ported number with null networks), and the model of Messente's SDK 2.7
('true' and 'false', `error` in a result). No request, limit or bill.
"""

from collections.abc import Mapping
from typing import Any

from ringfence.simulator.networks import ALPHA_3, Network
from ringfence.simulator.subscribers import Line, State, Subscriber
from ringfence.simulator.vendor import Payload

# What the network answered for each truth; None: it is not known, True and False: on and off.
_KNOWN: Mapping[State, bool | str] = {
    State.REACHABLE: True,
    State.ABSENT: False,
    State.REFUSED: False,
    State.UNASSIGNED: "INVALID",
    State.UNALLOCATED: "INVALID",
}
# The spellings of each, of which the tutorial's is the usual one; the subscriber's dice choose.
_SPELLINGS: Mapping[bool, tuple[str | bool, ...]] = {
    True: ("ONLINE", "ONLINE", "ONLINE", "ONLINE", "ONLINE", "ON", "true", True),
    False: ("OFFLINE", "OFFLINE", "OFFLINE", "OFFLINE", "OFFLINE", "OFF", "false", False),
}
_SDK_STATUS: Mapping[Any, str] = {
    **dict.fromkeys(("ONLINE", "ON", "true", True), "true"),
    **dict.fromkeys(("OFFLINE", "OFF", "false", False), "false"),
}
_TYPES = {Line.MOBILE: "MOBILE", Line.LANDLINE: "LANDLINE", Line.TOLL_FREE: "LANDLINE", Line.PREMIUM: "LANDLINE"}


def item(subscriber: Subscriber) -> Payload:
    """One result. All but the number may be null, and is now and then left out instead."""
    known = _KNOWN.get(subscriber.state, "UNKNOWN")
    if subscriber.line is Line.TOLL_FREE:
        known = "INVALID"  # live toll-free numbers that take no messages have been seen so
    result = {"number": f"+{subscriber.digits}", **_networks(subscriber, told=isinstance(known, bool))}
    result |= {"status": _SPELLINGS[known][subscriber.dice % 8] if isinstance(known, bool) else known}
    if subscriber.dice % 11 < 6:
        result["type"] = _TYPES.get(subscriber.line)
    if subscriber.state is State.GARBLED:
        failure = {"code": 105, "description": "Lookup failed"}
        result |= {"status": None, "error": failure if subscriber.dice % 2 else failure["description"]}
    elif known == "UNKNOWN" and subscriber.dice % 3 == 0:
        result["status"] = None
    if subscriber.dice % 7:
        return result
    return {key: value for key, value in result.items() if value is not None}


def sdk_item(result: Payload) -> Payload:
    """A result as the SDK's model takes it: four statuses, all of them strings."""
    status = result.get("status")
    return result | {"status": _SDK_STATUS.get(status, status)}


def contrary(result: Payload) -> Payload:
    """The same number, told to be dead if it was alive, alive if it was not."""
    return result | {"status": "INVALID" if _SDK_STATUS.get(result.get("status")) else "ONLINE"}


def _networks(subscriber: Subscriber, *, told: bool) -> Payload:
    """What is known of networks: of a subscription much, of what did not answer at most where the number belongs."""
    known = subscriber.line is Line.MOBILE and subscriber.state is not State.UNALLOCATED
    current = subscriber.current if known and (told or subscriber.dice % 5) else None
    networks: Payload = {
        "currentNetwork": _network(current, subscriber.dice),
        "ported": subscriber.ported if told else None,
        "portedNetwork": None,
        "originalNetwork": None,
        "roaming": subscriber.roaming is not None if told else None,
        "roamingNetwork": _network(subscriber.roaming, subscriber.dice) if told else None,
    }
    # A third of the ported numbers names neither the network that they left nor the one that they went to.
    if told and subscriber.ported and subscriber.dice % 3:
        networks["portedNetwork"] = networks["currentNetwork"]
    if told and (not subscriber.ported or subscriber.dice % 3):
        networks["originalNetwork"] = _network(subscriber.original, subscriber.dice)
    return networks


def _network(network: Network | None, dice: int) -> Payload | None:
    if network is None:
        return None
    return {
        "mccmnc": network.mccmnc,
        "networkName": network.name,
        "countryName": network.country,
        "countryPrefix": f"+{network.country_prefix}",
        "countryCode": ALPHA_3.get(network.region, network.region) if dice % 13 < 5 else network.region,
    }
