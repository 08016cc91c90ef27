"""`ringfence costs`: what was spent, is held and was saved."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ringfence.cli import context
from ringfence.cli.output import Format, FormatOption, print_rows
from ringfence.errors import RingfenceError
from ringfence.lookups import costs as ledger_costs

# Columns of a row behind those that it is grouped by.
COLUMNS = ("currency", "spent", "held", "in_doubt", "refunded", "attempts", "numbers")


def costs(
    by: Annotated[str, typer.Option(help=f"comma-separated: {', '.join(ledger_costs.BY)}")] = "provider,product",
    since: Annotated[
        str | None, typer.Option(help="from this day on, such as 2026-11-01", callback=context.filled)
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what was spent, held, in doubt and refunded.

    spent is net of refunds, and held includes in_doubt; saved is what the newest quote of everything did not have to
    buy. csv has the rows without the totals.

    Example: ringfence costs --by provider,day --since 2026-11-01
    """
    home = context.home()
    zone = home.setup.config.zone
    try:
        start = datetime.fromisoformat(since).replace(tzinfo=zone).astimezone(UTC) if since else None
    except ValueError:
        raise RingfenceError(f"--since takes a day such as 2026-11-01, not '{since}'") from None
    keys = [key.strip() for key in by.split(",") if key.strip()]
    found = ledger_costs.costs(home.ledger, home.lake, zone, by=keys, since=start)
    print_rows(found["rows"], form, title="costs", more={"totals": found["totals"]}, columns=(*keys, *COLUMNS))
    if form is Format.TABLE and found["rows"]:
        typer.echo()
        print_rows(found["totals"], form, title="totals")
