"""Finds planted secrets and phone numbers in whatever a file is made of: its bytes, and the values in them.

It knows nothing of where they may stand: that is the test's. It shares no code with what hides them.
"""

import base64
import gzip
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
import polars as pl

# What may stand between two digits of a number: signs that people write, and the other half of UTF-16.
GAP = rb"(?:[\s().\-/\x00]|%20|&nbsp;|\xc2\xa0){0,3}"
# How deep a packed thing is unpacked that was packed itself.
DEEPEST = 3


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """What was found and where: a file, and the place in it ("" is its bytes, else table and column)."""

    file: str
    place: str
    what: str


class Needles:
    """What is looked for: secrets by name, and numbers (E.164); each in all of its spellings."""

    def __init__(self, secrets: Mapping[str, str], numbers: Mapping[str, str]) -> None:
        """`numbers` maps E.164 to what is dialled within the country, without a zero before it."""
        self._secrets = {name: re.compile(b"|".join(_spelled(value))) for name, value in secrets.items()}
        # The name of a group cannot hold a number, and the pattern of each is its own.
        self._numbers = {
            phone: re.compile(b"|".join([_dialled(national), *_in_base64(phone.removeprefix("+"))]))
            for phone, national in numbers.items()
        }
        together = b"|".join(one.pattern for one in self._numbers.values())
        self._any_number = re.compile(together or rb"(?!)")
        self._any_secret = re.compile(b"|".join(one.pattern for one in self._secrets.values()) or rb"(?!)")

    def secrets_in(self, data: bytes) -> list[str]:
        """The names of the secrets that stand in these bytes."""
        if not self._any_secret.search(data):
            return []
        return [name for name, pattern in self._secrets.items() if pattern.search(data)]

    def numbers_in(self, data: bytes) -> list[str]:
        """The numbers that stand in these bytes."""
        if not self._any_number.search(data):
            return []
        return [phone for phone, pattern in self._numbers.items() if pattern.search(data)]

    def found_in(self, data: bytes) -> list[str]:
        """Everything that stands in these bytes."""
        return [*self.secrets_in(data), *self.numbers_in(data)]


def _spelled(value: str) -> list[bytes]:
    """A secret as it stands, in a URL, in JSON, in UTF-16, and within something that is in base64."""
    plain = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
    wide = [value.encode("utf-16-le")]
    return [re.escape(each) for each in [*(each.encode() for each in plain), *wide]] + _in_base64(value)


def _in_base64(value: str) -> list[bytes]:
    """What is the same of its base64 whatever stands before and after it."""
    found = []
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + value.encode())
        begin = (0, 2, 3)[before]
        rest = (before + len(value.encode())) % 3
        found.append(re.escape(whole[begin : len(whole) - (0, 3, 2)[rest]]))
    return found


def _dialled(national: str) -> bytes:
    return GAP.join(re.escape(digit.encode()) for digit in national)


def search(root: Path, needles: Needles, *, also: Iterable[tuple[str, bytes]] = ()) -> tuple[list[Hit], int, int]:
    """Look through every file below a folder and these further texts: the hits, the files, and the bytes looked at."""
    hits: set[Hit] = set()
    files = size = 0
    for name, place, data in _everything(root, also):
        files += not place
        size += len(data)
        hits.update(Hit(name, place, what) for what in needles.found_in(data))
        hits.update(Hit(name, "its name", what) for what in needles.found_in(name.encode()) if not place)
    return sorted(hits), files, size


def _everything(root: Path, also: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, str, bytes]]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            for place, data in contents(path):
                yield path.relative_to(root).as_posix(), place, data
    for name, data in also:
        yield name, "", data


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file, and the values of what it is: a database or a table, packed values unpacked."""
    data = path.read_bytes()
    yield "", b"\n".join(unpacked(data))
    if data.startswith(b"SQLite format 3\0"):
        yield from _sqlite(path)
    elif data.startswith(b"PAR1"):
        for column in (frame := pl.read_parquet(path, hive_partitioning=False)).columns:
            yield column, _joined(frame[column].to_list())
    elif data[8:12] == b"DUCK":
        yield from _duckdb(path)


def unpacked(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """These bytes, and what they are the gzip or zlib of."""
    yield data
    if depth < DEEPEST:
        unpack = gzip.decompress if data[:2] == b"\x1f\x8b" else zlib.decompress if data[:1] == b"\x78" else None
        with suppress(zlib.error, EOFError, gzip.BadGzipFile):
            if unpack:
                yield from unpacked(unpack(data), depth + 1)


def _joined(values: Iterable[object]) -> bytes:
    """Values one after the other, as text; a line between them, which is no part of a number."""
    return b"\n|\n|\n".join(
        part
        for value in values
        if value is not None
        for part in unpacked(value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass"))
    )


def _sqlite(path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in tables:
            table = name.decode()
            result = connection.execute(f'SELECT * FROM "{table}"')
            rows = result.fetchall()
            for place, column in enumerate(result.description):
                yield f"{table}.{column[0]}", _joined(row[place] for row in rows)


def _duckdb(path: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        for schema, table in tables:
            result = connection.execute(f'SELECT COLUMNS(*)::VARCHAR FROM "{schema}"."{table}"')
            names = [column[0] for column in result.description or []]
            rows = result.fetchall()
            for place, column in enumerate(names):
                yield f"{schema}.{table}.{column}", _joined(row[place] for row in rows)
        yield "its views", _joined(row[0] for row in connection.execute("SELECT sql FROM duckdb_views()").fetchall())
