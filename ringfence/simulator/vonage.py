"""Vonage Number Insight, synchronous: credentials, parameters, bill and refusals in Vonage's words.

Sources: the Number Insight reference, Nexmo's specification 1.1.2, Vonage's SDKs, and for HTTP 200 under wrong
credentials and 403 under another method the tests of Vonage's own gateway. How an answer reads is in vonage_items.py.
A business error is HTTP 200 with a status and a text and nothing else. Not simulated: XML, which is refused (406);
`cnam`, for which this account is not enabled (19); JSON bodies, which no SDK sends; the callbacks of `advanced/async`,
which is acknowledged and costs nothing until there are any.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import parse_qsl
from uuid import uuid4

import phonenumbers
from starlette.requests import Request

from ringfence.simulator.bill import Account, Charge, Price, Prices, decimal_text
from ringfence.simulator.credentials import basic, good
from ringfence.simulator.subscribers import Network, State, Subscriber, Subscribers
from ringfence.simulator.vendor import Answer, Payload
from ringfence.simulator.vonage_faults import DISTORTIONS, REFUSED_WITH
from ringfence.simulator.vonage_items import NUMBER_FORMAT, STATUS_TEXT, advanced, standard
from ringfence.simulator.vonage_items import basic as formatted

_PATH = re.compile(r"/ni/(basic|standard|advanced|advanced/async)/(json|xml)", re.ASCII)
_NUMBER = re.compile(r"[0-9+()\s-]+", re.ASCII)
_E164 = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)
_FORM = "application/x-www-form-urlencoded"
# Digits after the point, at least: "0.04000000", "10.000000", "1.97" have all been seen.
_SCALES = (8, 8, 6, 2)
_LEVELS: Mapping[str, Callable[[Subscriber, Network], tuple[int, Payload]]] = {
    "basic": lambda subscriber, home: (0, formatted(subscriber, home)),
    "standard": lambda subscriber, home: (0, standard(subscriber, home)),
    "advanced": advanced,
}


class Vonage:
    """`/ni/{basic|standard|advanced|advanced/async}/json` by GET and POST: one number a request."""

    name: ClassVar[str] = "vonage"
    port_offset: ClassVar[int] = 1
    list_prices: ClassVar[Prices] = {
        "basic": Price(0, "EUR"),
        "standard": Price(5_000_000, "EUR"),
        "advanced": Price(40_000_000, "EUR"),
    }
    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]] = DISTORTIONS
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]] = {
        fault: (200, {"status": status, "status_message": STATUS_TEXT[status]})
        for fault, status in REFUSED_WITH.items()
    }

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        self._subscribers = subscribers
        self._account = account

    def answer(self, request: Request, body: bytes) -> Answer:
        """Look up the number of a request, or refuse it."""
        path = _PATH.fullmatch(request.url.path)
        if not path:
            return self.refusal(404)
        level, form = path.groups()
        if form == "xml":
            return self.refusal(406)
        if request.method not in ("GET", "POST"):
            return self.refusal(403)
        parameters = _parameters(request, body)
        status = _fault_of(level, request.headers.get("authorization", ""), parameters)
        if parameters is None or status:
            return _refused(level, status)
        number = parameters["number"]
        digits = _digits(number, parameters.get("country", ""))
        subscriber = self._subscribers.find(digits)
        home = subscriber.original
        if not _E164.fullmatch(digits) or subscriber.state is State.UNALLOCATED or home is None:
            refused = _refused(level, 3, NUMBER_FORMAT.format(number))
            return replace(refused, numbers=(f"+{digits}",)) if _E164.fullmatch(digits) else refused
        return self._acknowledged(subscriber) if level == "advanced/async" else self._told(level, subscriber, home)

    def refusal(self, status: int) -> Answer:
        """The error document for an HTTP status (RFC 7807), which Number Insight itself does not document."""
        title = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        kind = f"https://developer.nexmo.com/api-errors#{title.lower().replace(' ', '-')}"
        return Answer(status, {"type": kind, "title": title, "detail": title, "instance": uuid4().hex}, str(uuid4()))

    def _told(self, level: str, subscriber: Subscriber, home: Network) -> Answer:
        """The answer about a number, with its charge and its refund; basic states neither."""
        status, facts = _LEVELS[level](subscriber, home)
        listed = self._account.prices[level]
        refund = listed.amount * _refunded_eighths(level, status, facts, subscriber) // 8
        money = {} if level == "basic" else self._money(subscriber, listed.amount, refund)
        request_id, number = str(uuid4()), f"+{subscriber.digits}"
        charges = [Charge(level, number, listed)]
        if refund:
            charges.append(Charge(level, number, Price(-refund, listed.currency)))
        head = {"status": status, "status_message": STATUS_TEXT[status], "request_id": request_id}
        return Answer(200, {**head, **facts, **money}, request_id, (number,), tuple(charges))

    def _money(self, subscriber: Subscriber, price: int, refund: int) -> Payload:
        """What the answer costs, and what is left; a refund of nothing is stated or left out."""
        money = {"request_price": _text(price, subscriber.dice)}
        if refund or subscriber.dice % 2:
            money["refund_price"] = _text(refund, subscriber.dice)
        return money | {"remaining_balance": _text(self._account.balance() - price + refund, subscriber.dice // 4)}

    def _acknowledged(self, subscriber: Subscriber) -> Answer:
        """An asynchronous lookup, accepted: its text is sometimes left out."""
        request_id = str(uuid4())
        payload: Payload = {
            "request_id": request_id,
            "number": subscriber.digits,
            "remaining_balance": _text(self._account.balance(), subscriber.dice // 4),
            "request_price": _text(self._account.prices["advanced"].amount, subscriber.dice),
            "status": 0,
        }
        said = {"error_text": STATUS_TEXT[0]} if subscriber.dice % 2 else {}
        return Answer(200, payload | said, request_id, (f"+{subscriber.digits}",))


def _refused(level: str, status: int, text: str | None = None) -> Answer:
    """Two fields under HTTP 200; the asynchronous level calls its text otherwise."""
    key = "error_text" if level == "advanced/async" else "status_message"
    return Answer(200, {"status": status, key: text or STATUS_TEXT[status]}, str(uuid4()))


def _fault_of(level: str, authorization: str, parameters: Mapping[str, str] | None) -> int:
    """The status with which a request is refused before its number is looked at; 0 is none."""
    if parameters is None:
        return 999 if level.startswith("advanced") else 3
    pair = (parameters.get("api_key", ""), parameters.get("api_secret", ""))
    if not (basic(authorization) if authorization else good(*pair)):
        return 4
    if not parameters.get("number") or (level == "advanced/async" and not parameters.get("callback")):
        return 3
    return 19 if level != "basic" and parameters.get("cnam", "").lower() == "true" else 0


def _parameters(request: Request, body: bytes) -> dict[str, str] | None:
    """The parameters of the query and of a form; None for a body that is no form."""
    parameters = dict(request.query_params)
    if request.method != "POST" or not body:
        return parameters
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    try:
        return parameters | dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        return None


def _digits(number: str, country: str) -> str:
    """The digits of the international number; empty for none, or for one that is not of the country stated."""
    if not _NUMBER.fullmatch(number):
        return ""
    if not country:
        return re.sub(r"\D", "", number)
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return ""
    found = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return found if phonenumbers.region_code_for_number(parsed) == country else ""


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
