"""What a quote says of itself: counts, money and savings. Pure functions of its frames; the money is nanos."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import polars as pl

from ringfence.config.model import Config
from ringfence.lookups.cells import by_class, by_reason, cells, numbers_in
from ringfence.money.quotes import Line
from ringfence.providers.registry import provider


def summary(phone_map: pl.DataFrame, numbers: pl.DataFrame, lines: Sequence[Line], config: Config) -> dict[str, Any]:
    """The figures of a quote.

    Of the chosen sources: cells read by class and by reason; numbers distinct, due, fresh (wanted, nothing due) and
    without a route; low, expected and max money; requests and the least seconds that they take at the configured
    rates; what was saved by rejecting cells, by asking once for a number that stands in many cells, and by keeping
    answers that are fresh.
    """
    counted = cells(phone_map)
    classes = by_class(counted)
    in_cells = numbers_in(counted)
    distinct = phone_map["phone_e164"].drop_nulls().n_unique()
    fresh = numbers.filter((pl.col("want") > 0) & (pl.col("due") == 0)).height
    price = min((line.unit_price.amount for line in lines), default=_cheapest(config))
    total = sum(len(line.subjects) * line.unit_price.amount for line in lines)
    requests, seconds = _pace(lines, config)
    return {
        "currency": lines[0].unit_price.currency if lines else config.currency,
        "cells": {"read": sum(classes.values()), **classes},
        "rejected": by_reason(counted),
        "numbers": {
            "in_cells": in_cells,
            "distinct": distinct,
            "due": numbers.filter(pl.col("due") > 0).height,
            "quoted": sum(len(line.subjects) for line in lines),
            "fresh": fresh,
        },
        "low": total,
        "expected": total,
        "max": total,
        "requests": requests,
        "seconds": seconds,
        "saved": {
            "rejection": classes["rejected"] * price,
            "dedupe": max(0, in_cells - distinct) * price,
            "freshness": fresh * price,
        },
    }


def _cheapest(config: Config) -> int:
    return min((price.amount for section in config.providers.values() for price in section.price.values()), default=0)


def by_country(lines: Sequence[Line]) -> list[tuple[str, str, str, str, int, int]]:
    """The lines of a quote as people read them, the dearest first.

    Provider, product, country, currency, numbers, and nanos at list price.
    """
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for line in lines:
        row = sums.setdefault((line.provider, line.product, line.country, line.unit_price.currency), [0, 0])
        row[0] += len(line.subjects)
        row[1] += len(line.subjects) * line.unit_price.amount
    return sorted(((*key, count, nanos) for key, (count, nanos) in sums.items()), key=lambda row: (-row[5], row[:4]))


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
