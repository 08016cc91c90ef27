"""Kaleyra Lookup: account and key, limits, bill, details that are not ready at once, and faults in Kaleyra's words.

Sources: the pages "POST API Lookup" and "GET API Lookup". How a result reads is in kaleyra_items.py. Documented nowhere
and assumed here: the limits (100 by POST and 10 by GET, those of the API before this one); 200 or 201 for what is
accepted; the errors; that the GET counts invalid and repeated numbers as the POST does; that an invalid number is
charged, a repeated one is not; that details are free, and at first either not found or without a network.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator.bill import Account, Charge, Price, Prices
from ringfence.simulator.credentials import good
from ringfence.simulator.kaleyra_faults import DISTORTIONS, REWORDINGS
from ringfence.simulator.kaleyra_items import accepted, answered, detailed, error, item, pending, written
from ringfence.simulator.strictness import JSON, Form, complaint
from ringfence.simulator.subscribers import State, Subscriber, Subscribers
from ringfence.simulator.vendor import Answer, Payload, Vendor

_LOOKUP = re.compile(r"/v1/([^/{}]+)/lookup", re.ASCII)
_NUMBERS = re.compile(r"/v1/([^/{}]+)/lookup/([^/]+)", re.ASCII)
_DETAILS = re.compile(r"/api/v1/([^/{}]+)/lookup/get-info/([^/]+)", re.ASCII)
_POST_LIMIT, _GET_LIMIT = 100, 10
_TEXTS = {
    400: "Invalid request parameters",
    401: "Authentication failed",
    402: "Insufficient balance",
    403: "Product not enabled",
    404: "Lookup not found",
    405: "Method not allowed",
    429: "Too many requests",
}
_FORMS = {
    "POST": Form(keys=frozenset({"mobile"}), sends=frozenset({JSON}), numbers=frozenset({"mobile"})),
    "GET": Form(),
}
_WRITTEN: Mapping[str, Any] = {"headers": {"content-type": JSON}, "markup": written}


def _error(status: int) -> Payload:
    return error(f"LKP{status}", _TEXTS.get(status, "Request failed"))


class Kaleyra(Vendor):
    """`POST /v1/<SID>/lookup` with `GET /api/v1/<SID>/lookup/get-info/<id>`, and `GET /v1/<SID>/lookup/<numbers>`."""

    name: ClassVar[str] = "kaleyra"
    port_offset: ClassVar[int] = 2
    list_prices: ClassVar[Prices] = {"lookup": Price(200_000_000, "EUR"), "lookup_get": Price(200_000_000, "EUR")}
    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]] = DISTORTIONS
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]] = {
        "too_many": (400, _error(400)),
        "no_credit": (402, _error(402)),
        "not_enabled": (403, _error(403)),
        "throttled": (429, _error(429)),
        # A failure that only the code tells of.
        "internal_error": (200, _error(500)),
    }
    rewordings: ClassVar[Mapping[str, Callable[[Answer], Answer]]] = REWORDINGS

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        self._subscribers = subscribers
        self._prices = account.prices
        # Of each lookup: its number, and how often its details were asked for.
        self._lookups: dict[str, tuple[str, int]] = {}

    def answer(self, request: Request, body: bytes) -> Answer:
        """Accept numbers, tell of a lookup, or tell of numbers at once; or refuse it."""
        for path, method, answer in (
            (_LOOKUP, "POST", self._accept),
            (_NUMBERS, "GET", self._tell),
            (_DETAILS, "GET", self._detail),
        ):
            found = path.fullmatch(request.url.path)
            if found:
                if not good(found[1], request.headers.get("api-key", "")):
                    return self.refusal(401)
                if request.method != method:
                    return self.refusal(405)
                return answer(request, body, found)
        return self.refusal(404)

    def refusal(self, status: int) -> Answer:
        """The error document for an HTTP status."""
        return Answer(status, _error(status), str(uuid4()))

    def strict(self, request: Request, body: bytes) -> str | None:
        """What is not as the pages have it: other keys or parameters, numbers that are not bare digits."""
        forms = {(method, request.url.path): form for method, form in _FORMS.items()}
        return complaint(forms, request, body)

    def _accept(self, request: Request, body: bytes, path: "re.Match[str]") -> Answer:
        sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        numbers = _mobile(body)
        if sent != JSON or not 1 <= len(numbers) <= _POST_LIMIT:
            return self.refusal(400)
        found, left_out = self._known(numbers)
        batch = str(uuid4())
        ids = [(f"{batch}:{place}", each.digits) for place, each in enumerate(found, 1)]
        self._lookups.update({lookup_id: (digits, 0) for lookup_id, digits in ids})
        payload = accepted(path[1], batch, ids, left_out)
        status = 200 if not found or found[0].dice % 2 else 201
        return Answer(status, payload, batch, _with_plus(numbers), self._charges("lookup", numbers))

    def _tell(self, _request: Request, _body: bytes, path: "re.Match[str]") -> Answer:
        numbers = path[2].split(",")
        if len(numbers) > _GET_LIMIT:
            return self.refusal(400)
        found, left_out = self._known(numbers)
        batch = str(uuid4())
        charges = self._charges("lookup_get", numbers)
        results = [item(each, f"{batch}:{place}") for place, each in enumerate(found, 1)]
        payload = answered(batch, results, left_out, sum(charge.price.amount for charge in charges))
        return Answer(200, payload, batch, _with_plus(numbers), charges, **_WRITTEN)

    def _detail(self, _request: Request, _body: bytes, path: "re.Match[str]") -> Answer:
        lookup_id = path[2]
        if lookup_id not in self._lookups:
            return self.refusal(404)
        digits, times = self._lookups[lookup_id]
        self._lookups[lookup_id] = (digits, times + 1)
        subscriber = self._subscribers.find(digits)
        result = item(subscriber, lookup_id)
        ready = times >= subscriber.dice % 3
        if not ready and subscriber.dice % 2:
            return replace(self.refusal(404), numbers=_with_plus([digits]))
        batch = lookup_id.partition(":")[0]
        payload = detailed(batch, result if ready else pending(result), flat=subscriber.dice % 4 < 2)
        return Answer(200, payload, batch, _with_plus([digits]))

    def _known(self, numbers: Sequence[str]) -> tuple[list[Subscriber], tuple[int, int]]:
        """The subscribers of valid numbers, each once; how many numbers are invalid, and how many repeated."""
        once = list(dict.fromkeys(numbers))
        found = [each for each in map(self._subscribers.find, once) if each.state is not State.UNALLOCATED]
        return found, (len(once) - len(found), len(numbers) - len(once))

    def _charges(self, product: str, numbers: Sequence[str]) -> tuple[Charge, ...]:
        return tuple(Charge(product, f"+{each}", self._prices[product]) for each in dict.fromkeys(numbers))


def _with_plus(numbers: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"+{each}" for each in numbers)


def _mobile(body: bytes) -> list[str]:
    """The numbers of a request; none when `mobile` is no list of texts."""
    try:
        sent: Any = json.loads(body)
    except (ValueError, RecursionError):
        return []
    numbers = sent.get("mobile") if isinstance(sent, dict) else None
    return numbers if isinstance(numbers, list) and all(isinstance(each, str) for each in numbers) else []


VENDOR = Kaleyra
