"""How commands print: a table for people, JSON and CSV for programs. Nothing is computed here.

On standard output stands the result and nothing else, so that it pipes; what is said beside it goes to standard error.
"""

import csv
import itertools
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

# Signs in a line of a table that is piped.
WIDE = 400
# A wider column of a table is prose, which may be broken over lines down to so narrow a column.
PROSE, NARROW = 40, 24
# Signs between two columns of a table.
GAP = 2
# An amount with the nine places that programs get.
_AMOUNT = re.compile(r"(-?\d+)\.(\d{2})(\d{7})", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
# What a spreadsheet would run as a formula, also behind white space, which some take away. A sign before nothing but a
# number and what numbers are written with is none: +31612345678 and -0.01 stay as they are.
_FORMULA = re.compile(r"[\t\r\n]|[\s\ufeff\u200b]*(?:[=@\uff1d\uff20]|[+\-\uff0b\uff0d](?![0-9 \t-\r().,/-]*\Z))")


class Format(StrEnum):
    """How a table is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[
    Format, typer.Option("--format", help="table for people; json or csv (rows only) for programs")
]


def console() -> Console:
    """The terminal; plain and wide enough for every line when piped. What a text holds is never taken for markup."""
    if sys.stdout.isatty():
        return Console(highlight=False, markup=False, emoji=False)
    return Console(highlight=False, markup=False, emoji=False, width=WIDE, soft_wrap=True)


def print_rows(
    rows: Iterable[Mapping[str, Any]],
    form: Format,
    *,
    title: str = "",
    more: Mapping[str, Any] | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Print rows, whose columns are those of the first one unless `columns` says them.

    JSON is one object with the rows under `rows` beside `more`. CSV is a header and the rows, as they come. A table
    has a title, and says so where there are no rows.
    """
    if form is Format.JSON:
        typer.echo(_json({**(more or {}), "rows": list(rows)}))
    elif form is Format.CSV:
        _print_csv(iter(rows), columns)
    else:
        _print_table(list(rows), title)


def _print_csv(rows: Iterator[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """RFC 4180. A text that a spreadsheet would run as a formula gets a ' before it; JSON has it as it is."""
    if not columns:
        first = list(itertools.islice(rows, 1))
        columns, rows = [name for row in first for name in row], itertools.chain(first, rows)
    writer = csv.writer(sys.stdout)
    if columns:
        writer.writerow(map(_field, columns))
    writer.writerows([_field(row.get(name)) for name in columns] for row in rows)


def _field(value: object) -> str:
    """A value as a field of CSV: amounts with all their places, times in ISO 8601, NULL as nothing."""
    if isinstance(value, str):
        return _unrun(value)
    if value is None:
        return ""
    if isinstance(value, bool | list | tuple | dict):
        return _json(value, _unrun)
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat().replace("+00:00", "Z")
    return _plain(value)


def _unrun(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _json(value: object, write: Callable[[str], str] = str) -> str:
    """A value as JSON, with its texts as `write` has them."""
    return json.dumps(_known(value, write), default=_plain, allow_nan=False)


def _known(value: object, write: Callable[[str], str]) -> object:
    """A value in what JSON has: NaN and infinity are null, as they have no number there, and every key is a text."""
    if isinstance(value, str):
        return write(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {write(key if isinstance(key, str) else _plain(key)): _known(one, write) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one, write) for one in value]
    return value


def _print_table(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    out = console()
    if not rows:
        out.print(f"{title}: nothing" if title else "nothing")
        return
    if title:
        out.print(title)
    texts = {name: [seen(row.get(name)) for row in rows] for name in rows[0]}
    widths = {name: max(map(len, [name, *column])) for name, column in texts.items()}
    # Only prose is broken over lines: half an id or half a time cannot be read or copied.
    needed = sum((NARROW if width > PROSE else width) + GAP for width in widths.values())
    if needed > out.width + GAP:
        _print_records(out, texts)
        return
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name, column in texts.items():
        numbers = all(_NUMBER.fullmatch(text) for text in column if text)
        prose = widths[name] > PROSE
        table.add_column(name, justify="right" if numbers else "left", no_wrap=not prose, overflow="fold")
    for row in zip(*texts.values(), strict=True):
        table.add_row(*row)
    out.print(table)


def _print_records(out: Console, texts: Mapping[str, Sequence[str]]) -> None:
    """A column a line, for what does not fit side by side."""
    widest = max(map(len, texts))
    for row in zip(*texts.values(), strict=True):
        for name, text in zip(texts, row, strict=True):
            out.print(f"{name:<{widest}}  {text}")
        out.print()


def seen(value: object) -> str:
    """A value for people: amounts with no more places than they need, and every sign that cannot be seen spelled."""
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else _plain(value)
    if amount := _AMOUNT.fullmatch(text):
        return f"{amount[1]}.{amount[2]}{amount[3].rstrip('0')}"
    return text if text.isprintable() else "".join(map(_spelled, text))


def _spelled(sign: str) -> str:
    # A cell could hold what moves the cursor or renames the terminal.
    return sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")


def _plain(value: object) -> str:
    """A value that JSON does not know: money and decimals with all their places, bytes in hex, the rest as text."""
    if isinstance(value, bytes):
        return value.hex()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def time_text(micros: int | None) -> str | None:
    """A time of the ledger as ISO 8601 in UTC, to the second."""
    if micros is None:
        return None
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
