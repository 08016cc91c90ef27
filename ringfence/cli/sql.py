"""`ringfence sql`: one query on the served tables, read-only."""

import json
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
            names = [column[0] for column in result.description or []]
            rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    except duckdb.Error as error:
        raise RingfenceError(str(error).partition("\n")[0]) from None
    if form is Format.JSON:
        rows = json.loads(json.dumps(rows, default=str))
    print_rows(rows, form)
