"""`ringfence ledger`: the ledger's birth, its check, and its copies."""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import context
from ringfence.cli.launch import dagster_home
from ringfence.cli.output import Format, FormatOption, print_rows
from ringfence.config.environment import Setup
from ringfence.lake.tables import state_of, usable
from ringfence.money import copies, restoring, switch
from ringfence.money import ledger as ledgers
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger
from ringfence.money.who import who

app = typer.Typer(
    help="The ledger: create it once, check and copy it any time.", no_args_is_help=True, rich_markup_mode=None
)


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
    """Check every invariant of the ledger, and whether anything may be bought from it; exit code 1 when not.

    Example: ringfence ledger check
    """
    home = context.home()
    with home.ledger.store.read() as connection:
        found = violations(connection)
    refusal = _refusal(home.setup, home.ledger)
    rows = [{"invariant": v.invariant, "meaning": v.meaning, "row": v.row} for v in found]
    if found or form is not Format.TABLE:
        columns = ("invariant", "meaning", "row")
        print_rows(rows, form, title="broken invariants", more={"refuses_to_spend": refusal}, columns=columns)
        if found and form is Format.TABLE:
            typer.echo(
                "runs go on all the same: end them with ringfence stop, then put a copy in place: ledger restore"
            )
    else:
        typer.echo("the ledger is sound: I1 to I11 hold")
    if form is Format.TABLE:
        _tell(refusal)
    if found or refusal:
        raise typer.Exit(1)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="a new file; it is yours alone (mode 0600)")]) -> None:
    """Copy the ledger into a file, also while runs go on. A copy holds every number: keep it as safe as the ledger.

    Example: ringfence ledger backup ledger-2026-11-21.sqlite
    """
    home = context.home()
    made = copies.back_up(home.ledger, file)
    typer.echo(
        f"copied ledger {made.ledger_id} to {file}: {made.settlements:,} settlements, {made.undecided:,} open attempts"
    )


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="a copy that `ledger backup` has written")],
    because: Annotated[
        str, typer.Option(help="why the present ledger may be forgotten, when it is the newer one")
    ] = "",
) -> None:
    """Put a copy back, once it has passed every check; the present ledger is kept beside it. No run may be going on.

    Example: ringfence ledger restore copy.sqlite --because "disk replaced"
    """
    setup = context.setup()
    usable(setup.home)
    owner, _ = state_of(setup.home)
    done = restoring.restore(
        setup.home, file, mode=setup.config.mode, lake_ledger_id=owner, who=who(), because=because.strip()
    )
    kept = f"; the ledger of before is kept as {done.before}" if done.before else ""
    typer.echo(f"restored ledger {done.ledger.ledger_id} from {file} at settlement {done.ledger.settled_seq():,}{kept}")
    _tell(_refusal(setup, done.ledger))
    with done.ledger.store.read() as connection:
        for told in switch.stops(connection).values():
            typer.echo(told)


def _refusal(setup: Setup, ledger: Ledger) -> str | None:
    """Why nothing may be bought from a ledger, None when it may."""
    owner, seq = state_of(setup.home)
    return ledgers.refuse_to_spend(ledger, mode=setup.config.mode, lake_ledger_id=owner, lake_seq=seq)


def _tell(refusal: str | None) -> None:
    typer.echo(f"nothing is bought from it: {refusal}" if refusal else "it fits the lake and the configured mode")
