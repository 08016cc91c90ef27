"""What a run finds when it begins: attempts of workers that are gone, and doubts that are too old. It sends nothing.

A reply that was stored is read and settled; an attempt without one is in doubt. Both are recorded once, whoever comes
first: the dead worker's lock decides.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select

from ringfence.lookups.collector import overdue
from ringfence.lookups.replies import answered, decided, read_attempt
from ringfence.money.decide import decidable, paid_lost
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Await, Doubt, Move, apply, newest_reply
from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import ATTEMPT, REPLY, WORKER
from ringfence.money.workers import dead, lives

# A turn of recovery: attempts that one transaction decides.
GROUP = 200
_LIVING = select(WORKER.c.worker_id).where(WORKER.c.ended_at.is_(None), WORKER.c.worker_id.not_in(listed("dead")))
_ORPHANS = Prepared(
    select(ATTEMPT).where(ATTEMPT.c.state == "sent", ATTEMPT.c.worker_id.not_in(_LIVING)).limit(bindparam("most"))
)
_SENT = Prepared(
    select(ATTEMPT.c.worker_id, func.count()).where(ATTEMPT.c.state == "sent").group_by(ATTEMPT.c.worker_id)
)
_REPLIED = exists().where(REPLY.c.complete == 1)
_TOLD = _REPLIED.where(REPLY.c.source != "response")
_MINE, _OF_WHOLE = REPLY.c.attempt_id == ATTEMPT.c.attempt_id, REPLY.c.attempt_id == ATTEMPT.c.residue_of
_READABLE = Prepared(
    select(ATTEMPT).where(
        (ATTEMPT.c.state == "in_doubt") & (_REPLIED.where(_MINE) | _TOLD.where(_OF_WHOLE))
        | (ATTEMPT.c.state == "awaiting") & _TOLD.where(_MINE)
    )
)
_OLD = Prepared(
    select(ATTEMPT)
    .where(decidable(), ATTEMPT.c.reserved_at < bindparam("before"), ATTEMPT.c.attempt_id > bindparam("after"))
    .order_by(ATTEMPT.c.attempt_id)
    .limit(bindparam("most"))
)


def recover(ledger: Ledger) -> list[str]:
    """Decide what dead workers left open; returns the Dagster runs that they belonged to."""
    with dead(ledger) as gone:
        names = [worker_id for worker_id, _ in gone]
        while True:
            with ledger.store.read() as connection:
                orphans = _ORPHANS.dicts(connection, dead=json.dumps(names), most=GROUP)
                moves = [decided(connection, attempt) for attempt in orphans]
            if not moves:
                break
            with ledger.store.write() as connection:
                apply(connection, ledger, moves, "recovery")
        read_again(ledger)
        return [run_id for _, run_id in gone if run_id]


def read_again(ledger: Ledger) -> int:
    """Settle what is open although its stored replies tell all of it; returns how many that were.

    An earlier parser failed on them, or they came when nobody looked.
    """
    sure = readable(ledger)
    if not sure:
        return 0
    with ledger.store.write() as connection:
        return apply(connection, ledger, sure, "recovery")


def readable(ledger: Ledger) -> list[Move]:
    """What would become of open attempts whose stored replies can be read now; nothing is written."""
    with ledger.store.read() as connection:
        rows = _READABLE.dicts(connection)
        # Of what is in doubt nothing more is waited for.
        moves = [decided(connection, row, given_up=row["state"] == "in_doubt") for row in rows]
    return [move for move in moves if not isinstance(move, Doubt | Await)]


def assume_billed(ledger: Ledger, after_seconds: int) -> int:
    """Count as spent what has been in doubt for longer than this; returns how many attempts that were.

    Its numbers count as asked until their time to live ends: time never gives held money back.
    """
    now = ledger.store.clock()
    before, after, made = now - after_seconds * 1_000_000, "", 0
    why = "in doubt for longer than in_doubt.assume_billed_after"
    while True:
        with ledger.store.read() as connection:
            rows = _OLD.dicts(connection, before=before, after=after, most=GROUP)
            old = [row for row in rows if row["state"] == "in_doubt" or overdue(row, now)]
            newest = newest_reply(connection)
            moves = [answered(connection, row) or paid_lost(row, _assumed(connection, row), why, newest) for row in old]
        if moves:
            with ledger.store.write() as connection:
                made += apply(connection, ledger, moves, "collect")
        if len(rows) < GROUP:
            return made
        after = rows[-1]["attempt_id"]


def too_old(ledger: Ledger, after_seconds: int) -> str | None:
    """What `assume_billed` would count as spent, in a sentence; None when it would find nothing."""
    old = (ATTEMPT.c.state == "in_doubt", ATTEMPT.c.reserved_at < ledger.store.clock() - after_seconds * 1_000_000)
    with ledger.store.read() as connection:
        count = connection.scalar(select(func.count()).select_from(ATTEMPT).where(*old)) or 0
    return f"{count:,} requests are in doubt for longer than in_doubt.assume_billed_after" if count else None


def left_behind(ledger: Ledger) -> str | None:
    """What processes that are gone have left undecided, in a sentence; None when that is nothing."""
    with ledger.store.read() as connection:
        sent = _SENT.rows(connection)
    count = sum(requests for worker_id, requests in sent if not lives(ledger.store.path.parent, worker_id))
    return f"{count:,} requests of a process that is gone are not decided" if count else None


def _assumed(connection: Connection, attempt: Mapping[str, Any]) -> int:
    """What an attempt is taken to have cost: what it holds, or more where its acknowledgement says so."""
    held: int = attempt["held"]
    return max(held, read_attempt(connection, attempt).parsed.stated or 0)
