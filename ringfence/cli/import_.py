"""`ringfence import`: replies that were paid for elsewhere, so that nobody buys them again."""

from typing import Annotated, Any

import typer

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.cli.launch import launch
from ringfence.cli.output import Format, FormatOption, console, print_rows
from ringfence.cli.watching import Watch
from ringfence.errors import ConfigError
from ringfence.lookups.buy import require_fit
from ringfence.lookups.import_preview import Effect, effect, told_by
from ringfence.lookups.imported_rows import raw_replies
from ringfence.lookups.imports import Found, import_replies, importing_of, readable, richest
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.money.importing import Importing
from ringfence.money.who import who
from ringfence.providers.registry import provider as known
from ringfence.sources.configured import spec_at, spec_of
from ringfence.sources.select import Selected, selected
from ringfence.sources.source import SourceSpec

COLUMNS = ("fact", "numbers", "known_first")


def import_(
    provider: Annotated[str, typer.Option(help="whose replies they are")],
    query: Annotated[
        str,
        typer.Option("--from", help="a SELECT that gives body and received_at (UTC), and may give phone and status"),
    ],
    product: Annotated[
        str | None,
        typer.Option(help="of which of its products; default: the one that tells most", callback=context.filled),
    ] = None,
    warehouse: Annotated[str | None, typer.Option(help="where: duckdb:///raw.duckdb", callback=context.filled)] = None,
    source: Annotated[
        str | None, typer.Option(help="the warehouse of this source; default: the only one", callback=context.filled)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="import what is shown")] = False,  # noqa: FBT002
    form: FormatOption = Format.TABLE,
) -> None:
    """Take over replies that were paid for elsewhere. Buys nothing.

    Shows what they tell; with --yes they are imported. A reply is imported once, however often it is given, and is as
    old as its received_at says. Of files the SELECT reads the source's name, or else `replies`.

    Example: ringfence import --provider vonage --from "FROM raw.replies"
    """
    home = context.home()
    require_fit(home.setup, home.ledger)
    spec = _spec(home, warehouse, source)
    kind = known(provider)
    importing = importing_of(
        home.ledger, kind, product or richest(kind), home.setup.config.currency, of_source=source or "", who=who()
    )
    with selected(spec, query) as rows:
        if yes:
            found = import_replies(home.ledger, importing, home.setup.config.privacy, raw_replies(rows))
        else:
            _preview(home, importing, rows, form)
            return
    _publish(home, found, form)


def _preview(home: Home, importing: Importing, rows: Selected, form: Format) -> None:
    found = Found()
    told = told_by(readable(home.ledger, importing, home.setup.config.privacy, raw_replies(rows), found))
    _print(found, effect(home.setup.config, home.ledger, home.lake, told), form)


def _publish(home: Home, found: Found, form: Format) -> None:
    publish_settled(home.ledger, home.lake)
    publish_facts(home.lake)
    with Watch(home) as watch:
        launch(home, "serve", {}, watch)
    if form is Format.TABLE:
        console().print(f"imported {found.replies:,} replies about {len(found.phones):,} numbers")
        _print_left(found)
        return
    print_rows([], form, more=_counts(found), columns=COLUMNS)


def _spec(home: Home, warehouse: str | None, source: str | None) -> SourceSpec:
    """The warehouse to read: the one that is named, a source's, or that of the only source. Raises ConfigError."""
    if warehouse and source:
        raise ConfigError("say --warehouse or --source, not both")
    if warehouse:
        return spec_at(home.setup, "replies", warehouse)
    sources = list(home.setup.config.sources)
    if source is None and len(sources) != 1:
        raise ConfigError(
            f"say which warehouse holds the replies: --warehouse duckdb:///raw.duckdb, or --source with one of "
            f"{', '.join(sources) or 'none'}"
        )
    return spec_of(home.setup, source or sources[0])


def _counts(found: Found) -> dict[str, Any]:
    left = {reason: count for reason, count in found.left.items() if count}
    return {"replies": found.replies, "numbers": len(found.phones), "not_imported": left}


def _print(found: Found, brings: Effect, form: Format) -> None:
    rows = [{"fact": fact, "numbers": told, "known_first": brings.new[fact]} for fact, told in brings.told.items()]
    if form is not Format.TABLE:
        print_rows(
            rows, form, more={**_counts(found), "due": brings.due, "no_longer_due": brings.settled}, columns=COLUMNS
        )
        return
    out = console()
    out.print(f"would import {found.replies:,} replies about {len(found.phones):,} numbers")
    if found.replies:
        print_rows(rows, form, title="numbers whose fact they tell, and of which it is known by them first")
    _print_left(found)
    if brings.due:
        out.print(f"of {brings.due:,} numbers that are due now {brings.settled:,} would not be due any more")
    if found.replies:
        out.print("nothing is imported yet; do it with --yes")


def _print_left(found: Found) -> None:
    for reason, count in found.left.items():
        if count:
            console().print(f"not imported: {count:,} replies, {reason}")
