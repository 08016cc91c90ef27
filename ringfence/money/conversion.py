"""From the currency that a provider bills in to that of the budgets, at the rate that was frozen when money was held.

A rate is written as what one unit is worth, such as "0.92 EUR"; None means that both currencies are the same. Every
conversion rounds up to the nano: none makes a purchase cheaper than it is. What is held is converted by the number, so
that the parts of an attempt that is split add up to it.
"""

from ringfence.money.amount import NANOS, Money


def converted(amount: int, rate: str | None) -> int:
    """Nanos of a provider's currency as nanos of the budgets', rounded up."""
    return amount if rate is None else -(-amount * Money.parse(rate).amount // NANOS)


def cost(price: Money, rate: str | None) -> Money:
    """A price in the currency of the budgets."""
    return price if rate is None else Money(converted(price.amount, rate), Money.parse(rate).currency)


def counted(attempt_currency: str, rate: str | None) -> str:
    """The currency that an attempt counts in."""
    return attempt_currency if rate is None else Money.parse(rate).currency


def held_for(held: int, unit_price: int, rate: str | None) -> int:
    """What an attempt holds at its price, in nanos of the budgets' currency: each of its numbers is converted."""
    return held if rate is None else held // (unit_price or 1) * converted(unit_price, rate)
