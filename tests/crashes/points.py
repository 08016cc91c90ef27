"""Places in the product where a driver kills itself, by the function that it is just about to call, or has just called.

What the kernel sees (a sync, a rename, a byte to or from a provider) is found by `watch` instead.
"""

import importlib
import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from itertools import count
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Place:
    """Before or after a function (`module:name` or `module:Class.name`), at its `nth` call.

    In a run of which setting (`conftest.SETTINGS`); `first` is the place where an earlier run was killed already.
    """

    what: str
    function: str
    when: Literal["before", "after"]
    nth: int = 1
    setting: str = "plain"
    first: str = ""


# In a later run: what was settled before is published first.
LATER = "ringfence.lake.tables:Lake.append_settled"
PLACES = {
    "C1": Place("plan computed, nothing written", "ringfence.money.quotes:save", "before"),
    "C1 approved": Place("approved, nothing reserved", "ringfence.lookups.spend:reserve", "before"),
    "C2": Place("inside the reserving transaction", "ringfence.lookups.spend:reserve", "after", 2),
    "C3": Place("after its commit", "ringfence.lookups.spend:_commit", "after", 2),
    "C4": Place("inside the same, all written", "ringfence.money.progress:put", "after", 6),
    "C5": Place("sent is committed, nothing connected", "ringfence.lookups.spend:_send", "before", 2),
    "C6 before": Place("before a token is fetched", "ringfence.http.issuer:Issuer._fetched", "before", 1, "token"),
    "C6 after": Place("a token came, and is not kept", "ringfence.http.issuer:Issuer._fetched", "after", 1, "token"),
    "C6 kept": Place("the token is kept", "ringfence.http.issuer:Issuer.token", "after", 2, "token"),
    "C7": Place("connected, before the first byte", "ringfence.http.transport:Wire.let_go", "after", 1),
    "C10": Place("the head of the reply is read", "ringfence.http.body:Body.begin", "after", 2),
    "C11": Place("half the body is read", "ringfence.http.body:Body.feed", "after", 6, "drip"),
    "C12": Place("the whole body is in memory", "ringfence.http.body:Body.reply", "after", 2),
    "C13": Place("inside the transaction that keeps it", "ringfence.lookups.spend:keep_replies", "after", 3),
    "C14": Place("kept, not parsed", "ringfence.lookups.desk:judge", "before", 2),
    "C15": Place("during the parse", "ringfence.providers.infobip:matched", "after", 2),
    "C16": Place("inside the settling transaction", "ringfence.lookups.spend:apply", "after", 4),
    "C17": Place("settled", "ringfence.lookups.spend:_commit", "after", 4),
    "C18": Place("inside the transaction that doubts", "ringfence.lookups.spend:apply", "after", 4, "doubt"),
    "C19 not stored": Place("accepted, not stored", "ringfence.lookups.spend:keep_replies", "before", 2, "poll"),
    "C19 stored": Place("accepted and stored", "ringfence.lookups.spend:_commit", "after", 2, "poll"),
    "C19 awaited": Place("awaited, not asked", "ringfence.lookups.collector:Collector.look", "before", 1, "poll"),
    "C22": Place("polled, nothing kept", "ringfence.lookups.collector:keep_polled", "before", 1, "poll"),
    "C22 kept": Place("what was polled is kept", "ringfence.lookups.collector:keep_polled", "after", 2, "poll"),
    "C23": Place("inside the transaction that applies it", "ringfence.lookups.collector:apply", "after", 1, "poll"),
    "C28": Place("one of two tables is committed", "ringfence.lake.tables:Lake.overwrite", "after", 3),
    "C29": Place("before the commit of the lake", "ringfence.lake.tables:Lake.append_settled", "before"),
    "C30": Place("committed, not told", "ringfence.lake.tables:Lake.append_settled", "after"),
    "C31": Place("put in place, old files not cleaned up", "ringfence.lake.served:_point", "after"),
    "C32 found": Place("orphans judged, nothing written", "ringfence.lookups.recover:decided", "before", 2, first="C3"),
    "C32 inside": Place("inside what decides them", "ringfence.lookups.recover:apply", "after", first="C14"),
    "C32 decided": Place("decided, not told as ended", "ringfence.lookups.recover:read_again", "after", first="C14"),
    "C32 ended": Place("inside what ends the dead worker", "ringfence.money.workers:_end", "after", first="C3"),
    "C32 lake": Place("what the dead run settled is in the lake", LATER, "after", first="C17"),
}
# Of the receiver, which is another process: test_receiver.
RECEIVER = {
    "C20": Place("read, not committed", "ringfence.lookups.inbox:Inbox._commit", "before"),
    "C21": Place("committed, not confirmed", "ringfence.lookups.inbox:Inbox._commit", "after"),
}
# Points of the menu that no function marks: which test comes to them, or why none does.
ELSEWHERE = {
    "C8": "test_sweep: head and body of a request are two sends, it is killed between them",
    "C9": "test_sweep: killed at each receive",
    "C24": "tests/money/test_processes and the tests of paused workers: a stopped process is no dead one",
    "C25": "test_sweep, writes: killed between two writes to a Parquet file",
    "C26": "test_sweep: killed at the sync, or where there is none at the rename, of each file",
    "C27": "test_sweep: killed at each rename and link",
    "C33": "test_migration: killed at each write and sync of the ledger's file while it is brought up to date",
    "C34": "test_disk: EIO and ENOSPC at each write, sync and rename, and a full file system",
    "C35": "test_signals: SIGTERM and SIGINT at each of many calls, and through Dagster",
    "C36": "test_dagster: the job with an executor that runs each step in a process of its own",
    "C37": "test_power: of the ledger only what was synced is left; the lake's files are as the kernel has them",
}


def arm(name: str) -> None:
    """Kill this process when it comes to a place."""
    place = {**PLACES, **RECEIVER}[name]
    module, _, path = place.function.partition(":")
    owner: Any = importlib.import_module(module)
    *above, last = path.split(".")
    for part in above:
        owner = getattr(owner, part)
    times = count(1)

    def here(when: str) -> None:
        if when == place.when and next(times) == place.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, last, _around(getattr(owner, last), here))


def _around(function: Callable[..., Any], here: Callable[[str], None]) -> Callable[..., Any]:
    @wraps(function)
    def plain(*arguments: Any, **named: Any) -> Any:
        here("before")
        result = function(*arguments, **named)
        here("after")
        return result

    @wraps(function)
    async def waiting(*arguments: Any, **named: Any) -> Any:
        here("before")
        result = await function(*arguments, **named)
        here("after")
        return result

    return waiting if inspect.iscoroutinefunction(function) else plain
