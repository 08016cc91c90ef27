"""What happens to an attempt after it was sent: replies are kept, and it is settled, voided, or left in doubt.

Final states never reopen. Every function works inside the caller's transaction.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from ringfence.money import switch
from ringfence.money.amount import Money
from ringfence.money.decision import Answered, Await, Doubt, Move, Settle, Void
from ringfence.money.entries import Entries, Row
from ringfence.money.ledger import Ledger, settled_seq
from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import ATTEMPT, HOLD, REPLY
from ringfence.money.settlement import changed, finish, settle
from ringfence.money.states import OPEN
from ringfence.money.store import keyed_hash, unpack

__all__ = [
    "Answered",
    "Await",
    "Doubt",
    "Move",
    "Settle",
    "Stored",
    "Void",
    "apply",
    "attempts",
    "dearest",
    "keep_replies",
    "newest_reply",
]

_ATTEMPTS = Prepared(select(ATTEMPT).where(ATTEMPT.c.attempt_id.in_(listed("ids"))))
_HOLDS = Prepared(select(HOLD).where(HOLD.c.attempt_id.in_(listed("ids"))))
_NEWEST = Prepared(select(func.coalesce(func.max(REPLY.c.reply_id), 0)))
_KEEP = Prepared(
    upsert(REPLY).on_conflict_do_nothing(),
    ("attempt_id", "source", "status", "headers", "body", "complete", "mac", "ref", "received_at"),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that came back for an attempt. `complete` says that it is a whole reply and may be parsed."""

    attempt_id: str
    source: Literal["response", "poll", "callback", "log"]
    status: int | None
    headers: dict[str, str]
    body: bytes = field(repr=False)
    complete: bool
    ref: str = ""


def keep_replies(connection: Connection, ledger: Ledger, replies: Iterable[Stored]) -> None:
    """Store what came back, whoever owns the attempt by now. The same bytes twice are one row.

    A page of a log is the same only if its Date is too: when the log said something decides whether it was complete.
    """
    rows = [
        {
            "attempt_id": reply.attempt_id,
            "source": reply.source,
            "status": reply.status,
            "headers": json.dumps(reply.headers),
            "body": zlib.compress(reply.body),
            "complete": int(reply.complete),
            "mac": keyed_hash(ledger.key, b"reply", reply.body, *(each.encode() for each in _apart(reply) if each)),
            "ref": reply.ref,
            "received_at": ledger.store.clock(),
        }
        for reply in replies
    ]
    _KEEP.run_many(connection, rows)


def attempts(connection: Connection, ids: Sequence[str]) -> list[Row]:
    """These attempts, in no order."""
    return _ATTEMPTS.dicts(connection, ids=json.dumps(ids))


def newest_reply(connection: Connection) -> int:
    """The id of the newest reply of all; 0 while there is none."""
    return int(_NEWEST.value(connection))


def _apart(reply: Stored) -> tuple[str, str]:
    """What makes the same bytes another reply."""
    return reply.ref, reply.headers.get("date", "") if reply.source == "log" else ""


def apply(connection: Connection, ledger: Ledger, moves: Sequence[Move], who: str) -> int:
    """Make these moves; one for an attempt that is final already changes nothing. Returns how many were made."""
    if not moves:
        return 0
    ids = [move.attempt_id for move in moves]
    found = {row["attempt_id"]: row for row in attempts(connection, ids)}
    holds: dict[str, list[Row]] = {}
    for row in _HOLDS.dicts(connection, ids=json.dumps(ids)):
        holds.setdefault(row["attempt_id"], []).append(row)
    entries = Entries(ledger.store.clock(), who)
    seq = settled_seq(connection)
    made = 0
    for move in moves:
        attempt = found[move.attempt_id]
        target = _target(move, attempt)
        if attempt["state"] not in OPEN or attempt["state"] == target:
            continue
        made += 1
        # One transaction may move an attempt once: the next move would read it as it was.
        found[move.attempt_id] = {**attempt, "state": "moved"}
        mine = holds.get(move.attempt_id, [])
        if isinstance(move, Void):
            finish(entries, attempt, mine, "voided", 0, move.evidence, read_to=move.read_to)
        elif isinstance(move, Await):
            ref = move.request_ref or attempt["request_ref"]
            entries.change(changed(attempt, state="awaiting", evidence=move.evidence, request_ref=ref))
            entries.journal(attempt["attempt_id"], "awaiting", why=move.evidence)
            stop_if_dearer(connection, entries.at, attempt, move)
        elif isinstance(move, Settle) and target == "settled":
            seq += 1
            settle(connection, ledger, entries, attempt, mine, move, seq)
            stop_if_dearer(connection, entries.at, attempt, move)
        else:
            entries.change(changed(attempt, state="in_doubt", evidence=move.evidence))
            entries.journal(attempt["attempt_id"], "in_doubt", why=move.evidence)
    entries.write(connection)
    return made


def dearest(move: Settle | Await, numbers: int) -> int:
    """The most that a number costs by a settlement, or on average by an acknowledgement of so many numbers; nanos."""
    if isinstance(move, Await):
        return -(-(move.stated or 0) // numbers)
    return max(answer.amount for answer in move.answers)


def stop_if_dearer(connection: Connection, at: int, attempt: Row, move: Settle | Await) -> None:
    """A provider that bills more than the price in use is stopped, for every process, until somebody resumes it.

    What was asked before the last such resume stops nothing again: a person has looked since.
    """
    most, provider = dearest(move, attempt["numbers"]), attempt["provider"]
    origin = attempt["residue_of"] or attempt["attempt_id"]
    if most <= attempt["unit_price"] or switch.asked_before_resuming(connection, provider, origin):
        return
    billed, price = (Money(amount, attempt["currency"]) for amount in (most, attempt["unit_price"]))
    why = f"{switch.BILLED}{billed} for a number, the price of {attempt['product']} in use is {price}: set it right"
    switch.put(connection, at, f"{provider}{switch.BILL}", who=switch.LEDGER, why=why)


def _target(move: Move, attempt: Row) -> str:
    """The state that a move leads to; a settlement that answers none of the attempt's numbers is a doubt."""
    if isinstance(move, Void):
        return "voided"
    if isinstance(move, Await):
        return "awaiting"
    answered = {answer.subject for answer in move.answers} if isinstance(move, Settle) else set()
    return "in_doubt" if answered.isdisjoint(unpack(attempt["subjects"])) else "settled"
