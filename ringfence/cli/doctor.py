"""`ringfence doctor`: what is wrong or will be, and how to mend it."""

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from ringfence.cli import context
from ringfence.cli.launch import checkout, dagster_folder
from ringfence.cli.output import GAP, Format, FormatOption, console, print_rows, seen
from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lookups import preflight, standing
from ringfence.lookups.finding import Finding

# What a person reads first.
URGENT = ("fail", "warn", "ok")


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
    if form is Format.TABLE:
        _print_found(found)
    else:
        rows = [{"status": each.status, "what": each.what, "found": each.found, "mend": each.mend} for each in found]
        print_rows(rows, form)
    if any(each.status == "fail" for each in found):
        raise typer.Exit(1)


def _print_found(found: Sequence[Finding]) -> None:
    """What is wrong first, with how to mend it; what is well on one line each, cut where the terminal ends."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in sorted(found, key=lambda each: URGENT.index(each.status)):
        told = f"{seen(each.what)}: {seen(each.found)}"
        if each.status == "ok":
            table.add_row(each.status, Text(told, no_wrap=True, overflow="ellipsis"))
        else:
            table.add_row(each.status, told)
        if each.mend:
            table.add_row("", f"{'' if each.status == 'ok' else 'mend: '}{seen(each.mend)}")
    console().print(table)


def _checkout(setup: Setup) -> Path | RingfenceError:
    try:
        return checkout(setup)
    except RingfenceError as error:
        return error
