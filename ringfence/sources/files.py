"""What file sources share: a glob that must match, and no relation. How a file is read is in its own module."""

import glob
import os.path

import duckdb

from ringfence.errors import SourceError
from ringfence.sources.names import one_line
from ringfence.sources.source import SourceSpec


def is_file(path: str) -> bool:
    """Whether a path is that of a file; one that is too long or holds a NUL is not."""
    return os.path.isfile(path)  # noqa: PTH113  (Path.is_file raises for a name that is too long)


def require_files(connection: duckdb.DuckDBPyConnection, spec: SourceSpec, location: str) -> str:
    """The glob to read; raises SourceError unless it matches a file and no relation is configured.

    The name of a file that is there is that file, whatever signs of a glob are in it.
    """
    if spec.relation is not None:
        raise SourceError(f"source '{spec.name}': files are a relation by themselves; remove the key relation")
    pattern = glob.escape(location) if is_file(location) else location
    if (
        "\0" in pattern
        or not connection.execute("SELECT file FROM glob($location) LIMIT 1", {"location": pattern}).fetchall()
    ):
        raise SourceError(f"source '{spec.name}': no file matches {one_line(location)}; mend the path of its warehouse")
    return pattern
