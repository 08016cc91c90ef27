"""From what is bought about each number to the lines of a quote and their money. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ringfence.lookups.shares import History, part
from ringfence.lookups.steps import Steps
from ringfence.money.amount import Money
from ringfence.money.quotes import Line

PURCHASE = {
    "case": pl.Int64,
    "step": pl.Int64,
    "place": pl.Int64,
    "provider": pl.String,
    "product": pl.String,
    "facts": pl.Int64,
    "amount": pl.Int64,
    "currency": pl.String,
    "terms": pl.String,
    "cost": pl.Int64,
    "least": pl.Int64,
    "expected_cost": pl.Int64,
    "expected": pl.Int64,
}


def purchases(cases: Sequence[Steps], told: History) -> pl.DataFrame:
    """What is bought in each case, a row a purchase; money is nanos.

    cost, least and expected_cost are in the configured currency, amount and expected in that of the price.
    """
    rows: list[tuple[object, ...]] = []
    for case, each in enumerate(cases):
        costs, reaches = told.expected(each.purchases), told.reaches(each.purchases)
        for place, one in enumerate(each.purchases):
            price, cost, least = one.offer.price, one.offer.cost, one.offer.listed.least
            if price and cost and least:
                what = (one.step, place, one.offer.provider, one.offer.product, one.facts)
                money = (price.amount, price.currency, one.offer.listed.terms, cost.amount, least.amount)
                rows.append((case, *what, *money, costs[place], part(price.amount, reaches[place])))
    return pl.DataFrame(rows, schema=PURCHASE, orient="row")


def lines_of(frame: pl.DataFrame, ids: Mapping[str, int]) -> tuple[list[Line], dict[str, Any]]:
    """The lines in the order of their rounds, and the money of the quote: nanos of the configured currency.

    `expected_lines` has what each line costs on average, in nanos of its own currency.
    """
    keys = ["step", "place", "provider", "product", "country", "source", "facts", "amount", "currency", "terms"]
    parts = sorted(
        ((dict(zip(keys, key, strict=True)), rows) for key, rows in frame.group_by(keys, maintain_order=True)),
        key=lambda pair: (pair[0]["step"], pair[0]["place"], str(tuple(pair[0].values()))),
    )
    lines = [
        Line(
            **{name: key[name] for name in ("provider", "product", "country", "source", "facts", "step", "terms")},
            unit_price=Money(key["amount"], key["currency"]),
            subjects=tuple(ids[phone] for phone in rows["phone_e164"]),
            ranks=tuple(rows["rank"]),
        )
        for key, rows in parts
    ]
    most = int(frame["cost"].sum())
    return lines, {
        "low": int(frame.filter(pl.col("step") == 0)["least"].sum()),
        "expected": int(frame["expected_cost"].sum()),
        "max": most,
        "first_run": most,
        "expected_lines": [int(rows["expected"].sum()) for _, rows in parts],
    }
