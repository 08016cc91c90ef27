"""Replies that were paid for elsewhere, as plain values, and the ids that keep one from being imported twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ringfence.money.ledger import Ledger
from ringfence.money.store import keyed_hash

# `attempt.origin` of a reply that was paid for elsewhere; a bought one has none.
IMPORTED = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Importing:
    """One import: whose replies, of which product and the facts that it answers (bits), from where, by whom.

    Its id stands for the quote and the launch of what is imported: nothing was quoted. `source` is how a reply of this
    product comes, as in `reply.source`.
    """

    import_id: str
    provider: str
    product: str
    facts: int
    currency: str
    source: Literal["response", "poll", "callback"]
    of_source: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedReply:
    """One reply that answers for these numbers (E.164, each with its outcome). `received_at` is microseconds UTC."""

    attempt_id: str
    received_at: int
    status: int
    body: bytes = field(repr=False)
    outcomes: Mapping[str, str] = field(repr=False)
    request_ref: str | None


def import_id_of(ledger: Ledger, provider: str, *parts: bytes) -> str:
    """The id under which a reply is imported, the same whenever it is: so that no reply is imported twice."""
    digest = keyed_hash(ledger.key, b"imported", provider.encode(), *parts)
    # A UUID of version 8 (RFC 9562, 5.8): its bits are the digest's.
    variant = "89ab"[int(digest[16], 16) % 4]
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"
