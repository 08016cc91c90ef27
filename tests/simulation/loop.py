"""An event loop without a network and without waiting: its time jumps to whatever is due next.

What asyncio gives to threads runs in strands (greenlets), which stand still where the simulation wants it and nowhere
else. So one thread does everything, and the same beginning has the same end.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

# Whose code runs: every task and strand that is begun in it inherits it.
OWNER: ContextVar[Any] = ContextVar("OWNER", default=None)


class StuckError(RuntimeError):
    """Somebody waits, and nothing will ever happen any more."""


class Strand(greenlet):
    """A thread of the simulation; `owner` is the process that it belongs to."""

    owner: Any = None


class _Task(asyncio.Task[Any]):
    """A task whose place in a set does not depend on its address."""

    def __init__(self, coro: Any, *, loop: "Loop", **more: Any) -> None:
        # Before asyncio's own part, which puts the task into a set at once.
        self._serial = next(loop.serials)
        super().__init__(coro, loop=loop, **more)

    def __hash__(self) -> int:
        return self._serial


class Loop(asyncio.BaseEventLoop):
    """Virtual seconds from 0. `errors` are what asyncio found that nobody has seen."""

    def __init__(self, ignored: type[BaseException]) -> None:
        super().__init__()
        self.serials = count()
        self.hub = getcurrent()
        self.errors: list[str] = []
        self._ignored = ignored
        self._now = 0.0
        self._selector = self
        # asyncio runs what is due before `time() + resolution`, so that it must be more than nothing.
        self._clock_resolution = 1e-6
        self.set_task_factory(lambda loop, coro, **more: _Task(coro, loop=loop, **more))  # type: ignore[arg-type]
        self.set_exception_handler(self._note)

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._now

    def select(self, timeout: float | None) -> tuple[()]:
        """Where asyncio would wait for the network: let the time pass that it would wait for."""
        if timeout is None:
            raise StuckError("everybody waits for something that never happens")
        if timeout > 0:
            self._now = self._scheduled[0]._when
        return ()

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Run this at once, in a strand of the process that asks for it."""
        future = self.create_future()
        self.strand(OWNER.get(), func, *args, future=future).switch()
        return future

    def strand(self, owner: Any, func: Callable[..., Any], *args: Any, future: asyncio.Future[Any]) -> Strand:
        """A strand that has not begun; what comes of it is the future's."""

        def work() -> None:
            OWNER.set(owner)
            try:
                result = func(*args)
            except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)

        made = Strand(work, self.hub)
        made.owner = owner
        return made

    def _process_events(self, event_list: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def _note(self, _loop: Any, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, (self._ignored, asyncio.CancelledError)):
            self.errors.append(f"{context.get('message')}: {error!r}")
