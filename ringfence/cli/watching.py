"""How a run is watched: the progress row of the ledger as a line that moves, or as plain lines when piped.

All of it goes to standard error: on standard output stands the result alone.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress

import typer
from rich.console import Console
from rich.status import Status

from ringfence.cli.context import Home
from ringfence.lookups.phases import PHASES, told
from ringfence.money import progress

# Seconds between two plain lines of the same phase.
QUIET = 5
# Before these a launch has no quote; after a failure nobody knows.
UNQUOTED = ("start", "phone_map", "distinct_phones", "quote", "failed")
# Every launch goes through these, one after the other, before it buys.
QUOTING = ("start", "phone_map", "distinct_phones", "quote", "lookups")


class Watch:
    """Shows a launch while it goes on; a context manager. Money is always shown beside the count.

    `on_quote` is called with the launch id once, when the launch has quoted and buys. `launch_id` is None before the
    launch has begun. `buying_for` says how many seconds it has bought already.
    """

    def __init__(
        self, home: Home, on_quote: Callable[[str], None] | None = None, buying_for: float | None = None
    ) -> None:
        self.launch_id: str | None = None
        self._home = home
        self._on_quote = on_quote
        self._status: Status | None = None
        # A launch of our own is seen from its start; one that is joined, from where it is.
        self._phase = "start" if on_quote else ""
        self._line = ""
        self._printed = ""
        self._printed_at = 0.0
        self._buying_since: float | None = None if buying_for is None else time.monotonic() - buying_for
        self._seen = 0

    def __enter__(self) -> "Watch":
        if sys.stderr.isatty():
            console = Console(stderr=True, highlight=False, markup=False, emoji=False)
            self._status = console.status("starting (Dagster takes a few seconds)")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, launch_id: str) -> None:
        """Show where the launch is now."""
        row = progress.get(self._home.ledger, launch_id)
        # Until its first step there is nothing to say: the terminal says already that it is starting.
        if row is None or row["phase"] == "start" or row["updated_at"] == self._seen:
            return
        self.launch_id = launch_id
        self._seen = row["updated_at"]
        now = time.monotonic()
        begins = row["phase"] != self._phase
        if begins:
            if self._phase == "lookups":
                # The end of the buying may fall between two looks: the row keeps what it came to.
                self._line = told({**row, "phase": "lookups"}, now - (self._buying_since or now))
            self._print()
            self._pass_by(row["phase"])
            self._phase = row["phase"]
            self._quoted(launch_id)
        if row["planned"] and self._buying_since is None:
            self._buying_since = now
        self._line = told(row, now - (self._buying_since or now))
        if self._status:
            self._status.update(self._line)
        elif (begins and not row["planned"]) or now - self._printed_at > QUIET:
            self._print()

    def _pass_by(self, phase: str) -> None:
        """Tell the steps that fell between two looks, as those before and after them are told."""
        if phase not in QUOTING or self._phase not in QUOTING:
            return
        for passed in QUOTING[QUOTING.index(self._phase) + 1 : QUOTING.index(phase)]:
            self._line = PHASES[passed]
            self._print()

    def _quoted(self, launch_id: str) -> None:
        if self._on_quote is None or self._phase in UNQUOTED:
            return
        told_of, self._on_quote = self._on_quote, None
        if self._status:
            self._status.stop()
        # Who reads may have gone, which rich tells by SystemExit: what was approved is bought all the same.
        with suppress(BrokenPipeError, SystemExit):
            told_of(launch_id)
        if self._status:
            self._status.start()

    def _print(self) -> None:
        """A line that stays: where every phase came to, and one now and then when nobody watches."""
        if self._line in ("", self._printed) or self._phase == "failed":
            # Why it failed is the command's sentence.
            return
        if self._status:
            self._status.console.print(self._line)
        else:
            # Nobody may be there to read it: a run that buys does not end for that.
            with suppress(OSError):
                typer.echo(self._line, err=True)
        self._printed, self._printed_at = self._line, time.monotonic()
