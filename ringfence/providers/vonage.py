"""Vonage Number Insight, synchronous: `POST /ni/{basic|standard|advanced}/json`, one number a request.

Source: Vonage's Number Insight reference and specification 1.1.2. A body is read in `vonage_item`, its facts in
`vonage_facts`, its prices in `vonage_price`; what may not be kept is cut in `vonage_privacy`. The asynchronous
`/ni/advanced/async` is not here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.basic import basic
from ringfence.providers.lookup import Fact
from ringfence.providers.provider import Ask, Credentials, Parsed, Product, Provider
from ringfence.providers.reading import code, field, number, text
from ringfence.providers.refusal import refusal, retry_after
from ringfence.providers.vonage_facts import Body
from ringfence.providers.vonage_item import SETTLED, about, lookup, read_exact
from ringfence.providers.vonage_price import charged
from ringfence.providers.vonage_privacy import withhold

_BUSY, _CREDENTIALS, _CREDIT, _NOT_ENABLED = 1, 4, 9, 19
# The reference calls a request_id "an alphanumeric string up to 40 characters".
_REF = 40


def _product(name: str, facts: frozenset[Fact], plan_only: frozenset[Fact] = frozenset()) -> Product:
    # The endpoints take one number. No rate is published, only that status 1 means to have passed the account's own.
    return Product(name=name, facts=facts, plan_only=plan_only, mode="sync", limit=1, batch=1, rate=10)


class Vonage(Provider):
    """Vonage's three levels of Number Insight; every reply but a basic one states its price."""

    name: str = "vonage"
    hosts: tuple[str, ...] = ("nexmo.com", "vonage.com")
    base_url: str = "https://api.nexmo.com"
    secrets: tuple[tuple[str, ...], ...] = (("VONAGE_API_KEY", "VONAGE_API_SECRET"),)
    products: Mapping[str, Product] = {
        one.name: one
        for one in (
            _product("basic", frozenset({Fact.VALIDITY}), frozenset({Fact.VALIDITY})),
            _product(
                "standard",
                frozenset({Fact.CARRIER, Fact.PORTED, Fact.LINE_TYPE, Fact.VALIDITY}),
                frozenset({Fact.VALIDITY}),
            ),
            _product("advanced", frozenset(Fact)),
        )
    }
    currency: str | None = "EUR"
    sunset: date | None = date(2027, 2, 4)
    # The defaults keep the secret and the number out of URLs, which end up in logs on the way.
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({"auth": ("header", "query"), "method": ("post", "get")})
    on_ambiguous: Literal["reconcile", "hold"] = "reconcile"

    def request(self, ask: Ask) -> httpx.Request:
        """Ask about one number, without `+`: in a form, or in the query where `method` is `get`.

        No country: it must agree with the number, which has its own. No caller name: it is charged found or not.
        """
        (phone,) = ask.numbers
        url, headers = f"{ask.base_url}/ni/{ask.product}/json", {"Accept": "application/json"}
        if ask.options["method"] == "get":
            return httpx.Request("GET", url, headers=headers, params={"number": phone.digits})
        return httpx.Request("POST", url, headers=headers, data={"number": phone.digits})

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:
        """Basic, or the two parameters of the query that older accounts and gateways expect."""
        key, secret = secrets["VONAGE_API_KEY"], secrets["VONAGE_API_SECRET"]
        if options["auth"] == "query":
            return Credentials(headers={}, query={"api_key": key, "api_secret": secret})
        return basic(key, secret)

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Cut what the rules forbid out of a body (`vonage_privacy`)."""
        return withhold(body, forbidden)

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The number that the body is about, where it names one."""
        found = number(field(read_exact(body), "international_format_number"))
        return [found] if found else []

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply: first the HTTP status, then the `status` in its body, which a 200 may fail with."""
        document = read_exact(reply.body)
        status = code(field(document, "status"))
        said = "" if status is None else f"status {status}"
        refused = refusal(reply, self.name, self.secrets, said)
        if refused:
            return refused
        if status is None or not isinstance(document, Mapping):
            return Parsed("doubt", "HTTP 200 without a JSON object that has a status")
        evidence = f"HTTP 200 with {said}"
        charge = charged(document)
        if charge.unreadable:
            stop = (
                f"{self.name} states a price that cannot be read ({product}): compare with its invoice, "
                "decide the attempt with: ringfence attempts decide"
            )
            return Parsed("doubt", f"{evidence} and with a price that cannot be read", stop=stop)
        if status in SETTLED:
            return _settled(document, status, product, asked, evidence)
        if status not in (_BUSY, _CREDENTIALS, _CREDIT, _NOT_ENABLED):
            return Parsed("doubt", f"{evidence}, which is not documented")
        # All of these are free; a price that stands beside one all the same is believed.
        free = not charge.net
        busy = status == _BUSY and free
        return Parsed(
            verdict="void" if free else "doubt",
            evidence=evidence if free else f"{evidence} and yet with a price",
            stop=self._stop(status, product),
            stop_product=status == _NOT_ENABLED,
            retry=busy,
            retry_after=retry_after(reply.headers) if busy else None,
        )

    def _stop(self, status: int, product: str) -> str | None:
        if status == _CREDENTIALS:
            names = " and ".join(self.secrets[0])
            return f"{self.name} refused the credentials (status {status}): check {names}"
        if status == _CREDIT:
            return f"{self.name} has no credit left for this account (status {status}): top it up"
        if status == _NOT_ENABLED:
            return (
                f"{self.name} has not enabled {product} for this account (status {status}): have it enabled, "
                f"or take it out of providers.{self.name}.products"
            )
        return None


def _settled(body: Body, status: int, product: str, asked: Sequence[Phone], evidence: str) -> Parsed:
    """One lookup for the number that was asked; a body about another one answers nothing."""
    phone = about(body, asked)
    if phone is None:
        return Parsed("doubt", f"{evidence}, but about another number", missing=tuple(asked), unasked=1)
    return Parsed(
        verdict="answered",
        evidence=evidence,
        lookups=(lookup(body, status, product, phone),),
        missing=tuple(one for one in asked if one != phone),
        request_ref=text(body.get("request_id"), _REF),
    )


PROVIDER: Provider = Vonage()
