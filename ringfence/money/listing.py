"""The quotes as a table: what each would cost at most, who approved it, and what it has cost so far. It only reads."""

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from ringfence.money.schema import APPROVAL, ATTEMPT, QUOTE, QUOTE_LINE
from ringfence.money.sums import by_quote


def listing(connection: Connection, at: int) -> list[dict[str, Any]]:
    """Every quote, newest first, with what was approved and what it has cost so far."""
    lines = _sums(connection, QUOTE_LINE.c.quote_id, func.sum(QUOTE_LINE.c.numbers))
    largest = _sums(connection, QUOTE_LINE.c.quote_id, func.sum(QUOTE_LINE.c.numbers * QUOTE_LINE.c.unit_price))
    counted = by_quote(connection)
    approvals = {row["quote_id"]: row for row in connection.execute(select(APPROVAL)).mappings()}
    result = []
    imported = select(ATTEMPT.c.quote_id).where(ATTEMPT.c.origin.is_not(None))
    made = select(QUOTE).where(QUOTE.c.quote_id.not_in(imported)).order_by(QUOTE.c.created_at.desc())
    for row in connection.execute(made).mappings():
        quote_id = row["quote_id"]
        (spent, held), approval = counted.get(quote_id, (0, 0)), approvals.get(quote_id)
        # One that was withdrawn ended before its quote.
        if approval is not None and approval["expires_at"] < row["expires_at"]:
            approval = None
        summary = json.loads(row["summary"])
        result.append(
            {
                "quote_id": quote_id,
                "created_at": row["created_at"],
                "expires_at": row["expires_at"],
                "status": _status(
                    expired=row["expires_at"] <= at,
                    empty=not lines.get(quote_id),
                    approved=approval is not None,
                ),
                # A number stands in a line for every step that it may come to.
                "numbers": summary.get("numbers", {}).get("quoted", lines.get(quote_id, 0)),
                "max": summary.get("max", largest.get(quote_id, 0)),
                "currency": summary.get("currency", ""),
                "approved_by": approval["who"] if approval else None,
                "approved": approval["cap"] if approval else None,
                "spent": spent,
                "held": held,
            }
        )
    return result


def _sums(connection: Connection, quote_id: ColumnElement[str], total: ColumnElement[int]) -> dict[str, int]:
    rows = connection.execute(select(quote_id, func.coalesce(total, 0)).group_by(quote_id))
    return dict(rows.tuples().all())


def _status(*, expired: bool, empty: bool, approved: bool) -> str:
    if expired:
        return "expired"
    if empty:
        return "nothing_due"
    return "approved" if approved else "quoted"
