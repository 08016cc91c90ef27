"""Infobip Number Lookup: the query, the request that is answered by callback, the log, and their bill.

Sources: Infobip OpenAPI 3.210.0 (tag Number Lookup) and the pages "Number Lookup over API", "Number Lookup synchronous
request" (the limit and its text) and "Asynchronous request". How a result reads is in infobip_items.py. Not documented,
and so a choice here: whether a rejected number is charged (every answered number is); whether a callback is about one
number or many and has ids in it (all occur); how often a callback is tried again.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import ClassVar
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator.bill import Account, Charge, Price, Prices
from ringfence.simulator.infobip_faults import DISTORTIONS, REWORDINGS
from ringfence.simulator.infobip_items import item
from ringfence.simulator.infobip_log import Entry, Log
from ringfence.simulator.infobip_markup import markup
from ringfence.simulator.infobip_requests import FORMS, LOGS, NOTIFY, Asked, fault_of, read, reply_type
from ringfence.simulator.strictness import XML, complaint
from ringfence.simulator.subscribers import State, Subscriber, Subscribers
from ringfence.simulator.vendor import Answer, Callback, Payload, Vendor

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
# The newer envelope, which the page about rate limits shows.
_THROTTLED: Payload = {
    "errorCode": "E429",
    "description": "Too many requests sent.",
    "action": "Check request rate limit specified in the API endpoint documentation resource.",
    "violations": [],
    "resources": [],
}
_PENDING = {
    "groupId": 1,
    "groupName": "PENDING",
    "id": 3,
    "name": "PENDING_WAITING_DELIVERY",
    "description": "Message sent, waiting for delivery report",
}
# How many numbers one callback is about, at most: which of them is the choice of the first number's dice.
_GROUPS = (1, 10, 100)
# Seconds that the network takes to answer what is called back: the log says pending until then.
_TAKES = 0.1


class Infobip(Vendor):
    """`POST /number/1/query`, `POST /number/1/notify` and `GET /number/1/logs`, in JSON and XML."""

    name: ClassVar[str] = "infobip"
    port_offset: ClassVar[int] = 0
    list_prices: ClassVar[Prices] = {"query": Price(10_000_000, "EUR"), "notify": Price(10_000_000, "EUR")}
    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]] = DISTORTIONS
    rewordings: ClassVar[Mapping[str, Callable[[Answer], Answer]]] = REWORDINGS
    # Infobip refuses number by number, and bills each.
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]] = {}

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        self._subscribers = subscribers
        self._prices = account.prices
        self._log = Log()
        # What was looked up last and is not known to be charged, by request.
        self._noted: dict[str, list[Entry]] = {}

    def answer(self, request: Request, body: bytes) -> Answer:
        """Look up every number, accept them for later, tell the log, or refuse the request."""
        answer = self._said(request, body)
        return replace(answer, markup=markup) if reply_type(request) == XML else answer

    def refusal(self, status: int, text: str | None = None) -> Answer:
        """The error document; for a status that the OpenAPI document does not list, under the status's own name."""
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        message_id, usual = _ERRORS.get(status, (phrase.upper().replace(" ", "_").replace("'", ""), phrase))
        exception = {"messageId": message_id, "text": text or usual}
        return Answer(status, {"requestError": {"serviceException": exception}}, str(uuid4()))

    def reset(self) -> None:
        """Forget the log."""
        self._log.clear()
        self._noted.clear()

    def billed(self, answer: Answer) -> None:
        """The log tells what the bill does."""
        self._log.add(self._noted.pop(answer.request_id, ()))

    def strict(self, request: Request, body: bytes) -> str | None:
        """Anything that the OpenAPI document does not name, and numbers that are not written as in its examples."""
        return complaint(FORMS, request, body)

    def _said(self, request: Request, body: bytes) -> Answer:
        status = fault_of(request)
        if status:
            return self.refusal(status)
        if request.url.path == LOGS:
            return self._logged(request)
        asked = read(body)
        if not asked.to:
            return self.refusal(400)
        if request.url.path == NOTIFY:
            return self._accepted(asked)
        return self.refusal(400, _OVER_LIMIT) if len(asked.to) > _LIMIT else self._looked_up(asked)

    def _found(self, asked: Asked) -> list[Subscriber]:
        return [self._subscribers.find(text[:_CLIPPED].removeprefix("+")) for text in asked.to]

    def _looked_up(self, asked: Asked) -> Answer:
        found = self._found(asked)
        bulk_id, ids = str(uuid4()), [str(uuid4()) for _ in found]
        self._note("query", found, bulk_id, ids, takes=0.0)
        bulk = {"bulkId": bulk_id} if len(found) > 1 else {}
        return self._charged("query", {**bulk, "results": [item(one) for one in found]}, bulk_id)

    def _accepted(self, asked: Asked) -> Answer:
        """An acknowledgement; what is no number is rejected at once, now and then."""
        found = self._found(asked)
        bulk_id, ids = str(uuid4()), [str(uuid4()) for _ in found]
        self._note("notify", found, bulk_id, ids, takes=_TAKES)
        results = []
        waits: list[tuple[Subscriber, str]] = []
        for one, message_id in zip(found, ids, strict=True):
            now = one.state is State.UNALLOCATED and one.dice % 2 == 0
            told = item(one) if now else {"to": one.digits, "status": _PENDING}
            results.append(told | {"messageId": message_id})
            waits += [] if now else [(one, message_id)]
        bulk = {"bulkId": bulk_id} if len(found) > 1 else {}
        answer = self._charged("notify", {"results": results, **bulk}, bulk_id)
        return replace(answer, later=tuple(_called_back(asked, waits, bulk)))

    def _charged(self, product: str, payload: Payload, request_id: str) -> Answer:
        numbers = tuple(f"+{result['to']}" for result in payload["results"])
        charges = tuple(Charge(product, number, self._prices[product]) for number in numbers)
        return Answer(200, payload, request_id, numbers, charges)

    def _note(self, product: str, found: list[Subscriber], bulk_id: str, ids: list[str], *, takes: float) -> None:
        sent = self._log.clock()
        bulk = bulk_id if len(found) > 1 else None
        self._noted = {
            bulk_id: [
                Entry(message_id, bulk, item(one), self._prices[product], sent, sent + takes, one.dice)
                for one, message_id in zip(found, ids, strict=True)
            ]
        }

    def _logged(self, request: Request) -> Answer:
        if self._log.throttled():
            return Answer(429, _THROTTLED, str(uuid4()))
        page = self._log.page(request.query_params)
        return self.refusal(400) if page is None else Answer(200, {"results": page}, str(uuid4()))


def _called_back(asked: Asked, waits: list[tuple[Subscriber, str]], bulk: Payload) -> Iterator[Callback]:
    """The callbacks of a request, each about one number or several, with the ids or without."""
    if asked.notify_url is None:
        return
    start = 0
    while start < len(waits):
        first = waits[start][0]
        group = waits[start : start + _GROUPS[first.dice % len(_GROUPS)]]
        start += len(group)
        ids = first.dice % 2
        results = [item(one) | ({"messageId": message_id} if ids else {}) for one, message_id in group]
        payload: Payload = {"results": results, **(bulk if ids else {})}
        body = markup(payload) if asked.notify_type == XML else json.dumps(payload, separators=(",", ":")).encode()
        yield Callback(asked.notify_url, body, f"+{first.digits}", asked.notify_type)


VENDOR = Infobip
