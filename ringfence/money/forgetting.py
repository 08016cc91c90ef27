"""What is forgotten when a copy takes the place of the ledger, and what must not be. It only reads the ledger."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, select

from ringfence.money import approvals, switch
from ringfence.money.copies import address, reading
from ringfence.money.schema import APPROVAL

# What says that the present ledger cannot be read, so that only its file can be kept.
UNREADABLE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_ERROR)
# Why buying is stopped where there is none, or one that cannot be read.
UNKNOWN = "a copy was put back and nobody knows what was bought after it: see what the providers have billed since"
# What the present ledger has and a copy has not, by the words of the entries: two ledgers may have gone on from one.
_FORGOTTEN = """SELECT count(*), coalesce(sum(event = 'sent'), 0) FROM (
    SELECT seq, at, attempt_id, event, held, spent FROM main.journal
    EXCEPT SELECT seq, at, attempt_id, event, held, spent FROM copy.journal)
UNION ALL SELECT count(*), 0 FROM (
    SELECT attempt_id, source, mac FROM main.reply EXCEPT SELECT attempt_id, source, mac FROM copy.reply)"""


def forgotten_by(present: Path, copy: Path) -> str:
    """What restoring forgets, in words; empty when nothing, or when the present ledger is gone or cannot be read."""
    if not present.exists():
        return ""
    try:
        with closing(reading(present)) as connection:
            connection.execute("ATTACH ? AS copy", (address(copy),))
            (entries, sent), (replies, _) = connection.execute(_FORGOTTEN).fetchall()
    except sqlite3.Error as error:
        raise_unless_unreadable(error)
        return ""
    if not entries and not replies:
        return ""
    return f"{entries:,} entries of the journal ({sent:,} requests that were sent) and {replies:,} replies"


def carry_over(connection: Connection, present: Path, at: int, who: str) -> None:
    """Keep in a copy what a person has to take back: stops, and approvals that were withdrawn or lowered since.

    Where the present ledger is gone or cannot be read, buying is stopped and every approval is withdrawn.
    """
    found = _standing(present, at)
    if found is None:
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
