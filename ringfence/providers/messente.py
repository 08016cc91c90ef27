"""Messente Number Lookup, synchronous: `POST /v1/hlr/sync`.

Sources: the tutorial "Number Lookup API" and Messente's SDK 2.7.0 (OpenAPI 2.1.0). One result is read in
`messente_item`. The asynchronous `/hlr/async` of 2018 is documented no more and not here; Messente's own SDK is not
used, because its model refuses the statuses ONLINE, OFFLINE and ON.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers import batch_privacy
from ringfence.providers.basic import basic
from ringfence.providers.batch_privacy import Listing
from ringfence.providers.lookup import Fact
from ringfence.providers.matching import matched, named, results, settled
from ringfence.providers.messente_item import WORDS, kept, lookup
from ringfence.providers.provider import Ask, Credentials, Parsed, Product, Provider
from ringfence.providers.reading import code, field, load, text
from ringfence.providers.refusal import refusal

# RingCentral's copy of the documentation calls the list `numbers`.
_LISTS = ("result", "numbers")
_LISTING = Listing(lists=_LISTS, number="number", words=WORDS, envelopes=frozenset({"error", "errors"}), cut=kept)
_TOO_MANY_NUMBERS = 103


class Messente(Provider):
    """Messente's synchronous lookup; no reply states a price, and what is charged for INVALID is not documented."""

    name: str = "messente"
    hosts: tuple[str, ...] = ("messente.com",)
    base_url: str = "https://api.messente.com"
    secrets: tuple[tuple[str, ...], ...] = (("MESSENTE_API_USERNAME", "MESSENTE_API_PASSWORD"),)
    # The limit is documented; a rate is published nowhere.
    products: Mapping[str, Product] = MappingProxyType(
        {
            "hlr_sync": Product(
                name="hlr_sync",
                facts=frozenset({Fact.CARRIER, Fact.PORTED, Fact.VALIDITY, Fact.REACHABILITY, Fact.ROAMING}),
                mode="sync",
                limit=10,
                batch=10,
                rate=10,
            )
        }
    )
    currency: str | None = None
    sunset: date | None = None
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def request(self, ask: Ask) -> httpx.Request:
        """One POST with all numbers, with their `+`; `json` sets the Content-Type that is required too."""
        return httpx.Request(
            "POST",
            f"{ask.base_url}/v1/hlr/sync",
            headers={"Accept": "application/json"},
            json={"numbers": [phone.e164 for phone in ask.numbers]},
        )

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:
        """HTTP Basic with the pair that the account's page "API Settings" shows."""
        del options
        return basic(secrets["MESSENTE_API_USERNAME"], secrets["MESSENTE_API_PASSWORD"])

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Cut what the rules forbid out of a body: a result by its own number's, the rest by nobody's."""
        return batch_privacy.withhold(body, _LISTING, forbidden)

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The number of each result."""
        return named(results(load(body), _LISTS), "number")

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply: first the HTTP status, then the results by the number that each names, never by position."""
        del product
        document = load(reply.body)
        codes = _codes(document)
        reason = f"error {', '.join(map(str, codes))}" if codes else None
        refused = refusal(reply, self.name, self.secrets, reason)
        if refused:
            return _explained(refused, reply.status, codes)
        items = results(document, _LISTS)
        if items is None:
            return Parsed("doubt", "HTTP 200 without a list of results" + (f": {reason}" if reason else ""))
        parsed = settled(matched(items, "number", asked), lookup, asked, reply)
        return replace(parsed, request_ref=text(field(document, "request_id")))


def _explained(refused: Parsed, status: int, codes: Sequence[int]) -> Parsed:
    """A refusal with what only Messente means by it.

    103 is too many numbers in the tutorial, and a server error in the SDK: with HTTP 400 it cost nothing either way.
    """
    if status == 401:
        return replace(refused, stop=f"{refused.stop}, and that the account admits this machine's address")
    return replace(refused, split=status == 400 and _TOO_MANY_NUMBERS in codes)


def _codes(document: object) -> list[int]:
    """The three-digit codes of either error envelope; its sentences may repeat numbers, and stay in the reply."""
    listed = field(document, "errors")
    errors = [document, *(listed if isinstance(listed, list) else ())]
    found = {code(field(each, "error", "code")) for each in errors}
    return sorted(each for each in found if each is not None and 100 <= each <= 999)


PROVIDER: Provider = Messente()
