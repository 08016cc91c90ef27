"""What keeping answers fresh costs: a year after the first run, replayed by the rule that decides what is due. Pure.

A steady month is the average of the 12 times 30 days after the first run, with the numbers and the prices of today,
without what is asked for the first time. Every answer is taken to arrive and, after what the steps of a route are
expected to cost, to tell everything; nobody is taken to have stopped a provider.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import polars as pl

from ringfence.config.scalars import DAY, NAMED_INTERVALS, ONCE
from ringfence.lake.columns import FACTS
from ringfence.lookups.due import BIT
from ringfence.lookups.fee_notes import fee_notes
from ringfence.lookups.routes import Market, Offer, offers, sum_of
from ringfence.lookups.shares import History
from ringfence.lookups.steps import Steps, steps
from ringfence.lookups.ticks import ticks

# The days after the first run that are replayed, and the steady months in them.
DAYS_A_MONTH = 30
DAYS = 12 * DAYS_A_MONTH
MONTHS = DAYS // DAYS_A_MONTH
# Seconds after its tick at which a run has its answers: a fact of 30 days lasts until the tick 30 days later.
ANSWERED = 1
# Country, line type, ages of the wanted facts, and how many numbers are so.
Alike = tuple[str, str, dict[str, int], int]
_NAMES = {age: name for name, age in NAMED_INTERVALS.items()}


@dataclass(frozen=True, slots=True)
class Year:
    """The steady months of one number: nanos, and how often each fact was bought for its own sake.

    `asked` has its providers, none when nothing can be bought; `reason` says why not, or why not all that is wanted.
    """

    nanos: int
    times: Mapping[str, int]
    reason: str
    asked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers that are alike: what they want (seconds of age by fact), how many they are, and the year of each."""

    ages: Mapping[str, int]
    numbers: int
    year: Year


def living(wanted: pl.DataFrame, market: Market, now: datetime, told: History) -> dict[str, Any]:
    """The figures of a quote about later months, for numbers with country, line_type, want and want_<fact>.

    `steady_month` is in nanos of the configured currency, for the `steady_numbers` that something can be bought for;
    `steady_notes` are sentences.
    """
    calm = replace(market, stops={})
    moments = ticks(market.config, now, DAYS)
    alike = list(_alike(wanted))
    groups = _groups(alike, calm, moments, told)
    month, numbers = _month(groups)
    notes = _notes(groups)
    notes += fee_notes(calm, lambda other: _month(_groups(alike, other, moments, told)))
    if not market.config.schedule:
        notes.append("no schedule is set: reckoned with one run a day")
    return {
        "steady_month": month,
        "steady_numbers": numbers,
        "steady_notes": notes,
    }


def _groups(alike: Sequence[Alike], market: Market, moments: Sequence[tuple[int, int]], told: History) -> list[Group]:
    years: dict[tuple[object, ...], Year] = {}
    groups: list[Group] = []
    for country, line_type, ages, numbers in alike:
        among = offers(market, country, line_type)
        key = (tuple(ages.items()), among)
        if key not in years:
            years[key] = year(ages, among, moments, told)
        groups.append(Group(ages, numbers, years[key]))
    return groups


def _month(groups: Sequence[Group]) -> tuple[int, int]:
    """What a steady month costs, and for how many numbers something can be bought."""
    nanos = sum(group.year.nanos * group.numbers for group in groups)
    return -(-nanos // MONTHS), sum(group.numbers for group in groups if group.year.asked)


def year(
    ages: Mapping[str, int], among: Sequence[Sequence[Offer]], moments: Sequence[tuple[int, int]], told: History
) -> Year:
    """Replay the runs at these moments (`ticks`) for a number that wants facts of these ages (seconds).

    At the first nothing is known. The rule is that of `due`, where whatever was asked was answered.
    """
    wants = [(BIT[fact], age) for fact, age in ages.items()]
    last: dict[int, int] = {}
    found: dict[int, tuple[Steps, list[int]]] = {}
    times = {bit: 0 for bit, _ in wants}
    nanos, seen, reason = 0, 0, ""
    asked: set[str] = set()
    for (day, now), (_, horizon) in pairwise(moments):
        due = sum(bit for bit, age in wants if not seen & bit or _expires(last[bit], age, now, horizon))
        if not due:
            continue
        if due not in found:
            bought = steps(among, [due] * max(1, len(among)))
            found[due] = (bought, told.expected(bought.purchases))
        run, costs = found[due]
        if run.left and (not seen or run.ended):
            reason = reason or run.reason
        asked |= {each.offer.provider for each in run.purchases}
        for purchase, expected in zip(run.purchases, costs, strict=True):
            if day and not purchase.facts & ~seen:
                nanos += expected
                if not purchase.step:
                    times |= {bit: times[bit] + 1 for bit, _ in wants if bit & purchase.facts}
        covered = sum_of(each.offer.asked(each.facts) for each in run.purchases if not each.step)
        seen |= covered
        last |= {bit: now + ANSWERED for bit, _ in wants if bit & covered}
    return Year(nanos, {fact: times[BIT[fact]] for fact in ages}, reason, frozenset(asked))


def _expires(asked: int, age: int, now: int, horizon: int) -> bool:
    return asked + age <= horizon and 2 * asked + age <= 2 * now


def _alike(wanted: pl.DataFrame) -> Iterator[Alike]:
    """Numbers that are alike and want the same: country, line type, the ages of the facts, how many they are."""
    ages = [
        pl.when(pl.col("want").and_(BIT[fact]) != 0).then(pl.col(f"want_{fact}")).alias(f"want_{fact}")
        for fact in FACTS
    ]
    alike = wanted.filter(pl.col("want") > 0).select("country", "line_type", *ages)
    for row in alike.group_by(pl.all()).len().sort(pl.all()).iter_rows(named=True):
        wants = {fact: row[f"want_{fact}"] for fact in FACTS if row[f"want_{fact}"] is not None}
        yield row["country"], row["line_type"], wants, row["len"]


def _notes(groups: Sequence[Group]) -> list[str]:
    """What is asked oftener than monthly, what is asked too seldom to be seen in a year, and what cannot be asked."""
    often: Counter[tuple[str, int, int]] = Counter()
    rare: Counter[tuple[str, int]] = Counter()
    left: Counter[str] = Counter()
    for group in groups:
        for fact, age in group.ages.items():
            if age < DAYS_A_MONTH * DAY and group.year.times[fact]:
                often[fact, age, group.year.times[fact]] += group.numbers
            elif DAYS * DAY < age < ONCE:
                rare[fact, age] += group.numbers
        if group.year.reason:
            left[group.year.reason] += group.numbers
    notes = [
        f"{fact}: {_NAMES.get(age, f'{age // DAY}d')} asks {numbers:,} numbers {_tenths(times)} times a month"
        for (fact, age, times), numbers in often.items()
    ]
    notes += [f"not in it: {fact} of {count:,} numbers, every {age // DAY} days" for (fact, age), count in rare.items()]
    return notes + [f"not in it: {numbers:,} numbers, {reason}" for reason, numbers in left.items()]


def _tenths(times: int) -> str:
    """How often a month, to one place."""
    return f"{times / MONTHS:.1f}".removesuffix(".0")
