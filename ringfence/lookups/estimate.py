"""What a quote says of itself: counts, money and savings. Pure functions of its frames; the money is nanos.

What later months cost is in `living`.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import polars as pl

from ringfence.config.model import Config
from ringfence.lookups.cells import by_class, by_reason, cells, numbers_in
from ringfence.lookups.due import bits
from ringfence.lookups.routes import Market, offers
from ringfence.lookups.shares import History
from ringfence.lookups.steps import steps
from ringfence.money.quotes import Line
from ringfence.providers.registry import provider


def summary(
    phone_map: pl.DataFrame, wanted: pl.DataFrame, lines: Sequence[Line], market: Market, told: History
) -> dict[str, Any]:
    """The figures of a quote beside its money.

    Of the chosen sources: cells read by class and by reason; numbers distinct, due, fresh (wanted, nothing due) and
    without a route; low, expected and max money; `first_run`, what a run costs at most that buys it all; requests and
    the least seconds that they take at the configured rates; and what was saved.
    """
    config = market.config
    counted = cells(phone_map)
    classes = by_class(counted)
    free = wanted.filter(~pl.col("claimed"))
    requests, seconds = _pace([line for line in lines if line.step == 0], config)
    return {
        "currency": config.currency,
        "cells": {"read": sum(classes.values()), **classes},
        "rejected": by_reason(counted),
        "numbers": {
            "in_cells": numbers_in(counted),
            "distinct": phone_map["phone_e164"].drop_nulls().n_unique(),
            "due": free.filter(pl.col("due") > 0).height,
            "quoted": len({subject for line in lines for subject in line.subjects}),
            "fresh": _fresh(free).height,
        },
        "requests": requests,
        "seconds": seconds,
        "saved": _saved(phone_map, wanted, classes["rejected"], replace(market, stops={}), told),
    }


def _fresh(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter((pl.col("want") > 0) & (pl.col("due") == 0))


def _saved(
    phone_map: pl.DataFrame, wanted: pl.DataFrame, rejected: int, market: Market, told: History
) -> dict[str, int]:
    """What was saved by rejecting cells, by asking once for a number in many cells, and by keeping fresh answers.

    A number would have cost what all that is wanted of it is expected to cost; a rejected cell, of which nothing is
    known, the least that any number would have. What has no price would have cost nothing.
    """
    alike = wanted.select("country", "line_type", "want").unique().sort("country", "line_type", "want")
    prices = [_price(market, told, *each) for each in alike.iter_rows()]
    priced = wanted.join(
        alike.with_columns(price=pl.Series(prices, dtype=pl.Int64)), on=["country", "line_type", "want"]
    )
    in_cells = phone_map.group_by("phone_e164").agg(pl.col("row_count").sum().cast(pl.Int64).alias("cells"))
    repeated = priced.join(in_cells, on="phone_e164").select((pl.col("cells") - 1) * pl.col("price")).to_series()
    if not prices:
        prices = [_price(market, told, "", "", bits(source.want)) for source in market.config.sources.values()]
    return {
        "rejection": rejected * min((price for price in prices if price is not None), default=0),
        "dedupe": int(repeated.sum()),
        "freshness": int(_fresh(priced.filter(~pl.col("claimed")))["price"].sum()),
    }


def _price(market: Market, told: History, country: str, line_type: str, facts: int) -> int | None:
    """What a lookup of these facts would cost if nobody had stopped a provider; None where nothing can be bought."""
    route = offers(market, country, line_type)
    bought = steps(route, [facts] * len(route) or [facts]).purchases
    return sum(told.expected(bought)) if bought else None


def by_country(lines: Sequence[Line]) -> list[tuple[int, str, str, str, str, int, int]]:
    """The lines of a quote as people read them, step by step, the dearest first.

    Step, provider, product, country, currency, numbers, and nanos at list price.
    """
    sums: dict[tuple[int, str, str, str, str], list[int]] = {}
    for line in lines:
        key = (line.step, line.provider, line.product, line.country, line.unit_price.currency)
        row = sums.setdefault(key, [0, 0])
        row[0] += len(line.subjects)
        row[1] += len(line.subjects) * line.unit_price.amount
    return sorted(((*key, row[0], row[1]) for key, row in sums.items()), key=lambda row: (row[0], -row[6], row[:5]))


def told_step(step: int) -> str:
    """How a step of a quote reads."""
    return {0: "first", 1: "if still unknown"}.get(step, f"if unknown after {step}")


def _pace(lines: Sequence[Line], config: Config) -> tuple[int, int]:
    """Requests (a request asks about one line) and the seconds that the slowest provider takes for its own."""
    requests: dict[str, int] = {}
    seconds = 0.0
    for line in lines:
        offered = provider(line.provider).products[line.product]
        section = config.providers[line.provider]
        count = ceil(len(line.subjects) / min(section.batch or offered.batch, offered.limit))
        requests[line.provider] = requests.get(line.provider, 0) + count
        seconds = max(seconds, requests[line.provider] / (section.rate or offered.rate))
    return sum(requests.values()), ceil(seconds)
