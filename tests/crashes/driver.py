"""What the jobs do, without Dagster: the calls of `assets/` in their order, in a process that may die.

Dagster's own processes are killed in `test_dagster` and `tests/test_kill.py`.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from ringfence.cli.launch import INSTANCE
from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.lake.tables import Lake
from ringfence.lookups.buy import Order, buy, open_for_spending, require_fit, unfit
from ringfence.lookups.collect import collect as collect_once
from ringfence.lookups.inbox import Inbox
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.quote import Narrow, make_quote
from ringfence.lookups.receiver import listening
from ringfence.lookups.receiver import serve as serve_callbacks
from ringfence.lookups.recover import assume_billed, recover
from ringfence.lookups.serve import serve
from ringfence.lookups.wanted import distinct_phones, phone_map, policy_of
from ringfence.money import approvals, progress
from ringfence.money.ledger import Ledger, open_ledger
from ringfence.money.workers import Worker, working
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source


@dataclass(frozen=True, slots=True)
class Run:
    """One run's hold on a home, as `assets.launch.Launch` is."""

    setup: Setup
    ledger: Ledger
    lake: Lake
    worker: Worker
    launch: str

    def phase(self, name: str) -> None:
        """Say how far the run is, as every asset does."""
        progress.phase(self.ledger, self.launch, name)


@contextmanager
def running(path: Path, launch: str) -> Iterator[Run]:
    """Open a home and decide what dead runs left."""
    setup = environment.load(path)
    ledger = open_ledger(setup.home)
    with working(ledger, launch, launch) as worker:
        if unfit(setup, ledger) is None:
            recover(ledger)
        yield Run(setup, ledger, Lake(setup.home, ledger.ledger_id), worker, launch)


def enrich(path: Path, launch: str, *, serving: bool = True) -> None:
    """Job `enrich`, with an approval of what it quotes; without `serving` all of it but the last step."""
    with running(path, launch) as run:
        _read_sources(run)
        run.phase("quote")
        open_for_spending(run.setup, run.ledger)
        publish_settled(run.ledger, run.lake)
        publish_facts(run.lake)
        made = make_quote(run.setup, run.ledger, run.lake, Narrow(), launch)
        if made.numbers:
            approvals.approve(run.ledger, made.quote_id, None, who="test", why="test")
        run.phase("lookups")
        try:
            buy(run.setup, run.ledger, run.lake, run.worker, Order(launch))
        finally:
            publish_settled(run.ledger, run.lake)
        _publish(run, serving=serving)


def collect(path: Path, launch: str, *, serving: bool = True) -> None:
    """Job `collect`: what is open is decided, merged and served; nothing is bought."""
    with running(path, launch) as run:
        run.phase("collect")
        require_fit(run.setup, run.ledger)
        collect_once(run.setup, run.ledger, run.worker.worker_id)
        assume_billed(run.ledger, run.setup.config.in_doubt.assume_billed_after)
        publish_settled(run.ledger, run.lake)
        _publish(run, serving=serving)


def look(path: Path, launch: str, *, serving: bool = False) -> None:
    """Open the ledger and nothing else: one of an older version is brought up to date."""
    open_ledger(environment.load(path).home)


def receive(path: Path, launch: str, *, serving: bool = False) -> None:
    """The receiver of callbacks, on the port that is given in the launch's place; for two minutes at most."""
    signal.alarm(120)
    setup = environment.load(path)
    inbox = Inbox(open_ledger(setup.home), setup.config.privacy)
    with listening(inbox, "127.0.0.1", int(launch), ()) as receiver:
        serve_callbacks(receiver, lambda: None)


def _read_sources(run: Run) -> None:
    config, lake = run.setup.config, run.lake
    run.phase("phone_map")
    for name in config.sources:
        source = open_source(spec_of(run.setup, name), temp=run.setup.home)
        frame = phone_map(source, policy_of(config), datetime.now(UTC))
        with lake.publishing():
            lake.overwrite("phone_map", frame, [name])
    run.phase("distinct_phones")
    found = distinct_phones(lake.read("phone_map"), config.sources, run.ledger)
    with lake.publishing():
        lake.overwrite("distinct_phones", found, range(run.ledger.buckets))


def _publish(run: Run, *, serving: bool) -> None:
    run.phase("phone_facts")
    publish_facts(run.lake)
    if not serving:
        return
    run.phase("serve")
    require_fit(run.setup, run.ledger)
    serve(run.setup, run.ledger, run.lake)


def dagster(job: str, path: Path, launch: str, point: str) -> NoReturn:
    """Become the process that the command line starts for a job; `armed` kills it at a point."""
    home = path.parent / "home" / "dagster"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
    limits = path.with_name(f"{launch}.json")
    limits.write_text(json.dumps({"resources": {"limits": {"config": {"approve_up_to": "max"}}}}), encoding="utf-8")
    told = {
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "RINGFENCE_CONFIG": str(path),
        "POINT": point,
    }
    named, _, module = job.partition(" ")
    where = ["-f", module or "pipelines/definitions.py", "-d", "."]
    command = [sys.executable, "-m", "dagster", "job", "execute", *where, "-j", named, "-c", str(limits)]
    os.execve(sys.executable, command, {**os.environ, **told})  # noqa: S606


JOBS = {"enrich": enrich, "collect": collect, "look": look, "receive": receive}
