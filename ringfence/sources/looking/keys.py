"""The columns that identify a row: declared ones, else one that has another value in every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from ringfence.quoting import quoted
from ringfence.sources.columns import Column, key_problem
from ringfence.sources.names import shown_header

# Columns whose values are counted over the whole relation.
TRIED = 5
_NAMES = ("id", "pk", "key", "uuid", "guid", "ref", "reference", "code", "number", "nr", "no", "email")
_KINDS = {"uuid", "varchar", "enum", "bignum", "integer", "uinteger", "decimal"}
_KINDS |= {f"{sign}{size}int" for sign in ("", "u") for size in ("tiny", "small", "big", "huge")}
_DECLARED = """
    SELECT constraint_column_names FROM duckdb_constraints()
    WHERE database_name = $catalog AND schema_name = $schema AND table_name = $name
      AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')
    ORDER BY constraint_type, len(constraint_column_names), constraint_index
"""


@dataclass(frozen=True, slots=True)
class Key:
    """The columns of a key, and what it rests on."""

    columns: tuple[str, ...]
    note: str


def declared(connection: duckdb.DuckDBPyConnection, catalog: str, schema: str, name: str) -> list[tuple[str, ...]]:
    """What a table declares as unique, its primary key first."""
    rows = connection.execute(_DECLARED, {"catalog": catalog, "schema": schema, "name": name}).fetchall()
    return [tuple(columns) for (columns,) in rows]


def candidates(columns: Mapping[str, Column], phones: Sequence[str], relation: str) -> list[str]:
    """Columns that may identify a row, the likeliest first by name, type and place."""
    usable = [
        name
        for name, column in columns.items()
        if name not in phones and column.kind in _KINDS and key_problem(column) is None
    ]
    ranked = sorted(enumerate(usable), key=lambda pair: (_rank(pair[1], columns[pair[1]], relation), pair[0]))
    return [name for _, name in ranked][:TRIED]


def unique(connection: duckdb.DuckDBPyConnection, rows: str, names: Sequence[str]) -> str | None:
    """The first of these columns with a value of its own in every row of a FROM clause."""
    if not names:
        return None
    counts = ", ".join(f"count(DISTINCT {quoted(name)})" for name in names)
    result = connection.execute(f"SELECT count(*), {counts} {rows}").fetchone()
    total, *distinct = result or (0,)
    return next((name for name, count in zip(names, distinct, strict=True) if total and count == total), None)


def chosen(
    declared_keys: Sequence[tuple[str, ...]],
    found: str | None,
    columns: Mapping[str, Column],
    phones: Sequence[str],
    likely: Sequence[str],
) -> Key | None:
    """The key: declared, else found unique, else the numbers' own columns; None where no column can be one."""
    for key in declared_keys:
        if all(key_problem(columns[name]) is None for name in key):
            return Key(key, "declared unique")
    if found:
        return Key((found,), "not declared, but every row has its own value")
    rest = tuple(name for name in phones if key_problem(columns[name]) is None) or tuple(likely[:1])
    if not rest:
        return None
    told = f", such as key: [{shown_header(likely[0])}]" if likely else ""
    return Key(
        rest, f"no single column identifies a row: rows that agree in these cannot be told apart; name some{told}"
    )


def _rank(name: str, column: Column, relation: str) -> int:
    folded, table = name.casefold(), relation.casefold()
    if folded == "id":
        return 0
    if folded.endswith("id") and table.startswith(folded[:-2].rstrip("_") or "-"):
        return 1
    if folded.endswith(("_id", "_key", "_ref", "_uuid")) or folded in _NAMES or column.kind == "uuid":
        return 2
    return 3 if column.kind != "varchar" else 4
