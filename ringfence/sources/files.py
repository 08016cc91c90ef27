"""What file sources share: a glob that must match, and no relation. How a file is read is in its own module."""

import duckdb

from ringfence.errors import SourceError
from ringfence.sources.source import SourceSpec


def require_files(connection: duckdb.DuckDBPyConnection, spec: SourceSpec, location: str) -> None:
    """Raise SourceError unless the glob matches a file and no relation is configured."""
    if spec.relation is not None:
        raise SourceError(f"source '{spec.name}': files are a relation by themselves; remove the key relation")
    if not connection.execute("SELECT file FROM glob($location) LIMIT 1", {"location": location}).fetchall():
        raise SourceError(f"source '{spec.name}': no file matches {location}; mend the path of its warehouse")
