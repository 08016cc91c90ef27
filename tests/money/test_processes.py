"""Several processes on one ledger: no cap is passed, nobody starves, and a dead worker is told from a stopped one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringfence.money import workers
from ringfence.money.amount import nanos
from ringfence.money.ledger import open_ledger, refuse_to_spend
from ringfence.money.workers import dead, working
from tests.money.bench import Bench, month

ROOT = Path(__file__).parents[2]
CENT = nanos("0.01")
BUYER = """
import json, pathlib, sys, time
from zoneinfo import ZoneInfo
from ringfence.money.amount import Money
from ringfence.money.budget import UNATTENDED
from ringfence.money.ledger import open_ledger
from ringfence.money.batch import Batch
from ringfence.money.reserve import Owner, reserve
home, name, numbers = pathlib.Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
ledger = open_ledger(home)
print("ready", flush=True)
while not (home / "go").exists():
    time.sleep(0.002)
bought = []
for number in numbers:
    batch = Batch(quote_id="quote-1", ledger_seq=0, consent=UNATTENDED, provider="infobip", product="query", answers=1,
                  facts=1, unit_price=Money(10_000_000, "EUR"), subjects=(number,), country="NL", source="crm")
    with ledger.store.write() as connection:
        reserved, _ = reserve(connection, ledger, Owner(name, "launch-1", ZoneInfo("UTC")), [batch])
    bought += [subject for attempt in reserved for subject in attempt.numbers]
print(json.dumps(bought))
"""
WORKER = """
import pathlib, sys, time
from ringfence.money.ledger import open_ledger
from ringfence.money.workers import working
with working(open_ledger(pathlib.Path(sys.argv[1])), "launch-1", "run-1") as worker:
    print(worker.worker_id, flush=True)
    time.sleep(60)
"""


def _buy_at_once(bench: Bench, home: Path, wanted: list[tuple[int, ...]]) -> list[list[int]]:
    """Let a process for each list buy its numbers one by one, all beginning together."""
    bench.batch(())
    buyers = [_python(BUYER, home, f"buyer-{place}", json.dumps(each)) for place, each in enumerate(wanted)]
    for buyer in buyers:
        assert buyer.stdout
        assert buyer.stdout.readline() == b"ready\n"
    (home / "go").touch()
    results = [json.loads(buyer.communicate(timeout=60)[0]) for buyer in buyers]
    assert [buyer.returncode for buyer in buyers] == [0] * len(buyers)
    return results


def test_four_processes_never_pass_the_cap_by_one(tmp_path: Path) -> None:
    """Of 600 numbers that four processes want at once and 250 that can be paid, exactly 250 are reserved, by all."""
    bench = Bench(tmp_path, month("2.50 EUR"))
    results = _buy_at_once(bench, tmp_path, [bench.numbers(150) for _ in range(4)])
    assert sum(map(len, results)) == 250
    assert min(map(len, results)) >= 10
    assert bench.used()[0][1:] == (250 * CENT, 0, 0)
    assert bench.rows("SELECT count(*) FROM attempt WHERE state = 'sent'") == [(250,)]
    assert bench.broken() == []


def test_processes_that_want_the_same_numbers_buy_each_once(tmp_path: Path) -> None:
    """Three processes with the same list reserve each of its numbers once between them."""
    bench = Bench(tmp_path)
    numbers = bench.numbers(60)
    results = _buy_at_once(bench, tmp_path, [numbers, numbers[::-1], numbers])
    assert sorted(subject for result in results for subject in result) == list(numbers)
    assert bench.broken() == []


def test_a_killed_worker_is_found_and_a_stopped_one_is_not(tmp_path: Path) -> None:
    """A stopped process keeps its lock and its attempts; one killed with -9 is dead at once, and is mended once."""
    bench = Bench(tmp_path)
    with _worker(tmp_path) as (process, worker_id):
        assert _dead(bench) == []
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        assert _dead(bench) == []
        process.kill()
        process.wait(10)
        begun = time.monotonic()
        with dead(bench.ledger) as found:
            assert found == [(worker_id, "run-1")]
            assert _dead(bench) == [], "while one process mends it, no other does"
        assert time.monotonic() - begun < 1
    assert _dead(bench) == []
    assert bench.rows("SELECT ended_at IS NOT NULL FROM worker") == [(1,)]
    assert list((tmp_path / "workers").iterdir()) == []


def test_a_ledger_that_has_forgotten_a_worker_buys_nothing(tmp_path: Path) -> None:
    """An older copy is known by the lock of a killed worker, though nothing was published; mended, all is well."""
    (tmp_path / "home").mkdir()
    bench = Bench(tmp_path / "home")

    def refusal() -> str:
        return refuse_to_spend(bench.ledger, mode="simulate", lake_ledger_id=None, lake_seq=0) or ""

    older = tmp_path / "older"
    older.mkdir()
    bench.copy(older)
    with _worker(tmp_path / "home") as (process, worker_id):
        assert not refusal()
        process.kill()
        process.wait(10)
    assert not refusal()
    (older / "workers").symlink_to(tmp_path / "home" / "workers")
    now, bench.ledger = bench.ledger, open_ledger(older)
    assert f"has forgotten workers/{worker_id}.lock" in refusal()
    bench.ledger = now
    assert _dead(bench) == [worker_id]
    assert not refusal()


def test_a_worker_that_is_being_born_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a worker is entered its lock file says nothing, and a birth that fails leaves none."""
    bench = Bench(tmp_path)
    seen = []

    def entered(*_: object) -> None:
        seen.append(refuse_to_spend(bench.ledger, mode="simulate", lake_ledger_id=None, lake_seq=0))
        seen.append(len(list((tmp_path / "workers").iterdir())))
        raise KeyboardInterrupt

    monkeypatch.setattr(workers._NEW, "run", entered)
    with pytest.raises(KeyboardInterrupt), working(bench.ledger, "launch-1"):
        pass
    assert seen == [None, 1]
    assert list((tmp_path / "workers").iterdir()) == []


