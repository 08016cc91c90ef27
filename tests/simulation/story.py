"""The course of a simulation: first everything happens, then everything is well again and nothing may be missing."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from ringfence.errors import QuoteError, RingfenceError
from ringfence.money import switch
from ringfence.money.ledger import worker_locks
from tests.simulation.final import Before, judge_end
from tests.simulation.lives import collecting, decided_by_somebody, enrich, looking
from tests.simulation.process import KilledError, Process, StoppedError
from tests.simulation.script import MOST_LIVES, Birth, birth
from tests.simulation.vendors import ANSWERED_LATER
from tests.simulation.world import SECOND, World

# Longer than what is in doubt is waited for (`in_doubt.assume_billed_after`), in seconds.
PATIENCE = 8 * 86_400
# When a log may be asked what became of a request without a reply.
TRACEABLE = 1500
# Turns after which nothing can be left to buy when nothing fails any more: a cap a quote lets buy little in each.
TURNS = 15


async def told(world: World) -> None:
    """Tell the whole story."""
    for at, kind, arg in world.script.events:
        world.loop.call_later(at, _happen, world, kind, arg)
    lives = [_life(world, one, f"p{place}") for place, one in enumerate(world.script.births)]
    await asyncio.gather(*lives)
    await _calm(world)


async def _life(world: World, one: Birth, name: str) -> None:
    """A process, and the one that is begun after it when it was killed."""
    await asyncio.sleep(one.at)
    process = world.begin(Process(world, name, fatal=one.fatal, slow=one.slow, seconds=one.seconds))
    world.note("begun", name)
    await _lived(process, partial(enrich, birth=one))
    if process.dead and world.crashes < MOST_LIVES:
        await _life(world, birth(world.dice, world.dice.random() * 3), name + "'")


async def _lived(process: Process, life: Callable[[Process], None]) -> None:
    """Live a life to its end, whichever that is."""
    world = process.world
    try:
        await process.start(life)
        world.note("ended", process.name)
    except KilledError:
        process.buried()
    except (StoppedError, RingfenceError) as error:
        world.note("ended", process.name, type(error).__name__, str(error))
        # A clock that jumps over a day ends a quote before it is approved.
        if isinstance(error, RingfenceError) and not isinstance(error, QuoteError):
            world.judge.break_(f"{process.name} ended with {type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed and its course have to be told
        world.judge.break_(f"{process.name} failed with {error!r}")


def _happen(world: World, kind: str, arg: int) -> None:
    """Something comes from outside."""
    world.note("happens", kind, arg)
    if kind == "lower":
        world.edit(partial(_lowered, arg % 4))
    elif kind == "jump":
        world.skew += (-3600, 3600, -1, 86_400)[arg % 4] * SECOND
    elif kind in ("stop", "decide"):
        names = ["", *sorted({each[0] for each in world.script.kinds})]
        name = names[arg % len(names)]
        deed = decided_by_somebody if kind == "decide" else partial(_stop, name)
        _also(world, deed)
    elif kind == "collect":
        _also(world, collecting, fatal=arg)
    elif kind == "unlock":
        world.taking_over = partial(_unlocked, arg)
    elif running := [each for each in world.living if each.task and not each.dead]:
        task = running[arg % len(running)].task
        if task:
            task.cancel()


def _unlocked(arg: int, process: Process) -> None:
    """A process loses its lock file and stands still before it sends, while somebody takes over what it has left."""
    if process.worker:
        lock = worker_locks(process.world.ground.home) / f"{process.worker.worker_id}.lock"
        lock.unlink(missing_ok=True)
        process.slow, process.seconds = process.passed + 1, 1 + arg / 200
        _also(process.world, collecting, after=arg / 1000)


def _also(world: World, life: Callable[[Process], None], after: float = 0.0, fatal: int = 0) -> None:
    """Have somebody else live meanwhile."""

    async def later() -> None:
        await asyncio.sleep(after)
        await _lived(world.begin(Process(world, "somebody", fatal=fatal)), life)

    task = world.loop.create_task(later())
    world.post.under_way.add(task)
    task.add_done_callback(world.post.under_way.discard)


def _stop(name: str, process: Process) -> None:
    switch.stop(process.ledger, name, who="somebody", why="it is enough")


def _lowered(step: int, config: dict[str, Any]) -> dict[str, Any]:
    """A configuration with caps of so many quarters of what they were."""
    budgets = []
    for each in config["budgets"]:
        whole, _, rest = each["cap"].split()[0].partition(".")
        nanos = (int(whole) * 10**9 + int(rest)) * step // 4
        budgets.append(each | {"cap": f"{nanos // 10**9}.{nanos % 10**9:09d} EUR"})
    return config | {"budgets": budgets}


async def _calm(world: World) -> None:
    """Let everything be well again, decide what is open, buy what is left, and see that all of it adds up."""
    await asyncio.sleep(150)
    while world.post.under_way:
        await asyncio.wait(set(world.post.under_way))
        await asyncio.sleep(0)
    world.note("calm")
    world.taking_over = None
    world.wire.faulty = 0.0
    if world.judge.stopped():
        await _do(world, _resume)
    await _settle(world)
    world.raise_prices()
    for _ in range(TURNS):
        before = Before.of(world)
        await _do(world, partial(enrich, birth=Birth(0)))
        await _settle(world)
        if Before.of(world) == before:
            break
    else:
        world.judge.break_(f"P6: in each of {TURNS} runs there is something new")
    judge_end(world)


async def _settle(world: World) -> None:
    """Collect until nothing is open, letting the time pass after which what is in doubt counts as spent."""
    later = any(product in ANSWERED_LATER for _, product, _, _ in world.script.kinds)
    for seconds in (5, 60, 300, TRACEABLE, PATIENCE) if later else (TRACEABLE, PATIENCE):
        await asyncio.sleep(20)
        if not world.judge.open():
            break
        world.skew += seconds * SECOND
        if fatal := world.script.collectors and world.script.collectors.pop():
            await _do(world, collecting, fatal)
        await _do(world, collecting)
    await _do(world, looking)


async def _do(world: World, life: Callable[[Process], None], fatal: int = 0) -> None:
    await _lived(world.begin(Process(world, "calm", fatal=fatal)), life)


def _resume(process: Process) -> None:
    with process.ledger.store.read() as connection:
        stopped = list(switch.stops(connection))
    for name in stopped:
        switch.resume(process.ledger, name, who="somebody", why="all is well, and the prices are right")
