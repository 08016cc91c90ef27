"""What a person calls a warehouse (a path, a glob or an address), and the address that the configuration has for it."""

import glob
from dataclasses import dataclass
from pathlib import Path

from ringfence.errors import SourceError
from ringfence.sources.files import is_file
from ringfence.sources.names import one_line

_SUFFIXES = {
    "parquet": (".parquet", ".pq", ".parq"),
    "csv": (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".txt"),
    "duckdb": (".duckdb", ".ddb", ".db"),
}
# What the first bytes of a file say, and where they stand.
_MAGIC = {"duckdb": (8, b"DUCK"), "parquet": (0, b"PAR1")}


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A kind of warehouse with its absolute path or glob, and its address as the configuration writes it."""

    kind: str
    location: str
    address: str

    @property
    def stem(self) -> str:
        """What the file is called; of a glob its name before the first sign of a pattern, else its folder's."""
        path = Path(self.location)
        plain = path.name.split("*")[0].split("?")[0].split("[")[0]
        return plain.partition(".")[0] or path.parent.name


def warehouse(text: str, beside: Path, here: Path) -> Warehouse:
    """The warehouse that a text names: relative to `here`, or as an address to `beside`, the configuration's folder.

    Raises SourceError where it can be none.
    """
    kind, separator, path = text.partition(":///")
    if separator and kind in _SUFFIXES and path:
        folder = beside if kind == "duckdb" else Path(glob.escape(str(beside)))
        return Warehouse(kind, str(folder / path), text)
    if "://" in text or text.startswith("env:"):
        # The text is not shown: an address may hold a password.
        raise SourceError(
            "the warehouse must be a path such as crm.duckdb or 'exports/*.parquet', or an address that begins with "
            "duckdb:///, parquet:/// or csv:///"
        )
    location = here / Path(text).expanduser()
    if location.is_dir():
        raise SourceError(
            f"{one_line(str(location))} is a folder; name the files in it, such as "
            f"'{one_line(text.rstrip('/'))}/*.parquet' (in quotes)"
        )
    kind = _kind(str(location))
    return Warehouse(kind, str(location), _address(kind, location, beside))


def _kind(location: str) -> str:
    if is_file(location):
        with open(location, "rb") as file:  # noqa: PTH123  (as is_file: a name may be no Path)
            head = file.read(16)
        for kind, (place, magic) in _MAGIC.items():
            if head[place : place + len(magic)] == magic:
                return kind
    for kind, suffixes in _SUFFIXES.items():
        if location.casefold().endswith(suffixes):
            return kind
    endings = ", ".join(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
    raise SourceError(
        f"what {one_line(location)} is cannot be told from its name: it must end in one of {endings}, or be an address "
        "such as csv:///lists/export.dat"
    )


def _address(kind: str, location: Path, beside: Path) -> str:
    """Relative to the configuration where it stands at or above the file, so that both can be moved together."""
    if location.is_relative_to(beside):
        return f"{kind}:///{location.relative_to(beside)}"
    return f"{kind}:///{location}"
