"""Relations and columns are found by their exact names, whatever these are made of, and never guessed."""

from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.errors import SourceError
from ringfence.quoting import quoted
from ringfence.sources.names import written_parts
from ringfence.sources.registry import open_source
from ringfence.sources.source import SourceSpec
from tests.sizes import share

HOSTILE = [
    'he said "hi"',
    "x\"; ATTACH '/tmp/evil.duckdb' AS evil; --",
    "'; DROP TABLE customers; --",
    "select",
    "n" * 300,
    "\u05d8\u05dc\u05e4\u05d5\u05df\u202e",
    "two\nlines",
    "a.b",
    '"a"."b"',
    "$default_region",
    "raw_value ",
    "\U0001f4de",
]


def database(tmp_path: Path, *statements: str, name: str = "crm") -> Path:
    """A DuckDB file made by these statements."""
    path = tmp_path / f"{name}.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def spec(path: Path, relation: str | None, **fields: object) -> SourceSpec:
    """A source on a DuckDB file, with id as its key and phone as its phone column unless told otherwise."""
    given_fields = {"key": ("id",), "phones": ("phone",), **fields}
    return SourceSpec(name="crm", warehouse=f"duckdb://{path}", relation=relation, **given_fields)  # type: ignore[arg-type]


def raw_values(source: SourceSpec) -> list[str | None]:
    """All cells of a source."""
    return sorted(pl.concat(open_source(source).cells())["raw_value"].to_list(), key=str)


