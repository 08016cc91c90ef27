"""Who owns a run's requests: processes that are stopped and wake, and runs that want the same numbers at once.

The judge is the simulator's own bill: every number is on it once.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from ringfence.lookups.recover import recover
from ringfence.money import approvals, switch
from ringfence.money.ledger import open_ledger
from ringfence.money.schema import REPLY, WORKER
from tests.lookups.conftest import Build, House
from tests.lookups.test_crash import process
from tests.lookups.test_spend import meanwhile

CENT = 10_000_000
# Buys what is approved under a name, as an orchestrator does that was clicked twice.
BUY = """
import sys
from pathlib import Path
from ringfence.config import environment
from ringfence.lake.tables import Lake
from ringfence.lookups.buy import Order, buy
from ringfence.money.ledger import open_ledger
from ringfence.money.workers import working

setup, launch = environment.load(Path(sys.argv[1])), sys.argv[2]
ledger = open_ledger(setup.home)
lake = Lake(setup.home, ledger.ledger_id)
print("ready", flush=True)
sys.stdin.readline()
with working(ledger, launch) as worker:
    bought = buy(setup, ledger, lake, worker, Order(launch))
print(bought.numbers, bought.left, bought.why_not, sep="|", flush=True)
"""


@contextmanager
def _waiting(house: House, launch: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that begins when it is told to."""
    command = [sys.executable, "-c", BUY, str(house.path), launch]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout
            assert running.stdout.readline() == "ready\n"
            yield running
        finally:
            running.kill()


def _begin(running: "subprocess.Popen[str]") -> None:
    assert running.stdin
    running.stdin.write("\n")
    running.stdin.flush()


def _told(running: "subprocess.Popen[str]") -> tuple[int, int, str]:
    """How many numbers it bought and left, and why."""
    assert running.stdout
    bought, left, why = running.stdout.read().strip().split("|")
    return int(bought), int(left), why


def _stop_outside_a_commit(house: House, running: "subprocess.Popen[str]") -> None:
    """Stop a process where it does not hold the ledger, which would make everybody wait for it."""
    while True:
        running.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, running.pid, os.WSTOPPED | os.WNOWAIT)
        with house.ledger.store.path.with_suffix(".lock").open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running.send_signal(signal.SIGCONT)
                time.sleep(0.003)
                continue
        if _unanswered(house):
            return
        running.send_signal(signal.SIGCONT)
        time.sleep(0.003)


def _unanswered(house: House) -> set[str]:
    """The attempts that are out, and have no reply in the ledger."""
    with house.ledger.store.read() as connection:
        replied = set(connection.scalars(select(REPLY.c.attempt_id)))
    return {row["attempt_id"] for row in house.attempts("sent")} - replied


def _replace_lock(house: House) -> None:
    """Take the lock files away, as somebody may who tidies up: the next run takes the owner for dead."""
    for lock in (house.setup.home / "workers").iterdir():
        lock.unlink()


def _end_row(house: House) -> None:
    """End the worker in the ledger alone."""
    with house.ledger.store.write() as connection:
        connection.execute(WORKER.update().values(ended_at=house.ledger.store.clock()))
    assert list((house.setup.home / "workers").iterdir())


@pytest.mark.parametrize("taken", [_replace_lock, _end_row, None], ids=["lock-replaced", "row-ended", "still-owner"])
def test_a_stopped_process_that_wakes_buys_nothing_more_and_loses_nothing(
    build: Build, numbers: Callable[..., list[str]], taken: Callable[[House], None] | None
) -> None:
    """It was stopped with requests out and wakes: its late replies still settle, and whoever goes on buys the rest.

    From one that holds its lock nobody takes over. Each number is bought once, and nothing stays in doubt.
    """
    house = build(numbers("NL", 60), latency=0.1, provider={"in_flight": "3"})
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    with _waiting(house, "first") as running:
        _begin(running)
        while len(house.attempts("settled")) < 3:
            time.sleep(0.002)
        _stop_outside_a_commit(house, running)
        out = _unanswered(house)
        mine = {row["attempt_id"] for row in house.attempts()}
        if taken:
            taken(house)
        recover(house.ledger)
        states = {row["attempt_id"]: row["state"] for row in house.attempts()}
        assert {states[attempt_id] for attempt_id in out} == {"in_doubt" if taken else "sent"}, "no reply was stored"
        if not taken:
            assert house.buy("second").numbers == 60 - 2 * len(mine)
        time.sleep(0.15)
        running.send_signal(signal.SIGCONT)
        bought, left, why = _told(running)
        assert running.wait(20) == 0
    assert {row["attempt_id"] for row in house.attempts() if row["launch_id"] == "first"} == mine
    # Replies that came while it was stopped are stored and settle; what had not left by then is void.
    states = {row["attempt_id"]: row["state"] for row in house.attempts()}
    assert {states[attempt_id] for attempt_id in out} <= {"settled", "voided"}
    assert not house.attempts("sent", "in_doubt")
    assert 0 < bought == 60 - left if taken else left == 0
    assert ("has lost its lock file" in why) == bool(taken)
    house.buy("third")
    assert house.spent() == house.charged() == 60 * CENT
    house.check()


def test_a_double_click_buys_every_number_once(build: Build, numbers: Callable[..., list[str]]) -> None:
    """Two processes buy the same approved quote at once: they share its numbers, and the bill has each of them once."""
    house = build(numbers("NL", 120), latency=0.02, provider={"in_flight": "2"})
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    with _waiting(house, "one") as one, _waiting(house, "two") as two:
        for each in (one, two):
            _begin(each)
        told = [_told(each) for each in (one, two)]
    assert sum(bought for bought, *_ in told) == 120
    assert min(bought for bought, *_ in told) * 3 >= max(bought for bought, *_ in told)
    assert len(house.requests()) == 60
    assert house.spent() == house.charged() == 120 * CENT
    house.check()


def test_two_daemons_that_quote_and_buy_at_once_share_the_work(build: Build, numbers: Callable[..., list[str]]) -> None:
    """Each recovers, quotes, approves, buys and publishes by itself: every number is bought and published once."""
    house = build(numbers("NL", 100), latency=0.02, provider={"in_flight": "2"})
    with process(house, "one") as one, process(house, "two") as two:
        for each in (one, two):
            assert each.stdout
            assert each.stdout.read().split()[-1:] == ["done"]
    assert house.charged() == house.spent() == 100 * CENT
    assert house.lookups()["phone_e164"].n_unique() == house.lookups().height == 100
    house.check()
    assert house.run("three").lookups == 0


def test_a_stop_is_obeyed_by_two_processes(build: Build, numbers: Callable[..., list[str]]) -> None:
    """After `ringfence stop` neither of two processes sends another request than those that were reserved by then."""
    house = build(numbers("NL", 200), latency=0.03, provider={"in_flight": "2"})
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    seen: list[int] = []

    def stop() -> None:
        switch.stop(open_ledger(house.setup.home), "", who="ada", why="a test")
        seen.append(len(house.attempts()))

    both = lambda: len({row["launch_id"] for row in house.attempts("settled")}) == 2  # noqa: E731
    with _waiting(house, "one") as one, _waiting(house, "two") as two, meanwhile(both, stop):
        for each in (one, two):
            _begin(each)
        told = [_told(each) for each in (one, two)]
    assert all("was stopped by ada" in why for *_, why in told)
    assert len(house.attempts()) == seen[0] < 100
    assert set(house.states()) <= {"settled", "voided"}
    assert house.spent() == house.charged()
    house.check()
