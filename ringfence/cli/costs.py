"""`ringfence costs`: what was spent, is held and was saved."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ringfence.cli import context
from ringfence.cli.output import Format, FormatOption, print_rows
from ringfence.errors import RingfenceError
from ringfence.lookups import costs as ledger_costs

# Columns of a row behind those that it is grouped by.
COLUMNS = ("currency", "spent", "held", "in_doubt", "refunded", "spent_reporting", "attempts", "numbers")


def costs(
    by: Annotated[str, typer.Option(help=f"comma-separated: {', '.join(ledger_costs.BY)}")] = "provider,product",
    since: Annotated[
        str | None, typer.Option(help="from this day on, such as 2026-11-01", callback=context.filled)
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what was spent, held, in doubt and refunded, and the fixed fees by month.

    spent is net of refunds and without fees, and held includes in_doubt; spent_reporting is in the configured currency;
    saved is what the newest quote of everything did not have to buy. csv has the rows without totals and fees.

    Example: ringfence costs --by provider,day --since 2026-11-01
    """
    home = context.home()
    zone = home.setup.config.zone
    try:
        start = datetime.fromisoformat(since).replace(tzinfo=zone).astimezone(UTC) if since else None
    except ValueError:
        raise RingfenceError(f"--since takes a day such as 2026-11-01, not '{since}'") from None
    keys = [key.strip() for key in by.split(",") if key.strip()]
    found = ledger_costs.costs(home.setup, home.ledger, home.lake, by=keys, since=start)
    if form is Format.TABLE:
        found = {title: _shown(rows, home.setup.config.currency) for title, rows in found.items()}
    print_rows(
        found["rows"],
        form,
        title="costs",
        more={"totals": found["totals"], "fees": found["fees"]},
        columns=(*keys, *COLUMNS),
    )
    if form is Format.TABLE:
        for title in ("totals", "fees"):
            if found[title]:
                typer.echo()
                print_rows(found[title], form, title=title)


def _shown(rows: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    """Rows for people: without what says the same twice, where all money is in the configured currency anyway."""
    same = all(row["currency"] == currency for row in rows)
    return [{name: value for name, value in row.items() if not (same and name.endswith("_reporting"))} for row in rows]
