"""Vonage Number Insight: credentials, parameters, bill, callbacks and refusals in Vonage's words.

Sources: the Number Insight reference, Nexmo's specification 1.1.2, Vonage's SDKs, and for HTTP 200 under wrong
credentials and 403 under another method the tests of Vonage's own gateway. What a request asks is in vonage_asked.py,
how an answer reads in vonage_items.py, as XML in vonage_markup.py, and the reports are in vonage_reports.py. A business
error is HTTP 200 with a status and a text and nothing else. Not simulated: JSON bodies, which no SDK sends, and
callbacks before the final one.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import ClassVar
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator import vonage_markup
from ringfence.simulator.bill import Account, Charge, Price, Prices, decimal_text
from ringfence.simulator.networks import Network
from ringfence.simulator.strictness import complaint
from ringfence.simulator.subscribers import State, Subscriber, Subscribers
from ringfence.simulator.vendor import Answer, Callback, Delivery, Payload, Vendor
from ringfence.simulator.vonage_asked import ASYNC, Asked, asked, documented
from ringfence.simulator.vonage_faults import DISTORTIONS, REFUSED_WITH, REWORDINGS
from ringfence.simulator.vonage_items import ACCEPTED_TEXT, NUMBER_FORMAT, STATUS_TEXT, advanced, caller, standard
from ringfence.simulator.vonage_items import basic as formatted
from ringfence.simulator.vonage_reports import FORMS as REPORT_FORMS
from ringfence.simulator.vonage_reports import PATH as REPORTS
from ringfence.simulator.vonage_reports import Reports

_PATH = re.compile(r"/ni/(basic|standard|advanced|advanced/async)/(json|xml)", re.ASCII)
_E164 = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)
_FORMS = {**documented(), **REPORT_FORMS}
# Digits after the point, at least: "0.04000000", "10.000000", "1.97" have all been seen.
_SCALES = (8, 8, 6, 2)
_LEVELS: Mapping[str, Callable[[Subscriber, Network], tuple[int, Payload]]] = {
    "basic": lambda subscriber, home: (0, formatted(subscriber, home)),
    "standard": lambda subscriber, home: (0, standard(subscriber, home)),
    "advanced": advanced,
    ASYNC: advanced,
}
_MARKUP: Mapping[str, Callable[[Payload], bytes]] = {
    "basic": vonage_markup.basic,
    ASYNC: vonage_markup.acknowledgement,
}


class Vonage(Vendor):
    """`/ni/{basic|standard|advanced|advanced/async}/{json|xml}` by GET and POST: one number a request."""

    name: ClassVar[str] = "vonage"
    port_offset: ClassVar[int] = 1
    list_prices: ClassVar[Prices] = {
        "basic": Price(0, "EUR"),
        "standard": Price(5_000_000, "EUR"),
        "advanced": Price(40_000_000, "EUR"),
        "advanced_async": Price(40_000_000, "EUR"),
        "standard_cnam": Price(15_000_000, "EUR"),
        "advanced_cnam": Price(50_000_000, "EUR"),
        "advanced_async_cnam": Price(50_000_000, "EUR"),
    }
    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]] = DISTORTIONS
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]] = {
        fault: (200, {"status": status, "status_message": STATUS_TEXT[status]})
        for fault, status in REFUSED_WITH.items()
    }
    rewordings: ClassVar[Mapping[str, Callable[[Answer], Answer]]] = REWORDINGS
    # "You must answer with 200 or 204."
    delivery: ClassVar[Delivery] = Delivery(taken=frozenset({200, 204}))

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        self._subscribers = subscribers
        self._account = account
        self._reports = Reports()

    def answer(self, request: Request, body: bytes) -> Answer:
        """Look up the number of a request, or refuse it."""
        if request.url.path == REPORTS and request.method == "GET":
            return self._reports.answer(request, self.refusal)
        path = _PATH.fullmatch(request.url.path)
        if not path:
            return self.refusal(404)
        level, form = path.groups()
        if request.method not in ("GET", "POST"):
            return self.refusal(403)
        wanted = asked(level, request, body)
        answer = refused_with(level, wanted) if isinstance(wanted, int) else self._answer(wanted, form)
        return replace(answer, markup=_MARKUP.get(level, vonage_markup.lookup)) if form == "xml" else answer

    def refusal(self, status: int) -> Answer:
        """The error document for an HTTP status (RFC 7807), which Number Insight itself does not document."""
        title = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        kind = f"https://developer.nexmo.com/api-errors#{title.lower().replace(' ', '-')}"
        return Answer(status, {"type": kind, "title": title, "detail": title, "instance": uuid4().hex}, str(uuid4()))

    def billed(self, answer: Answer) -> None:
        """The reports tell what the bill does."""
        self._reports.add(answer)

    def reset(self) -> None:
        """Forget the reports."""
        self._reports.clear()

    def strict(self, request: Request, body: bytes) -> str | None:
        """What the reference does not document."""
        return complaint(_FORMS, request, body)

    def _answer(self, wanted: Asked, form: str) -> Answer:
        subscriber = self._subscribers.find(wanted.digits)
        home = subscriber.original
        if not _E164.fullmatch(wanted.digits) or subscriber.state is State.UNALLOCATED or home is None:
            refused = refused_with(wanted.level, 3, NUMBER_FORMAT.format(wanted.sent))
            return replace(refused, numbers=(f"+{wanted.digits}",)) if _E164.fullmatch(wanted.digits) else refused
        told = self._told(wanted, subscriber, home)
        return self._acknowledged(wanted, subscriber, told, form) if wanted.level == ASYNC else told

    def _told(self, wanted: Asked, subscriber: Subscriber, home: Network) -> Answer:
        """The answer about a number, with its charge and its refund; basic states neither."""
        status, facts = _LEVELS[wanted.level](subscriber, home)
        listed, plain = self._account.prices[wanted.priced_as], self._account.prices[wanted.product]
        refund = plain.amount * _refunded_eighths(wanted.level, status, facts, subscriber) // 8
        if wanted.names_caller:
            # A name is charged where there may be one, found or not, and given back elsewhere.
            refund += 0 if home.region == "US" else listed.amount - plain.amount
            facts |= caller(subscriber, flat=wanted.level == "standard") if home.region == "US" else {}
        money = {} if wanted.level == "basic" else self._money(subscriber, listed.amount, refund)
        request_id, number = str(uuid4()), f"+{subscriber.digits}"
        charges = [Charge(wanted.product, number, listed)]
        if refund:
            charges.append(Charge(wanted.product, number, Price(-refund, listed.currency)))
        head = {"status": status, "status_message": STATUS_TEXT[status], "request_id": request_id}
        return Answer(200, {**head, **facts, **money}, request_id, (number,), tuple(charges))

    def _money(self, subscriber: Subscriber, price: int, refund: int) -> Payload:
        """What the answer costs, and what is left; a refund of nothing is stated or left out."""
        money = {"request_price": _text(price, subscriber.dice)}
        if refund or subscriber.dice % 2:
            money["refund_price"] = _text(refund, subscriber.dice)
        return money | {"remaining_balance": _text(self._account.balance() - price + refund, subscriber.dice // 4)}

    def _acknowledged(self, wanted: Asked, subscriber: Subscriber, told: Answer, form: str) -> Answer:
        """An asynchronous lookup, accepted: the answer itself goes to the callback, without the deprecated field.

        A text is sometimes left out, and now and then it is known at once that there is no live lookup.
        """
        said = told.payload["status"] if subscriber.dice % 4 == 0 else 0
        payload: Payload = {
            "request_id": told.request_id,
            "number": subscriber.digits,
            "remaining_balance": told.payload["remaining_balance"],
            "request_price": told.payload["request_price"],
            "status": said,
        }
        if said or subscriber.dice % 2:
            payload["error_text"] = ACCEPTED_TEXT.get(said, STATUS_TEXT[0])
        body = {key: value for key, value in told.payload.items() if key != "real_time_data"}
        later = Callback(wanted.callback, json.dumps(body, separators=(",", ":")).encode(), told.numbers[0])
        if form == "xml":
            later = replace(later, body=vonage_markup.lookup(body), content_type=vonage_markup.MEDIA_TYPE)
        return replace(told, payload=payload, later=(later,))


def refused_with(level: str, status: int, text: str | None = None) -> Answer:
    """Two fields under HTTP 200; the asynchronous level calls its text otherwise."""
    key = "error_text" if level == ASYNC else "status_message"
    return Answer(200, {"status": status, key: text or STATUS_TEXT[status]}, str(uuid4()))


def _refunded_eighths(level: str, status: int, facts: Payload, subscriber: Subscriber) -> int:
    """How much of the price comes back.

    All of it when nothing could be determined, now and then at level standard, where an SDK's fixture shows it; three
    eighths, the proportion of the reference's example, when part of a lookup failed.
    """
    if facts.get("lookup_outcome") == 2 or (level == "standard" and subscriber.dice % 19 == 0):
        return 8
    return 3 if status and subscriber.dice % 5 == 0 else 0


def _text(nanos: int, choice: int) -> str:
    """An amount as a decimal string, in one of the scales that occur; never rounded."""
    whole, _, fraction = decimal_text(nanos).partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(_SCALES[choice % len(_SCALES)], '0')}"


VENDOR = Vonage
