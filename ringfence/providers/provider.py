"""The contract of a provider: what one file in this folder states and computes. Pure values in and out, no I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Fact, Lookup

Mode = Literal["sync", "poll", "callback"]


@dataclass(frozen=True, slots=True)
class Product:
    """Something that can be bought: the facts that it answers, and how.

    `limit` is the provider's own maximum of numbers in a request, `batch` what we send unless the config says
    otherwise, `rate` the default requests a second.
    """

    name: str
    facts: frozenset[Fact]
    mode: Mode
    limit: int
    batch: int
    rate: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reply, read.

    verdict: `answered` settles the numbers in `lookups`; `void` is documented evidence that the request cost nothing;
    `doubt` says that it may have cost money. `missing` were asked and not answered; `unasked` counts results that
    nobody asked for (never published). `stop` is a sentence for the user when nothing more may be sent to this
    provider in this run; `retry` says that a new attempt is allowed (only with `void`), after `retry_after` seconds.
    """

    verdict: Literal["answered", "void", "doubt"]
    evidence: str
    lookups: Sequence[Lookup] = ()
    missing: Sequence[Phone] = ()
    unasked: int = 0
    request_ref: str | None = None
    stop: str | None = None
    retry: bool = False
    retry_after: float | None = None


class Provider(Protocol):
    """One provider, found by the registry through the module attribute `PROVIDER`."""

    name: str
    hosts: tuple[str, ...]
    base_url: str
    # Alternatives, the first complete one is used: (("INFOBIP_API_KEY",), ("INFOBIP_USERNAME", "INFOBIP_PASSWORD")).
    secrets: tuple[tuple[str, ...], ...]
    products: Mapping[str, Product]
    # What becomes of an attempt whose outcome nobody knows: look it up at the provider, or hold it for a person.
    on_ambiguous: Literal["reconcile", "hold"]

    def request(self, product: str, numbers: Sequence[Phone], base_url: str) -> httpx.Request:
        """Build the one request for these numbers, without credentials. `base_url` ends without a slash."""
        ...

    def auth(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The headers that authenticate a request; `secrets` holds one complete alternative of `self.secrets`."""
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
