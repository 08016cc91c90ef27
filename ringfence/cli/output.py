"""How commands print: a table for people, JSON for programs. Nothing is computed here."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ringfence.money.amount import Money


class Format(StrEnum):
    """How a table is printed."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="table for people, json for programs")]


def console() -> Console:
    """The terminal; plain when piped, and as wide as its lines when nobody watches."""
    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False)


def print_rows(
    rows: Sequence[Mapping[str, Any]], form: Format, *, title: str = "", more: Mapping[str, Any] | None = None
) -> None:
    """Print rows: one JSON object with the rows under `rows`, or a table whose columns are those of the first row."""
    if form is Format.JSON:
        typer.echo(json.dumps({**(more or {}), "rows": list(rows)}, default=str))
        return
    if not rows:
        console().print(f"{title}: nothing" if title else "nothing")
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int | Money) else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console().print(table)


def shown(amount: int | None, currency: str) -> str:
    """An amount for people."""
    return "" if amount is None else str(Money(amount, currency))


def time_text(micros: int | None) -> str | None:
    """A time of the ledger as ISO 8601 in UTC, to the second."""
    if micros is None:
        return None
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
