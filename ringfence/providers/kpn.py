"""KPN API Store, Number Insight: `POST /communication/nexmo/number-insight/{level}`, one number a request, in a form.

Source: KPN's documentation of "Number Insight - Nexmo" and its definition 1.1.1 on SwaggerHub. What is sold is Vonage's
Number Insight, so a reply is read in `number_insight` and a callback in `vonage_async`. What is KPN's own stands before
them: the token, the gateway's refusals, its quota and its announcements (`kpn_gateway`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import httpx

from ringfence.http.exchange import Reply
from ringfence.http.token import Grant
from ringfence.numbers.phone import Phone
from ringfence.providers import kpn_gateway, vonage_async
from ringfence.providers.collectable import Collectable
from ringfence.providers.lookup import Fact
from ringfence.providers.number_insight import Seller, parameters, read
from ringfence.providers.provider import Ask, Credentials, Parsed, Product
from ringfence.providers.vonage_levels import Levels
from ringfence.providers.vonage_markup import document
from ringfence.providers.vonage_price import balance

_SELLER = Seller(
    name="kpn",
    credentials="they are KPN's own at Vonage, so that only KPN's support can mend them",
    credit="ask KPN's support, whose account at Vonage it is",
    not_enabled="have it enabled, or take it out of providers.kpn.products",
)
_PATH = "/communication/nexmo/number-insight"
_LEVELS = {"advanced_async": "advanced/async"}
# No rate is published. Quotas are told in the headers of every reply, and differ from project to project.
_RATE = 5
_PLAN = frozenset({Fact.VALIDITY})
# "This is applicable to mobile numbers only" of validity and reachability; a landline does not roam.
_OF_MOBILES = frozenset({Fact.VALIDITY, Fact.REACHABILITY, Fact.ROAMING})
# Vonage says of `reachable`, which KPN passes on, that it is not available in the United States.
_NOT_TOLD = MappingProxyType({"US": frozenset({Fact.REACHABILITY})})
_PRODUCTS = (
    Product("basic", _PLAN, "sync", limit=1, batch=1, rate=_RATE, plan_only=_PLAN),
    # KPN's table has `ported` in Advanced alone, its text and its definition have it in Standard too.
    Product(
        "standard",
        frozenset({Fact.CARRIER, Fact.PORTED, Fact.LINE_TYPE, Fact.VALIDITY}),
        "sync",
        limit=1,
        batch=1,
        rate=_RATE,
        plan_only=_PLAN,
    ),
    Product(
        "advanced",
        frozenset(Fact),
        "sync",
        limit=1,
        batch=1,
        rate=_RATE,
        mobile_only=_OF_MOBILES,
        not_told=_NOT_TOLD,
    ),
    Product(
        "advanced_async",
        frozenset(Fact),
        "callback",
        limit=1,
        batch=1,
        rate=_RATE,
        mobile_only=_OF_MOBILES,
        not_told=_NOT_TOLD,
        patience=vonage_async.PATIENCE,
    ),
)


class Kpn(Levels):
    """Number Insight as KPN sells it; every reply but a basic one states a price, which is Vonage's and not KPN's."""

    seller = _SELLER
    name: str = _SELLER.name
    hosts: tuple[str, ...] = ("kpn.com",)
    base_url: str = "https://api-prd.kpn.com"
    secrets: tuple[tuple[str, ...], ...] = kpn_gateway.SECRETS
    products: Mapping[str, Product] = {one.name: one for one in _PRODUCTS}
    priced_names: tuple[str, ...] = ("standard_cnam", "advanced_cnam", "advanced_async_cnam")
    currency: str | None = "EUR"
    # KPN has announced none, though Vonage ends Number Insight on 2027-02-04: its `sunset` header is looked at instead.
    sunset: date | None = None
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({"country": ("omit", "send"), "cnam": ("off", "on")})
    headers: tuple[str, ...] = kpn_gateway.HEADERS

    def request(self, ask: Ask) -> httpx.Request:
        """Ask about one number, and say where its answer is to be sent when it comes later."""
        url = f"{ask.base_url}{_PATH}/{_LEVELS.get(ask.product, ask.product)}"
        return httpx.Request("POST", url, headers={"Accept": "application/json"}, data=parameters(ask))

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:  # noqa: ARG002 - the contract's
        """A token of the client credentials grant (RFC 6749, section 4.4), sent as `Bearer`."""
        form = {"client_id": secrets["KPN_CLIENT_ID"], "client_secret": secrets["KPN_CLIENT_SECRET"]}
        query = {"grant_type": "client_credentials"}
        return Credentials({}, token=Grant(kpn_gateway.TOKEN_PATH, query, form, kpn_gateway.read_token))

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply: first what the gateway says, then the `status` in its body, which a 200 may fail with."""
        parsed = kpn_gateway.refused(reply)
        if parsed is None:
            reads = vonage_async.acknowledged if self.products[product].mode == "callback" else read
            parsed = reads(_SELLER, product, reply, asked)
            evidence = parsed.evidence.replace("HTTP 200", f"HTTP {reply.status}", 1)
            parsed = replace(parsed, evidence=evidence, balance=balance(document(reply.body)))
        return kpn_gateway.with_quota(parsed, reply)


PROVIDER: Collectable = Kpn()
