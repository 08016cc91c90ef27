"""The source that DuckDB reads, whatever kind of warehouse is mounted in it. Only DuckDB's own formats; no network.

The warehouse is open only while its cells are copied into a folder of ours: a DuckDB file that is open for reading
cannot be written by anybody, and what consumes the cells may take its time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from ringfence.errors import SourceError
from ringfence.numbers.phone import mask_numbers
from ringfence.sources.columns import Layout, layout
from ringfence.sources.names import shown
from ringfence.sources.queries import distinct_cells, source_rows
from ringfence.sources.refusals import refusal
from ringfence.sources.source import SourceSpec

# Makes the warehouse at a location readable in a connection and gives the SQL text that names the relation in it.
Mount = Callable[[duckdb.DuckDBPyConnection, SourceSpec, str], str]

# One file a frame. DuckDB fills a row group in vectors of 2,048 rows, so that a frame passes these by one vector.
_FRAMES = "FORMAT parquet, ROW_GROUP_SIZE 100_000, ROW_GROUP_SIZE_BYTES '64MB', ROW_GROUPS_PER_FILE 1"


def settings(folder: Path, memory_limit: str) -> dict[str, str | bool | int | float | list[str]]:
    """How DuckDB is set up to read a warehouse; a larger GROUP BY than memory goes into `folder`."""
    return {
        "memory_limit": memory_limit,
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": False,
        # A missing table must not become a Python variable of that name, nor an unknown function a download.
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
    }


@dataclass(frozen=True, slots=True)
class _Opened:
    connection: duckdb.DuckDBPyConnection
    layout: Layout
    rows: str


@dataclass(slots=True, kw_only=True)
class DuckDBSource:
    """A source whose warehouse DuckDB can mount. `temp` is the folder for its temporary files, else the system's.

    What DuckDB holds in memory stays under `memory_limit` ("1GB"); a larger GROUP BY goes to disk. Every method
    raises SourceError, which never quotes a cell.
    """

    spec: SourceSpec
    mount: Mount
    location: str
    temp: Path | None = None
    memory_limit: str = "1GB"

    def check(self) -> None:
        """Resolve relation, columns and condition; reads no cell."""
        with self._workspace() as folder, self._opened(folder):
            pass

    def cells(self) -> Iterator[pl.DataFrame]:
        """Distinct cells, about 100,000 a frame; all columns are of one moment, and the warehouse is then closed."""
        with self._workspace() as folder:
            with self._opened(folder) as opened:
                for number, phone in enumerate(opened.layout.phones):
                    query = distinct_cells(opened.layout, number, opened.rows)
                    self._copy(opened, query, {f"phone_{number}": phone}, folder / f"{number}", _FRAMES)
            for file in sorted(folder.glob("*/*.parquet")):
                frame = pl.read_parquet(file, memory_map=False, glob=False)
                file.unlink()
                yield frame

    def export_rows(self, path: Path) -> None:
        """Write the rows with their keys to `path`; a file that is there is replaced, once all is written."""
        with self._workspace() as folder, self._opened(folder) as opened:
            query = source_rows(opened.layout, opened.rows)
            names = {f"phone_{number}": phone for number, phone in enumerate(opened.layout.phones)}
            self._copy(opened, query, names, path, "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE true")

    def _copy(self, opened: _Opened, query: str, names: dict[str, str], target: Path, options: str) -> None:
        default = (self.spec.default_region or "").strip().upper() or None
        values = {**names, "default_region": default, "target": str(target)}
        opened.connection.execute(f"COPY ({query}) TO $target ({options})", values)

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        with TemporaryDirectory(prefix="ringfence-source-", dir=self.temp) as folder:
            yield Path(folder)

    @contextmanager
    def _opened(self, folder: Path) -> Iterator[_Opened]:
        """The mounted warehouse; what DuckDB raises in the body becomes a SourceError."""
        try:
            with duckdb.connect(":memory:", config=settings(folder, self.memory_limit)) as connection:
                name = self.mount(connection, self.spec, self.location)
                found = layout(self.spec, connection.sql(f"SELECT * FROM {name}"))
                yield _Opened(connection, found, self._condition(connection, f"FROM {name}"))
        except duckdb.Error as error:
            # The original quotes cells: nothing that prints an error may reach it.
            raise refusal(self.spec, self.location, self.memory_limit, error) from None

    def _condition(self, connection: duckdb.DuckDBPyConnection, rows: str) -> str:
        """The rows under the user's condition, which must be one whole expression by itself."""
        where = self.spec.where
        if where is None:
            return rows
        narrowed = f"{rows} WHERE (\n{where}\n)"  # the line break ends a comment in the condition
        try:
            duckdb.SQLExpression(where)
            connection.sql(f"SELECT 1 AS one {narrowed}")
        except duckdb.Error as error:
            reason = mask_numbers(str(error).partition("\n")[0])
            raise SourceError(
                f"source '{self.spec.name}': the condition where: {shown(mask_numbers(where))} cannot be used: {reason}"
            ) from None
        return narrowed
