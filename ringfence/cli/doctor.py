"""`ringfence doctor`: what is wrong or will be, and how to mend it."""

from pathlib import Path

import typer

from ringfence.cli import context
from ringfence.cli.launch import checkout, dagster_folder
from ringfence.cli.output import Format, FormatOption, print_rows
from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lookups import preflight, standing


def doctor(form: FormatOption = Format.TABLE) -> None:
    """Say what is wrong or soon will be, and how to mend it.

    Examines configuration, sources, credentials, prices, budgets, ledger and served file. Asks no provider; exit
    code 1 when something fails.

    Example: ringfence doctor
    """
    setup = context.setup()
    found = [
        *preflight.examined(setup),
        *standing.standing(setup),
        preflight.dagster(_checkout(setup), dagster_folder(setup)),
    ]
    rows = [{"status": each.status, "what": each.what, "found": each.found, "mend": each.mend} for each in found]
    print_rows(rows, form)
    if any(each.status == "fail" for each in found):
        raise typer.Exit(1)


def _checkout(setup: Setup) -> Path | RingfenceError:
    try:
        return checkout(setup)
    except RingfenceError as error:
        return error
