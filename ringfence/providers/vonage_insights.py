"""Vonage Identity Insights v1, the successor of Number Insight: `POST /identity-insights/v1/requests`, one number each.

Source: Vonage's Identity Insights specification 1.0.0 and its page of technical details. Asked are the three insights
that are generally available without an operator's approval: format, original carrier, current carrier. What Number
Insight had and these do not: validity and reachability from the network, roaming (the latter two are a developer
preview, and are not asked), a statement that a number was ported (inferred from the two networks), a price in the
reply, and asynchronous answers. The current carrier is of mobile numbers alone. An answer is read in
`vonage_insights_item`, the token is made in `vonage_jwt`.

None of this was ever seen to work against Vonage itself: it follows the documents, and the simulator follows them too.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.batch_privacy import words_of
from ringfence.providers.lookup import Fact
from ringfence.providers.markup import is_markup
from ringfence.providers.provider import Ask, Credentials, Parsed, Product, Provider
from ringfence.providers.reading import field, load, number, text
from ringfence.providers.refusal import refusal
from ringfence.providers.vonage_insights_item import ASKED, FORMAT, lookup, unauthorized
from ringfence.providers.vonage_jwt import private_key, signer
from ringfence.providers.withholding import cut_bytes, cut_values

_REF = 40
_PROBLEM = re.compile(r"#([a-z][a-z-]{1,40})$", re.ASCII)
# Refused as it is written, before anything was looked up.
_REFUSED_AS_WRITTEN = (415, 422)
# Nothing of this is asked for; it is cut where a reply holds it all the same.
_WORDS: Mapping[str, frozenset[str]] = {
    "imsi": frozenset({"imsi"}),
    "serving_msc": frozenset({"msc"}),
    "caller_name": frozenset({"callername", "subscribermatch"}),
    "roaming": frozenset({"roaming"}),
    "reachability": frozenset({"reachability", "isreachable", "roaming"}),
}


class VonageInsights(Provider):
    """Vonage's Identity Insights; another account secret and another shape than Number Insight, so another provider.

    `base_url` decides the region: https://api-eu.vonage.com, or https://api-us.vonage.com.
    """

    name: str = "vonage_insights"
    hosts: tuple[str, ...] = ("vonage.com",)
    base_url: str = "https://api-eu.vonage.com"
    secrets: tuple[tuple[str, ...], ...] = (("VONAGE_APPLICATION_ID", "VONAGE_PRIVATE_KEY"),)
    # No rate is published.
    products: Mapping[str, Product] = MappingProxyType(
        {
            "insights": Product(
                name="insights",
                facts=frozenset({Fact.CARRIER, Fact.PORTED, Fact.LINE_TYPE, Fact.VALIDITY}),
                plan_only=frozenset({Fact.VALIDITY}),
                mobile_only=frozenset({Fact.CARRIER, Fact.PORTED}),
                mode="sync",
                limit=1,
                batch=1,
                rate=10,
            )
        }
    )
    # No reply states a price, and no page a currency.
    currency: str | None = None
    sunset: date | None = None
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def request(self, ask: Ask) -> httpx.Request:
        """Ask the three insights of one number, without `+`; no purpose, which only an operator's insights need."""
        (phone,) = ask.numbers
        return httpx.Request(
            "POST",
            f"{ask.base_url}/identity-insights/v1/requests",
            headers={"Accept": "application/json"},
            json={"phone_number": phone.digits, "insights": {name: {} for name in ASKED}},
        )

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:  # noqa: ARG002 - no options
        """A token for each quarter of an hour; raises ConfigError for a key that cannot be used."""
        key = private_key(secrets["VONAGE_PRIVATE_KEY"], "VONAGE_PRIVATE_KEY")
        return Credentials(headers={}, token=signer(secrets["VONAGE_APPLICATION_ID"], key))

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Cut what the number that a body names demands; a body in which nothing is forbidden stays as it came."""
        document, named = load(body), self.numbers_in(body)
        words = words_of(_WORDS, forbidden(Phone(f"+{named[0]}") if named else None))
        if document is None:
            return cut_bytes(body, words, markup=is_markup(body))
        cut = cut_values(document, words, lambda _word, _value: None)
        return body if cut == document else json.dumps(cut, separators=(",", ":")).encode()

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The number that the format insight names."""
        found = number(field(load(body), "insights", FORMAT, "number_international"))
        return [found] if found else []

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:  # noqa: ARG002 - there is one
        """Read a reply: an error is a problem document (RFC 9457) under its HTTP status."""
        document = load(reply.body)
        refused = refusal(reply, self.name, self.secrets, _problem(document))
        if refused:
            return self._refused(refused, reply, document)
        insights = field(document, "insights")
        if not isinstance(insights, Mapping):
            return Parsed("doubt", "HTTP 200 without a JSON object that has insights")
        named = field(insights, FORMAT, "number_international")
        found = [phone for phone in asked if named is None or phone.digits == number(named)]
        if len(found) != 1:
            return Parsed("doubt", "HTTP 200, but about another number", missing=tuple(asked), unasked=1)
        missing = unauthorized(insights)
        return Parsed(
            verdict="answered",
            evidence="HTTP 200 with insights",
            lookups=(lookup(insights, found[0]),),
            missing=tuple(phone for phone in asked if phone != found[0]),
            request_ref=text(field(document, "request_id"), _REF),
            notes=[f"{self.name} was not authorized for {each}: see the application's rights" for each in missing],
        )

    def _refused(self, refused: Parsed, reply: Reply, document: object) -> Parsed:
        """A refusal with what only this vendor's documents say of it."""
        if reply.status == 401:
            return replace(refused, token_refused=True)
        if reply.status in _REFUSED_AS_WRITTEN:
            return replace(refused, verdict="void")
        if reply.status == 403 and _problem(document) == "low-balance":
            return replace(refused, stop=f"{self.name} has no credit left for this account (HTTP 403): top it up")
        return refused


def _problem(document: object) -> str | None:
    """The name of a problem: the fragment of its type, such as `low-balance`; None for anything else."""
    kind = field(document, "type")
    found = _PROBLEM.search(kind) if isinstance(kind, str) else None
    return found[1] if found else None


PROVIDER: Provider = VonageInsights()
