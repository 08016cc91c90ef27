"""A SELECT of the user's on a warehouse: it reads that warehouse and nothing else, and changes nothing."""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from ringfence.errors import SourceError
from ringfence.http.redact import redact
from ringfence.sources import csv_glob, duckdb_file, parquet_glob
from ringfence.sources.engine import settings
from ringfence.sources.files import is_file
from ringfence.sources.query_failure import failure
from ringfence.sources.refusals import refusal
from ringfence.sources.source import SourceSpec

MEMORY_LIMIT = "1GB"
# Rows that are fetched at a time.
FETCHED = 1_000
# What does not fit into memory is refused and not spilled: a folder to spill into could be read.
_LOCKS = ("temp_directory = ''", "enable_external_access = false", "lock_configuration = true")
# Their messages speak of the query itself; those of the others may quote a cell.
_OF_THE_QUERY = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.PermissionException)


@dataclass(frozen=True, slots=True)
class Selected:
    """What a SELECT gives: its columns by name, each with DuckDB's name of its type, and the connection to run it."""

    columns: dict[str, str]
    _connection: duckdb.DuckDBPyConnection = field(repr=False)
    _query: str = field(repr=False)
    _spec: SourceSpec = field(repr=False)

    def rows(self, expressions: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The values of these expressions over its columns, row by row. Raises SourceError, which quotes no cell."""
        with _told(self._spec, self._query):
            self._connection.execute(f"SELECT {', '.join(expressions)} FROM (\n{self._query}\n)")
            while some := self._connection.fetchmany(FETCHED):
                yield from some


@contextmanager
def selected(spec: SourceSpec, query: str) -> Iterator[Selected]:
    """Open a warehouse for one SELECT; a warehouse of files is one view under the name of the spec.

    It stays open for the length of the block, and nobody can write a DuckDB file meanwhile. Raises SourceError.
    """
    with (
        TemporaryDirectory(prefix="ringfence-select-") as folder,
        _told(spec),
        duckdb.connect(":memory:", config=settings(Path(folder), MEMORY_LIMIT)) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        files = _mounted(connection, spec)
        connection.execute("SET allowed_paths = $files", {"files": files})
        for lock in _LOCKS:
            connection.execute(f"SET {lock}")
        with _told(spec, query):
            text = _one_select(query)
            found = connection.sql(f"SELECT * FROM (\n{text}\n)")
        columns = dict(zip(found.columns, map(str, found.types), strict=True))
        yield Selected(columns, connection, text, spec)


def _mounted(connection: duckdb.DuckDBPyConnection, spec: SourceSpec) -> list[str]:
    """Make the warehouse readable, and give the files that may be read from then on."""
    scheme, _, location = spec.warehouse.partition("://")
    if scheme == "duckdb":
        duckdb_file.attach(connection, spec.name, location)
        return []
    if scheme not in ("parquet", "csv"):
        raise SourceError(f"{spec.name}: a warehouse begins with one of duckdb:///, parquet:///, csv:///")
    mount = parquet_glob.mount if scheme == "parquet" else csv_glob.mount
    mount(connection, spec, location)
    pattern = glob.escape(location) if is_file(location) else location
    found = connection.execute("SELECT file FROM glob($pattern)", {"pattern": pattern}).fetchall()
    return [pattern, *(file for (file,) in found)]


def _one_select(query: str) -> str:
    """The text of the one SELECT that is given; raises SourceError for anything else."""
    statements = duckdb.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise SourceError("--from takes one SELECT, such as: SELECT body, received_at FROM raw.replies")
    return statements[0].query.strip().rstrip(";")


@contextmanager
def _told(spec: SourceSpec, query: str = "") -> Iterator[None]:
    """Tell of what DuckDB raises: of a query where one runs, else of the warehouse."""
    try:
        yield
    except _OF_THE_QUERY as error:
        reason = redact(" ".join(str(error).split("\n\nLINE")[0].split()))
        raise SourceError(f"the SELECT cannot be run on {spec.name}: {reason[:300]}") from None
    except duckdb.Error as error:
        if query and (why := failure(query, error)):
            raise SourceError(f"the SELECT failed on {spec.name}: {redact(why)[:300]}") from None
        raise refusal(spec, spec.warehouse.partition("://")[2], MEMORY_LIMIT, error) from None
