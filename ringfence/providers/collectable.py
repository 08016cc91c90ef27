"""The contract of what a provider answers later: by callback, or when it is asked again, which buys nothing. No I/O."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.provider import Parsed, Product, Provider, Traced

Source = Literal["callback", "poll", "log"]


@dataclass(frozen=True, slots=True)
class Later:
    """What came after the first reply. `ref` says what a poll had asked about, in the provider's words; else ''.

    A `log` tells status and price, and not all facts: it speaks where no callback or poll has answered, and it adds
    its price to an answer that has none. `at` is when it was received (UTC, by our clock).
    """

    source: Source
    ref: str
    reply: Reply
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """A request that buys no lookup, and may tell more of an attempt; kept as `Later` of the same source and ref.

    `shared` says that it tells of others too, and is for an attempt whose reply never came: it is made only when its
    product may be `traced`, and only the `part` about the attempt is kept.
    """

    source: Literal["poll", "log"]
    ref: str
    request: httpx.Request
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attempt that waits, as its provider needs to see it.

    What was asked and when (UTC), the reply that accepted it (None when it never came), the numbers that have no
    answer, or no price, yet, and what polls have told so far.
    """

    product: str
    asked: Sequence[Phone] = field(repr=False)
    sent_at: datetime
    accepted: Reply | None
    unanswered: Sequence[Phone] = field(repr=False)
    unpriced: Sequence[Phone] = field(repr=False)
    told: Sequence[Later] = field(default=(), repr=False)


@runtime_checkable
class Collectable(Provider, Protocol):
    """A provider with products that answer later."""

    def polls(self, waiting: Waiting, base_url: str, options: Mapping[str, str]) -> Sequence[Poll]:
        """The requests, which buy no lookup, that may tell more now; none where only a callback can."""
        ...

    def parse_later(self, product: str, later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
        """Read what came later; never raises on anything that a provider can send.

        `answered` with a lookup for each number that it is final about; `awaiting` when it says nothing final yet;
        `void` when it is documented evidence that nothing was charged; `doubt` when it cannot be read, or (then with
        `unasked`) is not about this attempt: its id and its numbers must be those that were accepted and asked.
        """
        ...


@runtime_checkable
class Traceable(Collectable, Protocol):
    """A provider that can be asked what became of a request whose reply never came."""

    def part(self, page: bytes, asked: Sequence[Phone], others: Set[str]) -> bytes:
        """What of a shared page is about these numbers, and how much there was; empty for what cannot be read.

        What bears the id of another request (`others`) is about that one.
        """
        ...

    def uncharged(self, product: str, told: Sequence[Later], asked: Sequence[Phone]) -> str | None:
        """Why all that was told is documented evidence that none of these numbers was charged; None where it is not."""
        ...


def traced(product: Product, options: Mapping[str, str]) -> Traced | None:
    """How a product is traced, with these choices of its provider; None where it is not."""
    how = product.traced
    return how if how and (how.option is None or options.get(how.option) == "on") else None
