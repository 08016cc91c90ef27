"""Launching a job through Dagster, as a process of its own: the domain imports no Dagster.

The command line and the run meet in the ledger: the launch id is a tag of the run and the key of its progress row.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ringfence.cli.context import Home
from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.money import progress

INSTANCE = """\
# Written by ringfence; yours to change.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 4
"""
POLL = 0.2
# Free bytes at which a disk is full for a run: its files take more.
FULL = 16 * 1024 * 1024


class LaunchError(Exception):
    """A run ended in failure for which it left no sentence; the message names its log."""


class StoppedError(Exception):
    """Somebody stopped a launch while it went on."""


def dagster_folder(setup: Setup) -> Path:
    """DAGSTER_HOME, else home/dagster."""
    return Path(setup.env.get("DAGSTER_HOME") or setup.home / "dagster").resolve()


def dagster_home(setup: Setup) -> Path:
    """The folder of Dagster's instance, made; its dagster.yaml is written where it is missing."""
    path = dagster_folder(setup)
    path.mkdir(parents=True, exist_ok=True)
    settings = path / "dagster.yaml"
    if not settings.exists():
        settings.write_text(INSTANCE, encoding="utf-8")
    return path


def checkout(setup: Setup) -> Path:
    """The folder of workspace.yaml: what RINGFENCE_WORKSPACE names, else the first upward from here."""
    named = setup.env.get("RINGFENCE_WORKSPACE")
    if named:
        path = Path(named).resolve()
        if path.is_file() and _ours(path.parent):
            return path.parent
        raise RingfenceError(
            f"RINGFENCE_WORKSPACE names {path}, which is not the workspace.yaml of a checkout of ringfence"
        )
    for folder in (Path.cwd(), *Path.cwd().parents):
        if _ours(folder):
            return folder
    raise RingfenceError(
        "no workspace.yaml here or above: run this inside a checkout of ringfence, or name one in RINGFENCE_WORKSPACE"
    )


def _ours(folder: Path) -> bool:
    return (folder / "workspace.yaml").is_file() and (folder / "pipelines" / "definitions.py").is_file()


def launch(home: Home, job: str, limits: Mapping[str, Any], watch: Callable[[str], None]) -> str:
    """Run a job to its end; returns the launch id. `watch` is called with it while the run goes on.

    Raises RingfenceError with the run's own sentence when it fails for a reason that the user can mend, else
    LaunchError; StoppedError after Ctrl-C.
    """
    launch_id = home.ledger.store.new_id()
    root = checkout(home.setup)
    log = dagster_home(home.setup) / "launches" / f"{launch_id}.log"
    log.parent.mkdir(exist_ok=True)
    command = [
        *(sys.executable, "-m", "dagster", "job", "execute", "-f", str(root / "pipelines" / "definitions.py")),
        *("-d", str(root), "-j", job, "--tags", json.dumps({"ringfence/launch": launch_id})),
    ]
    if limits:
        chosen = log.with_suffix(".json")
        chosen.write_text(json.dumps({"resources": {"limits": {"config": dict(limits)}}}), encoding="utf-8")
        command += ["-c", str(chosen)]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(dagster_home(home.setup)),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "RINGFENCE_CONFIG": str(home.setup.path),
    }
    progress.phase(home.ledger, launch_id, "start")
    with log.open("wb") as output, _first_alone(dagster_home(home.setup)) as started, _stoppable():
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=root)  # noqa: S603
        try:
            while process.poll() is None:
                watch(launch_id)
                if _has_begun(home, launch_id):
                    started()
                time.sleep(POLL)
        except BaseException as error:
            process.terminate()
            process.wait()
            if not _has_begun(home, launch_id):
                progress.failed(home.ledger, launch_id, "it was stopped before it began")
            if isinstance(error, KeyboardInterrupt):
                raise StoppedError("stopped; what was out stays held until it is decided: ringfence collect") from None
            raise
    watch(launch_id)
    if process.returncode:
        raise _failure(home, launch_id, log)
    return launch_id


def _has_begun(home: Home, launch_id: str) -> bool:
    """Whether the run has come to its first step."""
    row = progress.get(home.ledger, launch_id)
    return row is not None and row["phase"] != "start"


def _failure(home: Home, launch_id: str, log: Path) -> Exception:
    """Why a run failed; on a full disk it could leave no sentence."""
    row = progress.get(home.ledger, launch_id)
    if row and row["phase"] == "failed" and row["note"]:
        return RingfenceError(row["note"])
    for folder in (home.setup.home, log.parent):
        if shutil.disk_usage(folder).free < FULL:
            return RingfenceError(f"the disk of {folder} is full; free space and run again: what is stored is kept")
    if not _has_begun(home, launch_id):
        progress.failed(home.ledger, launch_id, f"it ended before it began; its log is {log}")
    return LaunchError(f"the run ended without a word; its log is {log}. Run it again: what was paid for is kept")


@contextmanager
def _first_alone(folder: Path) -> Iterator[Callable[[], None]]:
    """Let the first run of a Dagster instance make its databases before another begins; Dagster does not lock that."""
    with (folder / "first.lock").open("ab") as lock:
        if not (folder / "history").exists():
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(lock, fcntl.LOCK_UN)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Make SIGTERM and SIGHUP stop the launched run too, as Ctrl-C does: by default they would end only us."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
