"""Copies of the ledger, made at one moment while runs go on. A copy is whole, or not there at all."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ringfence.errors import LedgerError
from ringfence.money.causes import causes_named
from ringfence.money.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy of the ledger holds: its settlements, and the attempts that were open at its moment."""

    ledger_id: str
    settlements: int
    undecided: int


def back_up(ledger: Ledger, target: Path) -> Copy:
    """Write a copy of the ledger into a new file, whoever buys meanwhile; raises LedgerError."""
    if not target.parent.is_dir():
        raise LedgerError(f"{target.parent} is not a folder: make it, or choose another place for the copy")
    with causes_named(target):
        write_copy(ledger.store.path, target, sound=True)
        with closing(reading(target)) as copy:
            (settlements,) = copy.execute("SELECT coalesce(max(settled_seq), 0) FROM attempt").fetchone()
            (undecided,) = copy.execute("SELECT count(*) FROM attempt WHERE actual IS NULL").fetchone()
    return Copy(ledger.ledger_id, settlements, undecided)


def write_copy(source: Path, target: Path, *, sound: bool) -> None:
    """Copy a ledger's file with what its log holds, readable by its owner only; `sound` refuses a damaged one.

    Raises LedgerError and sqlite3.Error.
    """
    _refuse_existing(target)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        path = Path(folder) / target.name
        path.touch(0o600)
        with closing(reading(source)) as here, closing(sqlite3.connect(path)) as there:
            # In one step, which is one snapshot: in several it would begin anew with every commit of a run.
            here.backup(there)
            # A file that needs no other beside it.
            there.execute("PRAGMA journal_mode=DELETE")
            if sound and there.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                raise LedgerError(f"{source} is damaged; restore it from a backup")
        sync(path)
        _refuse_existing(target)
        path.rename(target)
    sync(target.parent)


def reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    return sqlite3.connect(address(path), uri=True)


def address(path: Path) -> str:
    """How SQLite names a file that is only read."""
    return f"{path.resolve().as_uri()}?mode=ro"


def sync(path: Path) -> None:
    """Make a file, or what was named in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise LedgerError(f"{target} exists already, and a copy overwrites nothing: choose another name")
