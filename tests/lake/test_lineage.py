"""The lineage of the real SQL files, held against the served file that they build and against what DuckDB reads."""

import logging
from pathlib import Path

import duckdb
import pytest

from ringfence.config import environment
from ringfence.lake.lineage import Lineage, Origin, lineages
from ringfence.lake.tables import Lake
from ringfence.lake.views import ROWS, View, views
from ringfence.lookups.serve import base_columns, serve
from ringfence.money import ledger as ledgers
from tests.small import make_config, make_warehouse

# Columns that are computed without a source: count(*).
COMPUTED = {("coverage", "wanted")}


@pytest.fixture(scope="module")
def found() -> dict[str, Lineage]:
    """The lineage of every relation."""
    return lineages(base_columns())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A served file of an empty warehouse."""
    folder = tmp_path_factory.mktemp("home")
    make_warehouse(folder, [])
    setup = environment.load(make_config(folder, "http://127.0.0.1:1"))
    ledger = ledgers.create(setup.home, mode="simulate")
    return serve(setup, ledger, Lake(setup.home, ledger.ledger_id))


def test_every_column_of_every_relation_has_its_lineage(found: dict[str, Lineage]) -> None:
    """Each described column has origins, but for the few that are counted; none is a star."""
    for view in views():
        columns = found[view.name].columns
        assert set(columns) - {"key"} == set(view.columns), view.name
        for column, origins in columns.items():
            assert bool(origins) != ((view.name, column) in COMPUTED), f"{view.name}.{column}"
            assert all(origin.column != "*" for origin in origins)


def test_an_origin_is_a_column_that_there_is(found: dict[str, Lineage]) -> None:
    """Every origin stands in a table or relation that its relation reads, and that has this column."""
    known = {f"base.{name}": set(columns) for name, columns in base_columns().items()}
    known |= {name: set(lineage.columns) for name, lineage in found.items()}
    known |= {name: set(columns) for name, columns in ROWS.items()}
    for name, lineage in found.items():
        for origin in {origin for origins in lineage.columns.values() for origin in origins}:
            assert origin.table in lineage.reads, name
            assert origin.column in known[origin.table], f"{name}: {origin}"


def test_the_lineage_goes_through_joins_unions_and_stars(found: dict[str, Lineage]) -> None:
    """Some columns whose way through the SQL is long, and what a reader would say that they come from."""
    costs, numbers = found["lookup_costs"].columns, found["phone_numbers"].columns
    assert costs["amount"] == [
        Origin("base.attempts", "actual"),
        Origin("base.fees", "amount"),
        Origin("base.journal", "held"),
        Origin("base.lookups", "cost_amount"),
        Origin("base.lookups", "cost_refund"),
        Origin("base.paid_lost", "amount"),
    ]
    assert numbers["is_ported"] == [Origin("base.phone_facts", "ported")]
    assert Origin("base.allowed", "country") in numbers["reachability"]
    assert found["quotes"].columns["actual"] == [Origin("lookup_costs", "amount")]
    assert found["enriched"].columns["raw_value"] == [Origin("rows_of_source", "raw_value")]


def test_the_schema_is_the_one_that_is_built(served: Path) -> None:
    """The columns by which the lineage is found are those of the internal schema, table by table."""
    with duckdb.connect(str(served), read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'base' AND table_name <> 'parts'"
        ).fetchall()
    built: dict[str, set[str]] = {}
    for table, column in rows:
        built.setdefault(table, set()).add(column)
    assert {name: set(columns) for name, columns in base_columns().items()} == built


def test_a_relation_reads_what_it_says_and_nothing_else(found: dict[str, Lineage], served: Path) -> None:
    """DuckDB can bind a view where only the tables are that it reads, and no longer when any of them is missing."""
    with duckdb.connect(":memory:", config={"python_enable_replacements": False}) as connection:
        connection.execute(f"ATTACH '{served}' AS served (READ_ONLY)")
        for view in views():
            reads = found[view.name].reads
            assert _binds(connection, view, reads), view.name
            assert [table for table in reads if _binds(connection, view, reads - {table})] == [], view.name


def _binds(connection: duckdb.DuckDBPyConnection, view: View, tables: frozenset[str]) -> bool:
    connection.execute("BEGIN")
    connection.execute("CREATE SCHEMA base")
    for table in tables:
        rows = ", ".join(f"'' AS {column}" for column in ROWS.get(table, ()))
        name = table if "." in table else f"main.{table}"
        connection.execute(f"CREATE VIEW {table} AS {f'SELECT {rows}' if rows else f'FROM served.{name}'}")
    try:
        connection.execute(f"DESCRIBE {view.query}")
    except duckdb.CatalogException:
        return False
    finally:
        connection.execute("ROLLBACK")
    return True


@pytest.mark.parametrize("query", ["PIVOT base.lookups ON product", "SELECT ("])
def test_what_cannot_be_followed_is_said_and_reads_everything(
    query: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that DuckDB may understand and we do not has no column lineage; the others keep theirs."""
    odd = View("odd", "one row per something", query, {"number": "a column"})
    monkeypatch.setattr("ringfence.lake.lineage.views", lambda: [odd, *views()])
    with caplog.at_level(logging.WARNING):
        found = lineages(base_columns())
    assert found["odd"] == Lineage(frozenset(f"base.{name}" for name in base_columns()), {})
    assert "sql/views/odd.sql has no column lineage" in caplog.text
    assert found["phone_map"].columns
