"""How often a later step of a route is bought: by what earlier answers left unknown, else by an assumption.

Probabilities are integers, in millionths; money is nanos. Only the lake's own answers are looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ringfence.lake.columns import FACTS
from ringfence.lake.tables import Lake
from ringfence.lookups.due import BIT
from ringfence.lookups.merge import known
from ringfence.lookups.steps import Purchase, names

WHOLE = 1_000_000
# So many answers of a product tell how often it leaves something unknown; with fewer a quarter is assumed.
ENOUGH = 100
ASSUMED = WHOLE // 4


@dataclass(frozen=True, slots=True)
class History:
    """Answers by provider and product: how many told exactly these facts (as bits), and were not of invalid numbers.

    `answers` has how many there were at all.
    """

    told: Mapping[tuple[str, str], Mapping[int, int]] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def share(self, provider: str, product: str, facts: int) -> tuple[int, int]:
        """The share of answers that left some of these facts unknown, in millionths, and how many answers say so.

        An answer that the number is invalid leaves nothing to ask for.
        """
        key = (provider, product)
        total = self.answers.get(key, 0)
        if total < ENOUGH:
            return ASSUMED, 0
        open_ended = sum(count for mask, count in self.told.get(key, {}).items() if facts & ~mask)
        return -(-open_ended * WHOLE // total), total

    def reaches(self, purchases: Sequence[Purchase]) -> list[int]:
        """How probable each purchase about a number is, in millionths, if those at step 0 are made."""
        found: list[int] = []
        for place, purchase in enumerate(purchases):
            spared = WHOLE
            for before, facts in _before(purchases[:place], purchase).items():
                offer = purchases[before].offer
                share, _ = self.share(offer.provider, offer.product, facts)
                spared = spared * (WHOLE - found[before] * share // WHOLE) // WHOLE
            found.append(WHOLE - spared if purchase.step else WHOLE)
        return found

    def expected(self, purchases: Sequence[Purchase]) -> list[int]:
        """What each purchase about a number costs on average, in nanos of the configured currency, rounded up."""
        return [
            part(each.offer.cost.amount if each.offer.cost else 0, reach)
            for each, reach in zip(purchases, self.reaches(purchases), strict=True)
        ]

    def notes(self, found: Iterable[Sequence[Purchase]]) -> list[str]:
        """What the expected sum rests on: a sentence for each product that a later step depends on."""
        told: dict[str, None] = {}
        for purchases in found:
            for place, purchase in enumerate(purchases):
                for before, facts in _before(purchases[:place], purchase).items():
                    told[self._note(purchases[before], facts)] = None
        return list(told)

    def _note(self, purchase: Purchase, facts: int) -> str:
        offer = purchase.offer
        what = f"{offer.provider} {offer.product} leaves {' or '.join(names(facts))} unknown"
        share, count = self.share(offer.provider, offer.product, facts)
        percent = f"{share * 100 // WHOLE} %"
        if not count:
            return f"expected: {what} in {percent} of its answers (assumed: it has given fewer than {ENOUGH} so far)"
        return f"expected: {what} in {percent} of its answers (as in {count:,} so far)"


def part(amount: int, millionths: int) -> int:
    """A part of an amount, rounded up."""
    return -(-amount * millionths // WHOLE)


def history(lake: Lake) -> History:
    """What the answers in the lake told."""
    told = pl.sum_horizontal(known(fact).cast(pl.Int64) * BIT[fact] for fact in FACTS)
    counts = (
        lake.read("lookups")
        .with_columns(told=told, invalid=pl.col("validity") == "invalid")
        .group_by("provider", "product", "told", "invalid")
        .len()
    )
    masks: dict[tuple[str, str], dict[int, int]] = {}
    answers: dict[tuple[str, str], int] = {}
    for provider, product, mask, invalid, count in counts.iter_rows():
        key = (provider, product)
        answers[key] = answers.get(key, 0) + count
        if not invalid:
            masks.setdefault(key, {})[mask] = count
    return History(masks, answers)


def _before(earlier: Sequence[Purchase], purchase: Purchase) -> dict[int, int]:
    """The places of the purchases that were made just before for the same facts, each with those facts."""
    found: dict[int, int] = {}
    for bit in BIT.values() if purchase.step else ():
        if purchase.facts & bit:
            places = [place for place, each in enumerate(earlier) if each.facts & bit]
            if places:
                found[places[-1]] = found.get(places[-1], 0) | bit
    return found