def refusal(source: SourceSpec) -> str:
    """The message of the error that `check` ends with: always one line that names the source."""
    with pytest.raises(SourceError) as caught:
        open_source(source).check()
    message = str(caught.value)
    assert message.startswith("source 'crm': ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_a_name(name: str, tmp_path: Path) -> None:
    """Schema, table, key, phone and region column may be called anything, plainly and in quoted parts."""
    q = quoted(name)
    path = database(
        tmp_path,
        f"CREATE SCHEMA {q}",
        f"CREATE TABLE {q}.{q} ({q} VARCHAR, id INTEGER)",
        f"INSERT INTO {q}.{q} VALUES ('nl', 1)",
        "CREATE TABLE customers (id INTEGER)",
    )
    out = tmp_path / "rows.parquet"
    for written in (name, f"{q}.{q}"):
        source = spec(path, written, key=(name, "id"), phones=(name,), region_column=name)
        (frame,) = open_source(source).cells()
        assert frame.rows() == [(name, "nl", ["nl"], "NL", "column", 1)]
        open_source(source).export_rows(out)
        assert pl.read_parquet(out).rows() == [("nl", 1, '["nl",1]', name, "nl", "NL")]
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchone() == (0,)


@given(parts=st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_quoted_parts_read_back(parts: list[str]) -> None:
    """Parts that are quoted and joined by dots read back as the same parts."""
    assert written_parts(".".join(map(quoted, parts))) == tuple(parts)


@settings(max_examples=share(60), deadline=None)
@given(name=st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_a_quoted_name_is_one_identifier(name: str) -> None:
    """DuckDB reads a quoted name as a column alias of exactly these characters."""
    with duckdb.connect() as connection:
        assert connection.sql(f"SELECT 1 AS {quoted(name)}").columns == [name]


def test_ambiguous_names_are_refused(tmp_path: Path) -> None:
    """A plain text that means two tables is refused with the spellings that mean one, and each of these works."""
    path = database(
        tmp_path,
        "CREATE TABLE \"a.b\" AS SELECT 1 AS id, 'main' AS phone",
        "CREATE SCHEMA a",
        "CREATE TABLE a.b AS SELECT 1 AS id, 'a' AS phone",
    )
    message = refusal(spec(path, "a.b"))
    assert '"main"."a.b" or "a"."b"' in message or '"a"."b" or "main"."a.b"' in message
    assert raw_values(spec(path, '"main"."a.b"')) == ["main"]
    assert raw_values(spec(path, '"a"."b"')) == ["a"]


def test_case_matters_only_when_it_must(tmp_path: Path) -> None:
    """Another case finds the only table and column of that name; the published name is the configured one."""
    path = database(tmp_path, "CREATE TABLE Customers AS SELECT 1 AS ID, '1' AS Phone")
    (frame,) = open_source(spec(path, "CUSTOMERS")).cells()
    assert frame["phone_column"].to_list() == ["phone"]


def test_views_of_the_file_are_relations(tmp_path: Path) -> None:
    """A view is read like a table, also one that names its own database, and a condition may use other tables."""
    path = database(
        tmp_path,
        "CREATE TABLE t AS SELECT i AS id, 'n' || i AS phone FROM range(4) AS r(i)",
        "CREATE VIEW v AS SELECT * FROM crm.main.t",
        "CREATE TABLE gone AS SELECT 2 AS id",
    )
    assert raw_values(spec(path, "v", where="id NOT IN (SELECT id FROM gone) -- left us")) == ["n0", "n1", "n3"]


def test_a_file_called_memory(tmp_path: Path) -> None:
    """A file that bears the name of a catalog of DuckDB's own is attached all the same."""
    path = database(tmp_path, "CREATE TABLE t AS SELECT 1 AS id, 'n' AS phone", name="memory")
    assert raw_values(spec(path, "main.t")) == ["n"]


def test_a_missing_name_is_answered_with_what_there_is(tmp_path: Path) -> None:
    """A missing table or column is answered with the names that exist, the closest first."""
    path = database(tmp_path, "CREATE TABLE clients (id INT, fax VARCHAR, phone_no VARCHAR)", "CREATE TABLE aa (x INT)")
    assert "there is no relation 'client'; there are main.clients, main.aa" in refusal(spec(path, "client"))
    assert "there is no column 'phone_nr'; there are phone_no, id, fax" in refusal(
        spec(path, "clients", phones=("phone_nr",))
    )
    assert "no column 'country'" in refusal(spec(path, "clients", phones=("fax",), region_column="country"))
    assert "no column 'uuid'" in refusal(spec(path, "clients", phones=("fax",), key=("uuid",)))


def test_a_python_variable_is_not_a_table(tmp_path: Path) -> None:
    """A condition that names no table is told so, also where the code that runs it has a variable of that name."""
    path = database(tmp_path, "CREATE TABLE t AS SELECT 1 AS id, 'n' AS phone")
    for name in ("narrowed", "spec", "layout"):
        assert f"Table with name {name} does not exist" in refusal(
            spec(path, "t", where=f"id IN (SELECT id FROM {name})")
        )


@pytest.mark.parametrize(
    "where",
    ["id =", "true) OR (true", "true; DROP TABLE t", "id, id", "id FROM t", "count(*) > 1", "nothing = 1", ""],
)
def test_a_condition_is_one_expression(where: str, tmp_path: Path) -> None:
    """What is not one whole condition is refused by name of source and condition, before anything is read."""
    path = database(tmp_path, "CREATE TABLE t AS SELECT 1 AS id, 'n' AS phone")
    assert f"the condition where: {where} cannot be used" in refusal(spec(path, "t", where=where))
    assert raw_values(spec(path, "t")) == ["n"]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"phones": ("phone", "PHONE")}, "phones names the column 'phone' twice"),
        ({"key": ("id", "id")}, "key names the column 'id' twice"),
        ({"key": ("Raw_Value",)}, "a column of that name beside the key"),
        ({"key": ("big",)}, "cannot hold such a key exactly"),
    ],
)
def test_columns_that_would_collide_are_refused(fields: dict[str, object], what: str, tmp_path: Path) -> None:
    """A column named twice, a key under one of our names, or one that Parquet would round is refused up front."""
    path = database(tmp_path, "CREATE TABLE t AS SELECT 1 AS id, '' AS phone, 'k' AS raw_value, 1::HUGEINT AS big")
    assert what in refusal(spec(path, "t", **fields))
