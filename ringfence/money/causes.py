"""What SQLite's errors mean to a user, in a sentence. Every other error is a defect of ours and stays as it is."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from ringfence.errors import LedgerError

# By SQLite's primary result codes.
CAUSES = {
    sqlite3.SQLITE_PERM: "may not be opened: its permissions forbid it",
    sqlite3.SQLITE_BUSY: "is locked by another program; end that and try again, nothing was lost",
    sqlite3.SQLITE_LOCKED: "is locked by another program; end that and try again, nothing was lost",
    sqlite3.SQLITE_READONLY: "cannot be written: make the file and its folder writable",
    sqlite3.SQLITE_IOERR: "cannot be read or written (I/O error): check the disk; what was committed is not lost",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: free space and try again, nothing was lost",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that it is a file, and the permissions of its folder",
    sqlite3.SQLITE_NOTADB: "is not a ledger; restore it from a backup",
}
# What SQLite also says where the files that it keeps beside the ledger find no room.
_ROOMLESS = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
# Bytes of room below which that is the cause: a log and its index need less.
_ROOM = 1 << 20
# How errors begin that no code tells apart, and that no table which we have written can raise.
_DAMAGED = ("Could not decode to UTF-8", "malformed JSON")


@contextmanager
def causes_named(path: Path) -> Iterator[None]:
    """Say in a sentence what the user can mend; raises LedgerError."""
    try:
        yield
    except UnicodeDecodeError:
        # SQLite quotes what it finds damaged, and Python cannot read the quotation.
        raise LedgerError(f"{path} {CAUSES[sqlite3.SQLITE_CORRUPT]}") from None
    except (DBAPIError, sqlite3.Error) as error:
        code = _code(error, path)
        if code not in CAUSES:
            raise
        raise LedgerError(f"{path} {CAUSES[code]}") from None


def _code(error: Exception, path: Path) -> int:
    origin = getattr(error, "orig", error)
    if str(origin).startswith(_DAMAGED):
        return sqlite3.SQLITE_CORRUPT
    code = getattr(origin, "sqlite_errorcode", 0) & 0xFF
    return sqlite3.SQLITE_FULL if code in _ROOMLESS and _is_full(path.parent) else code


def _is_full(folder: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(folder).free < _ROOM
    return False
