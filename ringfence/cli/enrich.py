"""`ringfence enrich`: the main job, launched through Dagster and watched through the ledger."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.cli.launch import launch
from ringfence.cli.output import Format, FormatOption, console, print_rows
from ringfence.cli.quote import CountryOption, LimitOption, SourceOption, print_quote, quote_json, quote_of, run_limits
from ringfence.cli.watching import Watch
from ringfence.errors import RingfenceError
from ringfence.lookups.outcome import Bought, bought
from ringfence.money.amount import Money, decimal_text


def enrich(
    quote_id: Annotated[str | None, typer.Option("--quote", help="buy this approved quote and nothing else")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="approve what this run quotes")] = False,  # noqa: FBT002
    source: SourceOption = None,
    country: CountryOption = None,
    limit: LimitOption = None,
    max_spend: Annotated[str | None, typer.Option(help='at most this much in this run, such as "5 EUR"')] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Read, quote, buy what is approved, merge and publish.

    Without --yes or --quote it buys approved quotes, then what approval.unattended covers.

    Example: ringfence enrich --limit 10 --yes
    """
    if quote_id and (yes or source or country or limit):
        raise RingfenceError("--quote buys a quote as it is: leave out --yes, --source, --country and --limit")
    if max_spend:
        Money.parse(max_spend)
    home = context.home()
    limits: dict[str, Any] = run_limits(home, source, country, limit)
    limits |= {name: value for name, value in (("quote", quote_id), ("max_spend", max_spend)) if value}
    if yes:
        # What --max-spend keeps from being bought now is not approved for later.
        limits["approve_up_to"] = max_spend or "max"
    with Watch(home, on_quote=_showing(home, yes=yes and form is Format.TABLE)) as watch:
        launch_id = launch(home, "enrich", limits, watch)
    done = bought(home.ledger, launch_id)
    own = None if quote_id else quote_json(home, quote_of(home, launch_id))
    _print(home, done, own, form)
    if done.failed:
        raise typer.Exit(1)


def _showing(home: Home, *, yes: bool) -> Callable[[str], None] | None:
    """What --yes approves is shown before it is bought."""
    return (lambda launch_id: print_quote(home, quote_of(home, launch_id), Format.TABLE)) if yes else None


def _print(home: Home, done: Bought, quote: dict[str, Any] | None, form: Format) -> None:
    currency = done.currency or home.setup.config.currency
    if form is Format.JSON:
        row = {
            "numbers": done.numbers,
            "spent": decimal_text(done.spent),
            "in_doubt": decimal_text(done.in_doubt),
            "numbers_in_doubt": done.doubtful_numbers,
            "currency": currency,
            "not_bought": done.left,
            "why_not_more": done.why_not,
        }
        print_rows([row], form, more={"quote": quote})
        return
    out = console()
    out.print(f"bought {done.numbers:,} numbers for {Money(done.spent, currency)}")
    if done.doubtful_numbers:
        held = Money(done.in_doubt, currency)
        out.print(
            f"in doubt: {done.doubtful_numbers:,} numbers with {held} held; ringfence collect decides them in time"
        )
    out.print(done.why_not)
