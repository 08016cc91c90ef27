"""What the demo prints in the end: counts, money, coverage, three rows, and what to type next."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

Ask = Callable[..., dict[str, Any]]
Row = Mapping[str, Any]

ROWS = """SELECT (SELECT count(DISTINCT customer_id) FROM enriched_customers)
+ (SELECT count(DISTINCT lead_id) FROM enriched_leads)
+ (SELECT count(DISTINCT contact_ref) FROM enriched_contacts) AS n"""
BUDGETS = """SELECT window_kind, held, spent, cap, currency FROM budget_status
WHERE kind = 'limit' AND is_active ORDER BY cap"""
COVERAGE = "FROM coverage ORDER BY fact"
THREE = """SELECT left(phone_e164, 4) || '*****' || right(phone_e164, 3) AS number, country, validity, reachability,
ported_status AS ported, coalesce(current_carrier_name, current_carrier_mccmnc) AS carrier
FROM phone_numbers WHERE current_carrier_mccmnc IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY reachability, ported_status ORDER BY phone_e164) = 1
ORDER BY ported_status DESC, reachability LIMIT 3"""
NEXT = """
Next
  cd demo
  ../.venv/bin/ringfence sql "SELECT validity, count(*) FROM phone_numbers GROUP BY ALL"
  ../.venv/bin/ringfence sql "SELECT * FROM unusable_phones LIMIT 10"
  ../.venv/bin/ringfence costs
  cd .. && make ui          the same run in Dagster's UI"""


def show(ask: Ask, found: Row, charged: Decimal) -> None:
    """Print the summary; all of it comes from the served tables, the ledger, or the simulator's bill."""
    out = Console(highlight=False, soft_wrap=True)
    quote, outcome = found["quote"], found["rows"][0]
    currency = quote["currency"]
    cells, numbers, saved = quote["cells"], quote["numbers"], quote["saved"]
    facts = [
        (
            "rows read",
            f"{_sql(ask, ROWS)[0]['n']:,} in three relations, {cells['read']:,} cells in their phone columns",
        ),
        ("numbers in cells", f"{numbers['in_cells']:,} in {cells['parsed']:,} cells, {numbers['distinct']:,} distinct"),
        ("rejected", f"{cells['rejected']:,} cells; {cells['empty']:,} more were empty"),
        ("quoted", f"{numbers['quoted']:,} numbers for at most {_money(quote['max'])} {currency}"),
        (
            "bought",
            f"{outcome['numbers']:,} numbers, {outcome['lookups']:,} lookups for {_money(outcome['spent'])} "
            + outcome["currency"],
        ),
        ("the simulator's bill", f"{_money(str(charged))} EUR for this run"),
        *((f"budget a {row['window_kind']}", _used(row)) for row in _sql(ask, BUDGETS)),
        ("saved by rejection", f"{_money(saved['rejection'])} {currency}"),
        ("saved by asking once", f"{_money(saved['dedupe'])} {currency}"),
        ("saved by freshness", f"{_money(saved['freshness'])} {currency} ({numbers['fresh']:,} numbers)"),
        ("not bought", outcome["why_not_more"]),
    ]
    out.print()
    for label, value in facts:
        out.print(f"  {label:<22} {value}")
    _table(
        out,
        "cells rejected, by reason",
        [{"reason": reason, "cells": count} for reason, count in quote["rejected"].items()],
    )
    coverage = _sql(ask, COVERAGE)
    _table(out, "coverage", [{**row, "share": f"{Decimal(row['share']):.1%}"} for row in coverage])
    _table(out, "three numbers, masked here and whole in the tables", _sql(ask, THREE))
    out.print(NEXT, markup=False)


def _sql(ask: Ask, query: str) -> list[Row]:
    return list(ask("sql", query, "--format", "json")["rows"])


def _used(row: Row) -> str:
    used = Decimal(row["spent"]) + Decimal(row["held"])
    return f"{_money(str(used))} of {_money(row['cap'])} {row['currency']} spent or held"


def _money(text: str) -> str:
    return f"{Decimal(text):,.2f}"


def _table(out: Console, title: str, rows: Sequence[Row]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="", box=None, pad_edge=True)
    for name in rows[0] if rows else ():
        table.add_column(name, justify="right" if isinstance(rows[0][name], int) else "left")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    out.print()
    out.print(table)
