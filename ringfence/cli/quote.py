"""`ringfence quote`: the dry run, launched as job `quote`."""

from typing import Annotated, Any

import typer

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.cli.launch import launch
from ringfence.cli.output import Format, FormatOption, console, print_rows
from ringfence.cli.watching import Watch
from ringfence.lookups.duration import lasting
from ringfence.lookups.estimate import by_country, told_step
from ringfence.lookups.plan import plan, preview, rounds
from ringfence.lookups.quote import narrowed
from ringfence.lookups.routes import Market
from ringfence.money import quotes
from ringfence.money.amount import Money, decimal_text
from ringfence.money.budget import UNATTENDED
from ringfence.money.quotes import Quote
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source

SourceOption = Annotated[list[str] | None, typer.Option("--source", help="only this source; may be repeated")]
CountryOption = Annotated[list[str] | None, typer.Option("--country", help="only this country; may be repeated")]
COLUMNS = ("step", "provider", "product", "country", "numbers", "max", "currency")
# Lines of a quote that a terminal shows.
LINES = 12
# More numbers than there are phones, and few enough for every count of ours.
MOST = 1_000_000_000
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, max=MOST, help="at most so many numbers")]


def quote(
    source: SourceOption = None,
    country: CountryOption = None,
    limit: LimitOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Read the sources and say what would be bought, for how much. Costs nothing and ends in a quote id.

    Example: ringfence quote --country NL --limit 1000
    """
    home = context.home()
    with Watch(home) as watch:
        launch_id = launch(home, "quote", run_limits(home, source, country, limit), watch)
    made = quote_of(home, launch_id)
    print_quote(home, made, form)
    if form is Format.TABLE:
        todo = f"nothing is bought yet; approve it with: ringfence approve {made.quote_id}"
        typer.echo(todo if made.numbers else "nothing can be bought" if made.summary["no_route"] else "nothing is due")


def run_limits(home: Home, source: list[str] | None, country: list[str] | None, limit: int | None) -> dict[str, Any]:
    """The options that narrow a run, as its run config; raises ConfigError and SourceError before a launch."""
    narrow = narrowed(home.setup.config, source or (), country or (), limit)
    for name in narrow.sources or home.setup.config.sources:
        open_source(spec_of(home.setup, name)).check()
    chosen = {"sources": list(narrow.sources), "countries": list(narrow.countries), "limit": narrow.numbers}
    return {name: value for name, value in chosen.items() if value}


def quote_of(home: Home, launch_id: str) -> Quote:
    """The quote that a launch has made."""
    with home.ledger.store.read() as connection:
        return quotes.load(connection, quotes.of_launch(connection, launch_id) or "")


def quote_json(home: Home, made: Quote) -> dict[str, Any]:
    """A quote for programs: counts, money as decimal strings, and what the budgets have room for."""
    summary = made.summary
    fits, deferred, _ = _fitting(home, made)
    return {
        **summary,
        **{name: decimal_text(summary[name]) for name in ("low", "expected", "max", "first_run", "steady_month")},
        "saved": {name: decimal_text(amount) for name, amount in summary["saved"].items()},
        "quote_id": made.quote_id,
        "within_budgets": fits,
        "deferred": deferred,
    }


def print_quote(home: Home, made: Quote, form: Format) -> None:
    """Print a quote: by step, provider and country, in total, what later months cost, what was saved, and warnings."""
    rows = _rows(made)
    if form is not Format.TABLE:
        print_rows(rows, form, more=quote_json(home, made), columns=COLUMNS)
        return
    summary = made.summary
    print_rows(rows[:LINES], form, title=f"quote {made.quote_id}")
    out = console()
    if len(rows) > LINES:
        out.print(f"... and {len(rows) - LINES} more lines (--format json shows all)")
    fits, _, reasons = _fitting(home, made)
    low, expected, most, first, steady = (
        Money(summary[name], summary["currency"]) for name in ("low", "expected", "max", "first_run", "steady_month")
    )
    out.print(f"due: {made.numbers:,} numbers, low {low}, expected {expected}, max {most}")
    for note in summary.get("expected_notes", ()):
        out.print(f"  {note}")
    out.print(f"time: {summary['requests']:,} requests, {lasting(summary['seconds'])} or more")
    out.print("; ".join((f"budgets: they have room for {fits:,} of {made.numbers:,} numbers", *reasons)))
    for reason, count in summary["no_route"].items():
        out.print(f"due and not quoted: {count:,} numbers, {reason}")
    out.print(f"first run: at most {first}")
    out.print(f"steady month: {steady} (30 days of {summary['steady_numbers']:,} numbers at prices of today)")
    for note in summary["steady_notes"]:
        out.print(f"  {note}")
    saved = {name: Money(amount, summary["currency"]) for name, amount in summary["saved"].items()}
    out.print(
        f"saved: {saved['rejection']} by rejection, {saved['dedupe']} by asking once, {saved['freshness']} by freshness"
    )
    for warning in summary["warnings"]:
        out.print(f"warning: {warning}")


def _rows(made: Quote) -> list[dict[str, Any]]:
    return [
        {
            "step": told_step(step),
            "provider": provider,
            "product": product,
            "country": country,
            "numbers": count,
            "max": decimal_text(amount),
            "currency": currency,
        }
        for step, provider, product, country, currency, count, amount in by_country(made.lines)
    ]


def _fitting(home: Home, made: Quote) -> tuple[int, int, list[str]]:
    """How many numbers the limits have room for now, how many would have to wait, whoever approves, and why.

    What is bought only if it is still unknown then takes no room: it is bought as far as there is any.
    """
    market = Market.of(home.setup, home.ledger.store.clock())
    certain = [line for line in made.lines if not line.step]
    planned = [plan(market, made, lines, UNATTENDED) for lines in rounds(certain)]
    fits, left = preview(home.setup.config, home.ledger, planned, limits_only=True)
    waiting = {subject for refused in left for subject in refused.subjects}
    room = {subject for batch in fits for subject in batch.subjects} - waiting
    return len(room), len(waiting), list(dict.fromkeys(refused.reason for refused in left))
