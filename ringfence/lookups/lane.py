"""One provider in one run: its pace, its health, and when it is given up. It sends nothing and knows no attempt."""

import time
from dataclasses import dataclass

from ringfence.http.client import Client
from ringfence.providers.provider import Provider

# A request that provably cost nothing is made anew at most this often in a row, with growing pauses.
TRIES = 4
PAUSE = 0.5
# So many lookups of unknown outcome in a row stop the provider for the run.
DOUBTS = 3


@dataclass(slots=True)
class Lane:
    """A provider with its client. `stopped` is why nothing more goes out, `busy` how many requests are out.

    `tries` and `doubts` count since the last settled reply; `resumes` ends the pause after a failure, `not_before` any
    pause (monotonic seconds).
    """

    provider: Provider
    base_url: str
    client: Client
    in_flight: int
    per_second: int
    busy: int = 0
    doubts: int = 0
    tries: int = 0
    not_before: float = 0.0
    resumes: float = 0.0
    stopped: str | None = None

    def can_send(self) -> bool:
        """Whether a request may go out now."""
        return self.busy < self.in_flight and time.monotonic() >= self.not_before

    def on_hold(self) -> str | None:
        """Why what is reserved may not go out now: the provider is stopped, or pauses after a failure."""
        return self.stopped or ("its provider pauses" if time.monotonic() < self.resumes else None)

    def stop(self, why: str) -> None:
        """Send nothing more in this run; the first reason stays."""
        self.stopped = self.stopped or why

    def wait(self, seconds: float) -> None:
        """Send nothing for so long."""
        self.not_before = max(self.not_before, time.monotonic() + seconds)

    def answered(self) -> None:
        """Count a settled reply: the provider is well."""
        self.doubts = self.tries = 0

    def doubted(self, evidence: str) -> None:
        """Count a request of unknown outcome."""
        self.doubts += 1
        if self.doubts >= DOUBTS:
            self.stop(f"{DOUBTS} requests in a row ended in doubt, the last: {evidence}")

    def try_again(self, after: float | None, evidence: str) -> bool:
        """Whether a request that cost nothing may be made anew, after a pause; else the provider is stopped.

        Requests that were out together fail together: what fails within the pause counts as one try with the first.
        """
        now = time.monotonic()
        first = now >= self.resumes
        if self.stopped or (first and self.tries >= TRIES):
            self.stop(evidence)
            return False
        self.tries += first
        self.resumes = max(self.resumes, now + (PAUSE * 2**self.tries if after is None else after))
        self.not_before = max(self.not_before, self.resumes)
        return True
