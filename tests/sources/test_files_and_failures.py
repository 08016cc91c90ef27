"""Parquet and CSV files are read as they are, and what cannot be read is one sentence without a cell in it."""

import subprocess
import sys
import traceback
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ringfence.errors import SourceError
from ringfence.sources.registry import open_source
from ringfence.sources.source import SourceSpec

CELL = "447700900123"
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def spec(warehouse: str, **fields: object) -> SourceSpec:
    """A source with id as its key and phone as its phone column unless told otherwise."""
    return SourceSpec(
        name="crm", warehouse=warehouse, **{"relation": None, "key": ("id",), "phones": ("phone",), **fields}
    )  # type: ignore[arg-type]


def counts(source: SourceSpec) -> dict[str | None, int]:
    """Cells with their counts."""
    return dict(pl.concat(open_source(source).cells()).select("raw_value", "row_count").iter_rows())


def refusal(source: SourceSpec) -> str:
    """The sentence that reading ends with; neither it nor its printed traceback holds the cell."""
    with pytest.raises(SourceError) as caught:
        list(open_source(source).cells())
    message = str(caught.value)
    assert message.startswith("source 'crm': ")
    assert "\n" not in message
    assert CELL not in "".join(traceback.format_exception(caught.value))
    return message


def test_csv_cells_are_text(tmp_path: Path) -> None:
    """Leading zeros, quotes and # survive, a byte order mark does not, and files match by column name."""
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbfid,phone\r\n1,0044\r\n2,"a, ""b""\n"\r\n3,\r\n4,1e5\r\n')
    (tmp_path / "b.csv").write_text("phone;id\n0044;5\n#31#06;6\ntrue;7\n2026-01-31;8\n")
    assert counts(spec(f"csv://{tmp_path}/*.csv")) == {
        "0044": 2,
        'a, "b"\n': 1,
        None: 1,
        "1e5": 1,
        "#31#06": 1,
        "true": 1,
        "2026-01-31": 1,
    }


@pytest.mark.parametrize("lines", [50, 30_000])
def test_csv_rows_are_never_dropped(lines: int, tmp_path: Path) -> None:
    """Rows that begin with # are rows, not comments."""
    rows = [f"#{i},{i}" if i % 3 else f"{i},{i}" for i in range(lines)]
    (tmp_path / "marked.csv").write_text("\n".join(["phone,id", *rows, ""]))
    assert sum(counts(spec(f"csv://{tmp_path}/marked.csv")).values()) == lines


def test_csv_quotes_that_come_late_are_quotes(tmp_path: Path) -> None:
    """The first quoted cell may come after all the lines that DuckDB looks at to guess."""
    (tmp_path / "late.csv").write_text("id,phone\n" + "1,2\n" * 30_000 + '1,"a,""b"""\n')
    assert counts(spec(f"csv://{tmp_path}/late.csv")) == {"2": 30_000, 'a,"b"': 1}


def test_parquet_files_match_by_column_name(tmp_path: Path) -> None:
    """Files of one glob may order their columns differently, and one without the column gives NULL."""
    pl.DataFrame({"id": [1], "phone": ["0044"]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"phone": ["0044", "1"], "id": [2, 3]}).write_parquet(tmp_path / "b.parquet")
    pl.DataFrame({"id": [4]}).write_parquet(tmp_path / "c.parquet")
    assert counts(spec(f"parquet://{tmp_path}/*.parquet", where="crm.id < 9")) == {"0044": 2, "1": 1, None: 1}


@pytest.mark.parametrize("cell", [447700900123.0, [447700900123.0]], ids=["scalar", "list"])
def test_a_rounded_number_in_one_parquet_file_is_refused(cell: object, tmp_path: Path) -> None:
    """REAL in one file is refused by that file's name, though the files' common type is DOUBLE, which is allowed."""
    real, double = (pl.Float32, pl.Float64) if isinstance(cell, float) else (pl.List(pl.Float32), pl.List(pl.Float64))
    pl.DataFrame({"id": [1], "phone": [cell]}, {"id": pl.Int64, "phone": double}).write_parquet(tmp_path / "a.parquet")
    assert sum(counts(spec(f"parquet://{tmp_path}/*.parquet")).values()) == 1
    pl.DataFrame({"id": [1], "phone": [cell]}, {"id": pl.Int64, "phone": real}).write_parquet(tmp_path / "b.parquet")
    assert f"column 'phone' is REAL in {tmp_path}/b.parquet" in refusal(spec(f"parquet://{tmp_path}/*.parquet"))


def test_the_holder_of_a_lock_is_named(tmp_path: Path) -> None:
    """A file that another process has open for writing is refused with that process's id."""
    path = tmp_path / "crm.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        message = refusal(spec(f"duckdb://{path}", relation="t"))
        assert f"{path} is open for writing in process {holder.pid}; close it there" in message


