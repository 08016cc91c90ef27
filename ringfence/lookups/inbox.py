"""The durable inbox of callbacks: what is kept is committed to the ledger before anybody is told that it is.

Callbacks that come at once share a commit. The ledger is read and written by threads, never by the event loop.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from ringfence.config.sections import Privacy
from ringfence.errors import LedgerError
from ringfence.lookups.callbacks import Came, Suspect, examined
from ringfence.money import quarantine
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Stored, keep_replies
from ringfence.money.schema import META

_LOG = logging.getLogger(__name__)
# Fewer than the connections to the ledger that its pool gives; the work is SQLite's and the parsers'.
THREADS = 4
# Callbacks of one commit.
GROUP = 200


@dataclass(slots=True)
class Counts:
    """How many callbacks were kept, how many were not believed, and how many of those are in quarantine."""

    kept: int = 0
    suspect: int = 0
    quarantined: int = 0


class Inbox:
    """Takes callbacks into one ledger. Safe within one event loop; `close` waits for what is being written."""

    def __init__(self, ledger: Ledger, privacy: Privacy) -> None:
        self.counts = Counts()
        self._ledger = ledger
        self._privacy = privacy
        self._file = _identity(ledger.store.path)
        self._threads = ThreadPoolExecutor(THREADS, "callbacks")
        self._waiting: list[tuple[Stored | Suspect, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def take(self, came: Came) -> bool:
        """Keep a callback, durably when this returns; False when it is not believed. Raises LedgerError."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, examined, self._ledger, self._privacy, came)
        if isinstance(found, Stored) or found.body is not None:
            written = loop.create_future()
            self._waiting.append((found, written))
            if self._writer is None:
                self._writer = asyncio.create_task(self._write())
            await written
        if isinstance(found, Stored):
            self.counts.kept += 1
            return True
        self.refused()
        return False

    def refused(self) -> None:
        """Count a callback that is not believed."""
        self.counts.suspect += 1

    async def answers(self) -> bool:
        """Whether the ledger can be read."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._read)
        except LedgerError as error:
            _LOG.warning("%s", error)
            return False
        return True

    def close(self) -> None:
        """Wait for the threads."""
        self._threads.shutdown()

    async def _write(self) -> None:
        """Commit what waits, group by group; whoever waits for a group hears how it went."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            try:
                await loop.run_in_executor(self._threads, self._commit, [found for found, _ in group])
            except Exception as error:  # noqa: BLE001 - raised again to each who waits for it
                for _, written in group:
                    if not written.done():
                        written.set_exception(error)
            else:
                for _, written in group:
                    if not written.done():
                        written.set_result(None)
        self._writer = None

    def _commit(self, group: Sequence[Stored | Suspect]) -> None:
        ledger = self._ledger
        with ledger.store.write() as connection:
            quarantine.expire(connection, ledger.store.clock())
            keep_replies(connection, ledger, [each for each in group if isinstance(each, Stored)])
            quarantined = sum(
                quarantine.put(connection, ledger, each.provider, each.reason, each.body)
                for each in group
                if isinstance(each, Suspect) and each.body is not None
            )
            # At last: it may have been replaced while the lock was waited for.
            self._refuse_if_replaced()
        self.counts.quarantined += quarantined

    def _read(self) -> None:
        self._refuse_if_replaced()
        with self._ledger.store.read() as connection:
            connection.execute(select(META.c.key).limit(1)).one()

    def _refuse_if_replaced(self) -> None:
        """A ledger whose file was replaced is written to by nobody else, and read by nobody."""
        path = self._ledger.store.path
        if _identity(path) != self._file:
            raise LedgerError(f"{path} was replaced meanwhile: start ringfence callbacks again")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
