"""How a run is watched: the progress row of the ledger as a line that moves, or as plain lines when piped."""

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.status import Status

from ringfence.cli.context import Home
from ringfence.lookups.phases import told
from ringfence.money import progress

# Seconds between two plain lines of the same phase.
QUIET = 5


class Watch:
    """Shows a launch while it goes on; a context manager. Money is always shown beside the count.

    `on_quote` is called with the launch id when the launch has quoted and is about to buy.
    """

    def __init__(self, home: Home, on_quote: Callable[[str], None] | None = None) -> None:
        self._home = home
        self._on_quote = on_quote
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._phase = ""
        self._line = ""
        self._printed = ""
        self._printed_at = 0.0
        self._buying_since: float | None = None
        self._seen = 0

    def __enter__(self) -> "Watch":
        if sys.stderr.isatty():
            self._status = self._console.status("starting (Dagster takes a few seconds)")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, launch_id: str) -> None:
        """Show where the launch is now."""
        row = progress.get(self._home.ledger, launch_id)
        if row is None or row["updated_at"] == self._seen:
            return
        self._seen = row["updated_at"]
        now = time.monotonic()
        begins = row["phase"] != self._phase
        if begins:
            self._print()
            self._phase = row["phase"]
            if self._phase == "lookups" and self._on_quote:
                self._on_quote(launch_id)
        if row["planned"] and self._buying_since is None:
            self._buying_since = now
        self._line = told(row, now - (self._buying_since or now))
        if self._status:
            self._status.update(self._line)
        elif (begins and not row["planned"]) or now - self._printed_at > QUIET:
            self._print()

    def _print(self) -> None:
        """A line that stays: where every phase came to, and one now and then when nobody watches."""
        if self._line and self._line != self._printed:
            self._console.print(self._line)
            self._printed, self._printed_at = self._line, time.monotonic()
