"""Distinct cells and exported rows: every row is counted once, and the two agree on every cell."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.errors import SourceError
from ringfence.sources.registry import open_source
from ringfence.sources.source import Source, SourceSpec
from tests.sizes import share

SCHEMA = {
    "phone_column": pl.String,
    "raw_value": pl.String,
    "parts": pl.List(pl.String),
    "region_hint": pl.String,
    "region_basis": pl.String,
    "row_count": pl.Int64,
}

# Type, literal, raw_value, parts. The texts of DOUBLE are DuckDB 2.0's: the gate decides what they are worth.
HELD = [
    ("VARCHAR", "'0447700900123'", "0447700900123", ["0447700900123"]),
    ("VARCHAR", "''", "", [""]),
    ("VARCHAR", "'a' || chr(0) || chr(10) || 'b'", "a\0\nb", ["a\0\nb"]),
    ("VARCHAR", "NULL", None, []),
    ("TINYINT", "112", "112", ["112"]),
    ("UBIGINT", "18446744073709551615", "18446744073709551615", ["18446744073709551615"]),
    ("HUGEINT", "-447700900123", "-447700900123", ["-447700900123"]),
    ("UHUGEINT", "447700900123", "447700900123", ["447700900123"]),
    ("DOUBLE", "447700900123", "447700900123.0", ["447700900123.0"]),
    ("DOUBLE", "1e16", "1e+16", ["1e+16"]),
    ("DOUBLE", "'nan'", "nan", ["nan"]),
    ("DOUBLE", "'-inf'", "-inf", ["-inf"]),
    ("DECIMAL(20,2)", "447700900123", "447700900123.00", ["447700900123.00"]),
    ("ENUM('x', '447700900123')", "'447700900123'", "447700900123", ["447700900123"]),
    ("JSON", "'\"4477\"'", '"4477"', ['"4477"']),
    ("VARCHAR[]", "['a, b', NULL, 'NULL', '']", "['a, b', NULL, 'NULL', '']", ["a, b", None, "NULL", ""]),
    ("VARCHAR[]", "[]", "[]", []),
    ("VARCHAR[]", "NULL", None, []),
    ("BIGINT[2]", "[447700900123, 1]", "[447700900123, 1]", ["447700900123", "1"]),
    ("DOUBLE[]", "[1e16]", "[1e+16]", ["1e+16"]),
]
REFUSED = {
    "REAL": "about 7 digits",
    "REAL[]": "about 7 digits",
    "BOOLEAN": "BOOLEAN cannot hold",
    "DATE": "DATE cannot hold",
    "TIMESTAMP": "TIMESTAMP cannot hold",
    "UUID": "UUID cannot hold",
    "BLOB": "bytes",
    "STRUCT(number VARCHAR)": "selects the field",
    "STRUCT(number VARCHAR)[]": "selects the field",
    "MAP(VARCHAR, VARCHAR)": "selects the entry",
    "VARCHAR[][]": "a list within a list",
}


def source(folder: Path, statement: str, **fields: object) -> Source:
    """A source on table t of a new DuckDB file, made by one statement."""
    path = folder / "crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)
    chosen = {"key": ("id",), "phones": ("phone",), **fields}
    return open_source(SourceSpec(name="crm", warehouse=f"duckdb://{path}", relation="t", **chosen))  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "literal", "raw", "parts"), HELD)
def test_a_type_that_holds_numbers(kind: str, literal: str, raw: str | None, parts: list[str], tmp_path: Path) -> None:
    """Each type's cell has one exact text, its scalars, and the same text in the exported rows."""
    table = source(tmp_path, f"CREATE TABLE t AS SELECT 1 AS id, CAST({literal} AS {kind}) AS phone")
    (frame,) = table.cells()
    assert dict(frame.schema) == SCHEMA
    assert frame.rows() == [("phone", raw, parts, None, None, 1)]
    table.export_rows(tmp_path / "rows.parquet")
    assert pl.read_parquet(tmp_path / "rows.parquet")["raw_value"].to_list() == [raw]


@pytest.mark.parametrize(("kind", "why"), REFUSED.items())
def test_a_type_that_cannot_hold_numbers(kind: str, why: str, tmp_path: Path) -> None:
    """A column of such a type is refused by name and type before any cell is read."""
    table = source(
        tmp_path, f'CREATE TABLE t (id INTEGER, phone VARCHAR, "Other Phone" {kind})', phones=("other phone",)
    )
    for use in (table.check, lambda: next(table.cells()), lambda: table.export_rows(tmp_path / "rows.parquet")):
        with pytest.raises(SourceError, match=r"column 'Other Phone' \(.*\) cannot be used: ") as caught:
            use()
        assert why in str(caught.value)


def test_a_region_is_text(tmp_path: Path) -> None:
    """A region column of numbers is refused: 31 is no ISO 3166-1 code."""
    table = source(tmp_path, "CREATE TABLE t AS SELECT 1 AS id, '' AS phone, 31 AS region", region_column="region")
    with pytest.raises(SourceError, match="a region is text"):
        table.check()


CELLS = st.sampled_from([None, "", "0201", "0201 ", "+31201", "x"])
REGIONS = st.sampled_from([None, "", "  ", "NL", "nl", " nl\t", "DE"])


