"""The served DuckDB file: built aside, published by one rename, the last three kept. Readers are never blocked.

Schema `base` of it is internal: the lake's tables as they are, and tables that the caller gives as Parquet. Schema
`main` is the contract: one relation a file of `sql/views`. What the caller's tables mean is not known here.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ringfence.errors import LakeError
from ringfence.lake import base
from ringfence.lake.tables import Lake
from ringfence.lake.views import create, reason, views
from ringfence.quoting import literal

NAME = "ringfence.duckdb"
KEPT = 3
MEMORY_LIMIT = "1GB"
_ARCHIVED = re.compile(r"ringfence-(\d+)\.duckdb", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a served file is made of.

    files: the lake's Parquet files by table and partition; tables: a Parquet file for each other table of `base`;
    rows: a Parquet file with the rows of each source; about: columns of the one row of `base.served`.
    """

    files: Mapping[str, Mapping[str, Sequence[str]]]
    tables: Mapping[str, Path]
    rows: Mapping[str, Path]
    about: Mapping[str, str]


@contextmanager
def workspace(home: Path) -> Iterator[Path]:
    """The folder to build in, on the file system of home; what a crash left there goes. Needs the publish lock."""
    folder = home / "served" / "building"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def contents(inputs: Inputs, folder: Path) -> str:
    """A text that is equal for two sets of inputs with the same rows in whatever order.

    It holds unkeyed checksums of rows: the caller stores no more than a keyed digest of it.
    """
    with _connection(folder) as connection:
        sums = {
            f"{kind} {name}": connection.execute(
                "SELECT count(*), CAST(sum(hash(one)) AS VARCHAR) "
                "FROM read_parquet($path, hive_partitioning = false) AS one",
                {"path": str(path)},
            ).fetchall()
            for kind, paths in (("table", inputs.tables), ("rows", inputs.rows))
            for name, path in paths.items()
        }
    return json.dumps([inputs.files, sums, inputs.about, [view.query for view in views()]], sort_keys=True)


def seal_of(home: Path) -> str | None:
    """The seal that the published file was given; None without a file that can be read."""
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"ATTACH {literal(home / NAME)} AS served (READ_ONLY)")
            rows = connection.execute("SELECT seal FROM served.base.served").fetchall()
    except duckdb.Error:
        return None
    return str(rows[0][0]) if rows else None


def publish(lake: Lake, folder: Path, inputs: Inputs, *, seal: str, at: datetime) -> Path:
    """Build the file in `folder` and publish it: whoever has the old one open keeps reading it.

    Starts from a copy of the last file, of which only the partitions whose files changed are replaced. Raises
    LakeError when a view does not work.
    """
    built = folder / NAME
    with _connection(folder) as connection:
        try:
            base.begin(connection, lake, lake.home / NAME, built)
            for name, parts in inputs.files.items():
                base.refresh(connection, name, parts)
            for name, path in inputs.tables.items():
                connection.execute(
                    f"CREATE TABLE base.{name} AS FROM read_parquet($path, hive_partitioning = false)",
                    {"path": str(path)},
                )
            about = {"served_at": at.replace(tzinfo=None), "ledger_id": lake.ledger_id, **inputs.about, "seal": seal}
            columns = ", ".join(f"${name} AS {name}" for name in about)
            connection.execute(f"CREATE TABLE base.served AS SELECT {columns}", about)
            create(connection, inputs.rows)
            connection.execute("CHECKPOINT served")
        except duckdb.Error as error:
            raise LakeError(f"the served file cannot be built: {reason(error)}") from None
    archive = lake.home / "served"
    kept = archive / f"ringfence-{max(_archived(archive), default=0) + 1}.duckdb"
    # It holds whole numbers, as the ledger does: who else may read it is the owner's decision.
    built.chmod(0o400)
    built.rename(kept)
    _point(lake.home, folder, kept)
    for number in sorted(_archived(archive))[:-KEPT]:
        (archive / f"ringfence-{number}.duckdb").unlink()
    return lake.home / NAME


def previous(home: Path, folder: Path) -> Path:
    """Publish again the file before the published one; raises LakeError when none is kept."""
    archive, published = home / "served", home / NAME
    kept = [archive / f"ringfence-{number}.duckdb" for number in sorted(_archived(archive))]
    place = next((n for n, each in enumerate(kept) if published.exists() and each.samefile(published)), len(kept))
    if place == 0:
        raise LakeError(f"no earlier served file is kept in {archive}")
    _point(home, folder, kept[place - 1])
    return published


def _archived(archive: Path) -> list[int]:
    return [int(match[1]) for path in archive.iterdir() if (match := _ARCHIVED.fullmatch(path.name))]


def _point(home: Path, folder: Path, kept: Path) -> None:
    link = folder / "published"
    link.hardlink_to(kept)
    link.replace(home / NAME)


@contextmanager
def _connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": False,
        # A missing table must not become a Python variable of that name, nor an unknown function a download.
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=settings) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
