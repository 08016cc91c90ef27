"""One provider in one run: its pace, its health, and when it is given up. It sends nothing and knows no attempt."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ringfence.http.client import Client
from ringfence.money.decision import Await, Doubt, Move, Settle
from ringfence.money.heard import Heard
from ringfence.money.rate import Place
from ringfence.providers.provider import Parsed, Provider

# A request that provably cost nothing is made anew at most this often in a row, with growing pauses.
TRIES = 4
PAUSE = 0.5
# So many lookups of unknown outcome in a row stop the provider for the run.
DOUBTS = 3


@dataclass(slots=True)
class Lane:
    """A provider with its client. `stopped` is why nothing more goes out, `busy` how many requests are out.

    `account` is a keyed digest of as whom it is asked.
    `closed` has the products alone that are given up, and why; `refusals` what the provider itself said no with.
    `halted` says that somebody has stopped it by hand.
    `tries` and `doubts` count since the last settled reply; `resumes` ends the pause after a failure, `not_before` any
    pause, `opens` the wait for a breaker (monotonic seconds). `refused_token` is the token (its serial) that was last
    refused, since the last answer. `heard` is what replies told of its health that the ledger has not yet, `place` the
    lane's own in the line for tokens.
    """

    provider: Provider
    base_url: str
    account: str
    options: Mapping[str, str]
    client: Client
    in_flight: int
    per_second: int
    clock: Callable[[], float] = time.monotonic
    busy: int = 0
    doubts: int = 0
    tries: int = 0
    not_before: float = 0.0
    resumes: float = 0.0
    stopped: str | None = None
    halted: bool = False
    closed: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    refused_token: int | None = None
    opens: float = 0.0
    heard: list[Heard] = field(default_factory=list)
    place: Place = field(default_factory=Place)

    def can_send(self) -> bool:
        """Whether a request may go out now."""
        return self.busy < self.in_flight and self.clock() >= max(self.not_before, self.opens)

    def given_up(self, product: str) -> str | None:
        """Why nothing more is asked of this product in this run, None while it may be."""
        return self.stopped or self.closed.get(product)

    def on_hold(self, product: str) -> str | None:
        """Why what is reserved may not go out now: its product is given up, or the provider pauses after a failure."""
        return self.given_up(product) or ("its provider pauses" if self.clock() < self.resumes else None)

    def wait_for(self, product: str) -> float | None:
        """Seconds until a batch of this product can go on: 0 when it is given up, None when no place is free."""
        if self.given_up(product):
            return 0.0
        until = max(self.not_before, self.opens)
        return max(0.0, until - self.clock()) if self.busy < self.in_flight else None

    def stop(self, why: str, product: str | None = None) -> None:
        """Send nothing more in this run, to the provider or only for one product; the first reason stays."""
        if product:
            self.closed.setdefault(product, why)
        else:
            self.stopped = self.stopped or why

    def refused(self, why: str, product: str | None) -> None:
        """The provider has said itself that it does not work like this: the user has something to mend."""
        self.refusals.append(why)
        self.stop(why, product)

    def wait(self, seconds: float) -> None:
        """Send nothing for so long."""
        self.not_before = max(self.not_before, self.clock() + seconds)

    def go_on(self) -> None:
        """Wait no longer for the pace."""
        self.not_before = self.resumes

    def shut(self, seconds: float) -> None:
        """Send nothing for so long, unless an answer comes: its breaker is open."""
        self.opens = self.clock() + seconds

    def pause(self, seconds: float) -> None:
        """Send nothing for so long, what is reserved already neither: the provider itself said when it goes on."""
        self.resumes = max(self.resumes, self.clock() + seconds)
        self.not_before = max(self.not_before, self.resumes)

    def answered(self) -> None:
        """Count a settled reply: the provider is well."""
        self.doubts = self.tries = 0
        self.opens = 0.0
        self.refused_token = None

    def renews(self, token: int | None) -> bool:
        """Whether a request whose token was refused may be made anew with another one; the token is dropped.

        All that were out with the same token may. When the token that took its place is refused as well, with no answer
        in between, it is not the token.
        """
        if token is None or self.refused_token not in (None, token):
            return False
        self.refused_token = token
        self.client.drop_token(token)
        return True

    def tell(self, sent_at: int, parsed: Parsed, move: Move, *, renewed: bool) -> None:
        """Keep what came of a request for all processes, with the pause that was made of it; see `Heard`."""
        verdict: Literal["well", "failing", "refused", "nothing"] = "nothing"
        if parsed.stop and not parsed.stop_product and not renewed:
            verdict = "refused"
        elif isinstance(move, Settle | Await):
            verdict = "well"
        elif isinstance(move, Doubt):
            verdict = "failing"
        pause = PAUSE if parsed.throttled else 0.0
        if parsed.throttled or parsed.pause or parsed.retry_after:
            pause = max(pause, self.resumes - self.clock())
        why = parsed.stop or move.evidence
        self.heard.append(Heard(sent_at, verdict, why, parsed.throttled, int(pause * 1_000_000)))

    def doubted(self, evidence: str) -> None:
        """Count a request of unknown outcome."""
        self.doubts += 1
        if self.doubts >= DOUBTS:
            self.stop(f"{DOUBTS} requests in a row ended in doubt, the last: {evidence}")

    def try_again(self, after: float | None, evidence: str) -> bool:
        """Whether a request that cost nothing may be made anew, after a pause; else the provider is stopped.

        Requests that were out together fail together: what fails within the pause counts as one try with the first.
        """
        now = self.clock()
        first = now >= self.resumes
        if self.stopped or (first and self.tries >= TRIES):
            self.stop(evidence)
            return False
        self.tries += first
        self.resumes = max(self.resumes, now + (PAUSE * 2**self.tries if after is None else after))
        self.not_before = max(self.not_before, self.resumes)
        return True
