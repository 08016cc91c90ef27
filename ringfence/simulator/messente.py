"""Messente Number Lookup, synchronous: credentials, limits, bill, refusals and faults in Messente's words.

Sources: the tutorial "Number Lookup API" (headers, error codes, envelope) and the OpenAPI document 2.1.0 of Messente's
SDK (path, limit, the other envelope). How a result reads is in messente_items.py. What INVALID and UNKNOWN cost is
documented nowhere: here every answered number is charged. The SDK takes neither the tutorial's statuses nor its
envelope: for it there is the fault `sdk_dialect`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator.bill import Account, Charge, Price, Prices
from ringfence.simulator.credentials import basic
from ringfence.simulator.messente_items import contrary, item, sdk_item
from ringfence.simulator.strictness import JSON, Form, complaint
from ringfence.simulator.subscribers import Subscribers
from ringfence.simulator.vendor import Answer, Payload, Vendor

_PATH = "/v1/hlr/sync"
_LIMIT = 10
_NUMBER = re.compile(r"\+[0-9]{1,15}", re.ASCII)
_TEXTS = {
    101: "Access is restricted, wrong credentials or Ip not whitelisted.",
    102: "Parameters are wrong or missing. Check that all the required parameters are present.",
    103: "Maximum number of numbers for the sync call exceeded.",
    104: "Not enough credits on messente account.",
    106: "Client error",
}
# The tutorial has these; for a failure of the server's own only the SDK has a code, which the tutorial gives otherwise.
_CODES = {400: 102, 401: 101, 402: 104}
_SERVER_ERROR = {"code": 103, "description": "Server error"}

_FORMS = {
    ("POST", _PATH): Form(
        keys=frozenset({"numbers"}),
        sends=frozenset({JSON}),
        accepts=frozenset({JSON}),
        numbers=frozenset({"numbers"}),
        number=re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII),
    )
}

# Outside every country's numbering plan (+882 is shared by international networks), so that nobody has asked for it.
_UNASKED = "+88299900000001"


def _error(code: int) -> Payload:
    return {"error": {"code": code, "description": _TEXTS[code]}}


class Messente(Vendor):
    """`POST /v1/hlr/sync`: 1 to 10 numbers, answered in the response."""

    name: ClassVar[str] = "messente"
    port_offset: ClassVar[int] = 4
    list_prices: ClassVar[Prices] = {"hlr_sync": Price(2_000_000, "EUR")}

    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]] = {
        "reordered": lambda payload: _changed(payload, lambda results: results[::-1]),
        "one_missing": lambda payload: _changed(payload, lambda results: results[:-1]),
        "one_twice": lambda payload: _changed(payload, lambda results: [*results, results[0]]),
        "one_conflicting": lambda payload: _changed(payload, lambda results: [*results, contrary(results[0])]),
        "one_unasked": lambda payload: _changed(payload, lambda results: [*results, results[0] | {"number": _UNASKED}]),
        "echo_bare": lambda payload: _each(payload, lambda result: result | {"number": result["number"][1:]}),
        "echo_double_zero": lambda payload: _each(
            payload, lambda result: result | {"number": "00" + result["number"][1:]}
        ),
        "unknown_status": lambda payload: _each(payload, lambda result: result | {"status": "SUSPENDED"}),
        "drifted_types": lambda payload: _each(payload, _drifted),
        "sdk_dialect": lambda payload: _in_sdk_words(payload),  # noqa: PLW0108 (defined below)
    }
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]] = {
        "no_credit": (402, _error(104)),
        "too_many": (400, _error(103)),
    }

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        self._subscribers = subscribers
        self._price = account.prices["hlr_sync"]

    def answer(self, request: Request, body: bytes) -> Answer:
        """Look up every number of a request, or refuse it."""
        status = _fault_of(request)
        if status:
            return self.refusal(status)
        asked = _numbers(body)
        if len(asked) > _LIMIT:
            return Answer(400, _error(103), str(uuid4()))
        if not asked:
            return self.refusal(400)
        found = [self._subscribers.find(number[1:]) for number in asked]
        request_id = str(uuid4())
        # A copy of the documentation calls the list otherwise; the tutorial has an `error` beside it.
        label = "result" if found[0].dice % 19 else "numbers"
        payload: Payload = {"request_id": request_id, label: [item(subscriber) for subscriber in found]}
        if found[0].dice % 5 == 0:
            payload["error"] = None
        charges = tuple(Charge("hlr_sync", number, self._price) for number in asked)
        return Answer(200, payload, request_id, tuple(asked), charges)

    def refusal(self, status: int) -> Answer:
        """The error document for an HTTP status, in the tutorial's envelope."""
        error = {"error": _SERVER_ERROR} if status >= 500 else _error(_CODES.get(status, 106))
        return Answer(status, error, str(uuid4()))

    def strict(self, request: Request, body: bytes) -> str | None:
        """Anything that the tutorial does not name, and numbers that are not E.164 with `+`."""
        return complaint(_FORMS, request, body)


def _fault_of(request: Request) -> int | None:
    """The status with which a request is refused before its body is looked at. Both headers are required."""
    headers = request.headers
    if not basic(headers.get("authorization", "")):
        return 401
    if request.url.path != _PATH:
        return 404
    if request.method != "POST":
        return 405
    sent = [headers.get(name, "").lower().split(",") for name in ("content-type", "accept")]
    json_both = all("application/json" in (kind.partition(";")[0].strip() for kind in kinds) for kinds in sent)
    return None if json_both else 400


def _numbers(body: bytes) -> list[str]:
    """The `numbers` of a request; empty when they are not a list of E.164 numbers with `+`."""
    try:
        query: Any = json.loads(body)
    except (ValueError, RecursionError):
        return []
    numbers = query.get("numbers") if isinstance(query, dict) else None
    if not isinstance(numbers, list) or not all(isinstance(text, str) and _NUMBER.fullmatch(text) for text in numbers):
        return []
    return numbers


def _changed(payload: Payload, change: Callable[[list[Payload]], list[Payload]]) -> Payload:
    label = "result" if "result" in payload else "numbers"
    return payload | {label: change(payload[label])}


def _each(payload: Payload, change: Callable[[Payload], Payload]) -> Payload:
    return _changed(payload, lambda results: [change(result) for result in results])


def _in_sdk_words(payload: Payload) -> Payload:
    if isinstance(payload.get("error"), dict):
        return {"errors": [{"error": payload["error"]}]}
    results = payload["result"] if "result" in payload else payload["numbers"]
    return {"request_id": payload["request_id"], "result": [sdk_item(result) for result in results]}


def _drifted(result: Payload) -> Payload:
    """Strings for booleans and numbers for strings."""
    flags = {key: str(result[key]).lower() for key in ("ported", "roaming") if result.get(key) is not None}
    networks = {
        key: network | {"mccmnc": int(network["mccmnc"])}
        for key, network in result.items()
        if key.endswith("Network") and network
    }
    return result | flags | networks


VENDOR = Messente
