"""What becomes of one request on the wire: a reply, or a failure that says whether a byte may have left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: status, headers with lower-case names, decoded body bytes."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """No whole reply came.

    `unsent` is proof that no byte of the request left; everything else is `ambiguous` and may have cost money.
    `reason` is a redacted sentence. `status`, `headers` and `body` hold what arrived before it broke off.
    `fatal` says that the next request would fail in the same way (a TLS certificate that does not verify).
    """

    kind: Literal["unsent", "ambiguous"]
    reason: str
    fatal: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


Exchange = Reply | Failure
