"""What is forgotten when a copy takes the place of the ledger, and what must not be. It only reads the ledger."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select

from ringfence.money import approvals, switch
from ringfence.money.copies import address, reading
from ringfence.money.schema import APPROVAL

# What says that the present ledger cannot be read, so that only its file can be kept.
UNREADABLE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_ERROR)
# Why buying is stopped then: what is forgotten is in no budget, and would be bought again.
UNKNOWN = "a copy was put back, and what was asked after it is forgotten: see what the providers have billed since"
# What the present ledger has and a copy has not, by the words of the entries: two ledgers may have gone on from one.
_FORGOTTEN = """SELECT count(*), coalesce(sum(event = 'sent'), 0) FROM (
    SELECT seq, at, attempt_id, event, held, spent FROM main.journal
    EXCEPT SELECT seq, at, attempt_id, event, held, spent FROM copy.journal)
UNION ALL SELECT count(*), 0 FROM (
    SELECT attempt_id, source, mac FROM main.reply EXCEPT SELECT attempt_id, source, mac FROM copy.reply)"""


class Forgotten(NamedTuple):
    """What the present ledger has and a copy has not: entries of the journal, of these requests, and replies."""

    entries: int = 0
    requests: int = 0
    replies: int = 0

    def __str__(self) -> str:
        return (
            f"{self.entries:,} entries of the journal ({self.requests:,} requests that were sent) "
            f"and {self.replies:,} replies"
            if any(self)
            else ""
        )


def forgotten_by(present: Path, copy: Path) -> Forgotten:
    """What restoring forgets; nothing where the present ledger is gone or cannot be read."""
    if not present.exists():
        return Forgotten()
    try:
        with closing(reading(present)) as connection:
            connection.execute("ATTACH ? AS copy", (address(copy),))
            (entries, sent), (replies, _) = connection.execute(_FORGOTTEN).fetchall()
    except sqlite3.Error as error:
        raise_unless_unreadable(error)
        return Forgotten()
    return Forgotten(entries, sent, replies)


def carry_over(connection: Connection, present: Path, at: int, who: str, forgotten: Forgotten) -> None:
    """Keep in a copy what a person has to take back: stops, and approvals that were withdrawn or lowered since.

    Buying is stopped where a request is forgotten, or nobody knows: where the present ledger is gone or cannot be
    read, every approval is withdrawn, too.
    """
    found = _standing(present, at)
    if found is None or forgotten.requests:
        switch.put(connection, at, f"{switch.EVERYTHING}{switch.COPY}", who=who, why=UNKNOWN)
    stopped, caps = found or ([], {})
    for stop in stopped:
        switch.keep(connection, stop)
    still = select(APPROVAL.c.quote_id, APPROVAL.c.cap, APPROVAL.c.currency).where(APPROVAL.c.expires_at > at)
    for quote_id, cap, currency in connection.execute(still).all():
        if caps.get(quote_id, -1) < cap:
            why = "a copy of the ledger was put back: approve it again"
            approvals.withdraw(connection, at, quote_id, currency, who=who, why=why)


def _standing(present: Path, at: int) -> tuple[list[switch.Stop], dict[str, int]] | None:
    """The stops of the present ledger, and the caps of its approvals; None where nobody knows them."""
    if not present.exists():
        return None
    try:
        with closing(reading(present)) as now:
            stopped = [switch.Stop(*row) for row in now.execute("SELECT provider, at, who, why FROM switch")]
            caps = now.execute("SELECT quote_id, cap FROM approval WHERE expires_at > ?", (at,)).fetchall()
    except sqlite3.Error as error:
        raise_unless_unreadable(error)
        return None
    return stopped, dict(caps)


def raise_unless_unreadable(error: Exception) -> None:
    """Let pass what says that the ledger is damaged, and nothing else."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF not in UNREADABLE:
        raise error
