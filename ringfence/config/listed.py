"""A list price as it is offered: what it is billed in, what it counts as in the configured currency, or why it is none.

Which price that is, is in `rates`.
"""

from dataclasses import dataclass

from ringfence.money.amount import Money
from ringfence.money.conversion import cost
from ringfence.money.terms import lowest


@dataclass(frozen=True, slots=True)
class Listed:
    """A list price; or None, `problem` (why there is none, and how to mend it), and what it `was` if it has ended.

    The price is the highest that its conditions (`terms`, as in `ringfence.money.terms`; None: there are none) allow,
    in the currency that it is billed in; `rate` is what one unit of that is worth in the configured currency, such as
    "0.92 EUR" (None: it is the same). `was` is in the configured currency. `warning` is about a price that holds, but
    not for long, or for very long already.
    """

    price: Money | None
    problem: str = ""
    warning: str = ""
    was: Money | None = None
    terms: str | None = None
    rate: str | None = None

    @property
    def ended(self) -> bool:
        """Whether there was a price that has ended."""
        return self.was is not None

    @property
    def cost(self) -> Money | None:
        """The price in the configured currency, rounded up to the nano: what budgets and other prices are held to."""
        return cost(self.price, self.rate) if self.price else None

    @property
    def least(self) -> Money | None:
        """The least that an answer can cost by the conditions of the price, in the configured currency."""
        if self.price is None:
            return None
        return cost(Money(lowest(self.terms, self.price.amount), self.price.currency), self.rate)
