"""Opens a source by the scheme of its warehouse's address. A new kind of warehouse is one module and one line here."""

from collections.abc import Mapping
from pathlib import Path

from ringfence.errors import SourceError
from ringfence.sources import csv_glob, duckdb_file, parquet_glob
from ringfence.sources.engine import DuckDBSource, Mount
from ringfence.sources.source import Source, SourceSpec

_MOUNTS: Mapping[str, Mount] = {
    "duckdb": duckdb_file.mount,
    "parquet": parquet_glob.mount,
    "csv": csv_glob.mount,
}


def open_source(spec: SourceSpec, *, temp: Path | None = None, memory_limit: str = "1GB") -> Source:
    """The source of a spec; nothing is opened yet. `temp` is the folder for its temporary files, which hold cells.

    Raises SourceError for an address of another form than `<kind>:///absolute/path`.
    """
    scheme, _, location = spec.warehouse.partition("://")
    if scheme not in _MOUNTS or not location.startswith("/"):
        # The address itself is not shown: one of another kind may hold a password.
        kinds = ", ".join(f"{kind}:///" for kind in _MOUNTS)
        raise SourceError(f"source '{spec.name}': its warehouse must be an address that begins with one of {kinds}")
    return DuckDBSource(spec=spec, mount=_MOUNTS[scheme], location=location, temp=temp, memory_limit=memory_limit)
