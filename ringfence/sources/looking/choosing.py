"""Which columns of a relation hold phone numbers, and in which region they are read: decided from evidence. Pure.

Digits fit the plan of some country too easily: where neither a + nor the column's name says phone, a column is left
out, and the report says why. A column that is kept costs nothing by itself: each cell is judged again in a run.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ringfence.sources.looking.evidence import NATIONAL, ColumnEvidence, read
from ringfence.sources.looking.regions import HANDFUL, Guess, guess, is_sure
from ringfence.sources.names import shown

# The share of filled cells that must read as numbers: in a column named so, of digits alone in one, and in any other.
NAMED, NAMED_BARE, UNNAMED = 0.3, 0.5, 0.8
PLUS = 0.5
# What could be numbers, and is not worth a word below this share.
TELLING = 0.5
NEEDS_REGION = "its numbers need a region"


@dataclass(frozen=True, slots=True)
class Judged:
    """One column of the report: filled cells in the sample, the share that reads as numbers, of which countries."""

    column: str
    kept: bool
    filled: int
    share: float
    countries: tuple[str, ...]
    why: str


def left_out(column: str, why: str) -> Judged:
    """What was not read at all."""
    return Judged(column, kept=False, filled=0, share=0.0, countries=(), why=why)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is read of a relation. `note` says what the region rests on; `judged` what was considered, kept first.

    `numbers` is how many cells with a number the sample has in the columns that are kept, once they have a region.
    """

    phones: tuple[str, ...]
    region_column: str | None
    guess: Guess
    note: str
    judged: tuple[Judged, ...]
    numbers: int


def choose(
    columns: Sequence[ColumnEvidence], regions: Mapping[str, float], leaning: Sequence[tuple[str, str]]
) -> Choice:
    """Choose phone columns and region; `leaning` as in `regions.guess`."""
    pooled = _pooled(columns)
    column = _region_column(pooled, regions)
    told = guess([], ()) if column else _default(pooled, leaning)
    # What is read now, and what would be once a person has named the region.
    read_in = told if told.sure or told.bare_international else replace(told, region=None)
    likely = read_in if read_in is told else replace(told, region=told.region or next(iter(told.rivals), None))
    judged, numbers = [], 0
    for each in columns:
        count, countries = _reads(each, column, read_in)
        possible, _ = _reads(each, column, likely)
        kept, why = _verdict(each, count, possible, guessed=told.region is not None)
        if kept or why:
            share = count / each.filled if each.filled else 0.0
            top = tuple(country or "shared" for country, _ in countries.most_common(4))
            judged.append(Judged(each.name, kept, each.filled, share, top, why))
        if kept:
            numbers += max(count, possible)
    judged.sort(key=lambda one: (not one.kept, -one.share))
    phones = tuple(each.name for each in columns if any(one.kept and one.column == each.name for one in judged))
    note = _note(pooled, column, told)
    if not column and (named := [shown(each.name) for each in columns if each.says == "region" and each.filled]):
        note += f"; '{named[0]}' does not hold codes such as NL, a view could map it to them"
    return Choice(phones, column, told, note, tuple(judged), numbers)


def _pooled(columns: Sequence[ColumnEvidence]) -> list[ColumnEvidence]:
    """The columns that tell of the region: sure ones, else also those written like numbers."""
    sure = [each for each in columns if each.says == "phone" or (each.filled and each.plus >= PLUS * each.filled)]
    written = [each for each in columns if each.says == "" and each.candidates >= UNNAMED * each.filled]
    if any(each.nationals for each in sure):
        return sure
    return sure + [each for each in written if _is_written(each) and each not in sure]


def _is_written(each: ColumnEvidence) -> bool:
    return each.filled >= HANDFUL and each.plus + each.spaced >= NAMED * each.filled


def _region_column(pooled: Sequence[ColumnEvidence], regions: Mapping[str, float]) -> str | None:
    """The column of country codes under which most cells read as numbers; None where it does not help half of them."""
    nationals = sum(each.nationals for each in pooled)
    gains = {region: sum(each.under[region]["*"] - each.read for each in pooled if each.under) for region in regions}
    best = max(regions, key=lambda region: (gains[region], regions[region]), default=None)
    return best if best is not None and gains[best] >= nationals / 2 else None


