"""The phases of a launch, and how its progress row reads as a line: the same in terminal, log and run page."""

from collections.abc import Mapping
from typing import Any

from ringfence.lookups.duration import lasting
from ringfence.money.amount import Money

PHASES = {
    "start": "starting",
    "phone_map": "reading the sources",
    "distinct_phones": "finding distinct numbers",
    "quote": "quoting",
    "lookups": "buying",
    "waiting": "waiting for answers that come later",
    "collect": "deciding what is open",
    "phone_facts": "merging",
    "serve": "publishing",
    "failed": "failed",
}


def told(row: Mapping[str, Any], seconds: float) -> str:
    """One line: phase, and while buying the lookups done, money spent and held, numbers a second, time left.

    `seconds` is how long the buying has gone on.
    """
    phase: str = PHASES.get(row["phase"], row["phase"])
    if row["phase"] != "lookups" or not row["planned"]:
        return phase
    rate = row["done"] / seconds if seconds > 1 else 0
    pace = f", {rate:,.0f}/s, {lasting(round((row['planned'] - row['done']) / rate))} left" if rate else ""
    spent, held = Money(row["spent"], row["currency"]), Money(row["held"], row["currency"])
    return f"{phase}: {row['done']:,} of {row['planned']:,} lookups, {spent} spent, {held} held{pace}"
