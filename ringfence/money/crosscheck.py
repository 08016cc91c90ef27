"""What the balances of an account tell of requests that are in doubt: a hint for whoever decides them, no decision.

Between a balance that was stated before they were sent and one after they were in doubt, the account fell by what they
cost and by what everybody else did. The latter is known within bounds: at least what was asked and answered in
between, at most all that may have been charged in between. It only reads.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from ringfence.money.amount import Money
from ringfence.money.balance import DOUBTED, STATED, last_of, settled_before
from ringfence.money.schema import ATTEMPT, JOURNAL
from ringfence.money.states import OPEN


@dataclass(frozen=True, slots=True)
class _Stated:
    """A balance in the journal: its place and time there, the attempt whose reply said so, and nanos."""

    seq: int
    at: int
    attempt_id: str
    left: int


def hints(connection: Connection, attempt_ids: Iterable[str]) -> dict[str, str]:
    """What the balances say of each of these attempts, a sentence; those of which they say nothing are left out."""
    found = {}
    told: dict[tuple[int, int], str | None] = {}
    for attempt_id in attempt_ids:
        account = _account(connection, attempt_id)
        around = _around(connection, attempt_id, account) if account else None
        if account and around:
            key = (around[0].seq, around[1].seq)
            if key not in told:
                told[key] = _told(connection, account, *around)
            if sentence := told[key]:
                found[attempt_id] = sentence
    return found


def _account(connection: Connection, attempt_id: str) -> tuple[str, str] | None:
    query = select(ATTEMPT.c.provider, ATTEMPT.c.currency)
    row = connection.execute(query.where(ATTEMPT.c.attempt_id == attempt_id, ATTEMPT.c.state == "in_doubt")).first()
    return (row.provider, row.currency) if row else None


def _around(connection: Connection, attempt_id: str, account: tuple[str, str]) -> tuple[_Stated, _Stated] | None:
    """The last balance before an attempt was reserved, and the first of a request that was so after it was in doubt."""
    root = connection.scalar(
        select(func.coalesce(ATTEMPT.c.residue_of, ATTEMPT.c.attempt_id)).where(ATTEMPT.c.attempt_id == attempt_id)
    )
    reserved = last_of(connection, ("reserved",), [root])
    doubted = last_of(connection, DOUBTED, [attempt_id])
    stated = _stated(account)
    before = connection.execute(stated.where(JOURNAL.c.seq < reserved).order_by(JOURNAL.c.seq.desc())).first()
    if before is None:
        return None
    for row in connection.execute(stated.where(JOURNAL.c.seq > doubted).order_by(JOURNAL.c.seq)):
        if last_of(connection, ("reserved",), [row.attempt_id]) > doubted:
            return _read(before), _read(row)
    return None


def _stated(account: tuple[str, str]) -> Select[Any]:
    return (
        select(JOURNAL.c.seq, JOURNAL.c.at, JOURNAL.c.attempt_id, JOURNAL.c.why)
        .join(ATTEMPT, ATTEMPT.c.attempt_id == JOURNAL.c.attempt_id)
        .where(JOURNAL.c.event == STATED, ATTEMPT.c.provider == account[0], JOURNAL.c.why.endswith(f" {account[1]}"))
    )


def _read(row: Any) -> _Stated:
    return _Stated(row.seq, row.at, row.attempt_id, Money.parse(row.why).amount)


def _told(connection: Connection, account: tuple[str, str], before: _Stated, after: _Stated) -> str | None:
    provider, currency = account
    mine = (ATTEMPT.c.provider == provider, ATTEMPT.c.currency == currency, ATTEMPT.c.origin.is_(None))
    in_between = (ATTEMPT.c.reserved_at >= before.at, ATTEMPT.c.reserved_at <= after.at)
    doubts = (*mine, *in_between, ATTEMPT.c.state == "in_doubt")
    held, least = connection.execute(
        select(func.sum(ATTEMPT.c.held), func.min(ATTEMPT.c.unit_price)).where(*doubts)
    ).one()
    fell = before.left - after.left
    if not held or fell < 0:
        return None
    known = func.max(ATTEMPT.c.actual, ATTEMPT.c.held)
    since = and_(
        ATTEMPT.c.settled_seq > settled_before(connection, before.attempt_id),
        ATTEMPT.c.attempt_id != before.attempt_id,
    )
    others = _sum(connection, known, *mine, since, ATTEMPT.c.reserved_at <= after.at)
    # What is open besides, of any age, the doubts from before among it.
    others += (
        _sum(connection, ATTEMPT.c.held, *mine, ATTEMPT.c.state.in_(OPEN), ATTEMPT.c.reserved_at <= after.at) - held
    )
    by_then = ATTEMPT.c.settled_seq <= settled_before(connection, after.attempt_id)
    sure = (or_(by_then, ATTEMPT.c.attempt_id == after.attempt_id), ATTEMPT.c.reserved_at > before.at)
    answered = _sum(connection, ATTEMPT.c.actual, *mine, *sure, ATTEMPT.c.evidence.not_like("paid_lost:%"))
    amount = Money(held, currency)
    if fell > others:
        charged = Money(min(fell - others, held), currency)
        told = f"by its balance {provider} charged at least {charged} of the {amount} in doubt"
        return f"{told}, unless somebody else spends on it"
    if fell - answered < least:
        return f"by its balance {provider} charged nothing of the {amount} in doubt, unless money was paid in or back"
    return None


def _sum(connection: Connection, column: Any, *where: Any) -> int:
    return connection.scalar(select(func.sum(column)).where(*where)) or 0
