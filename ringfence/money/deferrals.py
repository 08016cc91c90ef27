"""What a run left unbought of a quote, and why: one statement in the ledger, replaced by that of the next run."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from ringfence.money.prepared import Prepared
from ringfence.money.schema import DEFERRAL
from ringfence.money.store import pack, unpack

_OF_QUOTE = DEFERRAL.c.quote_id == bindparam("key")
_SAID = Prepared(
    select(DEFERRAL.c.reason, DEFERRAL.c.subjects).where(_OF_QUOTE, DEFERRAL.c.status == bindparam("status"))
)
_TAKE_BACK = Prepared(delete(DEFERRAL).where(_OF_QUOTE))
_SAY = Prepared(insert(DEFERRAL), ("quote_id", "at", "status", "reason", "subjects"))


def deferred(connection: Connection, quote_id: str, status: str) -> list[tuple[str, list[int]]]:
    """What was said of a quote with this status: (reason, subjects)."""
    found = _SAID.rows(connection, key=quote_id, status=status)
    return [(reason, unpack(subjects)) for reason, subjects in found]


def take_back(connection: Connection, why: str) -> None:
    """Forget what was left unbought for a reason that says so: it does not hold any more."""
    connection.execute(delete(DEFERRAL).where(DEFERRAL.c.reason.contains(why, autoescape=True)))


def defer(connection: Connection, quote_id: str, at: int, left: Sequence[tuple[str, str, Sequence[int]]]) -> None:
    """Say what a run left unbought of a quote: (status, reason, subjects), in place of what was said before."""
    _TAKE_BACK.run(connection, {"key": quote_id})
    rows = [
        {"quote_id": quote_id, "at": at, "status": status, "reason": reason, "subjects": pack(subjects)}
        for status, reason, subjects in left
        if subjects
    ]
    _SAY.run_many(connection, rows)
