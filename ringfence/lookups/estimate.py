"""What a quote says of itself: counts, money and savings. Pure functions of its frames; the money is nanos."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import polars as pl

from ringfence.config.model import Config
from ringfence.money.quotes import Line
from ringfence.providers.registry import provider


def summary(phone_map: pl.DataFrame, numbers: pl.DataFrame, lines: Sequence[Line], config: Config) -> dict[str, Any]:
    """The figures of a quote.

    cells read by class and by reason; numbers distinct, due, fresh (wanted, nothing due) and without a route; low,
    expected and max money; requests and the least seconds that they take at the configured rates; what was saved by
    rejecting cells, by asking once for a number that stands in many cells, and by keeping answers that are fresh.
    """
    classes = dict(_sums(phone_map.filter(pl.col("position") == 0), "parse_status"))
    found = phone_map.filter(pl.col("phone_e164").is_not_null())
    cells = int(found["row_count"].sum())
    distinct = found["phone_e164"].n_unique()
    fresh = numbers.filter((pl.col("want") > 0) & (pl.col("due") == 0)).height
    price = min((line.unit_price.amount for line in lines), default=_cheapest(config))
    rejected = classes.get("rejected", 0)
    total = sum(len(line.subjects) * line.unit_price.amount for line in lines)
    requests, seconds = _pace(lines, config)
    return {
        "currency": lines[0].unit_price.currency if lines else config.currency,
        "cells": {"read": sum(classes.values()), **{name: classes.get(name, 0) for name in _CLASSES}},
        "rejected": dict(sorted(_sums(phone_map.filter(pl.col("parse_status") == "rejected"), "reject_reason"))),
        "numbers": {
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
            "rejection": rejected * price,
            "dedupe": max(0, cells - distinct) * price,
            "freshness": fresh * price,
        },
    }


_CLASSES = ("parsed", "rejected", "empty")


def _sums(frame: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    return [(str(name), int(rows)) for name, rows in frame.group_by(column).agg(pl.col("row_count").sum()).iter_rows()]


def _cheapest(config: Config) -> int:
    return min((price.amount for section in config.providers.values() for price in section.price.values()), default=0)


def _pace(lines: Sequence[Line], config: Config) -> tuple[int, int]:
    requests: dict[tuple[str, str], int] = {}
    for line in lines:
        key = (line.provider, line.product)
        requests[key] = requests.get(key, 0) + len(line.subjects)
    seconds = 0.0
    total = 0
    for (name, product), numbers in requests.items():
        offered = provider(name).products[product]
        section = config.providers[name]
        count = ceil(numbers / min(section.batch or offered.batch, offered.limit))
        total += count
        seconds = max(seconds, count / (section.rate or offered.rate))
    return total, ceil(seconds)
