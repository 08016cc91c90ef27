"""The wire of a simulation: a client for a process, and the way of its requests to the providers and back.

A request that has left goes on whatever becomes of its sender: it arrives, it is charged, and its reply finds nobody.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import httpx

from ringfence.http.dress import Dress
from ringfence.http.exchange import Exchange, Failure
from ringfence.providers.registry import provider
from tests.simulation.process import Process
from tests.simulation.vendors import MENU, Taken

if TYPE_CHECKING:
    from tests.simulation.world import World

# Seconds that a request takes to its provider, or back: at least, and how much more.
WAY = 0.002, 0.25
# Seconds that a late reply takes more, at most; the client waits for a minute in all.
LATE = 40.0
_FAULTS, _WEIGHTS = list(MENU), list(MENU.values())


class Wire:
    """What is under way. `out` are the requests that have not ended, `sent` is how often each attempt went out."""

    def __init__(self, world: "World", faulty: float) -> None:
        self.world, self.faulty = world, faulty
        self.sent: dict[str, int] = {}
        self.out: set[str] = set()
        self.requests = self.askings = 0

    def fate(self) -> str:
        """What becomes of the next request; '' is that it is answered as it should be."""
        dice = self.world.dice
        return dice.choices(_FAULTS, _WEIGHTS)[0] if dice.random() < self.faulty else ""

    def way(self) -> float:
        """How long a request or a reply takes: never the same twice, so that no two arrive at once."""
        return WAY[0] + self.world.dice.random() * WAY[1]

    def leave(self, taken: Taken, request: httpx.Request, answer: asyncio.Future[Exchange]) -> None:
        """Let the first byte out: from now on it may cost money."""
        self.requests += 1
        self.sent[taken.attempt_id] = self.sent.get(taken.attempt_id, 0) + 1
        self.out.add(taken.attempt_id)
        self.world.judge.left(taken.attempt_id)
        self.world.note("sent", taken.attempt_id, taken.fault)
        self.world.loop.call_later(self.way(), self._arrive, taken, request, answer)

    def _arrive(self, taken: Taken, request: httpx.Request, answer: asyncio.Future[Exchange]) -> None:
        back = self.way() + (self.world.dice.random() * LATE if taken.fault == "late" else 0)
        exchange: Exchange = Failure("ambiguous", "sent, but RemoteProtocolError")
        if taken.fault != "lost_before":
            exchange, callbacks = self.world.vendors.take(taken, request)
            self.world.note("charged", taken.attempt_id, taken.amount)
            self.world.judge.billed()
            for callback in callbacks:
                self.world.post.send(taken.provider, callback, back * self.world.dice.random() * 2)
        self.world.loop.call_later(60 if taken.fault == "timeout" else back, self._back, taken, answer, exchange)

    def _back(self, taken: Taken, answer: asyncio.Future[Exchange], exchange: Exchange) -> None:
        self.out.discard(taken.attempt_id)
        if not answer.done():
            answer.set_result(exchange)


class Client:
    """What a process sends with, in the place of `ringfence.http.client.Client`."""

    def __init__(self, process: Process, name: str) -> None:
        self._process, self._name = process, name
        self._dress = dress_of(name)

    async def send(self, request: httpx.Request, before_send: Callable[[], bool] | None = None) -> Exchange:
        """Send once; the process may die before the first byte, after it, and when the reply is there."""
        process, wire = self._process, self._process.world.wire
        process.point("connect")
        fault = wire.fate()
        await asyncio.sleep(wire.way())
        if fault == "unsent":
            return Failure("unsent", "not sent: ConnectError")
        process.point("first byte")
        if before_send is not None and not before_send():
            return Failure("unsent", "not sent: the sender may not send any more")
        dressed = self._dress.put_on(request, None)
        dressed.read()
        attempt_id = request.headers["X-Request-Id"]
        taken = Taken(attempt_id, self._name, process.world.product(attempt_id), fault)
        answer: asyncio.Future[Exchange] = process.world.loop.create_future()
        process.awaited.add(answer)
        wire.leave(taken, dressed, answer)
        process.point("sent")
        exchange = await answer
        process.awaited.discard(answer)
        process.point("received")
        return exchange

    async def poll(self, request: httpx.Request) -> Exchange:
        """Ask what is free to ask."""
        process, wire = self._process, self._process.world.wire
        process.point("poll")
        wire.askings += 1
        await asyncio.sleep(wire.way())
        process.point("polled")
        dressed = self._dress.put_on(request, None)
        dressed.read()
        return process.world.vendors.tell(self._name, dressed, wire.fate())

    def drop_token(self, serial: int) -> None:
        """No provider here has a token."""


@cache
def dress_of(name: str) -> Dress:
    """The credentials of a provider."""
    kind = provider(name)
    secrets = dict.fromkeys(kind.secrets[0], "key-of-a-simulation")
    auth = kind.auth(secrets, {option: values[0] for option, values in kind.options.items()})
    return Dress(auth.headers, auth.query, auth.path)
