"""Quotes and their approval in the ledger. Computing a quote is `ringfence.lookups.quote`; nothing here buys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from ringfence.errors import QuoteError
from ringfence.money.amount import Money
from ringfence.money.listing import listing
from ringfence.money.prepared import Prepared
from ringfence.money.schema import QUOTE, QUOTE_LINE
from ringfence.money.store import pack, unpack
from ringfence.money.vault import subjects

__all__ = ["DAY", "Line", "Quote", "listing", "load", "of_launch", "save", "subjects"]

DAY = 86_400_000_000
# What of a line the ledger holds as it is.
_SAME = ("provider", "product", "country", "source", "facts", "step", "terms")
_QUOTE = Prepared(select(QUOTE).where(QUOTE.c.quote_id == bindparam("key")))
_LINES = Prepared(select(QUOTE_LINE).where(QUOTE_LINE.c.quote_id == bindparam("key")).order_by(QUOTE_LINE.c.line))
_OF_LAUNCH = Prepared(
    select(QUOTE.c.quote_id)
    .where(QUOTE.c.launch_id == bindparam("launch"))
    .order_by(QUOTE.c.created_at.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The numbers of a quote that are alike in all that a price or a budget may depend on.

    `ranks` gives each subject's place in the order of purchase over the whole quote; `facts` are the due ones, as bits.
    `step` is the step of the quote and not of the route: so many earlier purchases for its facts must leave something
    unknown before it is bought. `terms` are the conditions of the price, as JSON.
    """

    provider: str
    product: str
    country: str
    source: str
    facts: int
    unit_price: Money
    subjects: tuple[int, ...]
    ranks: tuple[int, ...]
    step: int = 0
    terms: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What could be bought, and for how much. Computed at settlement `ledger_seq`; expires after 24 hours."""

    quote_id: str
    created_at: int
    expires_at: int
    ledger_seq: int
    launch_id: str
    summary: Mapping[str, Any]
    lines: Sequence[Line]

    @property
    def numbers(self) -> int:
        """How many numbers it is about, each counted once."""
        return len({subject for line in self.lines for subject in line.subjects})

    @property
    def total(self) -> Money | None:
        """The most that it can cost, with every step for every number; None for an empty quote."""
        if not self.lines:
            return None
        # Prices may be in several currencies: the summary has their sum in the configured one.
        if "max" in self.summary:
            return Money(self.summary["max"], self.summary["currency"])
        first = self.lines[0].unit_price.currency
        return Money(sum(line.unit_price.amount * len(line.subjects) for line in self.lines), first)


def save(connection: Connection, quote: Quote) -> None:
    """Write a quote and its lines."""
    connection.execute(
        insert(QUOTE),
        [
            {
                "quote_id": quote.quote_id,
                "created_at": quote.created_at,
                "expires_at": quote.expires_at,
                "ledger_seq": quote.ledger_seq,
                "launch_id": quote.launch_id,
                "summary": json.dumps(quote.summary),
            }
        ],
    )
    lines = [
        {
            **{name: getattr(line, name) for name in _SAME},
            "quote_id": quote.quote_id,
            "line": number,
            "currency": line.unit_price.currency,
            "unit_price": line.unit_price.amount,
            "numbers": len(line.subjects),
            "subjects": pack(line.subjects),
            "ranks": pack(line.ranks),
        }
        for number, line in enumerate(quote.lines)
    ]
    if lines:
        connection.execute(insert(QUOTE_LINE), lines)


def load(connection: Connection, quote_id: str) -> Quote:
    """Read a quote; raises QuoteError when there is none with this id."""
    row = next(iter(_QUOTE.dicts(connection, key=quote_id)), None)
    if row is None:
        raise QuoteError(f"there is no quote {quote_id}; list them with: ringfence quotes")
    lines = [
        Line(
            **{name: line[name] for name in _SAME},
            unit_price=Money(line["unit_price"], line["currency"]),
            subjects=tuple(unpack(line["subjects"])),
            ranks=tuple(unpack(line["ranks"])),
        )
        for line in _LINES.dicts(connection, key=quote_id)
    ]
    head = {name: row[name] for name in ("quote_id", "created_at", "expires_at", "ledger_seq", "launch_id")}
    return Quote(**head, summary=json.loads(row["summary"]), lines=lines)


def of_launch(connection: Connection, launch_id: str) -> str | None:
    """The id of the newest quote that a launch has made."""
    quote_id: str | None = _OF_LAUNCH.value(connection, launch=launch_id)
    return quote_id