def _default(pooled: Sequence[ColumnEvidence], leaning: Sequence[tuple[str, str]]) -> Guess:
    cells: Counter[tuple[str, ...]] = Counter()
    explicit: Counter[str] = Counter()
    for each in pooled:
        cells.update(each.national)
        explicit.update(each.countries)
    own: list[tuple[str, str]] = []
    if explicit:
        country, count = explicit.most_common(1)[0]
        if country and count >= max(HANDFUL, explicit.total() / 2):
            own = [(country, f"most numbers beside them that name a country are of {country}")]
    if len(cells) < HANDFUL and not (own or leaning):
        return Guess(None, why="they are too few to tell")
    told = guess([cell for cell, _ in cells.most_common(NATIONAL)], [*own, *leaning])
    return replace(told, sure=is_sure(told, explicit))


def _reads(each: ColumnEvidence, column: str | None, told: Guess) -> tuple[int, Counter[str]]:
    """How many cells of a column read as numbers in the chosen region, and of which countries they are."""
    if column and each.under:
        found = Counter(each.under[column])
        return found.pop("*", 0), found
    countries = Counter(each.countries)
    if not (told.region and each.national):
        return each.read + round(each.nationals * told.share * told.bare_international), countries
    answers = read((cell, told.region) for cell in each.national)
    tried: Counter[str] = Counter()
    for count, (named, _) in zip(each.national.values(), answers, strict=True):
        tried.update(dict.fromkeys(named[:1], count))
    scale = each.nationals / each.national.total()
    for country, count in tried.items():
        countries[country] += round(count * scale)
    return each.read + round(tried.total() * scale), countries


def _verdict(each: ColumnEvidence, count: int, possible: int, *, guessed: bool) -> tuple[bool, str]:
    """Whether a column is kept, and why; left out without a word where nothing speaks for it.

    `count` cells are read now, `possible` once a region is set, which is `guessed` or any.
    """
    if each.says == "fax":
        return False, "named like a fax line, where no subscriber answers"
    if not each.filled:
        return False, "named like a phone column, but no sampled cell is filled" if each.says == "phone" else ""
    if each.plus >= max(HANDFUL, PLUS * each.filled):
        return True, "its numbers begin with +"
    if each.says == "phone":
        return _named(each, count, possible)
    least = max(HANDFUL, UNNAMED * each.filled)
    if each.says == "" and _is_written(each) and (count >= least or (guessed and possible >= least)):
        return True, "its cells are written like phone numbers" + ("" if count >= least else f"; {NEEDS_REGION}")
    if max(count, each.read + each.nationals) < max(HANDFUL, TELLING * each.filled):
        return False, ""
    digits = "digits that some country's plan would take"
    return False, f"{digits}, but its name says another thing" if each.says == "other" else f"{digits}, or anything"


def _named(each: ColumnEvidence, count: int, possible: int) -> tuple[bool, str]:
    least = (NAMED_BARE if each.bare > each.nationals / 2 else NAMED) * each.filled
    if max(count, possible) >= max(1, least):
        return True, "named like a phone column" + ("" if count >= least else f"; {NEEDS_REGION}")
    return False, f"named like a phone column, but {_percent(count, each.filled)} of its cells read as numbers"


def _note(pooled: Sequence[ColumnEvidence], column: str | None, told: Guess) -> str:
    nationals, filled = sum(each.nationals for each in pooled), sum(each.filled for each in pooled)
    part = _percent(nationals, filled)
    if column:
        return f"{part} of the sampled numbers name no country; this column does"
    if not nationals:
        return "every sampled number names its country"
    also = f", and {', '.join(told.rivals)} nearly as many" if told.rivals else ""
    if told.bare_international:
        return f"{part} of the sampled cells are international numbers without their +"
    if told.region:
        told_of = f"{part} of the sampled cells name no country; {told.region} reads {told.share:.0%} of these{also}"
        return f"{told_of} ({told.why})" if told.sure else f"only a guess, so not set: {told_of} ({told.why})"
    return f"{part} of the sampled cells name no country and cannot be looked up without one: {told.why}" + (
        f" ({', '.join(told.rivals)})" if told.rivals else ""
    )


def _percent(part: int, whole: int) -> str:
    share = part / whole if whole else 0.0
    return f"{share:.0%}" if share == 0 or share >= 0.01 else "less than 1%"
