"""`ringfence reparse`: read stored replies again with the parsers of this version."""

from typing import Annotated, Any

import typer

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.cli.launch import launch
from ringfence.cli.output import Format, FormatOption, console, print_rows
from ringfence.cli.watching import Watch
from ringfence.lookups.buy import require_fit
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.recover import read_again, readable
from ringfence.lookups.reparse import Change, Reparsed, republish
from ringfence.lookups.reparse import reparse as parse_again

COLUMNS = ("provider", "column", "old", "new", "answers")
# Changes that a terminal shows.
LINES = 40


def reparse(
    yes: Annotated[bool, typer.Option("--yes", help="publish what is shown")] = False,  # noqa: FBT002
    form: FormatOption = Format.TABLE,
) -> None:
    """Read stored replies again after an upgrade. Buys nothing.

    Shows what would change; with --yes it is published. What an answer cost stays as it was settled.

    Example: ringfence reparse --yes
    """
    home = context.home()
    require_fit(home.setup, home.ledger)
    doubts = len(readable(home.ledger))
    if yes:
        doubts = read_again(home.ledger)
        publish_settled(home.ledger, home.lake)
    found = parse_again(home.ledger, home.lake)
    _print(found, doubts, form, done=yes)
    if not yes:
        if found.differs or doubts:
            typer.echo("nothing is changed yet; publish it with: ringfence reparse --yes", err=form is not Format.TABLE)
        return
    if found.differs:
        republish(home.lake, found)
    publish_facts(home.lake)
    _serve(home, form)


def _serve(home: Home, form: Format) -> None:
    with Watch(home) as watch:
        launch(home, "serve", {}, watch)
    typer.echo(f"published {home.setup.home / 'ringfence.duckdb'}", err=form is not Format.TABLE)


def _print(found: Reparsed, doubts: int, form: Format, *, done: bool) -> None:
    rows = [_row(change) for change in found.changes]
    if form is not Format.TABLE:
        counts = {"read": found.read, "unread": found.unread, "doubts_settled": doubts}
        more = {**counts, "appear": dict(found.appear), "vanish": dict(found.vanish)}
        print_rows(rows, form, more={**more, "prices": [_row(each) for each in found.prices]}, columns=COLUMNS)
        return
    out = console()
    out.print(f"read {found.read:,} answers again")
    if rows:
        print_rows(rows[:LINES], form, title="changed" if done else "would change")
    if len(rows) > LINES:
        out.print(f"... and {len(rows) - LINES} more lines (--format json shows all)")
    for each, verb in ((found.appear, "appear"), (found.vanish, "vanish")):
        for provider, answers in each.items():
            out.print(f"{provider}: {answers:,} answers {verb}")
    if doubts:
        out.print(f"{doubts:,} requests in doubt can be read now and are settled by it")
    if found.unread:
        out.print(f"{found.unread:,} answers cannot be read any more: they stay as they are published")
    for price in found.prices:
        out.print(
            f"{price.provider}: {price.answers:,} answers now read as {price.new}, settled at {price.old}: "
            "shown only, what was settled stays"
        )
    if not (found.differs or doubts):
        out.print("nothing changes")


def _row(change: Change) -> dict[str, Any]:
    return {name: getattr(change, name) for name in COLUMNS}
