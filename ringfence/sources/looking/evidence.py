"""What a sample of cells shows: how many are numbers by themselves, and how many only with a region. Pure.

Every cell goes through the normaliser that a run uses; what is made of the evidence is decided in `choosing`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from phonenumbers import SUPPORTED_REGIONS

from ringfence.numbers.gate import gate
from ringfence.numbers.normalise import Policy, normalise
from ringfence.numbers.reject import Reject
from ringfence.sources.looking.hints import Says, says

Cell = tuple[str, ...]
"""The scalars of a cell: one, the elements of a list, none for NULL."""

# A column in which fewer of the filled cells are written like a number is not read any further.
SCREEN = 0.2
# Distinct cells after which that may be told.
FIRST = 200
# Distinct cells of a column that are kept to try a region on.
NATIONAL = 200
# Columns of country codes that are tried.
REGION_COLUMNS = 3
_ABSENT = {Reject.EMPTY, Reject.PLACEHOLDER}
# Digits alone, perhaps as a float; a leading zero is rather a trunk prefix. And what people put between digits.
_BARE = re.compile(r"\s*[1-9]\d*(?:\.0*)?\s*")
_SPACED = re.compile(r"\d[\s()/.-]+\d|\(\d")


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a relation, column by column; only columns of a type that can hold numbers. `texts` are those of text."""

    columns: Mapping[str, Sequence[Cell]]
    texts: frozenset[str]


@dataclass(slots=True)
class ColumnEvidence:
    """One column of a sample, counted in rows.

    `filled` are neither empty nor a placeholder, `candidates` of them written like a number, `plus` numbers that begin
    with +, `read` numbers without any region; `nationals` would need one: of those `bare` are digits alone, `spaced`
    written in groups, and `national` has up to 200 cells. `under` has, by column of country codes, how many are read
    with its hint. `countries` are those of the numbers that name one.
    """

    name: str
    says: Says
    filled: int = 0
    candidates: int = 0
    plus: int = 0
    read: int = 0
    nationals: int = 0
    bare: int = 0
    spaced: int = 0
    national: Counter[Cell] = field(default_factory=Counter)
    countries: Counter[str] = field(default_factory=Counter)
    under: dict[str, Counter[str]] = field(default_factory=dict)


def evidence(sample: Sample) -> tuple[list[ColumnEvidence], dict[str, float]]:
    """The evidence of every column, and the columns of country codes with their share of real ones, best first."""
    regions = _region_columns(sample)
    hints = {name: [_hint(cell) for cell in sample.columns[name]] for name in regions}
    return [_column(name, cells, hints) for name, cells in sample.columns.items() if name not in regions], regions


def read(pairs: Iterable[tuple[Cell, str | None]], policy: Policy | None = None) -> list[tuple[list[str], bool]]:
    """For each cell under a region hint: the countries of the numbers that may be bought, and whether it lacks one.

    A number of a shared country code has the country "".
    """
    listed = list(pairs)
    frame = pl.DataFrame(
        {
            "place": range(len(listed)),
            "parts": [list(cell) for cell, _ in listed],
            "region_hint": [hint for _, hint in listed],
            "region_basis": [None] * len(listed),
        },
        schema={
            "place": pl.Int64,
            "parts": pl.List(pl.String),
            "region_hint": pl.String,
            "region_basis": pl.String,
        },
    )
    result: list[tuple[list[str], bool]] = [([], False) for _ in listed]
    rows = normalise(frame, policy or Policy()).select("place", "phone_e164", "country", "reject_reason")
    for place, number, country, reason in rows.iter_rows():
        countries, lacks = result[place]
        if number:
            countries.append(country or "")
        result[place] = (countries, lacks or reason == Reject.NO_COUNTRY)
    return result


def _region_columns(sample: Sample) -> dict[str, float]:
    """Text columns whose values are codes of countries; where the name does not say so, all of them must be."""
    found = {}
    for name in sample.texts:
        kind = says(name)
        values = Counter(hint for cell in sample.columns[name] if (hint := _hint(cell)))
        real = sum(count for value, count in values.items() if value in SUPPORTED_REGIONS)
        share = real / values.total() if values else 0.0
        plain = kind == "" and share >= 0.95 and len(values) > 1 and real >= 5
        if plain or (kind == "region" and share >= 0.6):
            found[name] = share + (kind == "region")
    best = sorted(found, key=lambda name: (-found[name], name))[:REGION_COLUMNS]
    return {name: found[name] for name in best}


def _hint(cell: Cell) -> str | None:
    return (cell[0].strip(" \t\r\n").upper() or None) if cell else None


def _column(name: str, cells: Sequence[Cell], hints: Mapping[str, Sequence[str | None]]) -> ColumnEvidence:
    found = ColumnEvidence(name, says(name))
    candidates: Counter[Cell] = Counter()
    for place, (cell, count) in enumerate(Counter(cell for cell in cells if cell).items()):
        if place == FIRST and _is_hopeless(found):
            break
        gated = [one for part in cell for one in gate(part)]
        if all(one.reject in _ABSENT for one in gated):
            continue
        found.filled += count
        if any(one.reject is None for one in gated):
            found.candidates += count
            candidates[cell] = count
    if _is_hopeless(found):
        return found
    for (cell, count), (countries, lacks) in zip(
        candidates.items(), read((cell, None) for cell in candidates), strict=True
    ):
        _count(found, cell, count, countries, lacks=lacks)
    if found.says not in ("other", "fax"):
        found.under = {region: _under(cells, values, candidates) for region, values in hints.items()}
    return found


def _is_hopeless(found: ColumnEvidence) -> bool:
    return found.candidates < SCREEN * found.filled or not found.candidates


def _count(found: ColumnEvidence, cell: Cell, count: int, countries: list[str], *, lacks: bool) -> None:
    if countries:
        found.read += count
        found.countries.update(dict.fromkeys(countries, count))
        found.plus += count * any("+" in part or "\uff0b" in part for part in cell)
    elif lacks:
        found.nationals += count
        found.bare += count * all(_BARE.fullmatch(part) for part in cell)
        found.spaced += count * any(_SPACED.search(part) for part in cell)
        if len(found.national) < NATIONAL:
            found.national[cell] = count


def _under(cells: Sequence[Cell], hints: Sequence[str | None], candidates: Mapping[Cell, int]) -> Counter[str]:
    """Rows read with the hints that stand beside them, by country; under "*" all of them."""
    pairs = Counter((cell, hint) for cell, hint in zip(cells, hints, strict=True) if cell in candidates)
    found: Counter[str] = Counter()
    for count, (countries, _) in zip(pairs.values(), read(pairs), strict=True):
        if countries:
            found["*"] += count
            found.update(dict.fromkeys(countries, count))
    return found
