"""What becomes of one request on the wire: a reply, or a failure that says whether a byte may have left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: status, headers with lower-case names, decoded body bytes.

    `token` says which of the tokens that were obtained the request carried, by its serial; None: it carried none.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    token: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """No whole reply came.

    `unsent` is proof that no byte of the request left; everything else is `ambiguous` and may have cost money.
    `reason` is a redacted sentence. `status`, `headers` and `body` hold what arrived before it broke off.
    `fatal` says that the next request would fail in the same way (a TLS certificate that does not verify); `refused` is
    then the sentence for the user where it was the credentials that were not taken. `retry_after` is how many seconds
    whoever refused asked us to wait.
    """

    kind: Literal["unsent", "ambiguous"]
    reason: str
    fatal: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    refused: str | None = None
    retry_after: float | None = None
    token: int | None = field(default=None, compare=False)


Exchange = Reply | Failure
