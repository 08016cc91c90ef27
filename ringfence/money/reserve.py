"""Reserving: the transaction after which money is held and requests may be sent. Nothing here sends.

Reserve and sent are one commit. An attempt that this commit holds may have cost money from then on, whatever happens
to the process; an attempt that it does not hold was never sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ringfence.money.batch import Batch, Refused
from ringfence.money.earlier import follow_zone
from ringfence.money.entries import Entries
from ringfence.money.ledger import Ledger
from ringfence.money.room import Room
from ringfence.money.still_due import still_due
from ringfence.money.store import keyed_hash, pack


@dataclass(frozen=True, slots=True)
class Reserved:
    """An attempt that is durably `sent` once the transaction has committed; `numbers` by subject, in sending order.

    `held` is in the currency of the budgets, `at` when it was reserved (microseconds UTC).
    """

    attempt_id: str
    batch: Batch
    numbers: dict[int, str] = field(repr=False)
    held: int
    fingerprint: str
    at: int


@dataclass(slots=True)
class Owner:
    """Who reserves: the worker whose lock guards these attempts, and the launch they belong to.

    `accounts` are keyed digests of as whom each provider is asked.
    """

    worker_id: str
    launch_id: str
    zone: ZoneInfo
    accounts: Mapping[str, str] = field(default_factory=dict)


def fingerprint(ledger: Ledger, batch: Batch, numbers: Sequence[str]) -> str:
    """A keyed digest of what a request asks, checked again just before it is sent."""
    return keyed_hash(
        ledger.key, b"request", batch.provider.encode(), batch.product.encode(), *map(str.encode, numbers)
    )


def reserve(
    connection: Connection, ledger: Ledger, owner: Owner, batches: Sequence[Batch]
) -> tuple[list[Reserved], list[Refused]]:
    """Hold money for these batches as far as the budgets allow, in their order, and mark them sent.

    Numbers that were asked since the quote, or that have an open attempt, are dropped without a word: somebody else
    buys or bought them. A batch that fits only in part is reserved in part.
    """
    if not batches:
        return [], []
    at = ledger.store.clock()
    follow_zone(connection, owner.zone, at)
    room = Room(connection, at, owner.zone)
    entries = Entries(at, owner.worker_id)
    taken: set[int] = set()
    reserved: list[Reserved] = []
    refused: list[Refused] = []
    for batch, numbers in still_due(connection, batches, taken):
        if not numbers:
            continue
        count, caps, refusal = room.admit(batch.purchase, len(numbers))
        subjects = list(numbers)
        if refusal:
            refused.append(Refused(batch.quote_id, tuple(subjects[count:]), refusal.status, refusal.reason))
        if not count:
            continue
        taken.update(subjects[:count])
        bought = {subject: numbers[subject] for subject in subjects[:count]}
        counters = room.counters(caps)
        passed = [
            {"counter": counter, "cap": cap.budget.cap.amount, "after": cap.used}
            for counter, cap in zip(counters, caps, strict=True)
        ]
        reserved.append(_enter(ledger, owner, entries, batch, bought, counters, passed))
    entries.write(connection)
    return reserved, refused


def _enter(
    ledger: Ledger,
    owner: Owner,
    entries: Entries,
    batch: Batch,
    numbers: dict[int, str],
    counters: list[int],
    caps: list[dict[str, int]],
) -> Reserved:
    attempt_id = ledger.store.new_id()
    held, counted = len(numbers) * batch.unit_price.amount, len(numbers) * batch.cost.amount
    digest = fingerprint(ledger, batch, list(numbers.values()))
    entries.attempts.append(
        {
            "attempt_id": attempt_id,
            "quote_id": batch.quote_id,
            "launch_id": owner.launch_id,
            "worker_id": owner.worker_id,
            "provider": batch.provider,
            "product": batch.product,
            "country": batch.country,
            "source": batch.source,
            "facts": batch.answers,
            "currency": batch.unit_price.currency,
            "unit_price": batch.unit_price.amount,
            "terms": batch.terms,
            "rate": batch.rate,
            "numbers": len(numbers),
            "state": "sent",
            "held": held,
            "retry_of": batch.retry_of,
            "reserved_at": entries.at,
            "fingerprint": digest,
            "subjects": pack(list(numbers)),
            "account": owner.accounts.get(batch.provider),
        }
    )
    entries.holds.extend({"attempt_id": attempt_id, "counter_id": counter, "held": counted} for counter in counters)
    entries.claims.extend({"subject_id": subject, "attempt_id": attempt_id} for subject in numbers)
    entries.count(counters, held=counted)
    entries.journal(attempt_id, "reserved", held=held, caps=caps)
    entries.journal(attempt_id, "sent")
    return Reserved(attempt_id, batch, numbers, counted, digest, entries.at)
