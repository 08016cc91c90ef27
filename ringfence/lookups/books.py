"""What of the ledger is served: its books as frames, exact money and UTC times, numbers in place of subject ids.

Every frame becomes a table of the served file's internal schema; what users read is in `sql/views`.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl
from sqlalchemy import BigInteger, Column, Connection, Integer, Select, Text, cast, func, select

from ringfence.lookups.book_units import BUDGET_COLUMNS, FEES, in_budgets, units
from ringfence.money.decide import PAID_LOST, losses
from ringfence.money.ledger import Ledger
from ringfence.money.schema import (
    APPROVAL,
    ASKED,
    ATTEMPT,
    BUDGET,
    CLAIM,
    COUNTER,
    DEFERRAL,
    JOURNAL,
    QUOTE,
    QUOTE_LINE,
    SUBJECT,
)
from ringfence.money.store import unpack

# Subjects a read transaction goes through: well under a second, so that the WAL can be emptied in between.
CHUNK = 100_000
_PACKED = {"subjects", "ranks", "outcomes"}
_OWN = {"fingerprint", "worker_id", "account"}

# What a line costs on average; a quote that was made by an earlier version does not say.
_EXPECTED = func.json_extract(
    QUOTE.c.summary, "$.expected_lines[" + cast(QUOTE_LINE.c.line, Text) + "]", type_=BigInteger
).label("expected")
_BOOKS = {
    "attempts": select(*(each for each in ATTEMPT.c if each.name not in {*_PACKED, *_OWN})),
    "journal": select(*(JOURNAL.c[name] for name in ("seq", "at", "attempt_id", "event", "held", "spent", "overrun"))),
    "budgets": select(
        BUDGET.c.budget_id,
        BUDGET.c.window.label("window_kind"),
        *(BUDGET.c[name] for name in ("provider", "country", "source", "cap", "currency", "active")),
        COUNTER.c.window_start,
        COUNTER.c.currency.label("counter_currency"),
        *(COUNTER.c[name] for name in ("held", "spent", "overrun")),
    ).join(COUNTER, COUNTER.c.budget_id == BUDGET.c.budget_id, isouter=True),
    "quote_lines": select(
        *(each for each in QUOTE_LINE.c if each.name not in _PACKED),
        QUOTE.c.created_at,
        QUOTE.c.expires_at,
        _EXPECTED,
        APPROVAL.c.who.label("approved_by"),
    )
    .join(QUOTE, QUOTE.c.quote_id == QUOTE_LINE.c.quote_id)
    # One that was withdrawn ended before its quote.
    .join(
        APPROVAL,
        (APPROVAL.c.quote_id == QUOTE_LINE.c.quote_id) & (APPROVAL.c.expires_at >= QUOTE.c.expires_at),
        isouter=True,
    ),
}
_CLAIMS = select(
    CLAIM.c.subject_id,
    *(ATTEMPT.c[name] for name in ("attempt_id", "state", "provider", "product", "facts")),
    ATTEMPT.c.reserved_at.label("since"),
).join(ATTEMPT, ATTEMPT.c.attempt_id == CLAIM.c.attempt_id)
_ASKED = select(*(ASKED.c[name] for name in ("subject_id", "product", "facts", "asked_at", "lost"))).where(
    ASKED.c.asked_at > 0
)
_DEFERRALS = pl.Schema(
    {"at": pl.Int64(), "status": pl.String(), "reason": pl.String(), "subject_id": pl.List(pl.Int64)}
)
_LOSSES = pl.Schema({"attempt_id": pl.String(), "subject_id": pl.Int64(), "amount": pl.Int64()})
_LOST = select(ATTEMPT.c.attempt_id, ATTEMPT.c.actual, ATTEMPT.c.subjects, ATTEMPT.c.outcomes).where(
    func.instr(ATTEMPT.c.outcomes, bytes([PAID_LOST])) > 0
)


def books(ledger: Ledger) -> dict[str, pl.DataFrame]:
    """The books, in one snapshot; then what grows with the numbers themselves, in many short ones."""
    with ledger.store.read() as connection:
        frames = {name: _frame(connection, query) for name, query in _BOOKS.items()}
        claims, deferrals, lost = _frame(connection, _CLAIMS), _deferrals(connection), _paid_lost(connection)
    frames["attempts"] = in_budgets(frames["attempts"])
    vault = pl.concat(_by_subject(ledger, select(SUBJECT), SUBJECT.c.subject_id))
    people = {
        "claims": units(claims),
        "deferrals": deferrals,
        "paid_lost": lost,
        "asked": units(pl.concat(_by_subject(ledger, _ASKED, ASKED.c.subject_id))),
    }
    # A subject that was erased has no number any more, and no row here.
    named = {name: vault.join(frame, on="subject_id").drop("subject_id") for name, frame in people.items()}
    frames["budgets"] = (
        frames["budgets"].with_columns(pl.col("active").cast(pl.Boolean).alias("is_active")).drop("active")
    )
    return {**{name: units(frame) for name, frame in frames.items()}, **named}


def columns() -> dict[str, list[str]]:
    """The columns of every book, by book; no ledger is needed to know them."""
    queries = {**_BOOKS, "claims": _CLAIMS, "asked": _ASKED}
    found = {name: [each.name for each in query.selected_columns] for name, query in queries.items()}
    found |= {"deferrals": list(_DEFERRALS), "paid_lost": list(_LOSSES), "fees": list(FEES)}
    found["attempts"] = [name for name in found["attempts"] if name not in BUDGET_COLUMNS] + list(BUDGET_COLUMNS)
    renamed = {"active": "is_active", "subject_id": "phone_e164"}
    return {name: [renamed.get(each, each) for each in names] for name, names in found.items()}


def _frame(connection: Connection, query: Select[Any]) -> pl.DataFrame:
    """What a query gives, in nanos and microseconds."""
    schema = pl.Schema(
        {each.name: pl.Int64() if isinstance(each.type, Integer) else pl.String() for each in query.selected_columns}
    )
    parts = [
        pl.DataFrame([tuple(row) for row in part], schema=schema, orient="row")
        for part in connection.execute(query).partitions(CHUNK)
    ]
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def _by_subject(ledger: Ledger, query: Select[Any], key: Column[int]) -> Iterator[pl.DataFrame]:
    start, last = 0, 0
    while start <= last:
        with ledger.store.read() as connection:
            last = connection.scalar(select(func.coalesce(func.max(SUBJECT.c.subject_id), 0))) or 0
            frame = _frame(connection, query.where(key > start, key <= start + CHUNK))
        yield frame
        start += CHUNK


def _deferrals(connection: Connection) -> pl.DataFrame:
    """What was said last about each number that was left unbought."""
    rows = [
        (each.at, each.status, each.reason, unpack(each.subjects))
        for each in connection.execute(select(DEFERRAL).order_by(DEFERRAL.c.at, DEFERRAL.c.deferral_id))
    ]
    frame = pl.DataFrame(rows, schema=_DEFERRALS, orient="row").explode("subject_id")
    return units(frame.unique("subject_id", keep="last", maintain_order=True))


def _paid_lost(connection: Connection) -> pl.DataFrame:
    rows = [
        (each["attempt_id"], subject, amount)
        for each in map(dict, connection.execute(_LOST).mappings())
        for subject, amount in losses(each).items()
    ]
    return units(pl.DataFrame(rows, schema=_LOSSES, orient="row"))
