"""Processes that buy on one ledger at once, and some of them killed: started by `python -m tests.races.buyers`.

Everything is imported first and each process forked then, so that sixteen of them begin together. Every one opens the
ledger, becomes a worker and buys, as a second daemon of the user's would. What to do is read from standard input as
JSON: `config`, `quote_id`, `buckets` (a list for each process), and `kills` (the number of attempts in
the ledger at which each process is killed, null for never). The exit codes go to standard output.
"""

import json
import os
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ringfence.config import environment
from ringfence.lake.tables import Lake
from ringfence.lookups import buy as buying
from ringfence.money.ledger import open_ledger
from ringfence.money.store import FILE_NAME
from ringfence.money.workers import working


def main() -> None:
    """Start them, kill those that are to be killed when their time has come, and wait for all."""
    plan = json.load(sys.stdin)
    config = Path(plan["config"])
    places = enumerate(plan["buckets"])
    buyers = [_start(config, plan["quote_id"], f"launch-{place}", buckets) for place, buckets in places]
    codes = _wait(config.parent / "home" / FILE_NAME, buyers, plan["kills"])
    sys.stdout.write(json.dumps([codes[pid] for pid in buyers]))


def _start(config: Path, quote_id: str, launch: str, buckets: Sequence[int]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        setup = environment.load(config)
        ledger = open_ledger(setup.home)
        order = buying.Order(launch, quote_id=quote_id, buckets=frozenset(buckets))
        with working(ledger, launch) as worker:
            buying.buy(setup, ledger, Lake(setup.home, ledger.ledger_id), worker, order)
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        # Never back into what the parent was doing.
        sys.stderr.flush()
        os._exit(code)


def _wait(ledger: Path, buyers: Sequence[int], kills: Sequence[int | None]) -> Mapping[int, int]:
    """The exit code of every process, below nothing for the signal that ended it."""
    codes: dict[int, int] = {}
    due: dict[int, Any] = {pid: kill for pid, kill in zip(buyers, kills, strict=True) if kill is not None}
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, isolation_level=None)) as connection:
        while len(codes) < len(buyers):
            (attempts,) = connection.execute("SELECT count(*) FROM attempt").fetchone()
            for pid in [pid for pid, at in due.items() if attempts >= at]:
                del due[pid]
                if pid not in codes:
                    os.kill(pid, signal.SIGKILL)
            while (ended := os.waitpid(-1, os.WNOHANG) if len(codes) < len(buyers) else (0, 0))[0]:
                codes[ended[0]] = os.waitstatus_to_exitcode(ended[1])
            time.sleep(0.002)
    return codes


if __name__ == "__main__":
    main()
