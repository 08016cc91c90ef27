"""The searcher of leaks finds what is planted, in every kind of place and spelling, and nothing else."""

import base64
import gzip
import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import duckdb
import polars as pl
import pytest

from tests.leaks.search import Needles, search

SECRET, PHONE, NATIONAL = 'planted "secret"/1', "+31617391846", "617391846"
NEEDLES = Needles({"a key": SECRET}, {PHONE: NATIONAL})
BOTH = f"key {SECRET} of {PHONE}"
# How a number is written where no program has tidied it up.
SPELLED = [
    *("+31617391846", "31617391846", "0031617391846", "0617391846", "06 17391846", "+31 6 1739 1846", "06-17 39 18 46"),
    *("(06) 17391846", "+31%20617391846", "06.17.39.18.46", "+31\u00a06\u00a017391846", "31617391846.0"),
]


def _sqlite(path: Path, value: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (value)")
        connection.execute("INSERT INTO t VALUES (?)", [value])


def _duckdb(path: Path, value: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (value VARCHAR)")
        connection.execute("INSERT INTO t VALUES (?)", [value])


def _write(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


PLACES: dict[str, Callable[[Path], object]] = {
    "text": _write(BOTH.encode()),
    "between other bytes": _write(b"\0\xff" + BOTH.encode() + b"\xfe"),
    "UTF-16": _write(BOTH.encode("utf-16")),
    "JSON": _write(json.dumps({"told": BOTH}).encode()),
    "a URL": _write(f"http://host/?key={quote(SECRET, safe='')}&number={quote(PHONE)}".encode()),
    "base64": _write(base64.b64encode(b"user:" + SECRET.encode()) + b"\n" + base64.b64encode(b"to " + PHONE.encode())),
    "gzip": _write(gzip.compress(BOTH.encode())),
    "gzip in gzip": _write(gzip.compress(gzip.compress(BOTH.encode()))),
    "a value of SQLite": lambda path: _sqlite(path, BOTH),
    "a packed value of SQLite": lambda path: _sqlite(path, zlib.compress(BOTH.encode())),
    "Parquet": lambda path: pl.DataFrame({"value": [BOTH] * 3}).write_parquet(path, compression="zstd"),
    "DuckDB": lambda path: _duckdb(path, BOTH),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_planted_is_found_wherever_it_stands(tmp_path: Path, place: str) -> None:
    """A secret and a number, in a file of its own beside one that holds neither."""
    (tmp_path / "innocent").write_text("key *** of +31*******46, 2026-11-22T07:39:18.461739, 7391846 alone")
    PLACES[place](tmp_path / "planted")
    hits, files, size = search(tmp_path, NEEDLES)
    assert {(hit.file, hit.what) for hit in hits} == {("planted", "a key"), ("planted", PHONE)}
    assert files == 2
    assert size > 0


@pytest.mark.parametrize("spelled", SPELLED)
def test_every_spelling_of_a_number_is_found(spelled: str) -> None:
    """With and without its country, with whatever stands between the digits."""
    assert NEEDLES.numbers_in(f"called {spelled} twice".encode()) == [PHONE]


def test_whole_numbers_in_columns_of_numbers_are_found(tmp_path: Path) -> None:
    """A column of integers holds no text, and shows its numbers all the same."""
    _sqlite(tmp_path / "ledger", int(PHONE))
    pl.DataFrame({"value": [int(PHONE)]}).write_parquet(tmp_path / "table")
    hits, _, _ = search(tmp_path, NEEDLES)
    assert {hit.file for hit in hits} == {"ledger", "table"}


def test_the_name_of_a_file_and_what_is_no_file_are_looked_at(tmp_path: Path) -> None:
    """A number in a name is a hit, and so is one in a text that was caught on its way."""
    (tmp_path / f"of {PHONE}.txt").touch()
    hits, _, _ = search(tmp_path, NEEDLES, also=[("stderr", BOTH.encode())])
    assert {(hit.file, hit.place) for hit in hits} == {(f"of {PHONE}.txt", "its name"), ("stderr", "")}
