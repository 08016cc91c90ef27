"""One simulation: a seed, its processes on one ledger, the providers, and who judges them."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from uuid import UUID

from greenlet import getcurrent

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.lookups import buy, collect, interruptible
from ringfence.lookups.plan import limits_of
from ringfence.providers.registry import providers
from ringfence.simulator import infobip, infobip_faults, kaleyra, messente, vonage
from tests.simulation.ground import ground
from tests.simulation.judge import Judge
from tests.simulation.lake import MemoryLake, Table
from tests.simulation.lives import lanes_of
from tests.simulation.loop import Loop
from tests.simulation.post import Post
from tests.simulation.process import KilledError, Process
from tests.simulation.script import Script, money
from tests.simulation.vendors import DEARER, STATES_PRICE, Vendors
from tests.simulation.wire import Wire

SECOND = 1_000_000
# Before midnight at a month's end in Amsterdam, before its clocks go forward, before they go back, and a plain noon.
BEGINNINGS = (1_764_543_598, 1_774_745_998, 1_761_440_398, 1_763_726_400)


class World:
    """Everything that one seed moves. `trace` is what happened, in its order."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.dice = random.Random(script.seed + 1_000_003)
        self.ground = ground()
        self.ground.clear()
        self.loop = Loop(KilledError)
        self.trace: list[tuple[object, ...]] = []
        self.crashes = 0
        self.table = Table()
        self.subjects: dict[str, int] = {}
        self.vendors = Vendors(self.dice, sorted({kind[0] for kind in script.kinds}), self._seconds)
        self.wire = Wire(self, script.faulty)
        self.post = Post(self)
        self.judge = Judge(self, self.ground.judge)
        self._begin = self.dice.choice(BEGINNINGS) * SECOND
        self.skew = 0
        self.dearer = False
        # What happens to the next process that has just marked something as sent.
        self.taking_over: Callable[[Process], None] | None = None
        self.living: list[Process] = []
        self._config = Config.model_validate(script.config)
        self._edits = 0

    def clock(self) -> int:
        """The wall clock of every process, in microseconds since 1970 UTC."""
        return self._begin + self.skew + int(self.loop.time() * SECOND)

    def note(self, *what: object) -> None:
        """Write down what happened."""
        self.trace.append((round(self.loop.time(), 6), *what))

    def setup(self) -> Setup:
        """The configuration as a process finds it."""
        setup = Setup(self.ground.config, self._config)
        secrets = {name: "simulated" for kind in providers().values() for name in kind.secrets[0]}
        setup.__dict__["env"] = {"RINGFENCE_HOME": str(self.ground.home), **secrets}
        return setup

    def lake(self, process: Process) -> MemoryLake:
        """The lake as a process has it."""
        return MemoryLake(process, self.table, self.ground.home)

    def caps(self) -> dict[str, int]:
        """The caps as they are configured now, by budget."""
        return {each.budget_id: each.cap.amount for each in limits_of(self._config)}

    def charged(self) -> int:
        """What the providers' bills come to, in nanos."""
        return sum(one.amount for one in self.vendors.bill)

    def committed(self, process: Process) -> None:
        """A process has committed."""
        if self.judge.committed(process.name) and self.taking_over:
            takes_over, self.taking_over = self.taking_over, None
            takes_over(process)

    def product(self, attempt_id: str) -> str:
        """The product of an attempt."""
        row = self.ground.judge.execute("SELECT product FROM attempt WHERE attempt_id = ?", (attempt_id,)).fetchone()
        return str(row[0]) if row else ""

    def price(self, product: str, price: int) -> int:
        """The price in use."""
        return price * DEARER // 4 if self.dearer and product in STATES_PRICE else price

    def edit(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the configuration's file; whoever looks at it again finds it changed."""
        self.script.config = change(self.script.config)
        self._config = Config.model_validate(self.script.config)
        self._edits += 1
        os.utime(self.ground.config, ns=(self._edits, self._edits))

    def raise_prices(self) -> None:
        """Set the prices in use to what was billed."""
        self.dearer = True
        prices = {product: money(self.price(product, price)) for _, product, price, _ in self.script.kinds}

        def dear(config: dict[str, Any]) -> dict[str, Any]:
            sections = {
                name: section | {"price": {product: prices[product] for product in section["products"]}}
                for name, section in config["providers"].items()
            }
            return config | {"providers": sections}

        self.edit(dear)

    def begin(self, process: Process) -> Process:
        """Have one process more."""
        self.living = [each for each in self.living if not each.dead] + [process]
        return process

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the simulated wire, time and ids in the place of the real ones, for the length of the block."""
        run = _run
        with ExitStack() as stack:
            for module, name, double in (
                (buy, "open_lanes", lanes_of),
                (collect, "open_lanes", lanes_of),
                (interruptible, "run", run),
                (collect.asyncio, "run", run),
                (environment, "load", lambda _path: self.setup()),
                *((module, "uuid4", self._uuid) for module in (infobip, infobip_faults, kaleyra, messente, vonage)),
            ):
                stack.enter_context(patch.object(module, name, double))
            yield

    def _uuid(self) -> UUID:
        return UUID(bytes=self.dice.randbytes(16), version=4)

    def _seconds(self) -> float:
        return self.clock() / SECOND


def _run(work: Any) -> None:
    strand: Any = getcurrent()
    strand.owner.run(work)
