"""The demo's CRM warehouse, made from a seed: a DuckDB file with two tables and a Parquet export.

It holds who is in it and how often what occurs; how a cell is written is in `spellings.py`, how the files are read in
`config.py`. People are invented. The numbers are valid and may be somebody's: they are for the simulator only.
"""

import itertools
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import duckdb
import phonenumbers
import polars as pl
from phonenumbers import PhoneNumberType

from examples.demo.spellings import DAMAGE, DOMESTIC, FLOAT_JUNK, INTERNATIONAL, JUNK, OVERSIZED, SEPARATORS, Line

# Regions by how often they occur: a firm in the Netherlands with customers in 44 countries.
MANY = {"NL": 300, "GB": 160, "DE": 140, "FR": 80, "US": 80, "ES": 60, "IT": 60, "IN": 60, "BR": 50}
FEW = "BE PL SE NO DK FI PT IE CH AT CZ RO GR HU UA TR ZA NG KE EG MA SN CI AE SA JP KR AU NZ MX AR CA ID PH TH"
WEIGHTS = MANY | dict.fromkeys(FEW.split(), 12)
REPEATED = 1 / 3  # of the numbers, those that are in the warehouse already
LANDLINE = 0.15
DAMAGED = 0.05
PAIRED = 0.03
DELETED = 0.03
JUNK_EVERY = 8  # text cells
FLOAT_JUNK_EVERY = 40  # contacts

FIRST = ("Arbo", "Benka", "Cerin", "Dovra", "Elmie", "Gittal", "Halvo", "Ilsbet", "Jorrun", "Kessa", "Lomar", "Ovian")
LAST = ("Abelkamp", "Brimsen", "Corvane", "Dullmark", "Estervold", "Grolvik", "Imkerol", "Jandrake", "Kolverij")
CAMPAIGNS = ("spring-fair", "newsletter", "webinar", "partner-list")
SINCE, UNTIL = 1_546_300_800, 1_767_225_600  # 2019-01-01 and 2026-01-01 UTC, in seconds

CUSTOMERS = {
    "customer_id": pl.Int64,
    "name": pl.String,
    "country": pl.String,
    "phone": pl.String,
    "mobile": pl.String,
    "email": pl.String,
    "created_at": pl.Datetime("us"),
    "deleted_at": pl.Datetime("us"),
}
LEADS = {
    "lead_id": pl.Int64,
    "campaign": pl.String,
    "phones": pl.List(pl.String),
    "phone_number": pl.Int64,
    "country": pl.String,
    "score": pl.Float64,
    'opted in? "yes"; --': pl.Boolean,
}
CONTACTS = {"contact_ref": pl.String, "phone": pl.Float64, "other_phone": pl.String}


@cache
def _example(region: str, kind: int) -> tuple[Line, int]:
    """Libphonenumber's example of this kind of line, and the type that it has (in the US both kinds are one)."""
    number = phonenumbers.example_number_for_type(region, kind)
    line = Line(region, number.country_code, phonenumbers.national_significant_number(number))
    return line, phonenumbers.number_type(number)


Cell = TypeVar("Cell", str, int)


