"""The lake: Delta tables written by append and by overwriting whole partitions, and nothing else.

Delta keeps min/max statistics in its log in clear, so they are collected for the partition column alone: no phone
number gets into a log. Every table carries the id of the ledger that it was written from.
"""

import fcntl
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from ringfence.errors import LakeError
from ringfence.lake.columns import TABLES
from ringfence.lake.disk import disk_told
from ringfence.lake.parts import rows

# The name under which a commit of `lookups` carries the highest settlement that it holds.
LEDGER = "ledger"
# And the one under which `lookups` says how often its replies were parsed again, `phone_facts` which of them it saw.
REPARSED = "reparsed"
OWNED_BY = "ledger "


@dataclass(frozen=True, slots=True)
class Lake:
    """The Delta tables of one home, written from one ledger."""

    home: Path
    ledger_id: str

    def __post_init__(self) -> None:
        usable(self.home)

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """One publisher at a time, over all processes of this home."""
        with (self.home / "publish.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def open(self, name: str) -> DeltaTable | None:
        """A table as it is now; None before its first write. Raises LakeError for another ledger's table."""
        path = self.home / "lake" / name
        if not DeltaTable.is_deltatable(str(path)):
            return None
        table = DeltaTable(str(path))
        owner = owner_of(table)
        if owner != self.ledger_id:
            raise LakeError(
                f"{path} was written from ledger {owner}, not from the one in {self.home}: use another home"
            )
        return table

    def read(self, name: str, partitions: Sequence[str | int] | None = None) -> pl.DataFrame:
        """A whole table, or some of its partitions."""
        kind = TABLES[name]
        parts = self.files(name)
        chosen = parts if partitions is None else {key: parts[key] for key in map(str, partitions) if key in parts}
        frames = [
            rows(kind, files)
            .with_columns(pl.lit(key).cast(kind.columns[kind.partition].dtype).alias(kind.partition))
            .select(pl.col(column).cast(spec.dtype) for column, spec in kind.columns.items())
            for key, files in chosen.items()
        ]
        return pl.concat(frames) if frames else pl.DataFrame(schema=kind.schema)

    def files(self, name: str) -> dict[str, list[str]]:
        """The Parquet files of a table by partition: two reads with the same files hold the same rows."""
        table = self.open(name)
        if table is None:
            return {}
        partition = TABLES[name].partition
        actions = pl.DataFrame(table.get_add_actions(flatten=True))
        result: dict[str, list[str]] = {}
        for path, key in zip(actions["path"], actions[f"partition.{partition}"], strict=True):
            result.setdefault(str(key), []).append(str(self.home / "lake" / name / path))
        return {key: sorted(files) for key, files in sorted(result.items())}

    def overwrite(
        self,
        name: str,
        frame: pl.DataFrame,
        partitions: Sequence[str | int],
        seq: int | None = None,
        reparsed: int | None = None,
    ) -> None:
        """Replace these partitions of a table by the rows of a frame, in one commit.

        The commit carries the settlement and the parsing that the rows were computed from, where they are given.
        """
        kind = TABLES[name]
        table = self.open(name)
        marks = [(each, version) for each, version in ((LEDGER, seq), (REPARSED, reparsed)) if version is not None]
        commit = CommitProperties(app_transactions=[Transaction(*mark) for mark in marks]) if marks else None
        if table is None:
            self._create(name, frame, commit)
            return
        text = kind.columns[kind.partition].dtype == pl.String
        if text and not all(str(key).isidentifier() for key in partitions):
            raise LakeError(f"a partition of {name} has a name that is not plain")
        keys = ", ".join(f"'{key}'" if text else str(int(key)) for key in partitions)
        if keys:
            _written(
                table,
                self._ordered(name, frame),
                mode="overwrite",
                predicate=f"{kind.partition} IN ({keys})",
                commit_properties=commit,
            )

    def append_settled(self, frame: pl.DataFrame, seq: int) -> None:
        """Append lookups up to a settlement, exactly once: the commit carries the settlement."""
        commit = CommitProperties(app_transactions=[Transaction(LEDGER, seq)])
        table = self.open("lookups")
        if table is None:
            self._create("lookups", frame, commit)
        else:
            _written(table, self._ordered("lookups", frame), mode="append", commit_properties=commit)

    def settled_seq(self, name: str = "lookups") -> int:
        """The highest settlement that a table holds; 0 before the first."""
        return self._mark(name, LEDGER)

    def reparsed(self, name: str = "lookups") -> int:
        """How often all replies had been parsed again when a table was written; 0 for never."""
        return self._mark(name, REPARSED)

    def _mark(self, name: str, mark: str) -> int:
        table = self.open(name)
        return 0 if table is None else table.transaction_version(mark) or 0

    def _create(self, name: str, frame: pl.DataFrame, commit: CommitProperties | None = None) -> None:
        kind = TABLES[name]
        (self.home / "lake").mkdir(mode=0o700, parents=True, exist_ok=True)
        _written(
            str(self.home / "lake" / name),
            self._ordered(name, frame),
            partition_by=[kind.partition],
            description=OWNED_BY + self.ledger_id,
            configuration={"delta.dataSkippingStatsColumns": kind.partition},
            commit_properties=commit,
        )

    @staticmethod
    def _ordered(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(pl.col(column).cast(spec.dtype) for column, spec in TABLES[name].columns.items())


def _written(table: str | DeltaTable, frame: pl.DataFrame, **how: Any) -> None:
    """Commit to a table, whole or not at all; a table that was made before a column of ours existed gains it."""
    with disk_told():
        write_deltalake(table, frame, schema_mode="merge", **how)


def usable(home: Path) -> None:
    """Raise LakeError for a path that Delta or DuckDB takes for something else.

    delta-rs 1.6 reads it as part of a URL; DuckDB 2.0 reads * and ? as a pattern, and ? as the end of a file's name.
    """
    if re.search(r"[\[\]|^\\*?]|%[0-9A-Fa-f]{2}", str(home)):
        raise LakeError(
            f"home {home} cannot hold tables: choose a path without [ ] | ^ \\ * ? and without %20 and the like"
        )


def owner_of(table: DeltaTable) -> str:
    """The id of the ledger that a table was written from."""
    return str(table.metadata().description or "").removeprefix(OWNED_BY)


def state_of(home: Path) -> tuple[str | None, int]:
    """Whose lake stands in a home and the highest settlement in it: (None, 0) where there is none."""
    path = home / "lake" / "lookups"
    if not DeltaTable.is_deltatable(str(path)):
        return None, 0
    table = DeltaTable(str(path))
    return owner_of(table), table.transaction_version(LEDGER) or 0


def frame_of(name: str, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Rows as a frame of a table's schema; what a row does not say is NULL."""
    schema = TABLES[name].schema
    return pl.DataFrame({column: [row.get(column) for row in rows] for column in schema}, schema=schema, strict=True)
