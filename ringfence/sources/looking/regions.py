"""The region that numbers without a country code are read in, where no column says it. Pure.

The plans of many countries take the same digits: `06 12345678` is a number of the Netherlands, Serbia and Italy. Among
those only other evidence decides, and without any nothing does: a wrong region would look up other people's numbers.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers

from ringfence.numbers.normalise import Policy
from ringfence.sources.looking.evidence import Cell, read

# Cells that all regions are tried on, and then the best of these.
_FIRST, _THEN = 40, 200
# Regions that read nearly as many as the best one are its rivals.
_NEARLY = 0.1
# A region that reads fewer is none.
_LEAST = 0.5
# The share of numbers that name a country which must be of one for it to be sure, and how many it takes at least.
SURE, HANDFUL = 0.95, 5


@dataclass(frozen=True, slots=True)
class Guess:
    """The default region (None: nothing decides), the share of cells that it reads, and those that read as many.

    `bare_international`: the cells are international numbers without their +, of several countries. `why` says what
    decided. Only a `sure` region is read in; another is for a person to confirm.
    """

    region: str | None
    share: float = 0.0
    rivals: tuple[str, ...] = ()
    bare_international: bool = False
    why: str = ""
    sure: bool = False


def guess(cells: Sequence[Cell], leaning: Sequence[tuple[str, str]]) -> Guess:
    """The region of cells that name no country.

    `leaning`: countries that something speaks for, with what, the strongest first.
    """
    if not cells:
        return Guess(None)
    shares = _shares(cells[:_FIRST], _main_regions())
    best = max(shares.values())
    near = [region for region in shares if shares[region] >= best - 2 * _NEARLY]
    shares = _shares(cells[:_THEN], near)
    best = max(shares.values())
    if found := _without_plus(cells[:_THEN], best):
        return found
    if best < _LEAST:
        return Guess(None, best, why="no region reads half of them")
    rivals = sorted((region for region in shares if shares[region] >= best - _NEARLY), key=lambda one: -shares[one])
    chosen, why = _chosen(rivals, leaning)
    others = tuple(region for region in rivals if not _alike(region, chosen))[:5]
    return Guess(chosen, shares.get(chosen or "", best), others, why=why)


def is_sure(told: Guess, explicit: Counter[str]) -> bool:
    """Whether a guess is good enough to buy numbers as it reads them.

    `explicit` are the countries of the numbers beside them that name one: nearly all must be of the region. Neither the
    plan nor the machine is enough: some plans take the numbers of several countries, and read all of a mixture.
    """
    own = sum(count for country, count in explicit.items() if _alike(country, told.region))
    return told.sure or own >= max(HANDFUL, SURE * explicit.total())


def _alike(one: str | None, other: str | None) -> bool:
    """Whether two regions share a country code, so that they read the same numbers."""
    code = phonenumbers.country_code_for_region(one) if one else 0
    return bool(code and other and phonenumbers.country_code_for_region(other) == code)


def _main_regions() -> list[str]:
    """One region a country code: what shares a code reads the same numbers."""
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return [codes[code][0] for code in sorted(codes) if code not in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS]


def _shares(cells: Sequence[Cell], regions: Sequence[str]) -> dict[str, float]:
    pairs = [(cell, region) for region in regions for cell in cells]
    counted = Counter(region for (_, region), (countries, _) in zip(pairs, read(pairs), strict=True) if countries)
    return {region: counted[region] / len(cells) for region in regions}


def _without_plus(cells: Sequence[Cell], best: float) -> Guess | None:
    """Whether the cells are international numbers that lack only their +."""
    answers = read(((cell, None) for cell in cells), Policy(bare_international=True))
    countries = Counter(country for found, _ in answers for country in found[:1])
    share = countries.total() / len(cells)
    if share < 0.8 or share < best - 0.02:
        return None
    country, count = countries.most_common(1)[0]
    if country and count >= SURE * countries.total():
        return Guess(country, share, why="they begin with its country code", sure=True)
    return Guess(None, share, bare_international=True, why="they are international numbers without +")


def _chosen(rivals: Sequence[str], leaning: Sequence[tuple[str, str]]) -> tuple[str | None, str]:
    for country, why in leaning:
        if any(_alike(region, country) for region in rivals):
            return country, why
    if len(rivals) == 1:
        return rivals[0], "no other region reads as many"
    return None, "the plans of several countries fit"