class _Scribe:
    """Chooses lines and writes them, never twice in the same way."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: defaultdict[str, list[Line]] = defaultdict(list)
        self.written: defaultdict[Line, set[object]] = defaultdict(set)
        self.turns = itertools.cycle([False] * (JUNK_EVERY - 1) + [True])
        self.junk = itertools.chain(JUNK, OVERSIZED, itertools.cycle(JUNK))

    def region(self) -> str:
        return self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]

    def country(self, region: str) -> str | None:
        """The region as the CRM has it: mostly in capitals, sometimes not, sometimes not at all."""
        return self.random.choices((region, region.lower(), None), (87, 5, 8))[0]

    def line(self, region: str) -> Line:
        """A line of the region: one that was written before, or a new valid one."""
        known = self.lines[region]
        if known and self.random.random() < REPEATED:
            return self.random.choice(known)
        landline = self.random.random() < LANDLINE
        example, kind = _example(region, PhoneNumberType.FIXED_LINE if landline else PhoneNumberType.MOBILE)
        while True:
            line = Line(region, example.code, f"{example.national[:-6]}{self.random.randrange(10**6):06}")
            if line not in self.written and phonenumbers.number_type(line.number()) == kind:
                known.append(line)
                self.written[line] = set()
                return line

    def spell(self, line: Line, home: str) -> str | None:
        """The line in a form that it does not have yet, for readers in `home`; None where four tries find none."""
        if self.random.random() < DAMAGED:
            spellings = DAMAGE
        else:
            spellings = INTERNATIONAL + DOMESTIC * 2 if line.region == home else INTERNATIONAL
        return self._unwritten(line, (spelling(line) for spelling in self.random.sample(spellings, 4)))

    def text(self, region: str, home: str | None = None) -> str | None:
        """The next text cell: a number of the region, two of them, or junk in its turn."""
        if next(self.turns):
            return next(self.junk)
        cell = self.spell(self.line(region), home or region)
        if cell and self.random.random() < PAIRED:
            other = self.spell(self.line(region), home or region) or "?"
            return cell + self.random.choice(SEPARATORS) + other
        return cell

    def integer(self, region: str) -> int | None:
        """The next cell of a column of integers: all digits, or the national ones without their leading zeros."""
        line = self.line(region)
        return self._unwritten(line, self.random.sample((int(line.digits), int(line.national)), 2))

    def _unwritten(self, line: Line, forms: Iterable[Cell]) -> Cell | None:
        """The first form that this line does not have yet."""
        for form in forms:
            if form not in self.written[line]:
                self.written[line].add(form)
                return form
        return None


def _customers(scribe: _Scribe, rows: int) -> Iterator[tuple[object, ...]]:
    chance = scribe.random
    for key in range(1, rows + 1):
        region = scribe.region()
        first, last = chance.choice(FIRST), chance.choice(LAST)
        phone = scribe.text(region)
        mobile = scribe.text(region) if chance.random() < 0.5 else None
        email = f"{first}.{last}.{key}@example.com".lower()
        created = chance.randrange(SINCE, UNTIL)
        deleted = chance.randrange(created, UNTIL) * 10**6 if chance.random() < DELETED else None
        yield key, f"{first} {last}", scribe.country(region), phone, mobile, email, created * 10**6, deleted


def _leads(scribe: _Scribe, rows: int) -> Iterator[tuple[object, ...]]:
    chance = scribe.random
    for key in range(1, rows + 1):
        region = scribe.region()
        count = chance.choices((None, 0, 1, 2, 3), (3, 5, 70, 17, 5))[0]
        phones = None if count is None else [scribe.text(region) for _ in range(count)]
        integer = scribe.integer(region) if chance.random() < 0.4 else None
        score = round(chance.random(), 3)
        yield key, chance.choice(CAMPAIGNS), phones, integer, scribe.country(region), score, chance.random() < 0.5


def _contacts(scribe: _Scribe, rows: int) -> Iterator[tuple[object, ...]]:
    """A British export without a country: who is not in Britain is written internationally."""
    floats = itertools.cycle(FLOAT_JUNK)
    for key in range(1, rows + 1):
        region = "GB" if scribe.random.random() < 0.6 else scribe.region()
        phone: float | None = scribe.integer(region) if scribe.random.random() < 0.5 else None
        if key % FLOAT_JUNK_EVERY == 0:
            phone = next(floats)
        yield f"C-{key:06}", phone, scribe.text(region, home="GB")


def tables(rows: int = 20_000, seed: int = 7) -> dict[str, pl.DataFrame]:
    """The tables by name, `rows` in all: the same for the same seed, and all kinds of junk from 2,000 rows on.

    A region has a million lines of a kind to draw from: enough for about two million rows.
    """
    scribe = _Scribe(seed)
    customers, leads = rows * 5 // 10, rows * 3 // 10
    return {
        "customers": pl.DataFrame(_customers(scribe, customers), schema=CUSTOMERS, orient="row"),
        "leads": pl.DataFrame(_leads(scribe, leads), schema=LEADS, orient="row"),
        "contacts": pl.DataFrame(_contacts(scribe, rows - customers - leads), schema=CONTACTS, orient="row"),
    }


def write(folder: Path, rows: int = 20_000, seed: int = 7) -> None:
    """Write `crm.duckdb` (crm.customers, crm.leads) and `exports/contacts.parquet`, in place of those there are."""
    made = tables(rows, seed)
    exports = folder / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    made["contacts"].write_parquet(exports / "contacts.parquet")
    (folder / "crm.duckdb").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as aside, duckdb.connect(folder / "crm.duckdb") as warehouse:
        warehouse.execute("create schema crm.crm")
        for name in ("customers", "leads"):
            part = str(Path(aside) / f"{name}.parquet")
            made[name].write_parquet(part)
            warehouse.read_parquet(part).create(f"crm.crm.{name}")
