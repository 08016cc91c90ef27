"""`ringfence quotes`: every quote with what was approved and spent."""

from ringfence.cli import context
from ringfence.cli.output import Format, FormatOption, print_rows, time_text
from ringfence.money import quotes as store
from ringfence.money.amount import decimal_text

AMOUNTS = ("max", "approved", "spent", "held")
COLUMNS = (
    *("quote_id", "created_at", "expires_at", "status", "numbers", "max", "currency", "approved_by"),
    *("approved", "spent", "held"),
)
# What of it fits into a terminal.
SHOWN = ("quote_id", "status", "numbers", "max", "approved", "spent", "held", "currency", "expires_at")


def quotes(form: FormatOption = Format.TABLE) -> None:
    """List the quotes, newest first, with what was approved and spent.

    A quote can be approved for 24 hours. max is the most that it can cost; approved, what somebody agreed to.

    Example: ringfence quotes
    """
    home = context.home()
    with home.ledger.store.read() as connection:
        found = store.listing(connection, home.ledger.store.clock())
    rows = [
        {
            **row,
            **{name: time_text(row[name]) for name in ("created_at", "expires_at")},
            **{name: None if row[name] is None else decimal_text(row[name]) for name in AMOUNTS},
        }
        for row in found
    ]
    if form is Format.TABLE:
        rows = [{name: row[name] for name in SHOWN} for row in rows]
    print_rows(rows, form, title="quotes", columns=COLUMNS)
