"""`ringfence sql`: one query on the served tables, read-only."""

from typing import Annotated

import duckdb
import typer

from ringfence.cli import context
from ringfence.cli.output import Format, FormatOption, print_rows
from ringfence.errors import RingfenceError


def sql(
    query: Annotated[str, typer.Argument(help="a SELECT")],
    form: FormatOption = Format.TABLE,
) -> None:
    """Run a query on the served tables.

    Example: ringfence sql "SELECT validity, count(*) FROM phone_numbers GROUP BY ALL"
    """
    path = context.setup().home / "ringfence.duckdb"
    if not path.exists():
        raise RingfenceError(f"{path} is not there yet; publish it with: ringfence serve")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("SET python_enable_replacements = false")
            result = connection.execute(query)
            names = _distinct([column[0] for column in result.description or []])
            rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    except duckdb.Error as error:
        raise RingfenceError(" ".join(str(error).split("\n\nLINE")[0].split())) from None
    print_rows(rows, form)


def _distinct(names: list[str]) -> list[str]:
    """Column names with a number behind those that stand twice, so that none is lost."""
    return [name if names.count(name) == 1 else f"{name}_{place + 1}" for place, name in enumerate(names)]
