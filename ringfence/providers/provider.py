"""The contract of a provider: what one file in this folder states and computes. Pure values in and out, no I/O.

A provider whose products answer later than in their reply is a `Collectable` (`collectable`) as well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import httpx

from ringfence.http.exchange import Reply
from ringfence.http.token import Grant, Token
from ringfence.money.amount import Money
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Fact, Lookup

# sync answers in its reply; poll and callback acknowledge, and answer when asked again or by themselves.
Mode = Literal["sync", "poll", "callback"]


@dataclass(frozen=True, slots=True)
class Traced:
    """That a provider can be asked, with GET requests that buy nothing, what became of a request without a reply.

    All in seconds. Looked for is what came in from `early` before the sending until `late` after it (clocks differ, and
    an exchange takes its time). It is asked `after` that at the soonest, since a log may lag behind, and as long as it
    is told: `until` so long after the sending. `option` is the choice that has to be `on` for it, where asking costs.
    """

    early: int
    late: int
    after: int
    until: int
    option: str | None = None

    @property
    def begins(self) -> int:
        """Seconds after the sending from which it is asked."""
        return self.late + self.after


@dataclass(frozen=True, slots=True)
class Product:
    """Something that can be bought: the facts that it answers, and how.

    `plan_only` are those of the facts that it tells from the numbering plan alone: another product that asks the
    network is preferred for them, at any price. `mobile_only` it does not tell of a landline, `not_told` not of the
    numbers of a country. `limit` is the provider's own maximum of numbers in a request, `batch` what we send unless
    the config says otherwise, `rate` the default requests a second. `patience` is how many seconds an answer that
    comes later may take before it is given up and in doubt; 0 of a sync product. `priced_late` says that its price is
    told by a log alone, and waited for. `traced` says how the provider tells what became of a request whose reply
    never came; without it such a request is held for a person's decision.
    """

    name: str
    facts: frozenset[Fact]
    mode: Mode
    limit: int
    batch: int
    rate: int
    plan_only: frozenset[Fact] = frozenset()
    mobile_only: frozenset[Fact] = frozenset()
    not_told: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    patience: int = 0
    priced_late: bool = False
    traced: Traced | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a request proves who sends it: headers, and parameters of the query where a vendor takes them there.

    `path` replaces the placeholder `{name}` in the path of a URL, where a vendor has the account in it. A `token` is
    fetched (Grant) or made (a function) when it is needed, and again before it ends.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    token: Grant | Callable[[], Token] | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request is to ask: numbers of one country ('' none), of one product.

    `base_url` ends without a slash; `options` has a value for each option of the provider; `callback_url` is where the
    answer of a `callback` product is to be sent, unguessable and for this request alone, else None.
    """

    product: str
    numbers: Sequence[Phone] = field(repr=False)
    country: str
    base_url: str
    options: Mapping[str, str]
    callback_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reply, read.

    verdict: `answered` settles the numbers in `lookups`; `void` is documented evidence that the request cost nothing;
    `doubt` says that it may have cost money; `awaiting` that the request was accepted and the answers of the numbers
    that are not in `lookups` come later. `missing` were asked and not answered; `unasked` counts results that
    nobody asked for (never published). `stop` is a sentence for the user when nothing more may be sent to this
    provider in this run, with `stop_product` only for the product that was asked. `retry` says that a new attempt is
    allowed (only with `void`), after `retry_after` seconds; `split` that it may be made once more in two halves;
    `token_refused` that the token was not taken (with `void`): a new attempt gets a new one, and `stop` holds only
    when that is refused too; `throttled` that requests came too fast. `pause` is how many seconds nothing more may be
    sent, whatever the verdict; `notes` are sentences for the user, such as about a quota; `stated` is what a request
    that was accepted costs by its acknowledgement, in nanos; `balance` is what is left on the account after it, where
    the reply says so.
    """

    verdict: Literal["answered", "void", "doubt", "awaiting"]
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
    token_refused: bool = False
    throttled: bool = False
    pause: float | None = None
    notes: Sequence[str] = ()
    stated: int | None = None
    balance: Money | None = None


class Provider(Protocol):
    """One provider, found by the registry through the module attribute `PROVIDER`."""

    name: str
    hosts: tuple[str, ...]
    base_url: str
    # Alternatives, the first complete one is used: (("INFOBIP_API_KEY",), ("INFOBIP_USERNAME", "INFOBIP_PASSWORD")).
    secrets: tuple[tuple[str, ...], ...]
    products: Mapping[str, Product]
    # The names beside those of the products under which `priced_as` may look for a price.
    priced_names: tuple[str, ...] = ()
    # The currency that the vendor bills in, None where the account decides: a price in another one is refused.
    currency: str | None
    # The day from which the vendor no longer answers, where it has announced one.
    sunset: date | None
    # The provider that takes its place then.
    successor: str | None = None
    # Choices of how a request is written, each with its values, the default first: {"auth": ("header", "query")}.
    options: Mapping[str, tuple[str, ...]]
    # Headers of a reply (lower case) that are kept beside its body, with date, retry-after and content-type: `parse`
    # reads no others when a reply is read again.
    headers: tuple[str, ...] = ()

    def priced_as(self, product: str, country: str, options: Mapping[str, str]) -> str:  # noqa: ARG002 - for others
        """The name under which the price of asking this product about a country stands; nearly always the product's."""
        return product

    def request(self, ask: Ask) -> httpx.Request:
        """Build the one request for these numbers, without credentials."""
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

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The numbers (E.164 digits without `+`) that a body names as looked up, for replies bought elsewhere."""
        ...

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply. Never raises on anything that a provider can send."""
        ...
