"""The lake's interface over a list in memory, as `publish_settled` uses it. It protects nothing: that is judged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tests.simulation.process import Process

# Seconds until a process that finds somebody publishing looks again.
LOOK = 0.05


@dataclass
class Table:
    """What is published: frames, the settlement up to which, and who is publishing."""

    frames: list[pl.DataFrame] = field(default_factory=list)
    seq: int = 0
    publisher: Process | None = None

    def rows(self) -> list[dict[str, Any]]:
        """Every published row."""
        return [row for frame in self.frames for row in frame.to_dicts()]


class MemoryLake:
    """The lake as one process has it."""

    def __init__(self, process: Process, table: Table, home: Path) -> None:
        self.home, self.ledger_id = home, process.ledger.ledger_id
        self._process, self._table = process, table

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """One publisher at a time; the kernel takes the lock from one that is killed."""
        while self._table.publisher and not self._table.publisher.dead:
            self._process.rest(LOOK)
        self._table.publisher = self._process
        try:
            yield
        finally:
            if self._table.publisher is self._process:
                self._table.publisher = None

    def settled_seq(self, name: str = "lookups") -> int:
        """The settlement up to which the table is published."""
        del name
        return self._table.seq

    def append_settled(self, frame: pl.DataFrame, seq: int) -> None:
        """Append in one commit, before and after which a process may die."""
        self._process.point("publish")
        self._table.frames.append(frame)
        self._table.seq = seq
        self._process.world.note("published", self._process.name, frame.height, seq)
        self._process.point("published")
