"""How money and times of the ledger are served: exact decimals, UTC times, and what all is in the budgets' currency."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

from ringfence.lake.columns import MONEY
from ringfence.lookups.fees import Fee
from ringfence.money.amount import Money
from ringfence.money.conversion import converted, counted, held_for

_NANO = pl.lit(Decimal("0.000000001"))
_MONEY = {"unit_price", "held", "actual", "spent", "overrun", "cap", "amount", "amount_reporting"}
_MONEY |= {"rate", "budget_unit_price", "budget_held", "budget_actual", "expected"}
_TIMES = {"at", "since", "asked_at", "reserved_at", "answered_at", "final_at", "created_at", "expires_at"}
FEES = pl.Schema(
    {
        **dict.fromkeys(("provider", "currency"), pl.String()),
        **dict.fromkeys(("amount", "amount_reporting", "at"), pl.Int64()),
    }
)
# What an attempt is in the currency of the budgets; `rate` is what a unit of its own is worth there.
BUDGET_COLUMNS = {
    **dict.fromkeys(("rate", "budget_unit_price", "budget_held", "budget_actual"), pl.Int64()),
    "budget_currency": pl.String(),
}


def units(frame: pl.DataFrame) -> pl.DataFrame:
    """Nanos as exact decimals, and microseconds as UTC times without a zone."""
    return frame.with_columns(
        *((pl.col(name).cast(pl.Decimal(38, 0)) * _NANO).cast(MONEY) for name in frame.columns if name in _MONEY),
        *(pl.from_epoch(name, time_unit="us") for name in frame.columns if name in _TIMES),
    )


def in_budgets(attempts: pl.DataFrame) -> pl.DataFrame:
    """The attempts with what they are in the currency of the budgets; most have no rate, and nothing to convert."""
    rows = [
        (
            Money.parse(rate).amount if rate else None,
            converted(price, rate),
            held_for(held, price, rate),
            None if actual is None else converted(actual, rate),
            counted(currency, rate),
        )
        for rate, price, held, actual, currency in attempts.select(
            "rate", "unit_price", "held", "actual", "currency"
        ).iter_rows()
    ]
    return attempts.drop("rate").hstack(pl.DataFrame(rows, schema=BUDGET_COLUMNS, orient="row"))


def fee_book(found: Sequence[Fee], zone: ZoneInfo) -> pl.DataFrame:
    """The fixed fees as a book beside the others: each counts from the beginning of its first day."""
    rows = [
        (
            fee.provider,
            fee.amount.currency,
            fee.amount.amount,
            fee.reporting.amount if fee.reporting else None,
            int(datetime.combine(fee.since, time(), zone).astimezone(UTC).timestamp()) * 1_000_000,
        )
        for fee in found
    ]
    return units(pl.DataFrame(rows, schema=FEES, orient="row"))