def test_a_file_open_in_this_process_is_refused(tmp_path: Path) -> None:
    """A file that this process itself writes is refused with a sentence that says so."""
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)):
        assert "is open for writing in this process" in refusal(spec(f"duckdb://{path}", relation="t"))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """A missing file, an empty glob, a relation where none belongs and an address of no kind are refused."""
    assert f"there is no file {tmp_path}/no.duckdb" in refusal(spec(f"duckdb://{tmp_path}/no.duckdb", relation="t"))
    assert not (tmp_path / "no.duckdb").exists()
    for kind in ("csv", "parquet"):
        assert f"no file matches {tmp_path}/*.x" in refusal(spec(f"{kind}://{tmp_path}/*.x"))
        assert "remove the key relation" in refusal(spec(f"{kind}://{tmp_path}/*.x", relation="t"))
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    assert "say which one as its relation" in refusal(spec(f"duckdb://{tmp_path}/empty.duckdb"))
    assert "holds no table and no view" in refusal(spec(f"duckdb://{tmp_path}/empty.duckdb", relation="t"))
    for address in ("postgresql://me:hunter2@db/crm", "duckdb://relative.duckdb", str(tmp_path)):
        with pytest.raises(SourceError, match="duckdb:///, parquet:///, csv:///") as caught:
            open_source(spec(address))
        assert "hunter2" not in str(caught.value)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """A file that is not what its address says is named, the one file of a glob that is."""
    for name in ("x.duckdb", "b.parquet"):
        (tmp_path / name).write_text(f"id,phone\n1,{CELL}\n" * 500)
    pl.DataFrame({"id": [1], "phone": [CELL]}).write_parquet(tmp_path / "a.parquet")
    assert f"{tmp_path}/x.duckdb cannot be read" in refusal(spec(f"duckdb://{tmp_path}/x.duckdb", relation="t"))
    assert f"{tmp_path}/b.parquet cannot be read" in refusal(spec(f"parquet://{tmp_path}/*.parquet"))


@pytest.mark.parametrize(
    ("bad", "good_lines"),
    [(b"2,%b,3,4\n", 30_000), (b"2,%b\xff\n", 30_000), (b"2,%b\xff\n", 1)],
    ids=["too many fields", "not UTF-8", "not UTF-8, early"],
)
def test_a_bad_line_is_numbered_and_not_quoted(bad: bytes, good_lines: int, tmp_path: Path) -> None:
    """A line that is no CSV is named by file and number, and never quoted."""
    (tmp_path / "bad.csv").write_bytes(b"id,phone\n" + b"1,1\n" * good_lines + bad.replace(b"%b", CELL.encode()))
    message = refusal(spec(f"csv://{tmp_path}/*.csv"))
    assert f"line {good_lines + 2} of {tmp_path}/bad.csv cannot be read as CSV" in message


def test_a_csv_file_of_uneven_lines_does_not_become_null(tmp_path: Path) -> None:
    """A file whose lines fit no delimiter is refused, alone and beside a good one, instead of losing its cells."""
    (tmp_path / "bad.csv").write_text(f"id,phone\n1,{CELL}\n2,{CELL},4\n")
    assert "differ in their number of fields" in refusal(spec(f"csv://{tmp_path}/*.csv"))
    (tmp_path / "good.csv").write_text(f"id,phone\n1,{CELL}\n")
    assert "differ in their number of fields" in refusal(spec(f"csv://{tmp_path}/*.csv"))


def test_no_cell_is_in_an_error(tmp_path: Path) -> None:
    """Casts in a condition or a view, ENUM types and a CSV without a header do not bring a cell into a message."""
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT 1 AS id, '{CELL}' AS phone")
        connection.execute("CREATE VIEW v AS SELECT id, phone::TINYINT AS phone FROM t")
        connection.execute(f"CREATE TABLE e (id INT, phone ENUM('{CELL}')[][])")
        connection.execute("CREATE VIEW broken AS SELECT * FROM t")
        connection.execute("ALTER TABLE t ADD COLUMN more INT")
    address = f"duckdb://{tmp_path}/crm.duckdb"
    assert "TRY_CAST" in refusal(spec(address, relation="t", where="phone::TINYINT = 1"))
    assert "TRY_CAST" in refusal(spec(address, relation="v"))
    assert "(LIST OF LIST) cannot be used" in refusal(spec(address, relation="e"))
    assert "cannot be used" in refusal(spec(address, relation="t", where=f"phone = '{CELL}' AND"))
    (tmp_path / "bare.csv").write_text(f"1,{CELL}\n2,{CELL}\n")
    assert "there are 1, ************" in refusal(spec(f"csv://{tmp_path}/bare.csv"))


def test_cells_longer_than_memory_are_a_sentence(tmp_path: Path) -> None:
    """Cells that do not fit into the memory allowed end in a sentence that says how to keep them out."""
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT i AS id, repeat('x', 100_000) || i AS phone FROM range(600) AS r(i)"
        )
    source = open_source(spec(f"duckdb://{tmp_path}/crm.duckdb", relation="t"), memory_limit="40MB")
    with pytest.raises(SourceError, match="needs more than 40MB of memory to read; keep very long cells out"):
        list(source.cells())
