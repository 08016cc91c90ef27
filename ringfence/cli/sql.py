"""`ringfence sql`: one query on the served tables, read-only."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import duckdb
import typer

from ringfence.cli import context
from ringfence.cli.output import Format, FormatOption, print_rows
from ringfence.errors import RingfenceError

# What reads: DuckDB calls DESCRIBE, SHOW and the like SELECT, and PIVOT several. What these could do beside reading,
# such as a COPY within a WITH, the locks of the connection forbid.
READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.MULTI}
# Rows of a table for people, and those that are fetched at a time for programs.
SHOWN = 1_000


def sql(
    query: Annotated[str, typer.Argument(help="one SELECT")],
    form: FormatOption = Format.TABLE,
) -> None:
    """Run a query on the served tables.

    A table stops after 1,000 rows; csv and json hold all. Times are UTC. In csv a text that a spreadsheet would run
    as a formula gets a ' before it.

    Example: ringfence sql "SELECT * FROM enriched_customers LIMIT 5"
    """
    with context.served() as connection:
        result = connection.execute(_reading(query))
        names = _distinct([column[0] for column in result.description or []])
        rows = _rows(result, names)
        if form is not Format.TABLE:
            print_rows(rows, form, columns=names)
            return
        print_rows(list(islice(rows, SHOWN)), form)
        if next(rows, None):
            typer.echo(f"these are the first {SHOWN:,} rows; all are in: --format csv", err=True)


def _reading(query: str) -> duckdb.Statement:
    """The one statement of a query; raises RingfenceError for none, several, and what is not for reading."""
    statements = duckdb.extract_statements(query)
    if not statements:
        raise RingfenceError("there is no query in it; write a SELECT")
    if len(statements) > 1:
        raise RingfenceError(f"there are {len(statements)} statements in it; give one at a time")
    if statements[0].type not in READING:
        raise RingfenceError("ringfence sql is read-only; write a SELECT, or DESCRIBE, SHOW, SUMMARIZE or EXPLAIN")
    return statements[0]


def _rows(result: duckdb.DuckDBPyConnection, names: list[str]) -> Iterator[dict[str, Any]]:
    while some := result.fetchmany(SHOWN):
        yield from (dict(zip(names, row, strict=True)) for row in some)


def _distinct(names: list[str]) -> list[str]:
    """Column names with a number behind those that stand twice, so that none is lost."""
    return [name if names.count(name) == 1 else f"{name}_{place + 1}" for place, name in enumerate(names)]
