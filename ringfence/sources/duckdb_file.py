"""A DuckDB database file, attached read-only: `duckdb:///data/crm.duckdb`, with a relation in it."""

from pathlib import Path

import duckdb

from ringfence.errors import SourceError
from ringfence.quoting import quoted
from ringfence.sources.catalog import find_relation
from ringfence.sources.files import is_file
from ringfence.sources.names import one_line
from ringfence.sources.source import SourceSpec

# The catalogs that every DuckDB connection has.
_TAKEN = {"memory", "system", "temp"}


def mount(connection: duckdb.DuckDBPyConnection, spec: SourceSpec, location: str) -> str:
    """Attach the file under its own name, as its views expect, and find the relation."""
    if spec.relation is None:
        raise SourceError(f"source '{spec.name}': a DuckDB file holds many tables; say which one as its relation")
    return find_relation(connection, attach(connection, spec.name, location), spec.name, spec.relation).sql


def attach(connection: duckdb.DuckDBPyConnection, source: str, location: str) -> str:
    """Attach the file read-only and use it; the name of its catalog."""
    if not is_file(location):
        raise SourceError(f"source '{source}': there is no file {one_line(location)}; mend the path of its warehouse")
    stem = Path(location).stem
    catalog = f"{stem}_file" if stem.casefold() in _TAKEN else stem
    connection.execute(f"ATTACH $location AS {quoted(catalog)} (READ_ONLY)", {"location": location})
    # A condition may name other tables of the file.
    connection.execute(f"USE {quoted(catalog)}")
    return catalog
