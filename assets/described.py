"""How assets describe themselves to Dagster: keys, groups, columns, money that plots. No data is computed here."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from assets.launch import PREFIX
from ringfence.lake.columns import TABLES
from ringfence.money.amount import NANOS
from ringfence.quoting import quoted

OWNERS = ["team:data-platform"]


def key(name: str) -> dg.AssetKey:
    """The key of one of our assets: prefixed, so that the code location fits into a larger Dagster."""
    return dg.AssetKey([PREFIX, name])


def table_metadata(name: str) -> dict[str, Any]:
    """What is known of a lake table before it is written: its grain, place and columns."""
    table = TABLES[name]
    return {
        "grain": f"one row per {table.grain}",
        "dagster/table_name": f"lake/{name}",
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(column, _type_name(spec.dtype), spec.meaning) for column, spec in table.columns.items()
            ]
        ),
    }


def relation_metadata(path: Path, relations: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Row counts and columns of served relations, read from the file that people read."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET python_enable_replacements = false")
        return {name: _relation(connection, name) for name in relations}


def plain_money(nanos: int) -> float:
    """Nanos as the number that Dagster plots; for the eye alone, no money is computed from it."""
    return round(nanos / NANOS, 6)


def counts_table(title: str, counts: Mapping[str, int]) -> dg.MetadataValue:
    """Counts by name as a small table; never a cell or a number of anybody."""
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in counts.items())
    return dg.MetadataValue.md(f"| {title} | rows |\n|---|---:|\n{rows}")


def upstream(*names: str) -> Sequence[dg.AssetDep]:
    """Dependencies on our own assets; over all partitions, whichever side is partitioned."""
    return [dg.AssetDep(key(name)) for name in names]


def _relation(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    columns = connection.execute(
        "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE database_name = current_database() "
        "AND schema_name = 'main' AND table_name = $name ORDER BY column_index",
        {"name": name},
    ).fetchall()
    rows = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()
    return {
        "dagster/row_count": rows[0] if rows else 0,
        "dagster/column_schema": dg.TableSchema(columns=[dg.TableColumn(*each) for each in columns]),
    }


def _type_name(dtype: object) -> str:
    return str(dtype).replace("time_unit='us', time_zone='UTC'", "UTC")
