"""What providers say is left on an account, held against what the ledger counts: a free check of the bill.

A reply states the balance of its own moment, which nobody else knows exactly: replies overtake each other. So a fall
between two replies is held against the most that it can be by our doing: all that was not answered yet when the first
of them was reserved, at the price that was held or billed, whichever is more. No order of replies and no number of
processes makes that less than the truth; what falls faster is somebody else's doing, or is billed and not told.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.money.amount import Money
from ringfence.money.entries import Entries
from ringfence.money.schema import ATTEMPT, BALANCE, JOURNAL, META
from ringfence.money.states import OPEN

SECOND = 1_000_000
# Not looked at more often than that, and from a new beginning after so many settlements: it costs a turn little.
EVERY = 1 * SECOND
SETTLEMENTS = 1_000
# How long an account that has fallen too fast is warned of.
WARNED = 7 * 86_400 * SECOND
# Events of the journal: what an account was said to hold, and that it had fallen too fast.
STATED, FELL = "balance", "balance_fell"
# How an attempt comes to be in doubt.
DOUBTED = ("in_doubt", "residue_taken")


@dataclass(frozen=True, slots=True)
class Said:
    """What is left by the reply to an attempt."""

    attempt_id: str
    provider: str
    left: Money


def note(connection: Connection, at: int, who: str, said: Iterable[Said]) -> list[str]:
    """Take note of balances, of each account the last; returns a sentence for each that has fallen too fast.

    For the transaction that records what was decided of the same replies, or a later one.
    """
    entries = Entries(at, who)
    newest = {(each.provider, each.left.currency): each for each in said}
    told = [sentence for each in newest.values() for sentence in _noted(connection, entries, each)]
    entries.write(connection)
    return told


def fallen(connection: Connection, at: int) -> list[str]:
    """The accounts that have fallen too fast lately, a sentence each."""
    rows = connection.execute(select(META.c.value).where(META.c.key.startswith(f"{FELL}:")).order_by(META.c.key))
    found = [json.loads(row.value) for row in rows]
    return [each["why"] for each in found if each["at"] > at - WARNED]


def settled_before(connection: Connection, attempt_id: str) -> int:
    """The newest settlement when an attempt was reserved: what it settled was charged before the attempt was sent."""
    reserved = select(JOURNAL.c.seq).where(JOURNAL.c.attempt_id == attempt_id, JOURNAL.c.event == "reserved")
    query = (
        select(ATTEMPT.c.settled_seq)
        .join(JOURNAL, JOURNAL.c.attempt_id == ATTEMPT.c.attempt_id)
        .where(JOURNAL.c.seq < reserved.scalar_subquery(), JOURNAL.c.event == "settled")
    )
    return connection.scalar(query.order_by(JOURNAL.c.seq.desc()).limit(1)) or 0


def last_of(connection: Connection, events: Sequence[str], attempts: Any) -> int:
    """The place in the journal of the last such event of these attempts; 0 where there is none."""
    query = select(func.max(JOURNAL.c.seq)).where(JOURNAL.c.event.in_(events), JOURNAL.c.attempt_id.in_(attempts))
    return connection.scalar(query) or 0


def _noted(connection: Connection, entries: Entries, said: Said) -> Iterator[str]:
    key = {"provider": said.provider, "currency": said.left.currency}
    row = connection.execute(select(BALANCE).filter_by(**key)).one_or_none()
    if row is None:
        _begin(connection, entries, said)
        return
    stated = _last_stated(connection, said.provider)
    # A reply that was on its way already then may be of an earlier moment, such as before money was paid in.
    if 0 <= entries.at - row.at < EVERY or last_of(connection, ("reserved",), [said.attempt_id]) < stated:
        return
    counted = _at_most(connection, key, row.settled_seq)
    more = row.amount - said.left.amount - counted
    if more > 0:
        before, surplus = Money(row.amount, said.left.currency), Money(more, said.left.currency)
        why = (
            f"the account at {said.provider} has fallen from {before} to {said.left}, by {surplus} more than the "
            "ledger can count: somebody else spends on it, or it bills more than it tells; compare with its bill"
        )
        entries.journal(said.attempt_id, FELL, why=why)
        _put(connection, META, {"key": f"{FELL}:{said.provider}", "value": json.dumps({"at": entries.at, "why": why})})
        yield why
    newest = connection.scalar(select(func.max(ATTEMPT.c.settled_seq))) or 0
    if more > 0 or said.left.amount > row.amount or newest - row.settled_seq > SETTLEMENTS:
        _begin(connection, entries, said)
        return
    connection.execute(BALANCE.update().filter_by(**key).values(at=entries.at))
    if stated < _last_doubted(connection, said) < last_of(connection, ("reserved",), [said.attempt_id]):
        # The first balance after a request that is in doubt may tell what became of that.
        entries.journal(said.attempt_id, STATED, why=str(said.left))


def _begin(connection: Connection, entries: Entries, said: Said) -> None:
    """Hold what comes against this reply from now on."""
    values = {
        "provider": said.provider,
        "currency": said.left.currency,
        "amount": said.left.amount,
        "at": entries.at,
        "settled_seq": settled_before(connection, said.attempt_id),
    }
    _put(connection, BALANCE, values)
    entries.journal(said.attempt_id, STATED, why=str(said.left))


def _at_most(connection: Connection, account: dict[str, str], settled_seq: int) -> int:
    """The most that our own requests can have cost since a settlement; nanos."""
    mine = (ATTEMPT.c.provider == account["provider"], ATTEMPT.c.currency == account["currency"])
    dearer = func.max(ATTEMPT.c.actual, ATTEMPT.c.held)
    settled = select(func.sum(dearer)).where(ATTEMPT.c.settled_seq > settled_seq, ATTEMPT.c.origin.is_(None), *mine)
    held = select(func.sum(ATTEMPT.c.held)).where(ATTEMPT.c.state.in_(OPEN), *mine)
    return (connection.scalar(settled) or 0) + (connection.scalar(held) or 0)


def _last_doubted(connection: Connection, said: Said) -> int:
    doubts = select(ATTEMPT.c.attempt_id).where(ATTEMPT.c.state == "in_doubt", ATTEMPT.c.provider == said.provider)
    return last_of(connection, DOUBTED, doubts)


def _last_stated(connection: Connection, provider: str) -> int:
    query = select(JOURNAL.c.seq).join(ATTEMPT, ATTEMPT.c.attempt_id == JOURNAL.c.attempt_id)
    query = query.where(JOURNAL.c.event == STATED, ATTEMPT.c.provider == provider)
    return connection.scalar(query.order_by(JOURNAL.c.seq.desc()).limit(1)) or 0


def _put(connection: Connection, table: Any, values: dict[str, object]) -> None:
    keys = [column.name for column in table.primary_key]
    connection.execute(insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=values))
