"""The ledger's database: connections, transactions, and the file lock in front of them. No meaning, no money.

SQLite in WAL mode with synchronous=FULL: a commit is on disk when it returns. Writers queue on a file lock before
BEGIN IMMEDIATE, because SQLite's own busy handler starves (5.6 s worst wait against 0.06 s measured).
"""

import errno
import fcntl
import hmac
import logging
import os
import sqlite3
import struct
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine

from ringfence.errors import LedgerError
from ringfence.money.causes import CAUSES, causes_named
from ringfence.money.prepared import driver

FILE_NAME = "ledger.sqlite"
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "busy_timeout=30000")


# Seconds of waiting for a file lock after which the one who waits says so.
PATIENCE = 10.0
_LOG = logging.getLogger(__name__)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


class Store:
    """One ledger file. Safe to share between threads: every transaction has its own connection."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.path = path
        self.lock_path = path.with_suffix(".lock")
        self.clock = clock
        self._random_bytes = random_bytes
        # The pool keeps connections open: closing the last one would checkpoint the WAL at every transaction.
        self.engine: Engine = create_engine(
            # An error must not say what was being written: numbers would stand in logs.
            f"sqlite:///{path}",
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
        event.listen(self.engine, "connect", _prepare)

    def new_id(self) -> str:
        """A UUIDv7 (RFC 9562, 5.7): ids sort by the time they were made."""
        milliseconds = self.clock() // 1000
        rest = self._random_bytes(10)
        raw = bytearray(struct.pack(">Q", milliseconds)[2:] + rest)
        raw[6] = (raw[6] & 0x0F) | 0x70
        raw[8] = (raw[8] & 0x3F) | 0x80
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A durable write transaction: committed and synced when the block ends, rolled back when it raises."""
        with _lock_file(self.lock_path) as lock, causes_named(self.path):
            wait_for(lock, self.lock_path)
            with self.engine.connect() as connection:
                # SQLAlchemy has to know that there is a transaction: migrations would make and commit their own.
                connection.begin()
                raw = driver(connection)
                raw.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    _roll_back(raw)
                    raise
                raw.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent snapshot; keep it shorter than a second, or the WAL cannot be emptied."""
        with causes_named(self.path), self.engine.connect() as connection:
            connection.begin()
            raw = driver(connection)
            raw.execute("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(raw)

    def close(self) -> None:
        """Fold the log into the file, so that no other stands beside it, and let it go."""
        with causes_named(self.path), self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.engine.dispose()


def wait_for(lock: int, path: Path) -> None:
    """Take the lock of an open file or folder; who waits long is told once whom for, and goes on waiting."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        timer = threading.Timer(PATIENCE, _tell_holder, (path,))
        timer.daemon = True
        timer.start()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            timer.cancel()


def _tell_holder(path: Path) -> None:
    holder = ""
    # Only Linux lists locks: "1: FLOCK ADVISORY WRITE <pid> <major>:<minor>:<inode> 0 EOF".
    with suppress(OSError):
        inode = path.stat().st_ino
        for words in map(str.split, Path("/proc/locks").read_text("ascii").splitlines()):
            if words[1] == "FLOCK" and words[5].endswith(f":{inode}"):
                holder = f" by process {words[4]}"
    _LOG.warning("still waiting for %s: it is locked%s; if that is stopped, continue or end it", path, holder)


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    # Opened anew for each transaction: threads, and processes after a fork, would share the lock of one that is kept.
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LedgerError(f"{path} {CAUSES[sqlite3.SQLITE_FULL]}") from None
        raise LedgerError(f"{path} cannot be opened ({error.strerror}); make it and its folder writable") from None
    try:
        yield lock
    finally:
        os.close(lock)
        # Whoever waits was woken just now: without this the next transaction of this process is often there first (of
        # eight writers the slowest made 0.35 to 0.75 of what the fastest did, with it 0.56 to 0.91).
        os.sched_yield()


def _roll_back(raw: sqlite3.Connection) -> None:
    """Leave a transaction; SQLite may have left it already, at a full disk for one, and the cause must stay seen."""
    with suppress(sqlite3.Error):
        raw.execute("ROLLBACK")


def pack(subjects: Sequence[int]) -> bytes:
    """Subject ids as packed 64-bit integers."""
    return array("q", subjects).tobytes()


def unpack(packed: bytes) -> list[int]:
    """The subject ids of a packed column."""
    numbers = array("q")
    numbers.frombytes(packed)
    return numbers.tolist()


def keyed_hash(key: bytes, *parts: bytes) -> str:
    """HMAC-SHA256 as hex: no unkeyed digest of a number, a request or a body exists anywhere."""
    told = b"".join(each for part in parts for each in (len(part).to_bytes(8), part))
    return hmac.digest(key, told, "sha256").hex()
