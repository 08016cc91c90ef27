"""Huge cells, odd paths and careless configurations: each ends in a row or in one sentence, never in a traceback."""

from pathlib import Path
from types import SimpleNamespace

import duckdb
import polars as pl
import pytest

from ringfence.errors import ConfigError, SourceError
from ringfence.numbers.normalise import Policy, normalise
from ringfence.sources import csv_glob
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source
from ringfence.sources.source import SourceSpec


def spec(warehouse: str, **fields: object) -> SourceSpec:
    """A source with id as its key and phone as its phone column unless told otherwise."""
    chosen = {"relation": None, "key": ("id",), "phones": ("phone",), **fields}
    return SourceSpec(name="crm", warehouse=warehouse, **chosen)  # type: ignore[arg-type]


def refusal(warehouse: str, **fields: object) -> str:
    """The sentence that reading ends with."""
    with pytest.raises(SourceError) as caught:
        list(open_source(spec(warehouse, **fields)).cells())
    assert str(caught.value).isprintable()
    return str(caught.value)


def configured(folder: Path, warehouse: str, name: str = "crm", **env: str) -> SourceSpec:
    """The specification of a source in a configuration file of a folder."""
    region = SimpleNamespace(column=None, default=None)
    section = SimpleNamespace(
        warehouse=warehouse, relation=None, key=["id"], phones=["phone"], region=region, where=None
    )
    config = SimpleNamespace(sources={"crm": section})
    return spec_of(SimpleNamespace(path=folder / "ringfence.yaml", env=env, config=config), name)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["csv", "duckdb"])
def test_a_huge_cell_is_too_long_and_costs_no_other(kind: str, tmp_path: Path) -> None:
    """White space and a number within it included; both outputs hold the same short text for it."""
    cells = ["7" * (100_000 if kind == "csv" else 5_000_000), " " * 2_000 + "+447400123456", "+447400123456"]
    if kind == "csv":
        lines = [f"{i},{cell}" for i, cell in enumerate(cells)]
        (tmp_path / "t.csv").write_text("\n".join(["id,phone", *lines, ""]))
        source = open_source(spec(f"csv://{tmp_path}/t.csv"))
    else:
        with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS id, unnest($cells) AS phone", {"cells": cells})
        source = open_source(spec(f"duckdb://{tmp_path}/t.duckdb", relation="t"))
    found = normalise(pl.concat(source.cells()), Policy())
    assert sorted(map(str, found["reject_reason"])) == ["None", "too_long", "too_long"]
    assert found["raw_value"].str.len_chars().max() < 1_100  # type: ignore[operator]
    source.export_rows(tmp_path / "rows.parquet")
    assert set(pl.read_parquet(tmp_path / "rows.parquet")["raw_value"]) == set(found["raw_value"])


def test_a_long_list_is_a_list_until_it_is_too_long(tmp_path: Path) -> None:
    """A hundred numbers stay numbers and lists that differ late stay apart; a huge list or part is too long."""
    many = [f"+4474001234{i:02d}" for i in range(100)]
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute("CREATE TABLE t (id INT, phone VARCHAR[])")
        for cell in (many, [*many[:-1], "n/a"], ["7" * 1_000_000, "+447400123456"], many * 1_000):
            connection.execute("INSERT INTO t VALUES (1, ?)", [cell])
    source = open_source(spec(f"duckdb://{tmp_path}/t.duckdb", relation="t"))
    found = normalise(pl.concat(source.cells()), Policy())
    assert found["phone_e164"].drop_nulls().len() == 199
    assert sorted(found["reject_reason"].drop_nulls()) == ["placeholder", "too_long", "too_long"]
    source.export_rows(tmp_path / "rows.parquet")
    assert set(pl.read_parquet(tmp_path / "rows.parquet")["raw_value"]) == set(found["raw_value"])


INEXACT = ["HUGEINT", "UHUGEINT[]", "STRUCT(a STRUCT(b HUGEINT[2]))", "MAP(HUGEINT, INT)", "UNION(i HUGEINT)"]


@pytest.mark.parametrize("kind", [*INEXACT, "INTERVAL", "TIMETZ[]"])
def test_a_key_that_parquet_would_merge_is_refused(kind: str, tmp_path: Path) -> None:
    """However deep the inexact type is; a nested key of exact types is taken."""
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t (id {kind}, ok STRUCT(a INT[], e ENUM('x')), phone VARCHAR)")
    assert "Parquet cannot hold such a key exactly" in refusal(f"duckdb://{tmp_path}/t.duckdb", relation="t")
    open_source(spec(f"duckdb://{tmp_path}/t.duckdb", relation="t", key=("ok",))).check()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("odd", ["[x]", "a*b", "a?b"])
