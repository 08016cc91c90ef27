"""A process of the operating system, as far as a ledger can tell: it may die or stand still at any point.

Dead is dead: whatever code of it is still unwound can write, send and publish nothing any more, and the kernel has its
locks. What had left it before goes on without it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent
from sqlalchemy import Connection

from ringfence.money.ledger import Ledger, worker_locks
from ringfence.money.store import Store
from ringfence.money.workers import Worker
from tests.simulation.loop import Strand

if TYPE_CHECKING:
    from tests.simulation.world import World

# How often a strand stands still for a moment at a point, and for how many seconds at most.
RESTS, MOMENT = 0.12, 0.08


class KilledError(BaseException):
    """The process was killed: no code of it may catch this and go on, as with SIGKILL."""


class StoppedError(BaseException):
    """The process was asked to stop (SIGTERM)."""


class Process:
    """One process; `fatal` is the number of the point at which it is killed, `slow` of the one at which it is stopped.

    `seconds` is how long it then stands still.
    """

    def __init__(self, world: "World", name: str, fatal: int = 0, slow: int = 0, seconds: float = 0.0) -> None:
        self.world, self.name, self.fatal, self.slow, self.seconds = world, name, fatal, slow, seconds
        self.dead = False
        self.passed = 0
        self.worker: Worker | None = None
        self.task: asyncio.Task[Any] | None = None
        self.awaited: set[asyncio.Future[Any]] = set()
        self.ids: set[str] = set()
        self._parked: dict[Strand, asyncio.TimerHandle] = {}
        self._empty: list[Any] = []
        base = world.ground.ledger
        self.ledger = Ledger(
            store=Watched(self, base.store),
            ledger_id=base.ledger_id,
            mode=base.mode,
            environment=base.environment,
            buckets=base.buckets,
            key=base.key,
        )

    def point(self, where: str, *, rests: bool = True) -> None:
        """Come past a point: the process may die here, or stand still."""
        if self.dead:
            raise KilledError
        self.passed += 1
        if self.passed == self.fatal:
            self.die(where)
            raise KilledError
        strand = getcurrent()
        if rests and isinstance(strand, Strand):
            seconds = self.seconds if self.passed == self.slow else self._moment()
            if seconds:
                self.rest(seconds)

    def rest(self, seconds: float) -> None:
        """Let the others go on for so long."""
        strand = getcurrent()
        assert isinstance(strand, Strand)
        self._parked[strand] = self.world.loop.call_later(seconds, strand.switch)
        strand.parent.switch()
        del self._parked[strand]
        if self.dead:
            raise KilledError

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """What `asyncio.run` is to a process: its strand waits until the coroutine has ended."""
        if self.dead:
            work.close()
            raise KilledError
        strand = getcurrent()
        self.task = task = self.world.loop.create_task(work)
        task.add_done_callback(lambda _: strand.switch())
        strand.parent.switch()
        self.task = None
        if self.dead:
            with suppress(asyncio.CancelledError):
                task.exception()
            raise KilledError
        if task.cancelled():
            raise StoppedError
        task.result()

    def die(self, where: str) -> None:
        """Be killed: the kernel takes the locks, and nothing of this process has any effect from now on."""
        self.dead = True
        self.world.crashes += 1
        self.world.note("killed", self.name, where)
        self._empty = [path for path in self._locks() if not path.stat().st_size]
        if self.worker:
            self.worker._lock.close()
        for future in self.awaited:
            if not future.done():
                future.set_exception(KilledError())
        if self.task:
            self.task.cancel()
        for strand, handle in self._parked.items():
            handle.cancel()
            self.world.loop.call_soon(strand.switch)

    def buried(self) -> None:
        """Put back what only an unwinding process takes away: the lock file of a worker that was just being born."""
        for path in self._empty:
            path.touch()

    def start(self, life: Callable[["Process"], None]) -> asyncio.Future[None]:
        """Live this life, from now on."""
        future = self.world.loop.create_future()
        self.world.loop.call_soon(self.world.loop.strand(self, life, self, future=future).switch)
        return future

    def _moment(self) -> float:
        dice = self.world.dice
        return dice.random() * MOMENT if dice.random() < RESTS else 0.0

    def _locks(self) -> list[Any]:
        folder = worker_locks(self.ledger.store.path.parent)
        return [path for path in folder.glob("*.lock") if path.stem in self.ids]


class Watched(Store):
    """The ledger as one process has it: the same file and code, with a point before and after every commit."""

    def __init__(self, process: Process, base: Store) -> None:
        # One engine for all: its statements are compiled once, and one transaction is made at a time.
        self.__dict__.update(base.__dict__)
        self.clock = process.world.clock
        self._random_bytes = process.world.dice.randbytes
        self._process = process

    def new_id(self) -> str:
        """An id, remembered as this process's."""
        made = super().new_id()
        self._process.ids.add(made)
        return made

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may be cut off before its commit and after it, and is judged when it is committed."""
        process = self._process
        process.point("begin")
        with super().write() as connection:
            yield connection
            process.point("commit", rests=False)
        process.world.committed(process)
        process.point("committed")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot; others may have written between two of them."""
        self._process.point("read")
        with super().read() as connection:
            yield connection
