"""Sixteen processes with one budget and one real simulator: what is charged never passes the cap, whoever is killed."""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ringfence.lookups.recover import recover
from ringfence.money import approvals
from tests import figures
from tests.lookups.conftest import Build, House, numbers

ROOT = Path(__file__).parents[2]
PROCESSES, WANTED, AFFORDABLE = 16, 2_400, 1_000
CENT = 10_000_000
# The numbers of a request, and how many of a process are out at once.
BATCH, IN_FLIGHT = 5, 2
ROUNDS = 20
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, ROUNDS))]


def _race(build: Build, *, shared: bool, kills: list[int | None]) -> tuple[House, list[int]]:
    """Let sixteen processes buy under one approved quote, each a bucket of its own, or that of its neighbour too."""
    vendor = {"batch": str(BATCH), "in_flight": str(IN_FLIGHT)}
    cap = {"window": "month", "cap": f"{AFFORDABLE * 0.01:.2f} EUR"}
    house = build(numbers("NL", WANTED), latency=0.01, provider=vendor, budgets=[cap])
    quote = house.quote()
    assert quote.numbers == WANTED
    approvals.approve(house.ledger, quote.quote_id, None, who="test", why="test")
    plan = {
        "config": str(house.path),
        "quote_id": quote.quote_id,
        "buckets": [[place, (place + shared) % PROCESSES] for place in range(PROCESSES)],
        "kills": kills,
    }
    command = [sys.executable, "-m", "tests.races.buyers"]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(plan), capture_output=True, text=True, check=True)
    # A warning that the queue is long is no fault: the machine is busy.
    assert "Traceback" not in done.stderr, done.stderr
    return house, json.loads(done.stdout)


def _judge(house: House) -> tuple[int, int]:
    """Numbers charged by the simulator's own bill, and numbers in doubt, after whatever was left open is mended."""
    recover(house.ledger)
    house.check()
    assert "sent" not in house.states()
    # An empty one is of a process that was killed before it was anybody.
    assert not [path for path in (house.ledger.store.path.parent / "workers").iterdir() if path.stat().st_size]
    charges = Counter(row["number"] for row in house.charges())
    assert not charges or max(charges.values()) == 1, "a number was bought twice"
    assert house.charged() == len(charges) * CENT
    return len(charges), sum(row["numbers"] for row in house.attempts("in_doubt"))


@pytest.mark.parametrize("seed", SEEDS)
def test_sixteen_processes_charge_exactly_what_the_cap_allows(build: Build, seed: int) -> None:
    """Of 2,400 numbers wanted and 1,000 affordable exactly 1,000 are charged, all of them settled, nothing is held."""
    house, codes = _race(build, shared=seed % 2 == 1, kills=[None] * PROCESSES)
    assert codes == [0] * PROCESSES
    charged, doubtful = _judge(house)
    figures.tell("races", races=1, processes=PROCESSES, numbers_charged=charged)
    assert (charged, doubtful) == (AFFORDABLE, 0)
    assert (house.spent(), house.held()) == (AFFORDABLE * CENT, 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_processes_lose_nothing_but_what_they_had_out(build: Build, seed: int) -> None:
    """With 8 of 16 processes killed, charged <= 1,000 <= charged + in doubt, and only what was out is in doubt."""
    rng = random.Random(seed)
    moments = [rng.randrange(AFFORDABLE // BATCH * 9 // 10) for _ in range(PROCESSES // 2)]
    kills = [*moments, *[None] * (PROCESSES - len(moments))]
    rng.shuffle(kills)
    house, codes = _race(build, shared=seed % 2 == 0, kills=kills)
    killed = codes.count(-9)
    assert set(codes) <= {0, -9}
    charged, doubtful = _judge(house)
    figures.tell(
        "races with kills", races=1, processes=PROCESSES, killed=killed, numbers_charged=charged, in_doubt=doubtful
    )
    assert killed == len(moments)
    assert charged <= AFFORDABLE <= charged + doubtful
    assert doubtful <= killed * IN_FLIGHT * BATCH
