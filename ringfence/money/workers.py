"""Who owns an attempt: a worker holds the lock of a file while it lives, and the kernel frees it when it dies.

No leases and no clock: a stopped process keeps its lock, a killed one loses it within a millisecond.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path

from sqlalchemy import Connection, bindparam, insert, select, update

from ringfence.money.ledger import Ledger, worker_locks
from ringfence.money.prepared import Prepared
from ringfence.money.schema import WORKER

_NEW = Prepared(insert(WORKER), ("worker_id", "launch_id", "run_id", "pid", "started_at"))
_LIVING = Prepared(select(WORKER.c.worker_id, WORKER.c.run_id).where(WORKER.c.ended_at.is_(None)))
_END = Prepared(
    update(WORKER)
    .where(WORKER.c.worker_id == bindparam("key"), WORKER.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
)
_ENDED = Prepared(select(WORKER.c.ended_at).where(WORKER.c.worker_id == bindparam("key")))


class Worker:
    """A living worker: its id is on every attempt that it reserves."""

    def __init__(self, worker_id: str, lock: BufferedWriter, path: Path) -> None:
        self.worker_id = worker_id
        self._lock = lock
        self._path = path

    def owns(self) -> bool:
        """Whether this process still holds the lock of the file that others would try."""
        try:
            here, there = os.fstat(self._lock.fileno()), self._path.stat()
        except (OSError, ValueError):
            return False
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def may_buy(self, connection: Connection) -> bool:
        """Whether it owns its lock and has not been ended: asked inside every reserving transaction.

        Once more just before a request leaves: a process that was stopped in between may wake long after its end.
        """
        rows = _ENDED.rows(connection, key=self.worker_id)
        return rows == [(None,)] and self.owns()


@contextmanager
def working(ledger: Ledger, launch_id: str, run_id: str | None = None) -> Iterator[Worker]:
    """Be a worker of this ledger for the length of the block."""
    worker_id = ledger.store.new_id()
    path = _lock_path(ledger, worker_id)
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        row = {
            "worker_id": worker_id,
            "launch_id": launch_id,
            "run_id": run_id,
            "pid": os.getpid(),
            "started_at": ledger.store.clock(),
        }
        try:
            with ledger.store.write() as connection:
                _NEW.run(connection, row)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        # Only now, and before anything is bought: a ledger that does not know a marked file is an old copy.
        lock.write(b"entered\n")
        lock.flush()
        os.fsync(lock.fileno())
        worker = Worker(worker_id, lock, path)
        try:
            yield worker
        finally:
            with ledger.store.write() as connection:
                _end(connection, worker_id, ledger.store.clock())
            # Another file of this name is the lock of whoever mends what this worker left.
            if worker.owns():
                path.unlink(missing_ok=True)


@contextmanager
def dead(ledger: Ledger) -> Iterator[list[tuple[str, str | None]]]:
    """The workers that did not end by themselves and whose lock is free: (worker id, Dagster run id).

    Their locks are held for the length of the block, so that only one process mends what they left; they count as
    ended when the block ends well.
    """
    with ledger.store.read() as connection:
        rows = _LIVING.rows(connection)
    taken: list[tuple[str, str | None]] = []
    locks: list[BufferedWriter] = []
    try:
        for worker_id, run_id in rows:
            path = _lock_path(ledger, worker_id)
            path.parent.mkdir(exist_ok=True)
            lock = path.open("ab")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            locks.append(lock)
            if not _alive(ledger, worker_id):
                path.unlink(missing_ok=True)
                continue
            taken.append((worker_id, run_id))
        yield taken
        if taken:
            with ledger.store.write() as connection:
                for worker_id, _ in taken:
                    _end(connection, worker_id, ledger.store.clock())
        for worker_id, _ in taken:
            _lock_path(ledger, worker_id).unlink(missing_ok=True)
    finally:
        for lock in locks:
            lock.close()


def lives(home: Path, worker_id: str) -> bool:
    """Whether somebody holds the lock of a worker that the ledger knows, so that it has neither ended nor died.

    It holds the lock before it is entered: a try of it keeps nobody from being born.
    """
    try:
        with (worker_locks(home) / f"{worker_id}.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _alive(ledger: Ledger, worker_id: str) -> bool:
    """Whether a worker has not ended: asked again under its lock, it may have ended well, or been mended, just now."""
    with ledger.store.read() as connection:
        return _ENDED.value(connection, key=worker_id) is None


def _end(connection: Connection, worker_id: str, at: int) -> None:
    _END.run(connection, {"key": worker_id, "at": at})


def _lock_path(ledger: Ledger, worker_id: str) -> Path:
    return worker_locks(ledger.store.path.parent) / f"{worker_id}.lock"
