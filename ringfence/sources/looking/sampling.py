"""Rows of a relation to judge its columns by: bounded in number, width and time. Cells stay within `sources`."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from ringfence.quoting import quoted
from ringfence.sources.columns import Column, phone_problem
from ringfence.sources.looking.evidence import Cell, Sample

ROWS = 4_000
# Rows times columns: a wider relation gives fewer rows.
CELLS = 80_000
FEWEST = 50
# Rows that the sample is drawn from, times its own: no query reads a large relation as a whole.
SPREAD = 20
# Characters of a cell, and elements of a list: the gate takes no longer number.
_LONGEST, _MOST = 100, 20
# Seconds after which a query is given up.
PATIENCE = 20.0


@contextmanager
def limited(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt a query that takes longer; it raises duckdb.InterruptException."""
    timer = threading.Timer(PATIENCE, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def count(connection: duckdb.DuckDBPyConnection, name: str) -> int | None:
    """The rows of a relation; None where counting takes too long."""
    try:
        with limited(connection):
            row = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    except duckdb.InterruptException:
        return None
    return int(row[0]) if row else 0


def sample(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Column], total: int | None
) -> Sample:
    """Rows from all over a relation, of which only the columns that can hold numbers.

    From its beginning alone where its size is not known, or reading all over it takes too long.
    """
    usable = {column: kind for column, kind in columns.items() if phone_problem(kind) is None}
    texts = frozenset(column for column, kind in usable.items() if kind.is_text)
    if not usable:
        return Sample({}, texts)
    rows = min(ROWS, max(FEWEST, CELLS // len(usable)))
    head = f"(FROM {name} LIMIT {SPREAD * rows})"
    if total is not None and total > SPREAD * rows:
        share = 100 * SPREAD * rows / total
        try:
            with limited(connection):
                found = _fetched(
                    connection, f"(FROM {name} TABLESAMPLE system({share:.6f}%) REPEATABLE (1))", usable, rows
                )
        except duckdb.InterruptException:
            found = []
        if len(found) >= rows // 2:
            return _columns(found, usable, texts)
    with limited(connection):
        return _columns(_fetched(connection, head, usable, rows), usable, texts)


def _fetched(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Column], rows: int
) -> list[tuple[list[str | None], ...]]:
    cells = ", ".join(_cell(column, kind) for column, kind in columns.items())
    query = f"SELECT {cells} FROM {name} USING SAMPLE reservoir({rows} ROWS) REPEATABLE (1)"
    return connection.execute(query).fetchall()


def _cell(name: str, column: Column) -> str:
    """The scalars of a cell as a list of texts, cut."""
    if column.is_list:
        whole = f"list_transform(CAST({quoted(name)} AS VARCHAR[])[:{_MOST}], lambda each: left(each, {_LONGEST}))"
        return f"coalesce({whole}, [])"
    return f"[left(CAST({quoted(name)} AS VARCHAR), {_LONGEST})]"


def _columns(found: list[tuple[list[str | None], ...]], columns: Mapping[str, Column], texts: frozenset[str]) -> Sample:
    return Sample(
        {name: [_scalars(row[place]) for row in found] for place, name in enumerate(columns)},
        texts,
    )


def _scalars(cell: list[str | None]) -> Cell:
    return tuple(part for part in cell if part is not None)
