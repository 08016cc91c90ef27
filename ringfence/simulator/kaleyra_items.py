"""How Kaleyra words the truth about a subscriber: a result, its envelopes, and a price as its server prints it.

Sources: the pages "GET API Lookup" (a result as far as its sample goes, and the price 0.80000000000000004 for four
numbers) and "POST API Lookup" (the acknowledgement). Assumed: `original_mnc` and `original_operator`, by symmetry; what
of a result is empty when; the details of a lookup, wrapped as either of the two. No request, limit or bill.
"""

import json
from collections.abc import Sequence

from ringfence.simulator.networks import Network
from ringfence.simulator.subscribers import Line, State, Subscriber
from ringfence.simulator.vendor import Payload

# The page has the place for a region's name as it is.
_URL = "https://api.{{pod}}.kaleyra.io/api/v1/{}/lookup/get-info/{}"
# What the network said nothing about, or what nobody asked it about, has no network here.
_TOLD = {State.REACHABLE, State.ABSENT, State.REFUSED, State.HANDED_OVER}
FIELDS = tuple(f"{which}_{part}" for which in ("current", "original") for part in ("mcc", "mnc", "operator"))


def item(subscriber: Subscriber, lookup_id: str) -> Payload:
    """One result; what is not known is an empty string, and `country_code` is the dialling code."""
    home = subscriber.original
    told = subscriber.state in _TOLD and subscriber.line is Line.MOBILE
    # A number that no subscriber has still belongs to a block of somebody's.
    known = told or (subscriber.state is State.UNASSIGNED and subscriber.line is Line.MOBILE)
    return {
        "lookup_id": lookup_id,
        "mobile_number": subscriber.digits,
        "country": home.region if home else "",
        "country_code": int(home.country_prefix) if home else "",
        **_network("current", subscriber.current if told else None, named=subscriber.dice % 5 > 0),
        **_network("original", home if known and subscriber.dice % 7 else None, named=subscriber.dice % 3 > 0),
    }


def pending(result: Payload) -> Payload:
    """A result before there is one."""
    return {key: value for key, value in result.items() if key not in FIELDS}


def accepted(sid: str, batch: str, ids: Sequence[tuple[str, str]], left_out: tuple[int, int]) -> Payload:
    """The acknowledgement of the numbers with these lookup ids; left out are invalid numbers and repeated ones."""
    results = [{"lookup_id": each, "mobile_number": digits, "url": _URL.format(sid, each)} for each, digits in ids]
    head = {"code": "LKP201", "message": "Request accepted successfully", "id": batch}
    return {"data": {**head, **_counted(results, left_out)}, "error": {}}


def answered(batch: str, results: Sequence[Payload], left_out: tuple[int, int], price: int) -> Payload:
    """The answer to a GET about numbers, with the price of all of them in nanos."""
    head = {"code": "LKP200", "message": "Request processed successfully", "price": price, "id": batch}
    return {**head, **_counted(results, left_out)}


def detailed(batch: str, result: Payload, *, flat: bool) -> Payload:
    """The details of one lookup: as one entry of a list, or as an object with an error beside it."""
    if not flat:
        return {"data": result, "error": {}}
    head = {"code": "LKP200", "message": "Request processed successfully", "id": batch}
    return {**head, **_counted([result], (0, 0))}


def error(code: str, message: str) -> Payload:
    """What is sent instead; of errors nothing is documented but that `error` is empty where there is none."""
    return {"data": {}, "error": {"code": code, "message": message}}


def written(payload: Payload) -> bytes:
    """JSON with the price as a double with seventeen digits: 0.80000000000000004."""
    text = json.dumps(payload, separators=(",", ":"))
    if isinstance(payload.get("price"), int):
        text = text.replace(f'"price":{payload["price"]}', f'"price":{payload["price"] / 10**9:.17g}', 1)
    return text.encode()


def _counted(results: Sequence[Payload], left_out: tuple[int, int]) -> Payload:
    invalid, duplicate = left_out
    return {
        "total_processed_count": len(results),
        "data": list(results),
        "invalid_count": invalid,
        "duplicate_count": duplicate,
    }


def _network(which: str, network: Network | None, *, named: bool) -> Payload:
    """A network in three fields; its name is not always told."""
    told = (network.mccmnc[:3], network.mccmnc[3:], network.name if named else "") if network else ("", "", "")
    return {f"{which}_{part}": each for part, each in zip(("mcc", "mnc", "operator"), told, strict=True)}
