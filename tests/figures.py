"""Figures that a test run prints at its end: how much was tried, and what came of it. A test tells them by `tell`.

With xdist each process writes its own file into one folder; the process that prints adds numbers of one subject up.
"""

import json
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.sizes import BEGAN, DICE

FOLDER = "TEST_FIGURES"


def tell(subject: str, **figures: int) -> None:
    """Count figures of a subject; those of the same name are added up."""
    folder = os.environ.get(FOLDER)
    if folder:
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"subject": subject, **figures}) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder, throw the dice and look at the clock before the processes begin."""
    if not hasattr(config, "workerinput"):
        os.environ.setdefault(DICE, str(random.randrange(1_000_000)))
        os.environ[BEGAN] = str(time.time())
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="figures-")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line a subject."""
    sums: dict[str, Counter[str]] = {}
    for path in sorted(Path(os.environ[FOLDER]).glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            sums.setdefault(row.pop("subject"), Counter()).update(row)
    if sums:
        terminalreporter.section("figures")
    for subject, counted in sorted(sums.items()):
        told = ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in counted.items())
        terminalreporter.write_line(f"{subject}: {told}")
    terminalreporter.write_line(f"what was drawn is drawn again with {DICE}={os.environ[DICE]}")
