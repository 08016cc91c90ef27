"""CSV files with a header: `csv:///lists/*.csv`. Every cell is text, so that leading zeros survive; empty is NULL.

The delimiter is detected. Quotes (RFC 4180), comments and the first line are not: DuckDB 2.0 otherwise takes cells
that begin with `#` for comments and drops their rows, and guesses the quotes from the first lines alone.
"""

import re

import duckdb

from ringfence.errors import SourceError
from ringfence.sources.files import require_files
from ringfence.sources.names import quoted
from ringfence.sources.source import SourceSpec


def mount(connection: duckdb.DuckDBPyConnection, spec: SourceSpec, location: str) -> str:
    """Make the files one view, under the source's name; columns are matched by name."""
    require_files(connection, spec, location)
    relation = connection.read_csv(
        location,
        all_varchar=True,
        header=True,
        union_by_name=True,
        quotechar='"',
        escapechar='"',
        comment="",
        skiprows=0,
    )
    _require_delimiter(spec, location, relation.columns)
    relation.create_view(spec.name)
    return quoted(spec.name)


def _require_delimiter(spec: SourceSpec, location: str, columns: list[str]) -> None:
    """Raise SourceError where DuckDB took a whole header for one column, as it does when lines differ in length.

    Among several files that would silently make every cell of one of them NULL.
    """
    wanted = {name for name in (*spec.key, *spec.phones, spec.region_column) if name}
    for column in columns:
        fields = re.split(r"[,;|\t]", column)
        if len(fields) > 1 and column not in wanted and wanted & set(fields):
            raise SourceError(
                f"source '{spec.name}': the lines of a file in {location} differ in their number of fields, so that no "
                "delimiter fits; export it again with quotes around fields that hold the delimiter"
            )
