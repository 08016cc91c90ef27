"""The contract of a provider: what one file in this folder states and computes. Pure values in and out, no I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Fact, Lookup

Mode = Literal["sync", "poll", "callback"]


@dataclass(frozen=True, slots=True)
class Product:
    """Something that can be bought: the facts that it answers, and how.

    `plan_only` are those of the facts that it tells from the numbering plan alone: another product that asks the
    network is preferred for them, at any price. `limit` is the provider's own maximum of numbers in a request, `batch`
    what we send unless the config says otherwise, `rate` the default requests a second.
    """

    name: str
    facts: frozenset[Fact]
    mode: Mode
    limit: int
    batch: int
    rate: int
    plan_only: frozenset[Fact] = frozenset()


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a request proves who sends it: headers, and parameters of the query where a vendor takes them there."""

    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reply, read.

    verdict: `answered` settles the numbers in `lookups`; `void` is documented evidence that the request cost nothing;
    `doubt` says that it may have cost money. `missing` were asked and not answered; `unasked` counts results that
    nobody asked for (never published). `stop` is a sentence for the user when nothing more may be sent to this
    provider in this run, with `stop_product` only for the product that was asked. `retry` says that a new attempt is
    allowed (only with `void`), after `retry_after` seconds; `split` that it may be made once more in two halves.
    """

    verdict: Literal["answered", "void", "doubt"]
    evidence: str
    lookups: Sequence[Lookup] = ()
    missing: Sequence[Phone] = ()
    unasked: int = 0
    request_ref: str | None = None
    stop: str | None = None
    stop_product: bool = False
    retry: bool = False
    split: bool = False
    retry_after: float | None = None


class Provider(Protocol):
    """One provider, found by the registry through the module attribute `PROVIDER`."""

    name: str
    hosts: tuple[str, ...]
    base_url: str
    # Alternatives, the first complete one is used: (("INFOBIP_API_KEY",), ("INFOBIP_USERNAME", "INFOBIP_PASSWORD")).
    secrets: tuple[tuple[str, ...], ...]
    products: Mapping[str, Product]
    # The currency that the vendor bills in, None where the account decides: a price in another one is refused.
    currency: str | None
    # The day from which the vendor no longer answers, where it has announced one.
    sunset: date | None
    # Choices of how a request is written, each with its values, the default first: {"auth": ("header", "query")}.
    options: Mapping[str, tuple[str, ...]]
    # What becomes of an attempt whose outcome nobody knows: look it up at the provider, or hold it for a person.
    on_ambiguous: Literal["reconcile", "hold"]

    def request(
        self, product: str, numbers: Sequence[Phone], base_url: str, options: Mapping[str, str]
    ) -> httpx.Request:
        """Build the one request for these numbers, without credentials. `base_url` ends without a slash.

        `options` has a value for each of `self.options`.
        """
        ...

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:
        """What authenticates a request; `secrets` holds one complete alternative of `self.secrets`."""
        ...

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Cut what the privacy rules forbid to store out of a body, whatever the body is.

        `forbidden` gives, for a number (None: not known which), the names that may not be kept, of
        imsi, serving_msc, caller_name, roaming, reachability.
        """
        ...

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply. Never raises on anything that a provider can send."""
        ...
