"""Acme, which there is not: `now` answers at once, `soon` accepts a batch and answers when it is asked again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Later, Poll, Waiting
from ringfence.providers.lookup import Basis, Billed, Carrier, Fact, Lookup, Outcome, Reachability, Validity
from ringfence.providers.matching import matched, named, results, settled
from ringfence.providers.provider import Ask, Credentials, Parsed, Product, Provider
from ringfence.providers.reading import field, load, text
from ringfence.providers.refusal import refusal

_FACTS = frozenset({Fact.VALIDITY, Fact.REACHABILITY, Fact.CARRIER})


class Acme(Provider):
    """Acme's two products."""

    name: str = "acme"
    hosts: tuple[str, ...] = ("acme.example",)
    base_url: str = "https://api.acme.example"
    secrets: tuple[tuple[str, ...], ...] = (("ACME_KEY",),)
    products: Mapping[str, Product] = MappingProxyType(
        {
            "now": Product(name="now", facts=_FACTS, mode="sync", limit=3, batch=3, rate=50),
            "soon": Product(name="soon", facts=_FACTS, mode="poll", limit=100, batch=10, rate=50, patience=600),
        }
    )
    currency: str | None = "EUR"
    sunset: date | None = None
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def request(self, ask: Ask) -> httpx.Request:
        """One POST with the numbers."""
        numbers = [phone.digits for phone in ask.numbers]
        return httpx.Request("POST", f"{ask.base_url}/v1/{ask.product}", json={"numbers": numbers})

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:
        """A key in a header."""
        return Credentials({"X-Acme-Key": secrets["ACME_KEY"]})

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Acme tells nothing that is forbidden."""
        return body

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The number of each result."""
        return named(results(load(body), ("results",)), "number")

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Results, or the id of a batch that is asked for later."""
        document = load(reply.body)
        refused = refusal(reply, self.name, self.secrets, None)
        if refused:
            return refused
        batch = text(field(document, "batch"))
        if product == "soon" and batch:
            return Parsed("awaiting", "HTTP 200, accepted", request_ref=batch)
        return self._read(document, reply, asked)

    def polls(self, waiting: Waiting, base_url: str, options: Mapping[str, str]) -> Sequence[Poll]:
        """One GET for the whole batch."""
        batch = text(field(load(waiting.accepted.body), "batch")) if waiting.accepted else None
        if not batch or not waiting.unanswered:
            return ()
        return [Poll("poll", batch, httpx.Request("GET", f"{base_url}/v1/batches/{batch}"))]

    def parse_later(self, product: str, later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
        """The results that there are already."""
        document = load(later.reply.body)
        if later.reply.status != 200:
            return Parsed("awaiting", f"HTTP {later.reply.status}")
        return self._read(document, later.reply, asked)

    def _read(self, document: object, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        items = results(document, ("results",))
        if items is None:
            return Parsed("doubt", "HTTP 200 without a list of results")
        return settled(matched(items, "number", asked), _lookup, asked, reply)


def _lookup(item: Mapping[str, Any], phone: Phone) -> Lookup:
    reachable = {True: Reachability.REACHABLE, False: Reachability.ABSENT}.get(item.get("reachable"))  # type: ignore[arg-type]
    return Lookup(
        phone=phone,
        outcome=Outcome.COMPLETE if reachable else Outcome.PARTIAL,
        validity=Validity.VALID if reachable else Validity.UNKNOWN,
        validity_basis=Basis.NETWORK if reachable else Basis.NONE,
        reachability=reachable or Reachability.UNKNOWN,
        current_carrier=Carrier(mccmnc=text(item.get("network"))),
        billed=Billed.YES,
        price=int(Decimal(str(item["cost"])).scaleb(9)),
        currency="EUR",
    )


PROVIDER: Provider = Acme()
