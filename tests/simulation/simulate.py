"""From a seed to what came of it."""

import gc
import hashlib
from dataclasses import dataclass

from tests.simulation.loop import StuckError
from tests.simulation.script import Script, draw
from tests.simulation.story import told
from tests.simulation.truth import Facts, published
from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed; `digest` is of everything that happened, in its order."""

    seed: int
    crashes: int
    requests: int
    askings: int
    transactions: int
    found: tuple[str, ...]
    digest: str
    trace: tuple[tuple[object, ...], ...]
    table: tuple[tuple[str, Facts], ...]

    def told(self) -> str:
        """What is broken, and how to see it again."""
        return (
            f"{self.found[0]} (and {len(self.found) - 1} more); replay: python -m tests.simulation {self.seed} --trace"
        )


def simulate(seed: int) -> Outcome:
    """Tell the story of a seed."""
    return played(draw(seed))


def played(script: Script) -> Outcome:
    """Tell the story of a script."""
    world = World(script)
    collecting = gc.isenabled()
    gc.disable()
    try:
        with world.in_place():
            world.loop.run_until_complete(told(world))
    except StuckError as error:
        world.judge.break_(f"stuck: {error}")
    finally:
        world.loop.close()
        if collecting:
            gc.enable()
    digest = hashlib.sha256("\n".join(map(repr, world.trace)).encode()).hexdigest()
    return Outcome(
        seed=script.seed,
        crashes=world.crashes,
        requests=world.wire.requests,
        askings=world.wire.askings,
        transactions=world.judge.transactions,
        found=tuple(world.judge.found),
        digest=digest,
        trace=tuple(world.trace),
        table=tuple(sorted((row["phone_e164"], published(row)) for row in world.table.rows())),
    )
