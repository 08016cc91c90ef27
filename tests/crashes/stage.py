"""Where drivers play: a process that has imported everything and forks one for each run, watched from outside.

It reads a line of JSON (`Scene`) and answers with one (`Played`), until its input ends.
"""

import gc
import importlib
import json
import os
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from queue import SimpleQueue as Queue
from types import SimpleNamespace

from ringfence.errors import RingfenceError
from ringfence.http.client import Client
from ringfence.lookups import lane, lanes, polling
from ringfence.money import store
from ringfence.providers import windows
from ringfence.providers.registry import providers
from tests.crashes.driver import JOBS, dagster
from tests.crashes.points import arm
from tests.crashes.watch import Answer, Event, answer_calls, watched

SECONDS = 200.0
LATE = ["anyio._backends._asyncio", "phonenumbers.data.region_NL", "alembic.command", "polars._utils.parquet"]
# How a run ended: by itself, with a sentence for a user, with a traceback, or by a signal that it could catch.
DONE, TOLD, BROKEN, STOPPED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One run: which job of which configuration, and what is done to it.

    job: one of `driver.JOBS`, with its last step if `serving`; after `dagster ` one of Dagster's.
    kinds: the calls that are watched and counted (`watch.CALLS`); at: the number of the call (from 1) to which
    something is done, 0 for none: the signal of that name, or the error of that number; lasting: so many calls from
    there on. on, besides: only calls on files whose name begins with the one, and with none of the others.
    point: a place (`points.PLACES`) where it kills itself.
    synced: a folder for what was on disk when it died: of every file of the ledger what was synced last.
    later: by so many seconds the ledger's clock is ahead of the provider's, which is borne.
    """

    job: str
    config: str
    launch: str
    serving: bool = True
    kinds: list[str] = field(default_factory=list)
    at: int = 0
    signal: str = "SIGKILL"
    error: int = 0
    lasting: int = 1
    on: str = ""
    besides: list[str] = field(default_factory=list)
    point: str = ""
    synced: str = ""
    later: int = 0


@dataclass(frozen=True, slots=True)
class Played:
    """How a run ended: its exit code (a signal is negative), what it said, and the calls that were counted."""

    code: int
    said: str
    events: list[tuple[str, str, str]]


def play(scene: Scene) -> Played:
    """Fork a driver, let it play, and see what comes of it."""
    home = Path(scene.config).parent / "home"
    events: list[Event] = []
    with tempfile.TemporaryFile() as said:
        ours, its = socket.socketpair()
        process = os.fork()
        if process == 0:
            ours.close()
            _perform(scene, its, said.fileno())
        its.close()
        try:
            if scene.kinds:
                _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
                try:
                    answer_calls(listener, process, home, partial(_decide, scene, home, events), SECONDS)
                finally:
                    os.close(listener)
        finally:
            ours.close()
            _, status = os.waitpid(process, 0)
        said.seek(0)
        text = said.read().decode(errors="replace")
    return Played(os.waitstatus_to_exitcode(status), text, [(one.kind, one.call, one.on) for one in events])


def _decide(scene: Scene, home: Path, events: list[Event], event: Event) -> Answer:
    if scene.synced and event.kind == "sync" and event.on.startswith("ledger.sqlite"):
        # The call waits: what is copied is what it makes durable.
        (Path(scene.synced) / event.on).write_bytes((home / event.on).read_bytes())
    if not event.on.startswith(scene.on) or event.on.startswith(tuple(scene.besides)):
        return None
    events.append(event)
    if not scene.at <= len(events) < scene.at + scene.lasting:
        return None
    return scene.error or signal.Signals[scene.signal]


def _perform(scene: Scene, stage: socket.socket, said: int) -> None:
    """Be the driver; never returns."""
    code = BROKEN
    try:
        os.setpgid(0, 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # As Dagster does with what ends a run (`dagster._utils.interrupts`).
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        through_dagster = scene.job.startswith("dagster ")
        if scene.point and not through_dagster:
            arm(scene.point)
        if scene.later:
            _go_ahead(scene.later)
        if scene.kinds:
            _be_watched(stage, scene.kinds)
        if through_dagster:
            dagster(scene.job.removeprefix("dagster "), Path(scene.config), scene.launch, scene.point)
        JOBS[scene.job](Path(scene.config), scene.launch, serving=scene.serving)
        code = DONE
    except KeyboardInterrupt:
        code = STOPPED
    except (RingfenceError, OSError) as error:
        # What `assets.launch.plainly` makes of it.
        os.write(2, f"{error}\n".encode())
        code = TOLD
    except BaseException:  # noqa: BLE001 - told, and the process ends
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _go_ahead(seconds: int) -> None:
    real = time.time_ns
    store.time = SimpleNamespace(time_ns=lambda: real() + seconds * 10**9)  # type: ignore[assignment]
    windows._SKEW = timedelta(seconds=seconds + 60)


def _be_watched(stage: socket.socket, kinds: list[str]) -> None:
    """Give the listener away from a thread that is not watched itself: this one's sending would wait for nobody."""
    known: Queue[int] = Queue()

    def give() -> None:
        listener = known.get()
        socket.send_fds(stage, [b"."], [listener])
        os.close(listener)

    giver = threading.Thread(target=give)
    giver.start()
    known.put(watched(kinds))
    giver.join()


def _may_watch() -> str:
    """`ready`, or why no process can be watched here."""
    process = os.fork()
    if process == 0:
        try:
            watched(["sync"])
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    number = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return f"this machine lets no process be watched (seccomp: {os.strerror(number)})" if number else "ready"


def main() -> None:
    """Play what is asked for, line by line."""
    # What a driver would import when it comes to it, each anew.
    providers()
    for name in LATE:
        importlib.import_module(name)
    # Made once: a client that makes its own reads every certificate of the machine.
    lanes.Client = partial(Client, verify=ssl.create_default_context())  # type: ignore[misc, assignment]
    lane.PAUSE = 0.01
    polling.FIRST_PAUSE = 0.05  # type: ignore[assignment]
    # What the drivers share with this process is never written to by their garbage collectors.
    gc.freeze()
    answer: Callable[[str], None] = partial(print, flush=True)
    answer(_may_watch())
    for line in sys.stdin:
        answer(json.dumps(asdict(play(Scene(**json.loads(line))))))
    # Without tidying up: what is frozen would be told as leaked.
    os._exit(0)


if __name__ == "__main__":
    main()
