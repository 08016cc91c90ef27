"""Reading `prices.csv`, the rate card: rows as they are written, each checked by itself and against its neighbours.

Which price holds on a day is in `rates`. Prices by network or outcome and monthly fees are refused: they are not read.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path

from ringfence.config.countries import country
from ringfence.config.file import cause
from ringfence.errors import ConfigError, MoneyError
from ringfence.http.redact import redact
from ringfence.money.amount import Money, nanos
from ringfence.providers.registry import providers

# Columns, and whether a rate card must have them.
COLUMNS = {
    "provider": True,
    "product": True,
    "country": False,
    "mccmnc": False,
    "outcome": False,
    "price": True,
    "currency": True,
    "valid_from": True,
    "valid_to": False,
}
NOT_READ = ("mccmnc", "outcome")
MONTHLY = "_monthly"


@dataclass(frozen=True, slots=True)
class Row:
    """A price that holds from one day to another, both included; `valid_to` None is open.

    `country` '' is every country that has no row of its own; `line` is where it stands in the file.
    """

    line: int
    provider: str
    product: str
    country: str
    price: Money
    valid_from: date
    valid_to: date | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is a price of."""
        return self.provider, self.product, self.country

    def holds(self, on: date) -> bool:
        """Whether it is the price on this day."""
        return self.valid_from <= on <= (self.valid_to or date.max)


def read(path: Path) -> list[Row]:
    """The rows of a rate card by key, each key's from the first day to the last; raises ConfigError.

    UTF-8 with or without a byte order mark, lines that end in LF or CRLF, cells in quotes or not.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot be read ({cause(error)}); name a CSV file in prices, or leave it out"
        ) from None
    _refuse_other_signs(path, text)
    lines = _lines(path, text)
    line, header = next(lines, (1, []))
    _check_header(f"{path}:{line}", header)
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            raise ConfigError(f"{path}:{line}: {len(cells)} cells where the header has {len(header)} columns")
        rows.append(_row(path, line, dict(zip(header, cells, strict=True))))
    rows.sort(key=lambda row: (row.key, row.valid_from))
    for _, same in groupby(rows, key=lambda row: row.key):
        for first, second in pairwise(same):
            if first.holds(second.valid_from):
                one, other = sorted((first.line, second.line))
                raise ConfigError(
                    f"{path}:{other}: a price for the same stands in line {one} for some of these days; end the"
                    " earlier one with valid_to on the day before the later one begins"
                )
    return rows


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


def _refuse_other_signs(path: Path, text: str) -> None:
    """Spreadsheets of many countries separate cells by semicolons."""
    first = text.lstrip().partition("\n")[0].replace('"', "")
    for sign, name in ((";", "';'"), ("\t", "tabs"), ("|", "'|'")):
        if sign in first and first.partition(sign)[0].strip() in COLUMNS:
            raise ConfigError(f"{path}:1: it is separated by {name}; a rate card is separated by commas")


def _check_header(at: str, header: list[str]) -> None:
    allowed = ", ".join(COLUMNS)
    for place, name in enumerate(header):
        if name not in COLUMNS:
            raise ConfigError(f"{at}: there is no column '{name[:40]}'; allowed, separated by commas, are {allowed}")
        if name in header[:place]:
            raise ConfigError(f"{at}: column {name} stands twice; keep one")
    for name, required in COLUMNS.items():
        if required and name not in header:
            raise ConfigError(f"{at}: column {name} is missing; the first line names the columns: {allowed}")


def _row(path: Path, line: int, cells: Mapping[str, str]) -> Row:
    try:
        return _checked(line, cells)
    except (ValueError, MoneyError) as error:
        raise ConfigError(f"{path}:{line}: {redact(str(error))}") from None


def _checked(line: int, cells: Mapping[str, str]) -> Row:
    for column in NOT_READ:
        if cells.get(column):
            raise ValueError(f"{column}: prices by {column} are not read yet; leave it empty")
    name, product = cells["provider"], cells["product"]
    if name not in providers():
        raise ValueError(f"provider: there is no provider '{name[:40]}'; there are: {', '.join(providers())}")
    if product == MONTHLY:
        raise ValueError(f"product: fixed fees ({MONTHLY}) are not read yet; take the line out")
    known = providers()[name]
    if product not in known.products:
        raise ValueError(f"product: there is no product '{product[:40]}'; there are: {', '.join(known.products)}")
    valid_from = _day("valid_from", cells["valid_from"])
    end = cells.get("valid_to")
    valid_to = _day("valid_to", end) if end else None
    if valid_to and valid_to < valid_from:
        raise ValueError(f"valid_to: {valid_to} is before valid_from, {valid_from}")
    return Row(line, name, product, _country(cells), _price(cells, known.currency, name), valid_from, valid_to)


def _country(cells: Mapping[str, str]) -> str:
    written = cells.get("country", "")
    try:
        return country(written) if written else ""
    except ValueError as error:
        raise ValueError(f"country: {error}") from None


def _price(cells: Mapping[str, str], billed_in: str | None, name: str) -> Money:
    currency = cells["currency"]
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ValueError(f"currency: '{currency[:40]}' is none; expected three capital letters (ISO 4217) such as EUR")
    if billed_in and currency != billed_in:
        raise ValueError(f"currency: {name} bills in {billed_in}: state its price so")
    try:
        amount = nanos(cells["price"])
    except MoneyError as error:
        raise ValueError(f"price: {error}") from None
    if amount < 0:
        raise ValueError(f"price: expected an amount that is not negative; found: {cells['price']}")
    return Money(amount, currency)


def _day(column: str, text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{column}: '{text[:40]}' is no day; expected year-month-day such as 2026-11-30")
