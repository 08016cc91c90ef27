"""`ringfence approve`: consent to a quote, by name and with a reason."""

from typing import Annotated

import typer

from ringfence.cli import context
from ringfence.money import approvals
from ringfence.money.amount import Money
from ringfence.money.who import who


def approve(
    quote_id: Annotated[str, typer.Argument(help="the id that `ringfence quote` printed")],
    up_to: Annotated[
        str | None,
        typer.Option(
            help='at most this much, such as "12.40 EUR"; else all; "0 EUR" withdraws', callback=context.filled
        ),
    ] = None,
    because: Annotated[str, typer.Option(help="why; it is journalled", callback=context.filled)] = "approved",
) -> None:
    """Approve a quote, so that the next run buys it.

    Who approved it, when and why stays in the ledger's journal.

    Example: ringfence approve QUOTE_ID --up-to "12.40 EUR" --because "campaign"
    """
    home = context.home()
    most = None if up_to is None else Money.parse(up_to)
    cap = approvals.approve(home.ledger, quote_id, most, who=who(), why=because)
    if most is not None and not cap.amount:
        typer.echo(f"withdrew the approval of {quote_id}: nothing more is bought under it")
        return
    typer.echo(f"approved {quote_id} up to {cap}; buy it with: ringfence enrich --quote {quote_id}")
