"""What was spent and is held, from the ledger's attempts, and the fixed fees beside it. It only reads.

Money is in the currency that the provider bills in; what was spent is told in the configured one too.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import select

from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lake.tables import Lake
from ringfence.lookups.fees import Fee, fees
from ringfence.money.amount import decimal_text
from ringfence.money.conversion import converted, counted
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT, QUOTE
from ringfence.money.states import OPEN

BY = ("provider", "product", "day", "month", "quote", "country", "source")
Row = dict[str, Any]


@dataclass(slots=True)
class Sums:
    """Sums over a group, in nanos.

    `spent_reporting` is in the configured currency; None where an attempt has no rate to it.
    """

    spent: int = 0
    held: int = 0
    in_doubt: int = 0
    refunded: int = 0
    fees: int = 0
    spent_reporting: int | None = 0
    numbers: int = 0
    attempts: set[str] = field(default_factory=set)


def costs(
    setup: Setup, ledger: Ledger, lake: Lake, *, by: Sequence[str], since: datetime | None = None
) -> dict[str, list[Row]]:
    """Totals by currency, rows by the given keys, and fees by month; money as decimal strings with nine places.

    spent is net of refunds and without fees, held includes in_doubt. spent_reporting is in the configured currency, at
    the rates that were frozen when money was held; None where there was none. `saved` is what the newest quote of
    everything did not have to buy: rejected cells, repeated numbers, and answers that are still fresh.
    """
    for key in by:
        if key not in BY:
            raise RingfenceError(f"costs can be grouped by {', '.join(BY)}, not by '{key}'")
    groups: dict[tuple[str, ...], Sums] = defaultdict(Sums)
    totals: dict[str, Sums] = defaultdict(Sums)
    refunds = _refunds(lake)
    for row in _attempts(setup, ledger, since):
        row["refunded"] = refunds.get(row["attempt_id"], 0)
        for sums in (groups[(*(str(row[key]) for key in by), row["currency"])], totals[row["currency"]]):
            _add(sums, row)
    first = since.astimezone(setup.config.zone).date() if since else date.min
    charged = [fee for fee in fees(setup, ledger) if fee.since >= first]
    for fee in charged:
        totals[fee.amount.currency].fees += fee.amount.amount
    saved = savings(ledger)
    return {
        "totals": [
            {"currency": key, **_money(sums), "fees": decimal_text(sums.fees), "saved": decimal_text(saved.get(key, 0))}
            for key, sums in sorted(totals.items())
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
        "fees": [_fee(each) for each in charged],
    }


def _fee(fee: Fee) -> Row:
    return {
        "month": fee.month,
        "provider": fee.provider,
        "currency": fee.amount.currency,
        "amount": decimal_text(fee.amount.amount),
        "amount_reporting": decimal_text(fee.reporting.amount) if fee.reporting else None,
    }


def _attempts(setup: Setup, ledger: Ledger, since: datetime | None) -> Iterator[Row]:
    query = select(ATTEMPT).where(ATTEMPT.c.state != "voided", ATTEMPT.c.origin.is_(None))
    if since:
        query = query.where(ATTEMPT.c.reserved_at >= int(since.timestamp() * 1_000_000))
    with ledger.store.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    for row in rows:
        local = datetime.fromtimestamp(row["reserved_at"] / 1_000_000, setup.config.zone)
        known = counted(row["currency"], row["rate"]) == setup.config.currency
        is_open = row["state"] in OPEN
        yield {
            **row,
            "quote": row["quote_id"],
            "day": local.date().isoformat(),
            "month": f"{local:%Y-%m}",
            "spent": row["actual"] or 0,
            "spent_reporting": converted(row["actual"] or 0, row["rate"]) if known else None,
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
    if part["spent_reporting"] is None or sums.spent_reporting is None:
        sums.spent_reporting = None
    else:
        sums.spent_reporting += part["spent_reporting"]
    sums.numbers += part["numbers"]
    sums.attempts.add(part["attempt_id"])


def _money(sums: Sums) -> dict[str, str | None]:
    counted_in = None if sums.spent_reporting is None else decimal_text(sums.spent_reporting)
    native = {name: decimal_text(getattr(sums, name)) for name in ("spent", "held", "in_doubt", "refunded")}
    return {**native, "spent_reporting": counted_in}
