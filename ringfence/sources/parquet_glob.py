"""Parquet files: `parquet:///exports/*.parquet`. Columns are matched by name; one that a file lacks is NULL there."""

import duckdb

from ringfence.errors import SourceError
from ringfence.quoting import quoted
from ringfence.sources.files import require_files
from ringfence.sources.names import shown
from ringfence.sources.source import SourceSpec

_REAL_COLUMNS = """
    SELECT DISTINCT file_name, path_in_schema FROM parquet_metadata($location) WHERE type = 'FLOAT' ORDER BY ALL
"""


def mount(connection: duckdb.DuckDBPyConnection, spec: SourceSpec, location: str) -> str:
    """Make the files one view, under the source's name."""
    location = require_files(connection, spec, location)
    _refuse_real(connection, spec, location)
    connection.read_parquet(location, union_by_name=True).create_view(spec.name)
    return quoted(spec.name)


def _refuse_real(connection: duckdb.DuckDBPyConnection, spec: SourceSpec, location: str) -> None:
    """Raise SourceError for a phone column that is REAL in any file.

    Beside a file where it is DOUBLE or text, the common type would present its rounded digits as exact ones.
    """
    for file, path in connection.execute(_REAL_COLUMNS, {"location": location}).fetchall():
        # The path of a list's elements is "phone, list, element".
        name = path.split(", ")[0].casefold()
        for phone in spec.phones:
            if phone.casefold() == name:
                raise SourceError(
                    f"source '{spec.name}': column '{shown(phone)}' is REAL in {file}, which keeps about 7 digits and "
                    "cannot hold a phone number exactly; export it as text"
                )
