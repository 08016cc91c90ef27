"""Running a coroutine so that an interrupt always reaches it, whoever handles the signals. It knows no lookups."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run this in an event loop of another thread, and cancel it when this thread is interrupted.

    What a signal handler raises is raised in the main thread. Were the loop there, asyncio's transports would catch it
    as a broken connection (`asyncio/selector_events.py`, `write`), and the work would go on.
    """
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = Future()

    async def tracked() -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101  a coroutine runs in a task
        begun.set_result((asyncio.get_running_loop(), task))
        await work

    with ThreadPoolExecutor(1, thread_name_prefix="interruptible") as pool:
        running = pool.submit(asyncio.run, tracked())
        try:
            running.result()
        except BaseException:
            if not running.done():
                loop, task = begun.result()
                # A loop that is closed has nothing left to cancel.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(task.cancel)
            raise
