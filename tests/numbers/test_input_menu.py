"""What becomes of every kind of cell, through the real way: a column of a warehouse, read into rows of `phone_map`."""

import ast
import csv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest

from ringfence.errors import ConfigError
from ringfence.lookups.wanted import distinct_phones, phone_map
from ringfence.numbers.normalise import METADATA_VERSION, Policy, normalise
from ringfence.sources.registry import open_source
from ringfence.sources.source import SourceSpec
from tests import figures
from tests.numbers.input_menu import ELSEWHERE, MENU, MOBILE, TYPES, Cell

TESTS = Path(__file__).parents[1]
CELLS = [cell for cells in MENU.values() for cell in cells]
COLUMNS = [typed for types in TYPES.values() for typed in types]
# What DuckDB reads of a CSV file at most in a line, and no text file holds NUL.
LONGEST_LINE = 2_000_000


def read(name: str, warehouse: str, **fields: Any) -> pl.DataFrame:
    """The rows of `phone_map` that a source gives."""
    chosen = {"relation": None, "key": ("id",), "phones": ("phone",), **fields}
    source = open_source(SourceSpec(name=name, warehouse=warehouse, **chosen))
    return phone_map(source, Policy(), datetime.now(UTC))


def _in_duckdb(folder: Path, cells: Sequence[Cell]) -> dict[str, Any]:
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute("CREATE TABLE t (id INT, phone VARCHAR, region VARCHAR)")
        rows = [(place, cell.text, cell.region) for place, cell in enumerate(cells)]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    return {"warehouse": f"duckdb://{folder}/crm.duckdb", "relation": "t"}


def _in_parquet(folder: Path, cells: Sequence[Cell]) -> dict[str, Any]:
    rows = [(place, cell.text, cell.region) for place, cell in enumerate(cells)]
    schema = {"id": pl.Int64, "phone": pl.String, "region": pl.String}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "t.parquet")
    return {"warehouse": f"parquet://{folder}/t.parquet"}


def _in_csv(folder: Path, cells: Sequence[Cell]) -> dict[str, Any]:
    with (folder / "t.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("id", "phone", "region"), *((n, c.text, c.region) for n, c in enumerate(cells))])
    return {"warehouse": f"csv://{folder}/t.csv"}


STORES: dict[str, Callable[[Path, Sequence[Cell]], dict[str, Any]]] = {
    "duckdb": _in_duckdb,
    "parquet": _in_parquet,
    "csv": _in_csv,
}


@pytest.mark.parametrize("store", STORES)
def test_every_cell_says_what_the_menu_says(store: str, tmp_path: Path) -> None:
    """Numbers or the reason, in their order, with flags and extension; the cell is untouched, and every row counts."""
    cells = CELLS
    if store == "csv":
        cells = [cell for cell in CELLS if "\0" not in (cell.text or "") and len(cell.text or "") < LONGEST_LINE]
    rows = read("crm", region_column="region", **STORES[store](tmp_path, cells)).sort("position").to_dicts()
    found: dict[tuple[str | None, str | None], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["raw_value"], row["region_hint"]), []).append(row)
        assert (row["parse_status"] == "parsed") == (row["phone_e164"] is not None)
        assert row["metadata_version"] == METADATA_VERSION
    wrong = []
    for cell in cells:
        said = found.get(_key(cell, store), [])
        told = tuple(row["phone_e164"] or row["reject_reason"] for row in said)
        flags = tuple(said[0]["flags"]) if said and cell.flags is not None else cell.flags
        extension = said[0]["extension"] if said else None
        if (told, flags, extension) != (cell.says, cell.flags, cell.extension):
            wrong.append((cell, told, flags, extension))
    assert wrong == []
    assert sum(row["row_count"] for row in rows if row["position"] == 0) == len(cells)
    figures.tell(
        "input menu",
        rows=len(MENU) if store == "duckdb" else 0,
        cells_in_each_of_3_stores=len(cells) if store == "duckdb" else 0,
    )


def _key(cell: Cell, store: str) -> tuple[str | None, str | None]:
    """What stands for a cell in `phone_map`: an empty one of a CSV file is NULL, and a huge one is cut."""
    text = (cell.text or None) if store == "csv" else cell.text
    if text is not None and len(text) > 1_000:
        text = f"{text[:1_000]}... ({len(text)} characters)"
    return text, cell.region


@pytest.mark.parametrize("store", ["duckdb", "parquet"])
@pytest.mark.parametrize("region", ["GB", None])
def test_every_type_says_what_the_menu_says(store: str, region: str | None, tmp_path: Path) -> None:
    """A column of each type, with a region and without: integers and floats are never made numbers by a guess."""
    columns = {f"c{n}": typed for n, typed in enumerate(COLUMNS) if store == "duckdb" or typed.parquet}
    values = ", ".join(f"CAST({typed.literal} AS {typed.kind}) AS {name}" for name, typed in columns.items())
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT 1 AS id, {values}")
        connection.execute(f"COPY t TO '{tmp_path}/t.parquet' (FORMAT parquet)")
    where = {"warehouse": f"duckdb://{tmp_path}/crm.duckdb", "relation": "t"}
    if store == "parquet":
        where = {"warehouse": f"parquet://{tmp_path}/t.parquet"}
    found = read("crm", phones=tuple(columns), default_region=region, **where).sort("position")
    told: dict[str, tuple[str, ...]] = {}
    for row in found.iter_rows(named=True):
        told[row["phone_column"]] = (*told.get(row["phone_column"], ()), row["phone_e164"] or row["reject_reason"])
    assert told == {name: typed.says if region else typed.without for name, typed in columns.items()}
    figures.tell("input menu", rows=len(TYPES) if region and store == "duckdb" else 0, columns=len(columns))


