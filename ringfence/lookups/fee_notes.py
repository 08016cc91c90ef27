"""What a quote says of fixed fees: beside the steady month, and whether they pay. Pure."""

from collections.abc import Callable
from dataclasses import replace

from ringfence.lookups.routes import Market
from ringfence.money.amount import Money


def fee_notes(market: Market, month_of: Callable[[Market], tuple[int, int]]) -> list[str]:
    """A sentence for each configured provider that has a fee now.

    `month_of` gives the nanos of a steady month of a market, and for how many numbers. A fee is no part of the price of
    a lookup. With routes auto it is held against what the month would cost if the provider were left out.
    """
    month, numbers = month_of(market)
    notes = []
    for name in market.config.providers:
        fee = market.rates.monthly_fee(name, market.on)
        if fee is None:
            continue
        told = f"not in it: the fixed fee of {name}, {fee} a month"
        if market.config.routes == "auto":
            other, reached = month_of(replace(market, stops={name: "left out to compare"}))
            if reached == numbers:
                saved = other - month
                told += f"; without {name} the lookups would cost {Money(saved, fee.currency)} a month more"
                told += ", less than the fee: leave it out" if saved < fee.amount else ""
        notes.append(told)
    return notes
