"""One world behind three providers: whatever any of them claims to know of a number is true, so no two contradict."""

from collections.abc import Callable
from typing import Any

import httpx

from ringfence.simulator.server import Settings, running
from ringfence.simulator.subscribers import Line, State, Subscriber, Subscribers

Claims = dict[str, Any]
ALIVE = {State.REACHABLE, State.ABSENT, State.REFUSED, State.HANDED_OVER}
DEAD = {State.UNASSIGNED, State.UNALLOCATED}
LANDLINES = ["31207654321", "442079460000", "493012345678", "12025550166", "2100000000"]


def truth(subscriber: Subscriber) -> Claims:
    """What is so. Nobody knows whether a number exists whose network says nothing."""
    current, original = subscriber.current, subscriber.original
    mobile = subscriber.line is Line.MOBILE
    return {
        "valid": True if subscriber.state in ALIVE else False if subscriber.state in DEAD else None,
        "reachable": subscriber.state is State.REACHABLE,
        "ported": subscriber.ported,
        "roaming": subscriber.roaming is not None,
        "current": current and mobile and current.mccmnc,
        "original": original and mobile and original.name,
        "visited": subscriber.roaming and subscriber.roaming.name,
    }


def infobip(item: dict[str, Any]) -> Claims:
    """What Infobip claims: of a rejected number only that a bad one is none (status groups 5, 2 and 3)."""
    group, status, error = item["status"]["groupId"], item["status"]["id"], item["error"]["id"]
    if group == 5:
        return {"valid": False} if status in (8, 52) else {}
    claims: Claims = {"ported": item["ported"], "original": item["originalNetwork"].get("networkName")}
    claims["current"] = None if item["ported"] else item["mccMnc"]
    if group == 3:
        claims |= {"valid": True, "visited": item.get("roamingNetwork", {}).get("networkName")}
        claims |= {"reachable": True, "roaming": item["roaming"]} if status == 5 else {}
    elif error in (1, 6, 27):
        claims |= {"valid": error != 1, "reachable": False}
    return claims


def vonage(item: dict[str, Any]) -> Claims:
    """What Vonage claims at level advanced: assumed and inferred words, "null" and unknown claim nothing."""
    if item["status"] == 3:
        return {"valid": False}
    current, original = (item.get(f"{which}_carrier") or {} for which in ("current", "original"))
    roaming = item.get("roaming")
    told = roaming if isinstance(roaming, dict) else {}
    mobile = current.get("network_type") == "mobile"
    return {
        # A number that is valid by its format only is told so in a partial answer.
        "valid": {"valid": None if item["status"] else True, "not_valid": False}.get(item["valid_number"]),
        "reachable": {"reachable": True, "absent": False, "bad_number": False}.get(item["reachable"]),
        "ported": {"ported": True, "not_ported": False}.get(item["ported"]),
        "roaming": {"roaming": True, "not_roaming": False}.get(told.get("status")),
        "visited": told.get("roaming_network_name"),
        "current": current.get("network_code") if mobile else None,
        "original": original.get("name") if mobile else None,
    }


def messente(item: dict[str, Any]) -> Claims:
    """What Messente claims: its booleans where they are given."""
    status = str(item.get("status")).upper()
    on = {"ONLINE": True, "ON": True, "TRUE": True, "OFFLINE": False, "OFF": False, "FALSE": False}.get(status)
    current, ported, original, visited = (
        item.get(f"{which}Network") or {} for which in ("current", "ported", "original", "roaming")
    )
    return {
        "valid": False if status == "INVALID" else None if on is None else True,
        "reachable": on,
        "ported": item.get("ported"),
        "roaming": item.get("roaming"),
        "visited": visited.get("networkName"),
        "current": ported.get("mccmnc") or current.get("mccmnc"),
        "original": original.get("networkName"),
    }


def test_no_provider_contradicts_the_truth_or_another(mobiles: Callable[[int], list[str]]) -> None:
    """Validity, reachability, porting, roaming and carriers, as three providers tell them of six hundred numbers."""
    numbers = [*mobiles(600), *LANDLINES]
    subscribers = Subscribers(7)
    claims: dict[str, list[Claims]] = {"infobip": [], "vonage": [], "messente": []}
    with running(Settings(seed=7)) as urls, httpx.Client(auth=("user", "password")) as client:
        found = client.post(f"{urls['infobip']}/number/1/query", json={"to": numbers}).json()["results"]
        claims["infobip"] = [infobip(item) for item in found]
        for number in numbers:
            item = client.get(f"{urls['vonage']}/ni/advanced/json", params={"number": number}).json()
            claims["vonage"].append(vonage(item))
        for at in range(0, len(numbers), 10):
            body = {"numbers": [f"+{number}" for number in numbers[at : at + 10]]}
            headers = {"Accept": "application/json"}
            answer = client.post(f"{urls['messente']}/v1/hlr/sync", json=body, headers=headers).json()
            claims["messente"] += [messente(item) for item in answer.get("result") or answer["numbers"]]
    known = {provider: dict.fromkeys(truth(subscribers.find("")), 0) for provider in claims}
    for provider, told in claims.items():
        for number, claim in zip(numbers, told, strict=True):
            subscriber = subscribers.find(number)
            true = truth(subscriber)
            stated = {fact: value for fact, value in claim.items() if value is not None}
            if provider == "messente" and subscriber.line is Line.TOLL_FREE:
                # A toll-free number that takes no messages is called invalid, which is no claim about it.
                assert stated.pop("valid") is False
            assert stated == {fact: true[fact] for fact in stated}, (provider, number)
            for fact in stated:
                known[provider][fact] += 1
    # Each claims enough for this to mean something.
    for counts in known.values():
        assert all(counts[fact] > 250 for fact in ("valid", "reachable", "ported", "roaming", "current", "original"))
        assert counts["visited"] > 2
