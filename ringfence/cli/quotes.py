"""`ringfence quotes`: every quote with what was approved and spent."""

from ringfence.cli import context
from ringfence.cli.output import Format, FormatOption, print_rows, shown, time_text
from ringfence.money import quotes as store
from ringfence.money.amount import decimal_text


def quotes(form: FormatOption = Format.TABLE) -> None:
    """List quotes, newest first.

    Example: ringfence quotes
    """
    home = context.home()
    with home.ledger.store.read() as connection:
        found = store.listing(connection, home.ledger.store.clock())
    rows = []
    for row in found:
        amounts = {name: row[name] for name in ("max", "approved", "spent", "held")}
        times = {name: time_text(row[name]) for name in ("created_at", "expires_at")}
        if form is Format.JSON:
            money = {name: None if amount is None else decimal_text(amount) for name, amount in amounts.items()}
            rows.append({**row, **times, **money})
        else:
            money = {name: shown(amount, row["currency"]) for name, amount in amounts.items()}
            kept = {name: row[name] for name in ("quote_id", "status", "numbers")}
            rows.append({**kept, **money, "approved_by": row["approved_by"], "expires": times["expires_at"]})
    print_rows(rows, form, title="quotes")
