"""Vonage Number Insight: `/ni/{basic|standard|advanced|advanced/async}/{json|xml}`, one number a request.

Source: Vonage's Number Insight reference and specification 1.1.2. A reply is read in `number_insight`, an
acknowledgement and a callback in `vonage_async`, what became of a request without a reply in `vonage_reports`, XML in
`vonage_markup`; what may not be kept is cut in `vonage_privacy`. Its successor is `vonage_insights`.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers import vonage_async, vonage_reports
from ringfence.providers.basic import basic
from ringfence.providers.collectable import Collectable, Later, Poll, Traceable, Waiting, traced
from ringfence.providers.lookup import Fact
from ringfence.providers.number_insight import Seller, parameters, read, said
from ringfence.providers.provider import Ask, Credentials, Mode, Parsed, Product
from ringfence.providers.refusal import refusal
from ringfence.providers.vonage_levels import Levels
from ringfence.providers.vonage_markup import document
from ringfence.providers.vonage_price import balance

_SELLER = Seller(
    name="vonage",
    credentials="check VONAGE_API_KEY and VONAGE_API_SECRET",
    credit="top it up",
    not_enabled="have it enabled, or take it out of providers.vonage.products",
)
_PATHS = {"advanced_async": "advanced/async"}
_ACCEPT = {"json": "application/json", "xml": "application/xml"}
# "This is applicable to mobile numbers only" of validity and reachability; a landline does not roam.
_OF_MOBILES = frozenset({Fact.VALIDITY, Fact.REACHABILITY, Fact.ROAMING})
# The reference says of `reachable` that it is not available in the United States.
_NOT_TOLD = MappingProxyType({"US": frozenset({Fact.REACHABILITY})})


def _product(
    name: str,
    facts: frozenset[Fact],
    plan_only: frozenset[Fact] = frozenset(),
    mobile_only: frozenset[Fact] = frozenset(),
    mode: Mode = "sync",
    patience: int = 0,
) -> Product:
    # The endpoints take one number. No rate is published, only that status 1 means to have passed the account's own.
    return Product(
        name=name,
        facts=facts,
        plan_only=plan_only,
        mobile_only=mobile_only,
        not_told=_NOT_TOLD if Fact.REACHABILITY in facts else {},
        mode=mode,
        limit=1,
        batch=1,
        rate=10,
        patience=patience,
        traced=vonage_reports.TRACED,
    )


_PRODUCTS = (
    _product("basic", frozenset({Fact.VALIDITY}), frozenset({Fact.VALIDITY})),
    _product(
        "standard",
        frozenset({Fact.CARRIER, Fact.PORTED, Fact.LINE_TYPE, Fact.VALIDITY}),
        frozenset({Fact.VALIDITY}),
    ),
    _product("advanced", frozenset(Fact), mobile_only=_OF_MOBILES),
    _product(
        "advanced_async",
        frozenset(Fact),
        mobile_only=_OF_MOBILES,
        mode="callback",
        patience=vonage_async.PATIENCE,
    ),
)


class Vonage(Levels, Traceable):
    """Vonage's levels of Number Insight; every reply but a basic one states its price."""

    seller = _SELLER
    name: str = _SELLER.name
    hosts: tuple[str, ...] = ("nexmo.com", "vonage.com")
    base_url: str = "https://api.nexmo.com"
    secrets: tuple[tuple[str, ...], ...] = (("VONAGE_API_KEY", "VONAGE_API_SECRET"),)
    products: Mapping[str, Product] = {one.name: one for one in _PRODUCTS}
    priced_names: tuple[str, ...] = ("standard_cnam", "advanced_cnam", "advanced_async_cnam")
    currency: str | None = "EUR"
    sunset: date | None = date(2027, 2, 4)
    successor: str | None = "vonage_insights"
    # The defaults keep the secret and the number out of URLs, which end up in logs on the way.
    options: Mapping[str, tuple[str, ...]] = MappingProxyType(
        {
            "auth": ("header", "query"),
            "method": ("post", "get"),
            "format": ("json", "xml"),
            "country": ("omit", "send"),
            "cnam": ("off", "on"),
            # Vonage charges for each record that a report has.
            vonage_reports.OPTION: ("off", "on"),
        }
    )

    def request(self, ask: Ask) -> httpx.Request:
        """Ask about one number, in a form, or in the query where `method` is `get`."""
        form = ask.options["format"]
        url = f"{ask.base_url}/ni/{_PATHS.get(ask.product, ask.product)}/{form}"
        headers, sent = {"Accept": _ACCEPT[form]}, parameters(ask)
        if ask.options["method"] == "get":
            return httpx.Request("GET", url, headers=headers, params=sent)
        return httpx.Request("POST", url, headers=headers, data=sent)

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:
        """Basic, or the two parameters of the query that older accounts and gateways expect."""
        key, secret = secrets["VONAGE_API_KEY"], secrets["VONAGE_API_SECRET"]
        if options["auth"] == "query":
            return Credentials(headers={}, query={"api_key": key, "api_secret": secret})
        return basic(key, secret)

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply: first the HTTP status, then the `status` in its body, which a 200 may fail with."""
        refused = refusal(reply, self.name, self.secrets, said(document(reply.body)))
        if refused:
            return refused
        reads = vonage_async.acknowledged if self.products[product].mode == "callback" else read
        return replace(reads(_SELLER, product, reply, asked), balance=balance(document(reply.body)))

    def polls(self, waiting: Waiting, base_url: str, options: Mapping[str, str]) -> Sequence[Poll]:
        """The reports that may tell of a request whose answer never came, where they may be asked for."""
        return vonage_reports.polls(waiting, base_url) if traced(self.products[waiting.product], options) else ()

    def parse_later(self, product: str, later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
        """Read a callback (`vonage_async`) or a report (`vonage_reports`)."""
        if later.source == "log":
            return vonage_reports.recorded(later, product, asked)
        return super().parse_later(product, later, accepted, asked)

    def part(self, page: bytes, asked: Sequence[Phone], others: Set[str]) -> bytes:
        """The records of a report that are about these numbers, and no other request's."""
        return vonage_reports.part(page, asked, others)

    def uncharged(self, product: str, told: Sequence[Later], asked: Sequence[Phone]) -> str | None:  # noqa: ARG002
        """Never: that every request has a record is not documented."""
        return None


PROVIDER: Collectable = Vonage()
