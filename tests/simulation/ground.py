"""The ground that every simulation begins on: one ledger file in memory, put back to its birth each time."""

import atexit
import os
import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import update

from ringfence.config import scalars
from ringfence.money.ledger import Ledger, create, open_ledger, worker_locks
from ringfence.money.schema import META

# What is drawn at a ledger's birth; the same seed has to find the same ledger.
IDENTITY = {"ledger_id": "01990000-0000-7000-8000-000000000000", "key": "5e" * 32, "created_at": "1763726400000000"}


class Ground:
    """A home with the ledger, and a second connection to it for whoever judges."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")
        folder = tempfile.mkdtemp(prefix="simulation-", dir=memory if os.access(memory, os.W_OK) else None)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self.home = Path(folder)
        self.config = self.home / "ringfence.yaml"
        # To list the machine's time zones takes as long as the rest of a configuration tenfold.
        scalars.available_timezones = cache(scalars.available_timezones)  # type: ignore[attr-defined]
        born = create(self.home, mode="simulate", buckets=4)
        with born.store.write() as connection:
            for key, value in IDENTITY.items():
                connection.execute(update(META).where(META.c.key == key).values(value=value))
        born.store.close()
        self.ledger: Ledger = open_ledger(self.home)
        self.judge = sqlite3.connect(self.ledger.store.path, isolation_level=None)
        self._born = sqlite3.connect(":memory:")
        self.judge.backup(self._born)

    def clear(self) -> None:
        """Put everything back to how it was when the ledger was born."""
        self._born.backup(self.judge)
        for lock in worker_locks(self.home).glob("*.lock"):
            lock.unlink()
        self.config.write_text("")
        os.utime(self.config, ns=(0, 0))


@cache
def ground() -> Ground:
    """The ground of this process of the operating system."""
    return Ground()
