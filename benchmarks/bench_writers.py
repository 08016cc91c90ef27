"""Whether a writer of the ledger starves: 8 processes write small transactions for some seconds, each counts its own.

Prints how many the slowest has made of those of the fastest, the worst wait of any, and the same for writers that leave
the queueing to SQLite's busy handler, as they would without the file lock. Usage: python benchmarks/bench_writers.py
[seconds]; with --json the counts of the ledger's writers only.
"""

import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ringfence.money import progress
from ringfence.money.ledger import create, open_ledger
from ringfence.money.store import FILE_NAME, PRAGMAS

WRITERS = 8
SECONDS = 5.0


def main() -> None:
    """Measure both ways of queueing, one after the other."""
    told = [each for each in sys.argv[1:] if each != "--json"]
    seconds = float(told[0]) if told else SECONDS
    if "--json" in sys.argv:
        print(json.dumps([count for count, _ in _race(_through_the_ledger, seconds)]))
        return
    for name, writer in (("the ledger's file lock", _through_the_ledger), ("SQLite's busy handler", _by_busy_handler)):
        found = _race(writer, seconds)
        counts = [count for count, _ in found]
        print(
            f"{WRITERS} writers behind {name}: {sum(counts):,} transactions in {seconds:g} s, the slowest "
            f"{min(counts) / max(counts):.2f} of the fastest ({min(counts):,} of {max(counts):,}), "
            f"worst wait {max(worst for _, worst in found):.2f} s"
        )


def _race(writer: Callable[[Path, int], Callable[[], None]], seconds: float) -> list[tuple[int, float]]:
    """What each of the writers made in the same stretch of time, and its longest transaction in seconds."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        create(home, mode="simulate").store.close()
        begin = time.monotonic() + 1.0
        pipes = [_start(writer, home, place, begin, begin + seconds) for place in range(WRITERS)]
        found = []
        for pid, pipe in pipes:
            with open(pipe, "rb") as file:  # noqa: PTH123 - a pipe has no path
                found.append(json.load(file))
            os.waitpid(pid, 0)
    return [(count, worst) for count, worst in found]


def _start(
    writer: Callable[[Path, int], Callable[[], None]], home: Path, place: int, begin: float, end: float
) -> tuple[int, int]:
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    try:
        act = writer(home, place)
        act()
        time.sleep(max(0.0, begin - time.monotonic()))
        count, worst, now = 0, 0.0, time.monotonic()
        while now < end:
            before = now
            act()
            now = time.monotonic()
            count, worst = count + 1, max(worst, now - before)
        os.write(write, json.dumps([count, worst]).encode())
    finally:
        os._exit(0)


def _through_the_ledger(home: Path, place: int) -> Callable[[], None]:
    ledger = open_ledger(home)

    def act() -> None:
        with ledger.store.write() as connection:
            progress.put(connection, f"launch-{place}", ledger.store.clock(), done=place)

    return act


def _by_busy_handler(home: Path, place: int) -> Callable[[], None]:
    connection = sqlite3.connect(home / FILE_NAME, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    with closing(connection.cursor()) as cursor:
        cursor.execute("INSERT INTO progress (launch_id, phase, started_at, updated_at) VALUES (?, '', 0, 0)", [place])

    def act() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE progress SET updated_at = updated_at + 1 WHERE launch_id = ?", (str(place),))
        connection.execute("COMMIT")

    return act


if __name__ == "__main__":
    main()
