"""Infobip Number Lookup (also: Number Context), synchronous: `POST /number/1/query`.

Source: Infobip OpenAPI 3.210.0 and the page "Number Lookup over API". One item is read in `infobip_item`, its codes
are in `infobip_codes`, what may not be kept is cut in `infobip_privacy`. The asynchronous `/number/1/notify` and
the reconciling `/number/1/logs` are not here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Literal

import httpx

from ringfence.http.exchange import Reply
from ringfence.http.redact import redact
from ringfence.numbers.phone import Phone
from ringfence.providers.basic import basic
from ringfence.providers.infobip_item import lookup, rejected
from ringfence.providers.infobip_privacy import withhold
from ringfence.providers.lookup import ErrorClass, Fact, Lookup
from ringfence.providers.matching import matched, named, results, settled
from ringfence.providers.provider import Ask, Credentials, Parsed, Product, Provider
from ringfence.providers.reading import field, load, text, word
from ringfence.providers.refusal import refusal

# `ncResults` was the list's name in 2015.
_LISTS = ("results", "ncResults")
_ACCOUNT = frozenset({ErrorClass.QUOTA_EXHAUSTED, ErrorClass.NOT_ENABLED})


class Infobip(Provider):
    """Infobip's synchronous lookup; its price is not in the reply, only in its logs of the last 48 hours."""

    name: str = "infobip"
    hosts: tuple[str, ...] = ("infobip.com",)
    base_url: str = "https://api.infobip.com"
    secrets: tuple[tuple[str, ...], ...] = (("INFOBIP_API_KEY",), ("INFOBIP_USERNAME", "INFOBIP_PASSWORD"))
    # The limit is documented (1001 numbers get a 400 that says so), the rate is not. Batches are a quarter of the limit
    # because the docs call this endpoint meant for "smaller amounts", and one broken reply puts a whole batch in doubt.
    products: Mapping[str, Product] = {
        "query": Product(
            name="query",
            facts=frozenset({Fact.CARRIER, Fact.PORTED, Fact.VALIDITY, Fact.REACHABILITY, Fact.ROAMING}),
            mode="sync",
            limit=1000,
            batch=250,
            rate=10,
        )
    }
    currency: str | None = None
    sunset: date | None = None
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    on_ambiguous: Literal["reconcile", "hold"] = "reconcile"

    def request(self, ask: Ask) -> httpx.Request:
        """One POST with all numbers, without `+` as in every example of the documentation."""
        return httpx.Request(
            "POST",
            f"{ask.base_url}/number/1/{ask.product}",
            headers={"Accept": "application/json"},
            json={"to": [phone.digits for phone in ask.numbers]},
        )

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:
        """`App <key>`, the way that Infobip recommends, or Basic."""
        del options
        if "INFOBIP_API_KEY" in secrets:
            return Credentials({"Authorization": f"App {secrets['INFOBIP_API_KEY']}"})
        return basic(secrets["INFOBIP_USERNAME"], secrets["INFOBIP_PASSWORD"])

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Cut what the rules forbid out of a body (`infobip_privacy`)."""
        return withhold(body, _LISTS, forbidden)

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The number of each item."""
        return named(results(load(body), _LISTS), "to")

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply: first the HTTP status, then the items by the number that each names, never by position."""
        del product
        document = load(reply.body)
        refused = refusal(reply, self.name, self.secrets, _reason(document))
        if refused:
            return refused
        items = results(document, _LISTS)
        if items is None:
            reason = _reason(document)
            return Parsed("doubt", "HTTP 200 without a list of results" + (f": {reason}" if reason else ""))
        found = matched(items, "to", asked)
        parsed = settled(found, lookup, asked, reply)
        turned_down = all(rejected(item) for about in found.items.values() for item in about)
        stop = _stop(parsed.lookups, turned_down=turned_down)
        return replace(parsed, request_ref=text(field(document, "bulkId")), stop=stop)


def _stop(lookups: Sequence[Lookup], *, turned_down: bool) -> str | None:
    """Missing credit is the account's state, so one item tells it; a route may be missing for one number alone.

    Of an account without the product the ids are not documented, but a batch of several never fails by chance.
    """
    classes = [one.error_class for one in lookups]
    if ErrorClass.QUOTA_EXHAUSTED in classes:
        return "infobip has no credit left for this account: top it up, or have its limit raised"
    if lookups and all(one in _ACCOUNT for one in classes):
        return "infobip rejected every number for the account's sake: check that Number Lookup is enabled for it"
    if turned_down and len(lookups) > 1:
        return "every number of a batch was rejected: is Number Lookup enabled on the account?"
    return None


def _reason(document: object) -> str | None:
    """The code words of either error envelope; its sentences may repeat numbers and keys, and stay in the reply."""
    parts = (
        word(field(document, "requestError", "serviceException", "messageId")),
        word(field(document, "errorCode")),
    )
    return redact(" ".join(part for part in parts if part)) or None


PROVIDER: Provider = Infobip()
