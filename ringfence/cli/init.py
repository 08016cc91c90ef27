"""`ringfence init`: from a warehouse to a configuration, a ledger and a first quote. Asks nothing, buys nothing."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ringfence.cli.context import Home
from ringfence.cli.launch import checkout, dagster_home, launch
from ringfence.cli.output import Format, FormatOption, console, print_rows
from ringfence.cli.quote import print_quote, quote_json, quote_of
from ringfence.cli.watching import Watch
from ringfence.config import machine
from ringfence.config.environment import Setup, config_path
from ringfence.config.written import Written, config_text
from ringfence.errors import RingfenceError
from ringfence.lake.tables import Lake
from ringfence.lookups.beginning import begin, refuse_second
from ringfence.money.ledger import Ledger
from ringfence.money.quotes import Quote
from ringfence.sources.looking.look import look
from ringfence.sources.looking.proposing import Finding, Proposal
from ringfence.sources.looking.warehouse import warehouse as named
from ringfence.sources.names import shown, shown_header

# What was considered and left out that a terminal shows.
LEFT_OUT = 15


def init(
    ctx: typer.Context,
    warehouse: Annotated[
        str, typer.Argument(help="one file, one pattern in quotes, or one address such as duckdb:///crm.duckdb")
    ],
    config: Annotated[
        Path | None, typer.Option(help="the file to write; else RINGFENCE_CONFIG, else ringfence.yaml")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="for the vendors instead of the simulator")] = False,  # noqa: FBT002
    form: FormatOption = Format.TABLE,
) -> None:
    """Begin: look at a warehouse, write a configuration.

    Finds the columns with phone numbers by reading a sample of each, writes a commented configuration, creates the
    ledger and makes a first quote. Asks nothing, buys nothing and writes over nothing. A second warehouse is added by
    hand, as one more of the sources in the file.

    Example: ringfence init crm.duckdb
    """
    _refuse_more(ctx.args)
    path = config.resolve() if config else config_path(os.environ)
    had_env = os.path.lexists(path.parent / ".env")
    found, setup, ledger = _begun(warehouse, path, live=live)
    regionless = [source.name for source in found.sources if source.needs_region]
    if form is Format.TABLE:
        _print_found(found)
        _print_made(setup, ledger, had_env=had_env)
    home = Home(setup, ledger, Lake(setup.home, ledger.ledger_id))
    made, why_not = _quoted(home)
    if form is Format.TABLE:
        _print_end(home, made, why_not, regionless, moved=path != config_path(os.environ))
        return
    more = {
        "config": str(path),
        "ledger": str(ledger.store.path),
        "mode": ledger.mode,
        "sources": list(setup.config.sources),
        "without_region": regionless,
        "quote": quote_json(home, made) if made else None,
    }
    print_rows([_row(each) for each in found.findings], form, more=more)


def _refuse_more(others: Sequence[str]) -> None:
    if others:
        raise RingfenceError(
            f"init takes one warehouse, not {1 + len(others)}: put a pattern in quotes, such as 'exports/*.parquet', "
            "and add another warehouse by hand, to sources in the file"
        )


def _begun(text: str, path: Path, *, live: bool) -> tuple[Proposal, Setup, Ledger]:
    """Look, then write the configuration and create the ledger."""
    refuse_second(path)
    zone = machine.timezone(os.environ)
    place = named(text, path.parent, Path.cwd())
    with _looking() as tell:
        found = look(place, country=machine.country_of(zone), tell=tell)
    written = Written(
        sources=found.sources,
        live=live,
        timezone=zone,
        count=found.numbers,
        bare_international=found.bare_international,
    )
    setup, ledger = begin(path, config_text(written))
    dagster_home(setup)
    return found, setup, ledger


@contextmanager
def _looking() -> Iterator[Callable[[str], None]]:
    """Shows which relation is being read, to a person who waits."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    out = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with out.status("looking") as status:
        yield lambda relation: status.update(f"looking at {relation}")


def _quoted(home: Home) -> tuple[Quote | None, str]:
    """The first quote; without a checkout, why there is none."""
    try:
        checkout(home.setup)
    except RingfenceError as error:
        return None, str(error)
    with Watch(home) as watch:
        return quote_of(home, launch(home, "quote", {}, watch)), ""


def _row(finding: Finding) -> dict[str, Any]:
    judged = finding.judged
    return {
        "relation": shown(finding.relation),
        "column": shown_header(judged.column),
        "found": "phone numbers" if judged.kept else "left out",
        "filled": judged.filled,
        "share": f"{judged.share:.0%}" if judged.share or judged.kept else "",
        "regions": ", ".join(judged.countries),
        "why": judged.why,
    }


def _print_found(found: Proposal) -> None:
    kept = [each for each in found.findings if each.judged.kept]
    left = [each for each in found.findings if not each.judged.kept]
    print_rows(
        [_row(each) for each in (*kept, *left[:LEFT_OUT])],
        Format.TABLE,
        title=f"{found.columns:,} columns of {found.relations:,} tables and views; filled cells of a sample:",
    )
    if len(left) > LEFT_OUT:
        typer.echo(f"... and {len(left) - LEFT_OUT:,} more left out (they stand in the report with --format json)")
    typer.echo()
    for source in found.sources:
        if source.region_note:
            typer.echo(f"{source.name}: {source.region_note}")


def _print_made(setup: Setup, ledger: Ledger, *, had_env: bool) -> None:
    typer.echo(f"wrote {setup.path} with the sources {_listed(list(setup.config.sources))}")
    beside = setup.path.parent / ".env"
    if not had_env and beside.exists():
        typer.echo(f"wrote {beside} with the credentials of ringfence simulate")
    typer.echo(f"created {ledger.store.path} for mode {ledger.mode}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _print_end(home: Home, made: Quote | None, why_not: str, regionless: Sequence[str], *, moved: bool) -> None:
    """The quote, and how to go on."""
    out = console()
    out.print()
    if made:
        print_quote(home, made, Format.TABLE)
        out.print()
    else:
        out.print(f"no quote yet ({why_not}); there: ringfence quote")
    out.print("nothing is bought until you consent; prices in the file are assumptions, replace them. Next:")
    if regionless:
        out.print(f"  set the region of {', '.join(regionless)} in {home.setup.path.name}: without it, no number that")
        out.print("                                      names no country is quoted or bought")
    if moved:
        out.print(f"  export RINGFENCE_CONFIG={home.setup.path}")
    if home.setup.config.mode == "simulate":
        out.print("  ringfence simulate                  the providers on this machine; in another terminal")
    else:
        out.print("  ringfence doctor                    says which credentials are missing, and what else")
    out.print("  ringfence enrich --limit 10 --yes   a first purchase: ten numbers")
    if made and made.numbers:
        out.print(f"  ringfence approve {made.quote_id}   consent to the rest; then: ringfence enrich")
