"""Infobip Number Lookup, the synchronous query: credentials, limits, bill and faults in Infobip's words.

Sources: Infobip OpenAPI 3.210.0 (tag Number Lookup) and the pages "Number Lookup over API" and "Number Lookup
synchronous request" (the limit and its text). How a result reads is in infobip_items.py. Whether a rejected number is
charged is not documented: here every answered number is, whatever the answer.
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator.bill import Account, Charge, Price, Prices
from ringfence.simulator.credentials import basic, good
from ringfence.simulator.infobip_items import ERROR, STATUS, item, rejection
from ringfence.simulator.subscribers import Subscribers
from ringfence.simulator.vendor import Answer, Payload

_QUERY = "/number/1/query"
_LIMIT = 1000
_OVER_LIMIT = (
    f"[to : Number of destinations is limited to {_LIMIT}. For larger requests use /number/1/notify API endpoint.]"
)
_CLIPPED = 256  # longer strings are clipped and echoed clipped (OpenAPI, `to`)
_ERRORS = {
    400: ("BAD_REQUEST", "Bad request"),
    401: ("UNAUTHORIZED", "Unauthorized"),
    403: ("FORBIDDEN", "Forbidden"),
    429: ("TOO_MANY_REQUESTS", "Too many requests"),
    500: ("GENERAL_ERROR", "Something went wrong. Please contact support."),
}

# Outside every country's numbering plan (+882 is shared by international networks), so that nobody has asked for it.
_UNASKED = "88299900000001"
_NEW_STATUS = {"groupId": 9, "groupName": "DEFERRED", "id": 9001, "name": "DEFERRED_NEW", "description": "New status"}


class Infobip:
    """`POST /number/1/query`: 1 to 1000 numbers, answered in the response."""

    name: ClassVar[str] = "infobip"
    port_offset: ClassVar[int] = 0
    list_prices: ClassVar[Prices] = {"query": Price(10_000_000, "EUR")}

    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]] = {
        "reordered": lambda payload: _with(payload, payload["results"][::-1]),
        "one_missing": lambda payload: _with(payload, payload["results"][:-1]),
        "one_twice": lambda payload: _with(payload, [*payload["results"], payload["results"][0]]),
        "one_conflicting": lambda payload: _with(payload, [*payload["results"], _contrary(payload["results"][0])]),
        "one_unasked": lambda payload: _with(payload, [*payload["results"], payload["results"][0] | {"to": _UNASKED}]),
        "echo_plus": lambda payload: _each(payload, lambda result: result | {"to": "+" + result["to"]}),
        "echo_double_zero": lambda payload: _each(payload, lambda result: result | {"to": "00" + result["to"]}),
        "not_enabled": lambda payload: _each(payload, lambda result: rejection(result["to"], 19)),
        "no_credit": lambda payload: _each(payload, lambda result: rejection(result["to"], 12)),
        "unknown_status": lambda payload: _each(payload, lambda result: result | {"status": _NEW_STATUS}),
        "drifted_types": lambda payload: _each(payload, _drifted),
    }

    # Infobip refuses number by number, and bills each.
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]] = {}

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        self._subscribers = subscribers
        self._price = account.prices["query"]

    def answer(self, request: Request, body: bytes) -> Answer:
        """Look up every number of a query, or refuse the request."""
        status = _fault_of(request)
        if status:
            return self.refusal(status)
        asked = _destinations(body)
        if not asked:
            return self.refusal(400)
        if len(asked) > _LIMIT:
            return self.refusal(400, _OVER_LIMIT)
        results = [item(self._subscribers.find(text[:_CLIPPED].removeprefix("+"))) for text in asked]
        bulk_id = str(uuid4())
        numbers = tuple(f"+{result['to']}" for result in results)
        charges = tuple(Charge("query", number, self._price) for number in numbers)
        bulk = {"bulkId": bulk_id} if len(results) > 1 else {}
        return Answer(200, {**bulk, "results": results}, bulk_id, numbers, charges)

    def refusal(self, status: int, text: str | None = None) -> Answer:
        """The error document; for a status that the OpenAPI document does not list, under the status's own name."""
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        message_id, usual = _ERRORS.get(status, (phrase.upper().replace(" ", "_").replace("'", ""), phrase))
        exception = {"messageId": message_id, "text": text or usual}
        return Answer(status, {"requestError": {"serviceException": exception}}, str(uuid4()))


def _fault_of(request: Request) -> int | None:
    """The status with which a request is refused before its body is looked at."""
    headers = request.headers
    accepted = headers.get("accept", "*/*")
    if not _authorized(headers.get("authorization", "")):
        return 401
    if request.url.path != _QUERY:
        return 404
    if request.method != "POST":
        return 405
    if not any(kind in accepted for kind in ("*/*", "application/*", "application/json")):
        return 406  # the vendor would answer in XML; only JSON is simulated
    return None if headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json" else 400


def _authorized(header: str) -> bool:
    """`Basic` and `App` of the OpenAPI document."""
    scheme, _, credential = header.partition(" ")
    return good(credential.strip()) if scheme.lower() == "app" else basic(header)


def _destinations(body: bytes) -> list[str]:
    """The `to` of a query: a list of strings, or one bare string; empty when the body is anything else."""
    try:
        query: Any = json.loads(body)
    except (ValueError, RecursionError):
        return []
    to = query.get("to") if isinstance(query, dict) else None
    asked = [to] if isinstance(to, str) else to
    if not isinstance(asked, list) or not all(isinstance(text, str) for text in asked):
        return []
    return asked


def _with(payload: Payload, results: list[Payload]) -> Payload:
    return payload | {"results": results}


def _each(payload: Payload, change: Callable[[Payload], Payload]) -> Payload:
    return _with(payload, [change(result) for result in payload["results"]])


def _contrary(result: Payload) -> Payload:
    """The same number, told to be dead if it was alive, alive if it was not."""
    alive = result["status"] == STATUS[5]
    return result | {"status": STATUS[9 if alive else 5], "error": ERROR[1 if alive else 0, 0]}


def _drifted(result: Payload) -> Payload:
    """Numbers for strings and strings for booleans and numbers."""
    drifted = result | {flag: str(result[flag]).lower() for flag in ("ported", "roaming")}
    drifted["status"] = result["status"] | {"id": str(result["status"]["id"])}
    return drifted | ({"mccMnc": int(result["mccMnc"])} if "mccMnc" in result else {})


VENDOR = Infobip
