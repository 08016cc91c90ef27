"""CSV files whose rows hold from one day to another: how they are read, and what of them is checked alike.

What a row means is with who reads it: `rate_card` prices, `exchange` rates.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path
from typing import Protocol, TypeVar

from ringfence.config.file import cause
from ringfence.errors import ConfigError, MoneyError
from ringfence.http.redact import redact


class Dated(Protocol):
    """A row that holds from one day to another, both included; `valid_to` None is open. `line` is where it stands."""

    @property
    def line(self) -> int: ...  # noqa: D102 - as above
    @property
    def valid_from(self) -> date: ...  # noqa: D102
    @property
    def valid_to(self) -> date | None: ...  # noqa: D102
    @property
    def key(self) -> tuple[str, ...]:
        """What it holds for."""
        ...

    @property
    def name(self) -> str:
        """What it holds for, as people say it."""
        ...


R = TypeVar("R", bound=Dated)


def holds(row: Dated, on: date) -> bool:
    """Whether a row holds on this day."""
    return row.valid_from <= on <= (row.valid_to or date.max)


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file: what it is called, the key of the configuration that names it, what is in it by row.

    `columns` says of each whether it must be there.
    """

    name: str
    key: str
    row: str
    columns: Mapping[str, bool]


def read(path: Path, form: Form, row_of: Callable[[int, Mapping[str, str]], R]) -> list[R]:
    """The rows of a file by key, each key's from the first day to the last; raises ConfigError.

    UTF-8 with or without a byte order mark, lines that end in LF or CRLF, cells in quotes or not. `row_of` makes a row
    of its line and cells, and raises ValueError or MoneyError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = f"{path}: cannot be read ({cause(error)}); name a CSV file in {form.key}, or leave it out"
        raise ConfigError(told) from None
    _refuse_other_signs(path, text, form)
    lines = _lines(path, text)
    line, header = next(lines, (1, []))
    _check_header(f"{path}:{line}", header, form)
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            raise ConfigError(f"{path}:{line}: {len(cells)} cells where the header has {len(header)} columns")
        try:
            rows.append(row_of(line, dict(zip(header, cells, strict=True))))
        except (ValueError, MoneyError) as error:
            raise ConfigError(f"{path}:{line}: {redact(str(error))}") from None
    rows.sort(key=lambda row: (row.key, row.valid_from))
    for _, same in groupby(rows, key=lambda row: row.key):
        for first, second in pairwise(same):
            if holds(first, second.valid_from):
                one, other = sorted((first.line, second.line))
                raise ConfigError(
                    f"{path}:{other}: {form.row} for the same stands in line {one} for some of these days; end the"
                    " earlier one with valid_to on the day before the later one begins"
                )
    return rows


def days(cells: Mapping[str, str]) -> tuple[date, date | None]:
    """The first and the last day of a row; raises ValueError."""
    first, end = _day("valid_from", cells["valid_from"]), cells.get("valid_to")
    last = _day("valid_to", end) if end else None
    if last and last < first:
        raise ValueError(f"valid_to: {last} is before valid_from, {first}")
    return first, last


def currency(cells: Mapping[str, str]) -> str:
    """The currency of a row; raises ValueError."""
    if not re.fullmatch(r"[A-Z]{3}", cells["currency"]):
        found = f"'{cells['currency'][:40]}' is none"
        raise ValueError(f"currency: {found}; expected three capital letters (ISO 4217) such as EUR")
    return cells["currency"]


def _lines(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the number of the line that it begins in."""
    reader = csv.reader(io.StringIO(text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise ConfigError(f"{path}:{line}: not valid CSV ({error})") from None
        if any(cells):
            yield line, cells


def _refuse_other_signs(path: Path, text: str, form: Form) -> None:
    """Spreadsheets of many countries separate cells by semicolons."""
    first = text.lstrip().partition("\n")[0].replace('"', "")
    for sign, name in ((";", "';'"), ("\t", "tabs"), ("|", "'|'")):
        if sign in first and first.partition(sign)[0].strip() in form.columns:
            raise ConfigError(f"{path}:1: it is separated by {name}; {form.name} is separated by commas")


def _check_header(at: str, header: list[str], form: Form) -> None:
    allowed = ", ".join(form.columns)
    for place, name in enumerate(header):
        if name not in form.columns:
            raise ConfigError(f"{at}: there is no column '{name[:40]}'; allowed, separated by commas, are {allowed}")
        if name in header[:place]:
            raise ConfigError(f"{at}: column {name} stands twice; keep one")
    for name, required in form.columns.items():
        if required and name not in header:
            raise ConfigError(f"{at}: column {name} is missing; the first line names the columns: {allowed}")


def _day(column: str, text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{column}: '{text[:40]}' is no day; expected year-month-day such as 2026-11-30")
