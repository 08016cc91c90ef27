"""CSV files with a header: `csv:///lists/*.csv`. Every cell is text, so that leading zeros survive; empty is NULL.

The delimiter is detected. Quotes (RFC 4180), comments and the first line are not: DuckDB 2.0 otherwise takes cells
that begin with `#` for comments and drops their rows, and guesses the quotes from the first lines alone.
"""

import glob
import re
from collections.abc import Set

import duckdb

from ringfence.errors import SourceError
from ringfence.quoting import quoted
from ringfence.sources.files import require_files
from ringfence.sources.names import one_line, shown
from ringfence.sources.source import SourceSpec

_DELIMITER = re.compile(r"[,;|\t]")
# Rows that tell a file with one column from one whose columns were not told apart.
_FIRST = 10
_HEADER = """
    FROM read_csv($file, all_varchar = true, header = false, quote = '"', escape = '"', comment = '', skip = 0) LIMIT 1
"""


def mount(connection: duckdb.DuckDBPyConnection, spec: SourceSpec, location: str) -> str:
    """Make the files one view, under the source's name; columns are matched by name."""
    location = require_files(connection, spec, location)
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
    if relation.columns == ["column0"]:
        raise SourceError(f"source '{spec.name}': {one_line(location)} is empty; export it again with a header")
    _require_single_names(connection, spec, location, relation.columns)
    _require_delimiter(spec, location, relation)
    relation.create_view(spec.name)
    return quoted(spec.name)


def _require_single_names(
    connection: duckdb.DuckDBPyConnection, spec: SourceSpec, location: str, columns: list[str]
) -> None:
    """Raise SourceError where a header has a wanted name twice: DuckDB calls the second `phone_1`, and keeps on."""
    there = {name.casefold() for name in columns}
    wanted = {name.casefold() for name in (*spec.key, *spec.phones, spec.region_column) if name}
    if not any(f"{name}_1" in there for name in wanted):
        return
    files = connection.execute("SELECT file FROM glob($location)", {"location": location}).fetchall()
    for (file,) in files:
        header = connection.execute(_HEADER, {"file": glob.escape(file)}).fetchone()
        names = [str(name).casefold() for name in header or ()]
        if twice := sorted(name for name in wanted if names.count(name) > 1):
            raise SourceError(
                f"source '{spec.name}': {one_line(file)} has the column '{shown(twice[0])}' twice; rename one of them"
            )


def _require_delimiter(spec: SourceSpec, location: str, relation: duckdb.DuckDBPyRelation) -> None:
    """Raise SourceError where DuckDB took a whole header for one column, as it does when lines differ in length.

    Among several files that would silently make every cell of one of them NULL. A lone column may bear any name, so
    it counts only when its cells hold the delimiter, too.
    """
    wanted = {name for name in (*spec.key, *spec.phones, spec.region_column) if name}
    for column in relation.columns:
        delimiters = set(_DELIMITER.findall(column))
        fields = {field.strip(' "') for field in _DELIMITER.split(column)}
        if not delimiters or column in wanted:
            continue
        if wanted & fields or (len(relation.columns) == 1 and _hold(relation, delimiters)):
            raise SourceError(
                f"source '{spec.name}': the lines of a file in {one_line(location)} differ in their number of fields, "
                "or a quote is not closed, so that no delimiter fits; export it again with quotes around fields that "
                "hold the delimiter"
            )


def _hold(relation: duckdb.DuckDBPyRelation, delimiters: Set[str]) -> bool:
    """Whether the first cells of a lone column hold one of its header's delimiters."""
    return any(delimiters & set(cell or "") for (cell,) in relation.limit(_FIRST).fetchall())
