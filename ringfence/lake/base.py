"""Schema `base` of the served file: the lake's tables, brought up to date partition by partition. It is internal.

What else stands in the file, and how it is published, is in `served`.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import polars as pl

from ringfence.lake.columns import MONEY, TABLES, UTC_TIME
from ringfence.lake.tables import Lake
from ringfence.quoting import literal, quoted

# Which files of the lake each partition was read from.
_PARTS = "parts"
_TYPES = {
    pl.String: "VARCHAR",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.Boolean: "BOOLEAN",
    UTC_TIME: "TIMESTAMP",
    MONEY: "DECIMAL(18,9)",
    pl.List(pl.String): "VARCHAR[]",
}


def begin(connection: duckdb.DuckDBPyConnection, lake: Lake, last: Path, built: Path) -> None:
    """Attach the file to build: a copy of the last one without what is made anew, else an empty one."""
    if last.exists():
        shutil.copyfile(last, built)
        if _continues(connection, lake, built):
            return
        connection.execute("USE memory")
        connection.execute("DETACH DATABASE IF EXISTS served")
        for path in built.parent.glob(f"{built.name}*"):
            path.unlink()
    _attach(connection, built)
    connection.execute("CREATE SCHEMA base")
    for name, columns in _layout().items():
        described = ", ".join(f"{column} {kind}" for column, kind in columns)
        connection.execute(f"CREATE TABLE base.{name} ({described})")
        connection.execute(f"COMMENT ON TABLE base.{name} IS 'internal, may change: read the relations of main'")


def _attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    # The format that DuckDB 1.5 reads too: tools follow a new format late.
    connection.execute(f"ATTACH {literal(path)} AS served (STORAGE_VERSION 'v1.5.0')")
    connection.execute("USE served")


def _continues(connection: duckdb.DuckDBPyConnection, lake: Lake, built: Path) -> bool:
    """Whether a copied file is of this ledger and of this layout; everything but the lake's tables is then dropped."""
    try:
        _attach(connection, built)
        owner = connection.execute("SELECT ledger_id FROM base.served").fetchall()
        found = connection.execute(
            "SELECT table_name, list((column_name, data_type) ORDER BY column_index) FROM duckdb_columns() "
            "WHERE database_name = 'served' AND schema_name = 'base' GROUP BY ALL"
        ).fetchall()
        layout = {name: [tuple(each) for each in columns] for name, columns in found}
        if owner != [(lake.ledger_id,)] or any(layout.get(name) != columns for name, columns in _layout().items()):
            return False
        relations = connection.execute(
            "SELECT schema_name, table_name, 'TABLE' FROM duckdb_tables() WHERE database_name = 'served' UNION ALL "
            "SELECT schema_name, view_name, 'VIEW' FROM duckdb_views() WHERE database_name = 'served' AND NOT internal"
        ).fetchall()
        for schema, name, kind in relations:
            if schema != "base" or name not in _layout():
                connection.execute(f"DROP {kind} {quoted(schema)}.{quoted(name)}")
        # Gives the dropped blocks back, so that what is built next fills them.
        connection.execute("CHECKPOINT served")
    except duckdb.Error:
        return False
    return True


def _layout() -> dict[str, list[tuple[str, str]]]:
    """The tables that are continued from file to file, each with its columns and their types."""
    parts = [("relation", "VARCHAR"), ("part", "VARCHAR"), ("files", "VARCHAR[]")]
    return {**{name: _columns(name) for name in TABLES}, _PARTS: parts}


def _columns(name: str) -> list[tuple[str, str]]:
    return [(column, _TYPES[spec.dtype]) for column, spec in TABLES[name].columns.items()]


def refresh(connection: duckdb.DuckDBPyConnection, name: str, parts: Mapping[str, Sequence[str]]) -> None:
    """Bring one table of the lake up to date: a partition that only gained files gains their rows."""
    rows = connection.execute(
        f"SELECT part, files FROM base.{_PARTS} WHERE relation = $name", {"name": name}
    ).fetchall()
    known = {part: set(files) for part, files in rows}
    partition = TABLES[name].partition
    columns = ", ".join(
        f"CAST({'$part' if column == partition else column} AS {kind}) AS {column}" for column, kind in _columns(name)
    )
    # A file that was written before a column was added has NULL for it.
    empty = ", ".join(f"CAST(NULL AS {kind}) AS {column}" for column, kind in _columns(name) if column != partition)
    # One commit a table: with one a partition, a million numbers took three times as long.
    connection.execute("BEGIN")
    for part in sorted(known.keys() | parts.keys()):
        old, new = known.get(part, set()), set(parts.get(part, ()))
        if old - new:
            connection.execute(f"DELETE FROM base.{name} WHERE {partition} = $part", {"part": part})
            old = set()
        if new - old:
            connection.execute(
                f"INSERT INTO base.{name} SELECT {columns} FROM (SELECT {empty} WHERE false UNION ALL BY NAME "
                "FROM read_parquet($files, hive_partitioning = false, union_by_name = true))",
                {"part": part, "files": sorted(new - old)},
            )
    connection.execute(f"DELETE FROM base.{_PARTS} WHERE relation = $name", {"name": name})
    for part, files in parts.items():
        connection.execute(
            f"INSERT INTO base.{_PARTS} VALUES ($name, $part, $files)", {"name": name, "part": part, "files": files}
        )
    connection.execute("COMMIT")