def test_only_what_the_user_wrote_is_a_pattern(kind: str, odd: str, tmp_path: Path) -> None:
    """Signs of a glob in the folder of the configuration, and in the very name of a file, are themselves."""
    folder = tmp_path / odd
    folder.mkdir()
    frame = pl.DataFrame({"id": ["1"], "phone": ["2"]})
    for path in (folder / f"n{odd}.{kind}", tmp_path / f"x.{kind}"):
        frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    named = str(folder / f"n{odd}.{kind}")
    for source in (configured(folder, f"{kind}:///*.{kind}"), spec(f"{kind}://{named}")):
        assert pl.concat(open_source(source, temp=folder).cells())["row_count"].to_list() == [1]


@pytest.mark.parametrize("kind", ["csv", "parquet", "duckdb"])
@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "a\nb\u202e"])
def test_a_path_that_cannot_be_is_a_sentence(kind: str, name: str, tmp_path: Path) -> None:
    """Too long a name, a NUL and control characters are named in one printable line."""
    relation = "t" if kind == "duckdb" else None
    assert "mend the path" in refusal(f"{kind}://{tmp_path}/{name}", relation=relation)


@pytest.mark.parametrize("address", ["postgresql://u:pw@[bad/db", "env:", "env:u:pw@db", "u:pw://x", "u:pw", "env:CRM"])
def test_an_address_that_is_none_is_not_shown(address: str, tmp_path: Path) -> None:
    """A ConfigError without any part of it, which may be a password, also when it is in the environment."""
    with pytest.raises(ConfigError, match="warehouse") as caught:
        configured(tmp_path, address, CRM="postgresql://u:pw@[bad/db")
    assert "pw" not in str(caught.value)


def test_an_unknown_source_is_answered_with_those_there_are(tmp_path: Path) -> None:
    """A misspelt name is a ConfigError."""
    with pytest.raises(ConfigError, match="no source 'cmr'; configured are: crm"):
        configured(tmp_path, "csv:///x.csv", name="cmr")


CSV = {
    "id,phone,Phone\n1,2,3\n": "has the column 'phone' twice",
    "id;phone;id\n1;2;3\n": "has the column 'id' twice",
    "id,phone\r\n1,2\n3,4\r\n": "CRLF and LF",
    "id,phone\n" + "1,2\n" * 30_000 + "3,4\r\n5,6\n": "CRLF and LF",
    "": "is empty",
    "\n": "is empty",
    "id,phone\n1," + "7" * 5_000_000 + "\n": "is longer than 2 MB",
}


@pytest.mark.parametrize(("text", "why"), CSV.items(), ids=CSV.values())
def test_a_csv_file_that_would_be_misread_is_a_sentence(text: str, why: str, tmp_path: Path) -> None:
    """What is wrong with it is said, and nothing is read from it."""
    (tmp_path / "a[1].csv").write_bytes(text.encode())
    assert why in refusal(f"csv://{tmp_path}/*.csv")


def test_a_second_column_of_a_like_name_is_no_repetition(tmp_path: Path) -> None:
    """Names like phone and phone_1 are two; a header alone, and an empty file beside a good one, are no rows."""
    (tmp_path / "a.csv").write_text("id,phone,phone_1\n1,2,3\n")
    (tmp_path / "b.csv").write_text("id,phone\n")
    (tmp_path / "c.csv").write_text("")
    source = open_source(spec(f"csv://{tmp_path}/*.csv", phones=("phone", "phone_1")))
    assert pl.concat(source.cells()).select("raw_value", "row_count").rows() == [("2", 1), ("3", 1)]


RAGGED = {
    "a line with more": "99,+31612345678,x,y\n",
    "a line with less": "99,+31612345678\n",
    "an unclosed quote": '99,+31612345678,"x\n100,+31612345679,z\n',
}


@pytest.mark.parametrize("line", RAGGED.values(), ids=RAGGED)
@pytest.mark.parametrize("header", ["id,phone,name", "id, phone, name"])
@pytest.mark.parametrize("phones", [("phone",), ("fone",), ()])
def test_a_ragged_file_is_told_as_one(phones: tuple[str, ...], header: str, line: str, tmp_path: Path) -> None:
    """Whether its columns are named rightly, wrongly or not yet; a lone column of an odd name is no such file."""
    (tmp_path / "t.csv").write_text("".join([header, "\n", *(f"{i},+3161234{i:04d},x\n" for i in range(30)), line]))
    (tmp_path / "odd.csv").write_text("Phone; mobile\n+31612345678\n+31612345679\n")
    with duckdb.connect() as connection:
        ragged = spec(f"csv://{tmp_path}/t.csv", key=("id",) if phones else (), phones=phones)
        with pytest.raises(SourceError, match="differ in their number of fields, or a quote is not closed"):
            csv_glob.mount(connection, ragged, f"{tmp_path}/t.csv")
        csv_glob.mount(connection, spec("csv:", key=(), phones=()), f"{tmp_path}/odd.csv")
        assert connection.sql("FROM crm").columns == ["Phone; mobile"]
