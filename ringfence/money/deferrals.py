"""What a run left unbought of a quote, and why: one statement in the ledger, replaced by that of the next run."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from ringfence.money.schema import DEFERRAL
from ringfence.money.store import pack, unpack


def deferred(connection: Connection, quote_id: str, status: str) -> list[tuple[str, list[int]]]:
    """What was said of a quote with this status: (reason, subjects)."""
    query = select(DEFERRAL.c.reason, DEFERRAL.c.subjects).where(
        DEFERRAL.c.quote_id == quote_id, DEFERRAL.c.status == status
    )
    return [(reason, unpack(subjects)) for reason, subjects in connection.execute(query)]


def defer(connection: Connection, quote_id: str, at: int, left: Sequence[tuple[str, str, Sequence[int]]]) -> None:
    """Say what a run left unbought of a quote: (status, reason, subjects), in place of what was said before."""
    connection.execute(delete(DEFERRAL).where(DEFERRAL.c.quote_id == quote_id))
    rows = [
        {"quote_id": quote_id, "at": at, "status": status, "reason": reason, "subjects": pack(subjects)}
        for status, reason, subjects in left
        if subjects
    ]
    if rows:
        connection.execute(insert(DEFERRAL), rows)
