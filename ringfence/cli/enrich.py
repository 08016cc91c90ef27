"""`ringfence enrich`: the main job, launched through Dagster and watched through the ledger."""

from typing import Annotated, Any

import typer

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.cli.launch import launch
from ringfence.cli.output import Format, FormatOption, console, print_rows
from ringfence.cli.quote import CountryOption, LimitOption, SourceOption, quote_json, quote_of, run_limits
from ringfence.cli.watching import Watch
from ringfence.errors import QuoteError, RingfenceError, SecretMissingError
from ringfence.lookups.buy import open_for_spending
from ringfence.lookups.outcome import Bought, bought, sentences
from ringfence.money import approvals, quotes
from ringfence.money.amount import Money, decimal_text

QuoteOption = Annotated[
    str | None, typer.Option("--quote", help="buy this approved quote and nothing else", callback=context.filled)
]
MaxSpendOption = Annotated[
    str | None,
    typer.Option("--max-spend", help='at most this much in this run, such as "5 EUR"', callback=context.filled),
]


def enrich(
    quote_id: QuoteOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="approve what this run quotes")] = False,  # noqa: FBT002
    source: SourceOption = None,
    country: CountryOption = None,
    limit: LimitOption = None,
    max_spend: MaxSpendOption = None,
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
    _refuse(home, quote_id, yes=yes)
    limits: dict[str, Any] = run_limits(home, source, country, limit)
    limits |= {name: value for name, value in (("quote", quote_id), ("max_spend", max_spend)) if value}
    if yes:
        # What --max-spend keeps from being bought now is not approved for later.
        limits["approve_up_to"] = max_spend or "max"
    shows = yes and form is Format.TABLE
    watch = Watch(home, on_quote=(lambda each: _print_approved(home, each, max_spend)) if shows else None)
    try:
        with watch:
            launch_id = launch(home, "enrich", limits, watch)
    except RingfenceError:
        if watch.launch_id and form is Format.TABLE:
            _print_paid(home, watch.launch_id)
        raise
    done = bought(home.ledger, launch_id)
    if form is Format.TABLE:
        _print_bought(done, home)
        _print_end(done, home)
    else:
        own = None if quote_id else quote_json(home, quote_of(home, launch_id))
        print_rows([_row(done, home)], form, more={"quote": own})
    if done.failed:
        raise typer.Exit(1)


def _refuse(home: Home, quote_id: str | None, *, yes: bool) -> None:
    """Say at once what would end the run at its beginning. Raises LedgerError, QuoteError and SecretMissingError."""
    open_for_spending(home.setup, home.ledger)
    missing = [error for name in home.setup.config.providers if (error := _missing(home, name))]
    if yes and missing and len(missing) == len(home.setup.config.providers):
        raise missing[0]
    if quote_id:
        with home.ledger.store.read() as connection:
            made = quotes.load(connection, quote_id)
        if made.expires_at <= home.ledger.store.clock():
            raise QuoteError(f"quote {quote_id} has expired; make a new one with: ringfence quote")


def _missing(home: Home, name: str) -> SecretMissingError | None:
    try:
        home.setup.secrets(name)
    except SecretMissingError as error:
        return error
    return None


def _print_approved(home: Home, launch_id: str, max_spend: str | None) -> None:
    """What --yes has approved: the sum, and who is asked for it."""
    made = quote_of(home, launch_id)
    if not made.total:
        return
    up_to = f"{made.total}, of which at most {max_spend} now" if max_spend else made.total
    with home.ledger.store.read() as connection:
        given = approvals.exists(connection, made.quote_id)
    how = "approved by --yes" if given else "not approved beside another run with the same limits"
    out = console()
    out.print(f"quote {made.quote_id}, {how}: {made.numbers:,} numbers for at most {up_to}")
    sums: dict[tuple[str, str], tuple[int, Money]] = {}
    for line in made.lines:
        count, money = sums.get((line.provider, line.product), (0, Money(0, line.unit_price.currency)))
        count += len(line.subjects)
        more = len(line.subjects) * line.unit_price.amount
        sums[line.provider, line.product] = (count, Money(money.amount + more, money.currency))
    for (provider, product), (count, money) in sums.items():
        out.print(f"  {provider} {product}: {count:,} numbers, at most {money}")


def _row(done: Bought, home: Home) -> dict[str, Any]:
    return {
        "numbers": done.numbers,
        "spent": decimal_text(done.spent),
        "in_doubt": decimal_text(done.in_doubt),
        "numbers_in_doubt": done.doubtful_numbers,
        "lookups": done.lookups,
        "awaited": decimal_text(done.awaited),
        "numbers_awaited": done.awaited_numbers,
        "currency": done.currency or home.setup.config.currency,
        "not_bought": done.left,
        "why_not_more": done.why_not,
        "notes": "; ".join(done.notes),
    }


def _print_bought(done: Bought, home: Home) -> None:
    currency = done.currency or home.setup.config.currency
    for sentence in sentences(done, currency):
        console().print(sentence)


def _print_paid(home: Home, launch_id: str) -> None:
    """What a launch that ended early has bought until then."""
    done = bought(home.ledger, launch_id)
    if done.numbers or done.doubtful_numbers or done.awaited_numbers:
        _print_bought(done, home)


def _print_end(done: Bought, home: Home) -> None:
    out = console()
    out.print(done.why_not)
    for note in done.notes:
        out.print(note)
    source = next(iter(home.setup.config.sources), None)
    if done.numbers and source:
        out.print(
            f'look at it with: ringfence sql "SELECT * FROM enriched_{source} WHERE first_seen_at IS NOT NULL LIMIT 5"',
            # To be copied whole: the terminal folds it, we do not.
            soft_wrap=True,
        )
