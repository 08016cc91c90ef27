"""Killed with SIGKILL again and again, at every stage of a run: the next process goes on, and nothing is paid twice.

The judge is the simulator's own bill, not the ledger.
"""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NUMBERS = 400
BATCH = 4
IN_FLIGHT = 4
CENT = 10_000_000

# One run in a process of its own, which says how far it has come.
RUN = """
import sys
from pathlib import Path
from ringfence.config import environment
from ringfence.lake.tables import Lake
from ringfence.lookups.buy import Order, buy
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.quote import Narrow, make_quote
from ringfence.lookups.recover import recover
from ringfence.money import approvals
from ringfence.money import quotes
from ringfence.money.ledger import open_ledger
from ringfence.money.workers import working

setup, launch = environment.load(Path(sys.argv[1])), sys.argv[2]
ledger = open_ledger(setup.home)
lake = Lake(setup.home, ledger.ledger_id)
print("started", flush=True)
recover(ledger)
print("recovered", flush=True)
publish_settled(ledger, lake)
publish_facts(lake)
quote = make_quote(setup, ledger, lake, Narrow(), launch)
if quote.numbers:
    approvals.approve(ledger, quote.quote_id, None, who="test", why="test")
print("quoted", flush=True)
with working(ledger, launch) as worker:
    bought = buy(setup, ledger, lake, worker, Order(launch))
print("bought", flush=True)
publish_settled(ledger, lake)
print("published", flush=True)
publish_facts(lake)
print("done", flush=True)
"""

# When a process is killed: so many milliseconds after a word of it, or after it has made so many attempts.
MOMENTS: list[tuple[str | int, float]] = [
    ("started", 0),
    (1, 10),
    ("recovered", 10),
    (4, 5),
    (6, 20),
    ("started", 5),
    (5, 25),
    ("recovered", 60),
    (12, 15),
    (7, 40),
    ("bought", 0),
    ("bought", 20),
    ("published", 0),
]

FACTS = ["phone_e164", "validity", "validity_basis", "reachability", "ported", "current_carrier_mccmnc", "country"]


@contextmanager
def process(house: Any, launch: str) -> Iterator[subprocess.Popen[str]]:
    """One run in a process of its own; its words come on standard output."""
    command = [sys.executable, "-c", RUN, str(house.path), launch]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        yield running
        assert running.stderr is not None
        errors = running.stderr.read()
    assert running.returncode in (0, -9), errors


def to_the_end(house: Any, launch: str) -> None:
    """Run a process until it is done."""
    with process(house, launch) as running:
        assert running.stdout is not None
        assert running.stdout.read().split()[-1:] == ["done"]


def killed(house: Any, launch: str, moment: str | int, milliseconds: float) -> None:
    """Run a process until this moment, and kill it so many milliseconds later."""
    before = len(house.attempts())
    with process(house, launch) as running:
        assert running.stdout is not None
        if isinstance(moment, str):
            next((word for word in running.stdout if word.strip() == moment), None)
        else:
            while running.poll() is None and len(house.attempts()) < before + moment:
                time.sleep(0.001)
        time.sleep(milliseconds / 1000)
        running.kill()


@pytest.mark.long
@pytest.mark.timeout(120)
def test_killed_anywhere_it_goes_on_and_pays_once(build, numbers) -> None:
    """No number is charged twice, spent <= charged <= spent + held, and the answers are those of a calm run."""
    phones = numbers("NL", NUMBERS)
    provider = {"batch": str(BATCH), "in_flight": str(IN_FLIGHT)}
    house = build(phones, latency=0.02, provider=provider)
    dice = random.Random(20261121)
    while_buying = 0
    for place, (moment, milliseconds) in enumerate(MOMENTS):
        killed(house, f"launch-{place}", moment, milliseconds * dice.uniform(0.7, 1.3))
        while_buying += bool(house.attempts("sent"))
        house.check()
    assert while_buying >= 5
    to_the_end(house, "last")

    doubtful = sum(row["numbers"] for row in house.attempts("in_doubt"))
    assert not house.attempts("sent")
    assert 0 < doubtful <= while_buying * IN_FLIGHT * BATCH
    assert house.spent() == (NUMBERS - doubtful) * CENT
    assert house.held() == doubtful * CENT
    assert house.spent() <= house.charged() <= house.spent() + house.held()
    house.check()

    requests = len(house.requests())
    to_the_end(house, "after the last")
    assert len(house.requests()) == requests

    calm = build(phones, provider=provider)
    calm.run()
    answered = house.lookups()
    assert answered.height == answered["phone_e164"].n_unique() == NUMBERS - doubtful
    for table, columns in (("lookups", [*FACTS, "outcome", "cost_net"]), ("phone_facts", FACTS)):
        mine = house.lake.read(table).select(columns).sort("phone_e164")
        theirs = calm.lake.read(table).select(columns).sort("phone_e164")
        assert mine.equals(theirs.filter(theirs["phone_e164"].is_in(answered["phone_e164"].to_list())))
