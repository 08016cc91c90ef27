"""The SQL files of the checkout: `sql/views`, a file a served relation, and `sql/checks`, a file a check.

A file is one bare SELECT under a first line that says what it means; a view has a line `-- column: meaning` for each of
its columns, which becomes the column's comment. They read schema `base`, which `served` builds.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from itertools import takewhile
from pathlib import Path

import duckdb

from ringfence.errors import LakeError
from ringfence.numbers.phone import mask_numbers
from ringfence.quoting import literal, quoted

# Read again and again, and independent of the clock: tables. The other relations are views.
MATERIALIZED = ("phone_numbers", "unusable_phones")
# One file for all sources: it becomes `enriched_<source>`.
ENRICHED = "enriched"
# What an export of source rows holds beside the columns of the source's key.
_CELL = ("source_key", "phone_column", "raw_value", "region_hint")
# What views read of the sources themselves: of all of them, and for `enriched` of one.
ROWS = {"rows_of_sources": ("source", *_CELL), "rows_of_source": ("key", "source", *_CELL)}
_COLUMN = re.compile(r"-- (\w+): (.+)")
_READS = re.compile(r"\b(?:from|join)\s+([a-z_]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class View:
    """One relation: its name, what a row of it is, the SELECT, and what its columns mean."""

    name: str
    meaning: str
    query: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found: it holds when there are no rows. They are counted only, because they may hold numbers."""

    name: str
    meaning: str
    mend: str
    rows: int


def sql_folder() -> Path:
    """The folder `sql` beside the package; raises LakeError where only the wheel is installed."""
    folder = Path(__file__).parents[2] / "sql"
    if not folder.is_dir():
        raise LakeError(f"{folder} is not there: views and checks are run from a checkout of ringfence, not the wheel")
    return folder


def views() -> list[View]:
    """Every view, each after those that it reads."""
    found = {path.stem: _view(path) for path in sorted((sql_folder() / "views").glob("*.sql"))}
    reads = {name: set(_READS.findall(view.query)) & (found.keys() - {name}) for name, view in found.items()}
    return [found[name] for name in TopologicalSorter(reads).static_order()]


def create(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Path]) -> None:
    """Make every relation in the database in use; `rows` is a Parquet file of its rows for each source.

    Raises LakeError that names the file of a view that does not work.
    """
    cells = ", ".join(_CELL)
    parts = [f"SELECT {literal(name)} AS source, {cells} FROM {_parquet(path)}" for name, path in rows.items()]
    empty = "SELECT '' AS source, '' AS source_key, '' AS phone_column, '' AS raw_value, '' AS region_hint WHERE false"
    connection.execute(f"CREATE TEMP VIEW rows_of_sources AS {' UNION ALL '.join([*parts, empty])}")
    for view in views():
        try:
            if view.name == ENRICHED:
                for name, path in rows.items():
                    _enrich(connection, view, name, path)
            else:
                _make(connection, "TABLE" if view.name in MATERIALIZED else "VIEW", view)
        except duckdb.Error as error:
            raise LakeError(f"sql/views/{view.name}.sql does not work: {reason(error)}") from None


def beside(name: str, key: Collection[str]) -> str:
    """The name of a column of ours in an enriched relation: prefixed where a column of the source's key has it."""
    taken = {each.casefold() for each in key}
    while name in taken:
        name = f"phone_{name}"
    return name


def checks(path: Path) -> list[CheckResult]:
    """Run every check on a served file, which is opened for reading only; raises LakeError."""
    if not path.is_file():
        raise LakeError(f"there is no served file at {path}; publish one with: ringfence serve")
    with duckdb.connect(":memory:", config={"python_enable_replacements": False}) as connection:
        try:
            connection.execute(f"ATTACH {literal(path)} AS served (READ_ONLY)")
            connection.execute("USE served")
            return list(_checked(connection))
        except duckdb.Error as error:
            raise LakeError(f"{path} cannot be checked: {reason(error)}") from None


def reason(error: duckdb.Error) -> str:
    """The first line of what DuckDB says, with numbers masked: it quotes values."""
    return mask_numbers(str(error).partition("\n")[0])


def _view(path: Path) -> View:
    query = path.read_text(encoding="utf-8")
    head = list(takewhile(lambda line: line.startswith("--"), query.splitlines()))
    columns = {match[1]: match[2] for line in head[1:] if (match := _COLUMN.fullmatch(line))}
    return View(path.stem, head[0].removeprefix("-- "), query, columns)


def _parquet(path: Path) -> str:
    # A folder such as a=b of the path is no column.
    return f"read_parquet({literal(path)}, hive_partitioning = false)"


def _make(connection: duckdb.DuckDBPyConnection, kind: str, view: View) -> None:
    connection.execute(f"CREATE {kind} {view.name} AS\n{view.query}")
    connection.execute(f"COMMENT ON {kind} {view.name} IS {literal(view.meaning)}")
    for column, meaning in view.columns.items():
        connection.execute(f"COMMENT ON COLUMN {view.name}.{quoted(column)} IS {literal(meaning)}")


def _enrich(connection: duckdb.DuckDBPyConnection, view: View, source: str, path: Path) -> None:
    """Expand `enriched` for one source: its key in columns of their own names, ours beside them.

    A column of ours that has the name of a key column is prefixed with phone_: the user's key keeps its name.
    """
    export = _parquet(path)
    names = [name for name, *_ in connection.execute(f"DESCRIBE FROM {export}").fetchall()]
    key = [name for name in names if name not in _CELL]
    packed = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in key)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW rows_of_source AS "
        f"SELECT struct_pack({packed}) AS key, {literal(source)} AS source, {', '.join(_CELL)} FROM {export}"
    )
    columns = dict.fromkeys(key, "column of the source's key")
    renamed = []
    for name, *_ in connection.execute(f"DESCRIBE {view.query}").fetchall():
        ours = beside(name, key)
        if name in view.columns:
            columns[ours] = view.columns[name]
        if name not in ("key", ours):
            renamed.append(f"{name} AS {ours}")
    others = f"* EXCLUDE (key) RENAME ({', '.join(renamed)})" if renamed else "* EXCLUDE (key)"
    query = f"SELECT key.*, {others} FROM (\n{view.query}\n)"
    _make(connection, "TABLE", View(f"enriched_{source}", view.meaning, query, columns))


def _checked(connection: duckdb.DuckDBPyConnection) -> Iterator[CheckResult]:
    for path in sorted((sql_folder() / "checks").glob("*.sql")):
        query = path.read_text(encoding="utf-8")
        meaning, mend = (line.removeprefix("-- ").removeprefix("mend: ") for line in query.splitlines()[:2])
        [(rows,)] = connection.execute(f"SELECT count(*) FROM (\n{query}\n)").fetchall()
        yield CheckResult(path.stem, meaning, mend, rows)
