"""How commands print: a table for people, JSON for programs. Nothing is computed here."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ringfence.money.amount import Money

# Columns of a table that is piped: no line of ours is longer.
WIDE = 400
# A row of more columns is printed a column a line: nobody can read it side by side.
MOST_COLUMNS = 12


class Format(StrEnum):
    """How a table is printed."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="table for people, json for programs")]


def console() -> Console:
    """The terminal; plain and wide enough for every line when piped."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=WIDE, soft_wrap=True)


def print_rows(
    rows: Sequence[Mapping[str, Any]], form: Format, *, title: str = "", more: Mapping[str, Any] | None = None
) -> None:
    """Print rows: one JSON object with the rows under `rows`, or a table whose columns are those of the first row."""
    if form is Format.JSON:
        typer.echo(json.dumps({**(more or {}), "rows": list(rows)}, default=_plain))
        return
    if not rows:
        console().print(f"{title}: nothing" if title else "nothing")
        return
    if len(rows[0]) > MOST_COLUMNS:
        for row in rows:
            widest = max(map(len, row))
            for name, value in row.items():
                console().print(f"{name:<{widest}}  {'' if value is None else value}", markup=False)
            console().print()
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int | Money) else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console().print(table)


def _plain(value: object) -> str:
    """A value that JSON does not know: money and other decimals with all their places, the rest as text."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def shown(amount: int | None, currency: str) -> str:
    """An amount for people."""
    return "" if amount is None else str(Money(amount, currency))


def time_text(micros: int | None) -> str | None:
    """A time of the ledger as ISO 8601 in UTC, to the second."""
    if micros is None:
        return None
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
