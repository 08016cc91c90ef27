"""What may be bought together: numbers at one price in one set of budgets, and what is said of those that are not."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from ringfence.money.amount import Money
from ringfence.money.conversion import cost
from ringfence.money.room import Purchase


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Numbers that one request may ask about, at one price, in one set of budgets. `facts` are the due ones, as bits.

    `country` is that of the numbers, `source` the first that asks for them: budgets are scoped by both. `ledger_seq` is
    the settlement that the quote was computed at, `answers` the facts that the product answers. `terms` are the
    conditions of the price (`ringfence.money.terms`), and `rate` is what a unit of its currency is worth in that of the
    budgets, such as "0.92 EUR" (None: the same). `is_half` says that the provider refused the whole as too many.
    """

    quote_id: str
    ledger_seq: int
    consent: str
    provider: str
    product: str
    answers: int
    facts: int
    unit_price: Money
    subjects: tuple[int, ...]
    country: str
    source: str
    terms: str | None = None
    rate: str | None = None
    retry_of: str | None = None
    is_half: bool = False

    @property
    def cost(self) -> Money:
        """The price in the currency of the budgets."""
        return cost(self.unit_price, self.rate)

    @property
    def purchase(self) -> Purchase:
        """What the budgets look at."""
        return Purchase(self.quote_id, self.provider, self.country, self.source, self.cost, self.consent)


@dataclass(frozen=True, slots=True)
class Refused:
    """Numbers of a quote that were not reserved: the status they are shown with, and why, in one sentence."""

    quote_id: str
    subjects: tuple[int, ...]
    status: str
    reason: str


def each_once(left: Iterable[Refused], seen: Collection[int] = ()) -> list[Refused]:
    """The same with each number once, under the first that has it, and without those that were seen already."""
    known, found = set(seen), []
    for refused in left:
        fresh = tuple(subject for subject in refused.subjects if subject not in known)
        known.update(fresh)
        if fresh:
            found.append(replace(refused, subjects=fresh))
    return found
