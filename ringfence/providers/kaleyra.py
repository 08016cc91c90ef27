"""Kaleyra Lookup: numbers are accepted by one POST and told of one by one, or told of at once by one GET.

Sources: the pages "POST API Lookup" and "GET API Lookup" of Kaleyra's developer documentation. What is told of a number
is read in `kaleyra_item`, envelopes in `kaleyra_reply`, details in `kaleyra_details`, the price in `kaleyra_price`. Not
documented, or not where it could be read: the details of a lookup, error codes, how many numbers a POST may hold, the
rate, the currency, what an invalid number costs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from urllib.parse import quote

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Later, Poll, Waiting
from ringfence.providers.kaleyra_details import details
from ringfence.providers.kaleyra_item import lookup, rejected
from ringfence.providers.kaleyra_price import batch_price, shares
from ringfence.providers.kaleyra_privacy import withhold
from ringfence.providers.kaleyra_reply import NUMBER, Envelope, envelope, is_success, left_out, lookup_ids
from ringfence.providers.lookup import Fact, Lookup
from ringfence.providers.matching import named, settled
from ringfence.providers.provider import Ask, Credentials, Parsed, Product, Provider
from ringfence.providers.reading import is_stated
from ringfence.providers.refusal import refusal

_FACTS = frozenset({Fact.CARRIER, Fact.PORTED, Fact.VALIDITY})
# A number on a network probably has a subscriber: nobody has asked for one.
_INFERRED = frozenset({Fact.VALIDITY})
# The predecessor of this API took 100 numbers by POST and 10 by GET. No rate is published.
_POST_LIMIT, _GET_LIMIT, _RATE = 100, 10, 10
# Seconds. Lookups are called real-time; how long details may take is not documented, and asking for them is free.
_PATIENCE = 900
_JSON = {"Accept": "application/json"}


class Kaleyra(Provider):
    """Kaleyra's lookup by POST and polling, and by one GET."""

    name: str = "kaleyra"
    hosts: tuple[str, ...] = ("kaleyra.io",)
    base_url: str = "https://api.kaleyra.io"
    secrets: tuple[tuple[str, ...], ...] = (("KALEYRA_API_KEY", "KALEYRA_SID"),)
    products: Mapping[str, Product] = MappingProxyType(
        {
            "lookup": Product(
                name="lookup",
                facts=_FACTS,
                plan_only=_INFERRED,
                mode="poll",
                limit=_POST_LIMIT,
                batch=_POST_LIMIT,
                rate=_RATE,
                patience=_PATIENCE,
            ),
            "lookup_get": Product(
                name="lookup_get",
                facts=_FACTS,
                plan_only=_INFERRED,
                mode="sync",
                limit=_GET_LIMIT,
                batch=_GET_LIMIT,
                rate=_RATE,
            ),
        }
    )
    currency: str | None = None
    sunset: date | None = None
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def request(self, ask: Ask) -> httpx.Request:
        """One POST with all numbers, or one GET that has them in its path; without `+`, as the examples have them.

        A path ends in logs on the way: the POST is the one that keeps numbers out of them.
        """
        url = f"{ask.base_url}/v1/{{KALEYRA_SID}}/lookup"
        digits = [phone.digits for phone in ask.numbers]
        if ask.product == "lookup_get":
            return httpx.Request("GET", f"{url}/{','.join(digits)}", headers=_JSON)
        return httpx.Request("POST", url, headers=_JSON, json={"mobile": digits})

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:
        """The key in a header, and the account's identifier (SID) in the path."""
        del options
        return Credentials({"api-key": secrets["KALEYRA_API_KEY"]}, path={"KALEYRA_SID": secrets["KALEYRA_SID"]})

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Cut what the rules forbid out of a body (`kaleyra_privacy`)."""
        return withhold(body, forbidden)

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The number of each result."""
        found = envelope(body)
        return named(found.results if found else (), NUMBER)

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply: the HTTP status, then code and error, then the results by the number that each names.

        Which status of the 200s an acceptance has is not documented: any will do.
        """
        found = envelope(reply.body)
        said = found.said if found else ""
        refused = None if is_success(reply) else refusal(reply, self.name, self.secrets, said)
        if refused:
            return refused
        told = f"HTTP {reply.status}" + (f" with {said}" if said else "")
        if found is None or not found.succeeded or found.results is None:
            return Parsed("doubt", f"{told}, which is no documented success")
        parsed = _told(found, reply, asked) if product == "lookup_get" else _accepted(found, told, asked)
        return replace(parsed, request_ref=found.ref)

    def polls(self, waiting: Waiting, base_url: str, options: Mapping[str, str]) -> Sequence[Poll]:
        """One GET for the details of each number that has none yet; its address is ours, not the one in the reply."""
        del options
        if waiting.product != "lookup" or waiting.accepted is None:
            return ()
        url = f"{base_url}/api/v1/{{KALEYRA_SID}}/lookup/get-info"
        ids = lookup_ids(envelope(waiting.accepted.body), waiting.unanswered)
        return [Poll("poll", one, httpx.Request("GET", f"{url}/{quote(one, safe='')}", headers=_JSON)) for one in ids]

    def parse_later(self, product: str, later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
        """Read the details of a lookup (`kaleyra_details`)."""
        if product != "lookup" or later.source != "poll" or accepted is None:
            return Parsed("doubt", f"a {later.source} that Kaleyra's {product} does not have")
        return details(later.reply, later.ref, lookup_ids(envelope(accepted.body), asked).get(later.ref, ()))


def _accepted(found: Envelope, told: str, asked: Sequence[Phone]) -> Parsed:
    """The acknowledgement of a POST: rejected numbers are answered, those that can be asked for are waited for."""
    results, out = left_out(found, asked)
    waited = {phone for phones in lookup_ids(found, asked).values() for phone in phones}
    return Parsed(
        verdict="awaiting" if waited else "answered" if out else "doubt",
        evidence=f"{told}, {len(waited)} of {len(asked)} numbers accepted and {len(out)} rejected",
        lookups=[rejected(phone) for phone in out],
        missing=() if waited else [phone for phone in asked if phone not in out],
        unasked=results.unasked,
    )


def _told(found: Envelope, reply: Reply, asked: Sequence[Phone]) -> Parsed:
    """The answer to a GET, with what each number of it cost where a price is stated."""
    results, out = left_out(found, asked)
    parsed = settled(results, lookup, asked, reply)
    by_phone = {one.phone: one for one in parsed.lookups} | {phone: rejected(phone) for phone in out}
    price = batch_price(found.price)
    if is_stated(found.price) and price is None:
        stop = (
            "kaleyra states a price that cannot be read (lookup_get): compare with its invoice, "
            "decide the attempt with: ringfence attempts decide"
        )
        return Parsed("doubt", f"{parsed.evidence} and with a price that cannot be read", stop=stop)
    return replace(
        parsed,
        verdict="answered" if by_phone else "doubt",
        lookups=_priced([by_phone[phone] for phone in asked if phone in by_phone], price, found, len(asked)),
        missing=[phone for phone in parsed.missing if phone not in by_phone],
    )


def _priced(answers: Sequence[Lookup], price: int | None, found: Envelope, asked: int) -> Sequence[Lookup]:
    """The answers with their shares of the price, which is for all the numbers that were counted.

    Whether those that were left out as invalid are within that count, and cost anything, is not documented: shared
    among them too, no answer is told dearer than it was. Where fewer were counted than answered, or more than fit into
    a request, the price is for those that were answered.
    """
    if price is None or not answers:
        return answers
    counted = found.total or 0
    parts = max(counted, min(counted + (found.invalid or 0), asked))
    parts = parts if len(answers) <= parts <= _GET_LIMIT else len(answers)
    return [replace(one, price=share) for one, share in zip(answers, shares(price, parts), strict=False)]


PROVIDER: Provider = Kaleyra()