@settings(max_examples=share(40), deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, st.none() | st.lists(CELLS, max_size=3), REGIONS, st.booleans()), max_size=12),
    default=st.sampled_from([None, "nl", "GB"]),
)
def test_every_row_is_counted_once(rows: list[tuple[str, list[str], str, bool]], default: str | None) -> None:
    """The counts are those of the exported rows, sum to the kept rows for each phone column, and repeat no cell."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with duckdb.connect(str(folder / "crm.duckdb")) as connection:
            connection.execute("CREATE TABLE t (id INT, phone VARCHAR, more VARCHAR[], region VARCHAR, kept BOOLEAN)")
            for number, row in enumerate(rows):
                connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", [number, *row])
        table = source(
            folder,
            "SELECT 1",
            phones=("phone", "more"),
            region_column="region",
            default_region=default,
            where="kept",
        )
        frames = list(table.cells())
        table.export_rows(folder / "rows.parquet")
        exported = pl.read_parquet(folder / "rows.parquet")

    kept = [row for row in rows if row[3]]
    expected = Counter(_region(row[2], default) for row in kept)
    counted: Counter[tuple[object, ...]] = Counter()
    regions: dict[str, Counter[str | None]] = {"phone": Counter(), "more": Counter()}
    for column, raw, _, hint, basis, count in (row for frame in frames for row in frame.iter_rows()):
        assert (column, raw, hint) not in counted
        counted[column, raw, hint] = count
        regions[column][hint] += count
        assert basis in ({"column", "default"} if hint else {None})
    assert counted == Counter(exported.select("phone_column", "raw_value", "region_hint").iter_rows())
    assert regions == {"phone": expected, "more": expected}
    assert sorted(exported["id"].to_list()) == sorted(2 * [n for n, row in enumerate(rows) if row[3]])


def _region(cell: str | None, default: str | None) -> str | None:
    return (cell or "").strip().upper() or (default and default.upper())


def test_a_region_from_the_column_outranks_the_default(tmp_path: Path) -> None:
    """A hint that some rows state and others take from the default is one row, with the column as its basis."""
    table = source(
        tmp_path,
        "CREATE TABLE t AS SELECT 1 AS id, '020' AS phone, unnest([' nl', '', NULL, 'de']) AS region",
        region_column="region",
        default_region="NL",
    )
    assert sorted(pl.concat(table.cells()).drop("parts").rows()) == [
        ("phone", "020", "DE", "column", 1),
        ("phone", "020", "NL", "column", 3),
    ]


def test_exported_rows_keep_the_key(tmp_path: Path) -> None:
    """Key columns keep names, types and values, and source_key is their JSON array."""
    table = source(
        tmp_path,
        """CREATE TABLE t AS SELECT 9007199254740993 AS "Id", 'a"b' AS "k 2", DATE '2026-01-31' AS day, NULL::INT AS n,
        12345678901234567890.12::DECIMAL(38,2) AS d, 'x' AS phone, ['y'] AS fax""",
        key=("id", "k 2", "day", "n", "d"),
        phones=("phone", "fax"),
    )
    path = tmp_path / "it's $rows.parquet"
    path.write_text("an older file")
    table.export_rows(path)
    frame = pl.read_parquet(path).sort("phone_column")
    assert frame.columns == ["Id", "k 2", "day", "n", "d", "source_key", "phone_column", "raw_value", "region_hint"]
    assert frame.dtypes[:5] == [pl.Int64, pl.String, pl.Date, pl.Int32, pl.Decimal(38, 2)]
    assert frame["raw_value"].to_list() == ["[y]", "x"]
    key = json.loads(frame["source_key"][0], parse_float=str)
    assert key == [9007199254740993, 'a"b', "2026-01-31", None, "12345678901234567890.12"]


def test_many_cells_come_in_bounded_frames(tmp_path: Path) -> None:
    """Frames hold about 100,000 cells, every cell comes once, and an abandoned stream leaves nothing behind."""
    table = source(tmp_path, "CREATE TABLE t AS SELECT i AS id, i AS phone FROM range(250_000) AS r(i)")
    table.temp = tmp_path / "temp"  # type: ignore[attr-defined]
    (tmp_path / "temp").mkdir()
    heights, seen = [], pl.Series(dtype=pl.String)
    for frame in table.cells():
        heights.append(frame.height)
        seen.append(frame["raw_value"])
    assert max(heights) <= 100_000 + 2_048
    assert seen.len() == seen.n_unique() == 250_000
    stream = table.cells()
    next(stream)
    assert list((tmp_path / "temp").iterdir())
    stream.close()
    assert not list((tmp_path / "temp").iterdir())


def test_the_warehouse_is_free_while_its_cells_are_consumed(tmp_path: Path) -> None:
    """After the first frame the file can be written again, and what is still to come is of the moment of reading."""
    table = source(tmp_path, "CREATE TABLE t AS SELECT 1 AS id, 'old' AS phone, 'old' AS fax", phones=("phone", "fax"))
    stream = table.cells()
    frames = [next(stream)]
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute("UPDATE t SET phone = 'new', fax = 'new'")
    frames.extend(stream)
    assert pl.concat(frames)["raw_value"].to_list() == ["old", "old"]
