"""`ringfence watch`: a run that was started elsewhere, by the schedule or in the UI, and what came of it."""

import re
import time
from typing import Annotated

import typer

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.cli.launch import POLL, StoppedError
from ringfence.cli.output import console, time_text
from ringfence.cli.watching import Watch
from ringfence.errors import RingfenceError
from ringfence.lookups.outcome import bought, sentences
from ringfence.money import launches, progress, switch
from ringfence.money.launches import Launch


def watch(
    launch_id: Annotated[
        str | None, typer.Argument(metavar="LAUNCH", help="a launch, or the run that Dagster shows; else the newest")
    ] = None,
) -> None:
    """Show a run that goes on, to its end; without one, say what came of the last.

    Example: ringfence watch
    """
    home = context.home()
    if not launch_id:
        _await_begin(home)
    found = launches.find(home.ledger, launch_id)
    if found is None and launch_id:
        raise RingfenceError(f"there is no launch '{launch_id[:40]}'; the newest is shown by: ringfence watch")
    if found is None:
        typer.echo("no run has been started yet: ringfence enrich")
        return
    watched = launches.goes_on(home.ledger, found)
    if watched:
        _follow(home, found)
    failed = _print_end(home, found.launch_id, watched=watched)
    if watched and failed:
        raise typer.Exit(1)


def _await_begin(home: Home) -> None:
    """Wait for a run that is just being launched: it is the one that is meant."""
    if launches.starting(home.ledger):
        with Watch(home):
            while launches.starting(home.ledger):
                time.sleep(POLL)


def _follow(home: Home, launch: Launch) -> None:
    began = launches.buying_since(home.ledger, launch.launch_id)
    ago = (home.ledger.store.clock() - began) / 1_000_000 if began else None
    try:
        with Watch(home, buying_for=ago) as show:
            while launches.goes_on(home.ledger, launch):
                show(launch.launch_id)
                time.sleep(POLL)
            show(launch.launch_id)
    except KeyboardInterrupt:
        raise StoppedError("no longer watched; the run goes on, and ringfence stop stops its buying") from None


def _print_end(home: Home, launch_id: str, *, watched: bool) -> bool:
    """Say when a launch ended and what came of it; returns whether it failed."""
    launch = launches.find(home.ledger, launch_id)
    row = progress.get(home.ledger, launch_id) or {"phase": "start", "updated_at": None}
    name = f"run {launch_id}" if watched else f"no run is going on; the last, {launch_id},"
    out = console()
    if launch and launch.ended_at:
        out.print(f"{name} ended at {time_text(launch.ended_at)}")
    else:
        out.print(f"{name} was killed after {time_text(row['updated_at'])}; ringfence collect decides what it left")
    done = bought(home.ledger, launch_id)
    currency = done.currency or home.setup.config.currency
    for sentence in sentences(done, currency):
        out.print(sentence)
    failed: bool = row["phase"] == "failed"
    if done.why_not:
        why_not = _without_stale_advice(home, done.why_not)
        out.print(f"it failed: {why_not}" if failed else why_not)
    return failed or bool(done.failed)


def _without_stale_advice(home: Home, told: str) -> str:
    """Why a launch bought no more, where it was stopped: whether it was resumed since."""
    with home.ledger.store.read() as connection:
        stops = switch.stops(connection)
    advice = r"; go on with: (?:set the price, then )?ringfence resume(?: --provider (\w+))?(?: --because \"[^\"]*\")?"
    return re.sub(advice, lambda found: found[0] if (found[1] or "") in stops else "; resumed since", told)