def test_a_mending_that_fails_is_done_again(tmp_path: Path) -> None:
    """A worker counts as ended only when what it left was mended; until then every run finds it."""
    bench = Bench(tmp_path)
    with _worker(tmp_path) as (process, worker_id):
        process.kill()
        process.wait(10)
    with pytest.raises(RuntimeError, match="while mending"), dead(bench.ledger):
        raise RuntimeError("while mending")
    assert _dead(bench) == [worker_id]


def test_a_worker_that_ended_is_not_dead(tmp_path: Path) -> None:
    """A worker that ends by itself, well or with an error, leaves no lock and nothing to mend."""
    bench = Bench(tmp_path)
    with working(bench.ledger, "launch-1") as worker:
        assert worker.owns()
        assert _dead(bench) == []
    with pytest.raises(ValueError, match="a defect"), working(bench.ledger, "launch-1"):
        raise ValueError("a defect")
    assert not worker.owns()
    assert _dead(bench) == []
    assert list((tmp_path / "workers").iterdir()) == []


def test_a_worker_whose_lock_was_taken_away_knows_it(tmp_path: Path) -> None:
    """A worker whose lock file is gone, or is another file, owns nothing more and must not send."""
    bench = Bench(tmp_path)
    with working(bench.ledger, "launch-1") as worker:
        path = tmp_path / "workers" / f"{worker.worker_id}.lock"
        path.unlink()
        assert not worker.owns()
        path.touch()
        assert not worker.owns()


def _dead(bench: Bench) -> list[str]:
    with dead(bench.ledger) as found:
        return [worker_id for worker_id, _ in found]


@contextmanager
def _worker(home: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    process = _python(WORKER, home)
    try:
        assert process.stdout
        yield process, process.stdout.readline().decode().strip()
    finally:
        process.kill()
        process.communicate(timeout=10)


def _python(code: str, *arguments: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
