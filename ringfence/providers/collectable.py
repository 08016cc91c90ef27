"""The contract of what a provider answers later: by callback, or when it is asked again, which is free. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.provider import Parsed, Provider

Source = Literal["callback", "poll", "log"]


@dataclass(frozen=True, slots=True)
class Later:
    """What came after the first reply. `ref` says what a poll had asked about, in the provider's words; else ''.

    A `log` tells status and price, and not all facts: it speaks where no callback or poll has answered, and it adds
    its price to an answer that has none.
    """

    source: Source
    ref: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class Poll:
    """A free request that may tell more of an attempt; its reply is kept as `Later` of the same source and ref."""

    source: Literal["poll", "log"]
    ref: str
    request: httpx.Request


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attempt that waits, as its provider needs to see it.

    What was asked and when (UTC), the reply that accepted it (None when it never came), and the numbers that have no
    answer, or no price, yet.
    """

    product: str
    asked: Sequence[Phone] = field(repr=False)
    sent_at: datetime
    accepted: Reply | None
    unanswered: Sequence[Phone] = field(repr=False)
    unpriced: Sequence[Phone] = field(repr=False)


@runtime_checkable
class Collectable(Provider, Protocol):
    """A provider with products that answer later."""

    def polls(self, waiting: Waiting, base_url: str, options: Mapping[str, str]) -> Sequence[Poll]:
        """The free requests that may tell more now; none where only a callback can."""
        ...

    def parse_later(self, product: str, later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
        """Read what came later; never raises on anything that a provider can send.

        `answered` with a lookup for each number that it is final about; `awaiting` when it says nothing final yet;
        `void` when it is documented evidence that nothing was charged; `doubt` when it cannot be read, or (then with
        `unasked`) is not about this attempt: its id and its numbers must be those that were accepted and asked.
        """
        ...
