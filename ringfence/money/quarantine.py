"""Callbacks that are of no attempt, or prove nothing: kept for a while to be looked at, never acted upon.

What anybody can send may not fill a disk: so many rows and bytes in all, so many rows a minute, for so many days.
"""

import zlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from ringfence.money.ledger import Ledger
from ringfence.money.schema import QUARANTINE

ROWS = 1_000
BYTES = 16 * 1024 * 1024
ROWS_A_MINUTE = 60
DAYS = 30
_MINUTE = 60 * 1_000_000
_DAY = 24 * 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Held:
    """What is in quarantine: rows, and bytes as they are stored."""

    rows: int
    size: int


def held(connection: Connection) -> Held:
    """What is in quarantine now."""
    query = select(func.count(), func.coalesce(func.sum(func.length(QUARANTINE.c.body)), 0))
    rows, size = connection.execute(query).tuples().one()
    return Held(rows, size)


def has_room(connection: Connection, at: int, size: int = 0) -> bool:
    """Whether one more of so many bytes may be kept at this time (microseconds UTC); else it is only counted."""
    now = held(connection)
    newest = select(func.count()).where(QUARANTINE.c.at > at - _MINUTE)
    return now.rows < ROWS and now.size + size <= BYTES and (connection.scalar(newest) or 0) < ROWS_A_MINUTE


def put(connection: Connection, ledger: Ledger, provider: str, reason: str, body: bytes) -> bool:
    """Keep a body that was cut as strictly as the rules can; returns whether there was room."""
    at, packed = ledger.store.clock(), zlib.compress(body)
    if not has_room(connection, at, len(packed)):
        return False
    row = {"at": at, "provider": provider, "reason": reason, "body": packed}
    connection.execute(insert(QUARANTINE), [row])
    return True


def expire(connection: Connection, at: int) -> None:
    """Let go what is older than `DAYS`, at this time (microseconds UTC)."""
    connection.execute(delete(QUARANTINE).where(QUARANTINE.c.at < at - DAYS * _DAY))
