"""The time that a whole exchange may take, in a process that may stand still meanwhile."""

import asyncio
from collections.abc import Coroutine

from ringfence.http.exchange import Reply

# Seconds by which a timer that is late says that the process was stopped, and for how long it then reads on.
STOOD_STILL, READ_ON = 0.2, 5.0


async def within(seconds: float, exchange: Coroutine[None, None, Reply]) -> Reply:
    """The reply of an exchange that ends within so many seconds; raises TimeoutError.

    A process that stood still until the time was over reads on for a moment: the reply may lie in its socket. Whoever
    is cancelled when the reply is whole already gets it all the same.
    """
    clock = asyncio.get_running_loop().time
    ends = clock() + seconds
    task = asyncio.create_task(exchange)
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done() and clock() > ends + STOOD_STILL:
            await asyncio.wait([task], timeout=READ_ON)
        if task.done():
            return task.result()
        raise TimeoutError
    except asyncio.CancelledError:
        if task.done() and not task.cancelled() and not task.exception():
            return task.result()
        raise
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        # Or asyncio would log what nobody asked for.
        if not task.cancelled():
            task.exception()
