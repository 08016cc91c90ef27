"""`ringfence ledger`: the ledger's birth and its check."""

from typing import Annotated

import typer

from ringfence.cli import context
from ringfence.cli.launch import dagster_home
from ringfence.cli.output import Format, FormatOption, print_rows
from ringfence.lake.tables import usable
from ringfence.money import ledger as ledgers
from ringfence.money.invariants import violations

app = typer.Typer(help="The ledger: create it once, check it any time.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def create(
    environment: Annotated[str, typer.Option(help="a name for this ledger, such as staging")] = "default",
    buckets: Annotated[int, typer.Option(help="hash buckets of numbers; fixed for ever")] = 16,
) -> None:
    """Create the ledger in the configured home; the only way that one is born.

    Example: ringfence ledger create
    """
    setup = context.setup()
    usable(setup.home)
    made = ledgers.create(setup.home, mode=setup.config.mode, environment=environment, buckets=buckets)
    dagster_home(setup)
    typer.echo(f"created {made.store.path} for mode {made.mode}, {made.buckets} buckets, id {made.ledger_id}")


@app.command()
def check(form: FormatOption = Format.TABLE) -> None:
    """Check every invariant of the ledger; exit code 1 when one is broken.

    Example: ringfence ledger check
    """
    home = context.home()
    with home.ledger.store.read() as connection:
        found = violations(connection)
    rows = [{"invariant": v.invariant, "meaning": v.meaning, "row": v.row} for v in found]
    if found or form is Format.JSON:
        print_rows(rows, form, title="broken invariants")
    else:
        typer.echo("the ledger is sound: I1 to I11 hold")
    if found:
        raise typer.Exit(1)
