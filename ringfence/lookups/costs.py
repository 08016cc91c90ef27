"""What was spent and is held, from the ledger's attempts. It only reads."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import select

from ringfence.errors import RingfenceError
from ringfence.lake.tables import Lake
from ringfence.money.amount import decimal_text
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT, QUOTE
from ringfence.money.states import OPEN

BY = ("provider", "product", "day", "quote", "country", "source")
Row = dict[str, Any]


@dataclass(slots=True)
class Sums:
    """Sums over a group, in nanos."""

    spent: int = 0
    held: int = 0
    in_doubt: int = 0
    refunded: int = 0
    numbers: int = 0
    attempts: set[str] = field(default_factory=set)


def costs(
    ledger: Ledger, lake: Lake, zone: ZoneInfo, *, by: Sequence[str], since: datetime | None = None
) -> dict[str, list[Row]]:
    """Totals by currency, and rows by the given keys; money as decimal strings with nine places.

    spent is net of refunds and held includes in_doubt. `saved` is what the newest quote of everything did not have to
    buy: rejected cells, repeated numbers, and answers that are still fresh.
    """
    for key in by:
        if key not in BY:
            raise RingfenceError(f"costs can be grouped by {', '.join(BY)}, not by '{key}'")
    groups: dict[tuple[str, ...], Sums] = defaultdict(Sums)
    totals: dict[str, Sums] = defaultdict(Sums)
    refunds = _refunds(lake)
    for row in _attempts(ledger, zone, since):
        row["refunded"] = refunds.get(row["attempt_id"], 0)
        for sums in (groups[(*(str(row[key]) for key in by), row["currency"])], totals[row["currency"]]):
            _add(sums, row)
    saved = savings(ledger)
    return {
        "totals": [
            {"currency": currency, **_money(sums), "saved": decimal_text(saved.get(currency, 0))}
            for currency, sums in sorted(totals.items())
        ],
        "rows": [
            {
                **dict(zip((*by, "currency"), key, strict=True)),
                **_money(sums),
                "attempts": len(sums.attempts),
                "numbers": sums.numbers,
            }
            for key, sums in sorted(groups.items())
        ],
    }


def _attempts(ledger: Ledger, zone: ZoneInfo, since: datetime | None) -> Iterator[Row]:
    query = select(ATTEMPT).where(ATTEMPT.c.state != "voided")
    if since:
        query = query.where(ATTEMPT.c.reserved_at >= int(since.timestamp() * 1_000_000))
    with ledger.store.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    for row in rows:
        is_open = row["state"] in OPEN
        yield {
            **row,
            "quote": row["quote_id"],
            "day": datetime.fromtimestamp(row["reserved_at"] / 1_000_000, zone).date().isoformat(),
            "spent": row["actual"] or 0,
            "held_now": row["held"] if is_open else 0,
            "in_doubt": row["held"] if row["state"] == "in_doubt" else 0,
        }


def _refunds(lake: Lake) -> dict[str, int]:
    frame = lake.read("lookups").filter(pl.col("cost_refund") > 0)
    sums = frame.group_by("attempt_id").agg(pl.col("cost_refund").sum())
    return {attempt_id: int(refund.scaleb(9)) for attempt_id, refund in sums.iter_rows()}


def savings(ledger: Ledger) -> dict[str, int]:
    """What the newest quote of everything did not have to buy, in nanos by its currency."""
    with ledger.store.read() as connection:
        for text in connection.scalars(select(QUOTE.c.summary).order_by(QUOTE.c.created_at.desc())):
            summary = json.loads(text)
            if not summary.get("narrowed"):
                return {summary["currency"]: sum(summary["saved"].values())}
    return {}


def _add(sums: Sums, part: Row) -> None:
    sums.spent += part["spent"]
    sums.held += part["held_now"]
    sums.in_doubt += part["in_doubt"]
    sums.refunded += part["refunded"]
    sums.numbers += part["numbers"]
    sums.attempts.add(part["attempt_id"])


def _money(sums: Sums) -> dict[str, str]:
    return {name: decimal_text(getattr(sums, name)) for name in ("spent", "held", "in_doubt", "refunded")}
