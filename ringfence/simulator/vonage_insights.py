"""Vonage Identity Insights v1: credentials, parameters, bill and refusals in the words of Vonage's specification 1.0.0.

Nobody has compared this with Vonage itself. A token is measured by its form: an application's JSON Web Token of RS256
that has not expired, whose application does not begin with `wrong`; its signature is not checked, for want of the
public key. Every answer is charged, whatever it says; what Vonage charges is not published, so that the price is
invented. How an insight reads is in vonage_insights_items.py.
"""

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator.bill import Account, Charge, Price, Prices
from ringfence.simulator.credentials import application_token
from ringfence.simulator.strictness import JSON, Form, complaint
from ringfence.simulator.subscribers import Subscribers
from ringfence.simulator.vendor import Answer, Payload, Vendor
from ringfence.simulator.vonage_insights_items import DISTORTIONS, INSIGHTS, insight

_PATH = "/identity-insights/v1/requests"
_PRODUCT = "insights"
# "Starting with the country code. You may optionally include a leading +, but do not use 00 at the beginning."
_NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
_FORMS = {
    ("POST", _PATH): Form(
        keys=frozenset({"phone_number", "purpose", "insights"}),
        sends=frozenset({JSON}),
        numbers=frozenset({"phone_number"}),
    )
}


def _problem(status: int, kind: str, title: str, detail: str, **more: Any) -> tuple[int, Payload]:
    """A problem document (RFC 9457); the examples call its instance `instance_id`."""
    document = {"type": f"https://developer.vonage.com/api-errors#{kind}", "title": title, "detail": detail}
    return status, {**document, **more, "instance_id": uuid4().hex}


class VonageInsights(Vendor):
    """`POST /identity-insights/v1/requests`: one number a request."""

    name: ClassVar[str] = "vonage_insights"
    port_offset: ClassVar[int] = 5
    list_prices: ClassVar[Prices] = {_PRODUCT: Price(20_000_000, "EUR")}
    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]] = DISTORTIONS
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]] = {
        "throttled": _problem(429, "throttled", "Too Many Requests", "You have passed the rate of your account"),
        "no_credit": _problem(403, "low-balance", "Low balance", "This account does not have enough credit"),
        "not_enabled": _problem(403, "forbidden", "Forbidden", "This application does not have access to this product"),
        "internal_error": _problem(500, "internal-error", "Internal Error", "There was an internal error"),
    }

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        self._subscribers = subscribers
        self._account = account

    def answer(self, request: Request, body: bytes) -> Answer:
        """Tell the insights that a request names, or refuse it."""
        if request.url.path != _PATH:
            return self.refusal(404)
        if request.method != "POST":
            return self.refusal(405)
        if not application_token(request.headers.get("authorization", "")):
            return _refused(*_problem(401, "unauthorized", "Unauthorized", "You did not provide correct credentials"))
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return self.refusal(415)
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            return self.refusal(400)
        wrong = _wrong(asked)
        if wrong:
            parameters = [{"name": wrong, "reason": "must be as documented"}]
            title = "Your request parameters didn't validate."
            return _refused(*_problem(422, "invalid-params", title, title, invalid_parameters=parameters))
        return self._told(asked)

    def refusal(self, status: int) -> Answer:
        """The error document for an HTTP status."""
        title = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        return _refused(*_problem(status, title.lower().replace(" ", "-"), title, title))

    def strict(self, request: Request, body: bytes) -> str | None:
        """What the specification does not document."""
        return complaint(_FORMS, request, body)

    def _told(self, asked: Payload) -> Answer:
        digits = asked["phone_number"].removeprefix("+")
        subscriber = self._subscribers.find(digits)
        request_id, number = str(uuid4()), f"+{digits}"
        insights = {name: insight(name, subscriber) for name in asked["insights"]}
        charge = Charge(_PRODUCT, number, self._account.prices[_PRODUCT])
        return Answer(200, {"request_id": request_id, "insights": insights}, request_id, (number,), (charge,))


def _refused(status: int, document: Payload) -> Answer:
    return Answer(status, document, str(uuid4()), headers={"content-type": "application/problem+json"})


def _wrong(asked: Any) -> str | None:
    """The first parameter that is not as it should be."""
    number = asked.get("phone_number") if isinstance(asked, dict) else None
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        return "phone_number"
    insights = asked.get("insights")
    known = isinstance(insights, dict) and insights and all(insights[name] == {} for name in insights)
    return None if known and set(insights) <= set(INSIGHTS) else "insights"


VENDOR = VonageInsights