def test_one_number_in_many_forms_is_one_to_look_up(tmp_path: Path) -> None:
    """In two tables, formats and columns of another case: one row of `distinct_phones`, which counts every row."""
    forms = ["+44 7400 123456", "07400 123456", "0044 7400 123456", "447400123456.0", "+44 (0)7400-123456"]
    frames = []
    for name, store in (("crm", _in_duckdb), ("shop", _in_csv)):
        where = store(tmp_path, [Cell(form, "GB", ()) for form in forms])
        frames.append(read(name, region_column="REGION", phones=("PHONE",), **where))
    sources: Any = {name: SimpleNamespace(want={"carrier": 60}) for name in ("crm", "shop")}
    ledger: Any = SimpleNamespace(bucket=lambda _: 0)
    (one,) = distinct_phones(pl.concat(frames), sources, ledger).to_dicts()
    assert (one["phone_e164"], one["sources"], one["row_count"]) == (MOBILE, ["crm", "shop"], 2 * len(forms))


@pytest.mark.parametrize("row", ELSEWHERE)
def test_a_row_has_its_tests(row: str) -> None:
    """What the table says is tested elsewhere is tested there."""
    for name in ELSEWHERE[row]:
        module, _, function = name.partition(".")
        tree = ast.parse((TESTS / f"{module}.py").read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    figures.tell("input menu", rows_tested_elsewhere=1)


def rows(*cells: Sequence[str | None], region: str | None = None, policy: Policy | None = None) -> list[dict]:
    """Normalise cells, each given as its list of scalars, under one region hint."""
    frame = pl.DataFrame(
        {"parts": [list(cell) for cell in cells], "region_hint": region, "region_basis": region and "default"},
        schema={"parts": pl.List(pl.String), "region_hint": pl.String, "region_basis": pl.String},
    )
    return normalise(frame, policy or Policy()).to_dicts()


def numbers(text: str, region: str | None = None, policy: Policy | None = None) -> list[str | None]:
    """The accepted numbers of one cell; the reason in place of each that is not."""
    return [row["phone_e164"] or row["reject_reason"] for row in rows([text], region=region, policy=policy)]


@pytest.mark.parametrize("region", [None, "UK", "DE", "GB"])
def test_an_explicit_number_needs_no_hint(region: str | None) -> None:
    """A number with + names its country whatever the hint says, a wrong one included."""
    (row,) = rows(["+44 7400 123456"], region=region)
    assert (row["phone_e164"], row["region_basis"], row["country"]) == (MOBILE, "explicit", "GB")


def test_bare_international_digits_are_an_option() -> None:
    """They count only where they are no number of the hinted region and are valid under a country code."""
    bare = Policy(bare_international=True)
    assert [numbers("447400123456", region, bare) for region in (None, "FR")] == [[MOBILE], [MOBILE]]
    assert rows(["447400123456"], policy=bare)[0]["flags"] == ["assumed_international"]
    assert numbers("07400123456", None, bare) == ["no_country"]
    assert numbers("447700900123", None, bare) == ["no_country"]


def test_vanity_letters_are_an_option() -> None:
    """Letters at the end of a number stand for digits if asked for, and never elsewhere."""
    policy = Policy(vanity=True, types=frozenset({"toll_free", "mobile"}))
    assert numbers("1-800-FLOWERS", "US", policy) == ["+18003569377"]
    assert numbers("07400 123456 (mobile)", "GB", policy) == ["letters"]


def test_possible_numbers_are_an_option() -> None:
    """A right length is enough then, but never for short, local or shared-code numbers, nor for a known bad type."""
    possible = Policy(accept="possible")
    assert numbers("07700 900123", "GB", possible) == ["+447700900123"]
    refused = {"22222": "short_code", "999": "emergency", "+44 909 879 0000": "type_not_wanted", "030": "short_code"}
    assert {text: numbers(text, "DE", possible)[0] for text in refused} == refused
    assert numbers("5551234", "US", possible) == ["local_only"]
    assert numbers("+883 5100123456", None, possible) == ["not_valid"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("premium", "+449098790000"),
        ("satellite", "+870301234567"),
        ("toll_free", "+80012345678"),
        ("pager", "+447640123456"),
    ],
)
def test_other_types_can_be_listed(kind: str, text: str) -> None:
    """A type that the policy lists is let through."""
    assert numbers(text, None, Policy(types=frozenset({kind}))) == [text]


def test_a_type_that_does_not_exist_is_a_mistake() -> None:
    """A misspelt type would silently let nothing through."""
    with pytest.raises(ConfigError, match="moblie"):
        Policy(types=frozenset({"moblie"}))
