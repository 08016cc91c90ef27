"""Putting a copy of the ledger back: checked first, all at once, and the ledger of before is kept.

It goes into the file that is there, in one transaction of SQLite: a process that has it open and waits for its turn to
write goes on in what was restored, and not in a file that nobody else reads any more.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from sqlalchemy.exc import DBAPIError

from ringfence.errors import LedgerError
from ringfence.money.causes import CAUSES, causes_named
from ringfence.money.copies import reading, sync, write_copy
from ringfence.money.forgetting import carry_over, forgotten_by, raise_unless_unreadable
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger, alone_in, open_ledger, refuse_to_spend, worker_locks, write_journal
from ringfence.money.store import FILE_NAME, wait_for
from ringfence.money.workers import lives
from ringfence.numbers.phone import mask_numbers

# Pages that one step of the transaction puts back.
STEP = 1000
# Seconds that another program may keep the ledger locked.
PATIENCE = 30
# The folder in a home where a copy is checked.
CHECKING = ".restoring-"


@dataclass(frozen=True, slots=True)
class Restored:
    """The ledger that was put back; `before` is the file of the one of before, None when there was none."""

    ledger: Ledger
    before: Path | None


def restore(home: Path, source: Path, *, mode: str, lake_ledger_id: str | None, who: str, because: str) -> Restored:
    """Make a copy the ledger of a home again.

    Raises LedgerError and changes nothing when the copy is not a whole ledger of this mode and lake, when a run is
    going on, and when the present ledger has what the copy has not and `because` is empty.
    """
    path = home / FILE_NAME
    if not source.is_file():
        raise LedgerError(f"{source} is not there: name a file that ringfence ledger backup has written")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone_in(home), _nobody_writing(path), causes_named(path):
        _refuse_now(path, source)
        # What a killed process has left.
        for left in (*home.glob(f"{CHECKING}*"), *home.glob(f".{FILE_NAME}.*")):
            rmtree(left)
        with TemporaryDirectory(dir=home, prefix=CHECKING) as folder:
            copy = _checked(source, Path(folder), mode, lake_ledger_id)
            forgotten = forgotten_by(path, copy.store.path)
            if any(forgotten) and not because:
                raise LedgerError(f"{source} lacks {forgotten} of the present ledger: say --because why to forget them")
            told = f"settlement {copy.settled_seq()}, forgetting {str(forgotten) or 'nothing'}; {because}".rstrip("; ")
            with _damage_named(source), copy.store.write() as connection:
                at = copy.store.clock()
                write_journal(connection, at, "restored", who=who, why=mask_numbers(told))
                carry_over(connection, path, at, who, forgotten)
            copy.store.close()
            sync(copy.store.path)
            before = _put(copy.store.path, path)
    return Restored(open_ledger(home), before)


@contextmanager
def _nobody_writing(path: Path) -> Iterator[None]:
    """Keep every other transaction waiting."""
    lock_path = path.with_suffix(".lock")
    with lock_path.open("ab") as lock:
        wait_for(lock.fileno(), lock_path)
        yield


def _refuse_now(path: Path, source: Path) -> None:
    if path.exists() and path.samefile(source):
        raise LedgerError(f"{source} is the present ledger itself: name a copy of it")
    for lock in worker_locks(path.parent).glob("*.lock"):
        # One that is empty is of a worker that is just being born: a try of its lock could keep it from that.
        if lock.stat().st_size and lives(path.parent, lock.stem):
            raise LedgerError(f"a run is going on ({lock}): end it, or wait for it after ringfence stop, and try again")


def _checked(source: Path, folder: Path, mode: str, lake_ledger_id: str | None) -> Ledger:
    """The copy once more, brought up to this version and past every check; the source stays as it is."""
    path = folder / FILE_NAME
    try:
        with _damage_named(path):
            with causes_named(path):
                write_copy(source, path, sound=True)
            copy = open_ledger(folder)
        # Whether it is behind the lake is told afterwards: an older copy is better than none.
        refusal = refuse_to_spend(copy, mode=mode, lake_ledger_id=lake_ledger_id, lake_seq=0)
        if refusal:
            raise LedgerError(refusal)
        with _damage_named(path), copy.store.read() as connection:
            broken = violations(connection)
        if broken:
            raise LedgerError(f"{path} breaks {broken[0].invariant} ({broken[0].meaning}); restore it from a backup")
    except LedgerError as error:
        told = str(error).replace(str(path), str(source)).replace("restore it from a backup", "choose another copy")
        raise LedgerError(told) from None
    return copy


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """What no ledger that we have written makes its checks raise is damage: SQLite does not see that a cell changed."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, ValueError, LookupError, TypeError, ArithmeticError):
        raise LedgerError(f"{path} {CAUSES[sqlite3.SQLITE_CORRUPT]}") from None


def _put(copy: Path, path: Path) -> Path | None:
    """Make a checked copy the ledger; returns where the one of before is."""
    before = _kept_name(path)
    existed = path.exists()
    if existed:
        try:
            write_copy(path, before, sound=False)
            _overwrite(copy, path)
        except (sqlite3.Error, LedgerError) as error:
            before.unlink(missing_ok=True)
            raise_unless_unreadable(error)
        else:
            return before
    # The log first: it must never stand beside another ledger than its own.
    for suffix in ("-wal", ""):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{before}{suffix}")
    Path(f"{path}-shm").unlink(missing_ok=True)
    copy.rename(path)
    return before if existed else None


def _kept_name(path: Path) -> Path:
    """A new name beside the ledger with the day in it, and too few digits in a row to be masked as a phone number."""
    day = f"{path.name}.before-{datetime.now(UTC):%Y-%b-%d}"
    taken = {each.name for each in path.parent.glob(f"{path.name}.before-*")}
    return path.with_name(next(name for n in count(1) if not {(name := f"{day}-{n}"), f"{name}-wal"} & taken))


def _overwrite(copy: Path, path: Path) -> None:
    """Put a copy into the present file: a kill leaves the one or the other, and who reads is not disturbed."""

    def step(status: int, *_: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise LedgerError(f"{path} {CAUSES[sqlite3.SQLITE_BUSY]}")

    with closing(reading(copy)) as here, closing(sqlite3.connect(path, timeout=PATIENCE)) as there:
        there.execute("PRAGMA synchronous=FULL")
        here.backup(there, pages=STEP, progress=step)
