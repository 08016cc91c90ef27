"""Callbacks: the way from a provider to the receiver, which is the product's own inbox in a process of its own."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ringfence.lookups.callbacks import Came
from ringfence.lookups.inbox import Inbox
from ringfence.simulator.vendor import Callback
from tests.simulation.loop import OWNER
from tests.simulation.process import KilledError, Process

if TYPE_CHECKING:
    from tests.simulation.world import World

# How often a callback is tried that nobody has taken, and how many seconds later each time.
TRIES, AGAIN = 4, 1.5


class Post:
    """What is on its way to the receiver; a receiver that is killed is begun anew."""

    def __init__(self, world: "World") -> None:
        self.under_way: set[asyncio.Task[None]] = set()
        # What was taken while its attempt waited for it: attempt and number.
        self.taken: list[tuple[str, str]] = []
        self._world = world
        self._inbox: tuple[Process, Inbox] | None = None

    def send(self, name: str, callback: Callback, after: float) -> None:
        """Post a callback, perhaps twice, perhaps never."""
        dice, faulty = self._world.dice, self._world.wire.faulty
        for _ in range(dice.choice((0, 2, 1, 1)) if dice.random() < faulty else 1):
            task = self._world.loop.create_task(self._deliver(name, callback, after + dice.random()))
            self.under_way.add(task)
            task.add_done_callback(self.under_way.discard)

    async def _deliver(self, name: str, callback: Callback, after: float) -> None:
        _, _, attempt_id, ends, proof = urlsplit(callback.url).path.rsplit("/", 4)
        came = Came(name, attempt_id, ends, proof, {"content-type": callback.content_type}, callback.body)
        for _ in range(TRIES):
            await asyncio.sleep(after)
            process, inbox = self._open()
            OWNER.set(process)
            death = self._world.loop.create_future()
            process.awaited.add(death)
            taking = self._world.loop.create_task(inbox.take(came))
            await asyncio.wait((taking, death), return_when=asyncio.FIRST_COMPLETED)
            process.awaited.discard(death)
            if taking.done() and not taking.cancelled() and not taking.exception():
                self._world.note("called back", name, attempt_id, taking.result())
                if taking.result() and self._world.judge.waits(attempt_id):
                    self.taken.append((attempt_id, callback.number))
                return
            if taking.done() and not taking.cancelled() and not isinstance(taking.exception(), KilledError):
                self._world.judge.break_(f"the receiver failed with {taking.exception()!r}")
            taking.cancel()
            if death.done():
                death.exception()
            after = AGAIN

    def _open(self) -> tuple[Process, Inbox]:
        if self._inbox is None or self._inbox[0].dead:
            world = self._world
            fatal = world.dice.randint(1, 20) if world.wire.faulty and world.dice.random() < 0.3 else 0
            process = world.begin(Process(world, "receiver", fatal=fatal))
            self._inbox = process, Inbox(process.ledger, world.setup().config.privacy)
        return self._inbox
