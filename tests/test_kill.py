"""The demo's job, through the command line and Dagster, killed with SIGKILL while money is under way."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from examples.demo import warehouse
from examples.demo.config import config_text
from ringfence.money.invariants import violations
from ringfence.money.ledger import open_ledger
from ringfence.providers.registry import providers
from ringfence.simulator.server import Settings, running

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("ringfence")
# What must be the same whether or not a run was killed in between.
CONTENT = """SELECT phone_e164, validity, reachability, ported_status, current_carrier_mccmnc, original_carrier_name
FROM phone_numbers ORDER BY phone_e164"""


# The most numbers that are out at once: infobip 4 x 40, messente 16 x 10, vonage 16 x 1, kaleyra 16 x 100.
IN_FLIGHT = 4 * 40 + 16 * 10 + 16 + 16 * 100
# Without a receiver what answers by callback is not bought: a run that is killed has nobody to call back.
NO_RECEIVER = re.compile(r"^callbacks: .*\n", re.MULTILINE)


def _home(folder: Path, urls: Mapping[str, str]) -> dict[str, str]:
    folder.mkdir()
    warehouse.write(folder, rows=1_500)
    ports = {name: int(url.rpartition(":")[2]) for name, url in urls.items()}
    text = NO_RECEIVER.sub("", config_text({**ports, "receiver": 0})).replace("batch: 250", "batch: 40")
    (folder / "ringfence.yaml").write_text(text, encoding="utf-8")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        **{name: "simulated" for known in providers().values() for name in known.secrets[0]},
        "RINGFENCE_CONFIG": str(folder / "ringfence.yaml"),
        "RINGFENCE_WORKSPACE": str(ROOT / "workspace.yaml"),
    }
    subprocess.run([COMMAND, "ledger", "create"], cwd=folder, env=env, check=True, capture_output=True)
    return env


def _enrich(folder: Path, env: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [COMMAND, "enrich", "--yes", "--format", "json"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)["rows"][0])


def _buying(folder: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the job in a process group of its own, and return when the first answers are settled and more are out."""
    process = subprocess.Popen(
        [COMMAND, "enrich", "--yes"],
        cwd=folder,
        env=env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ledger = open_ledger(folder / "home")
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with ledger.store.read() as connection:
            settled = connection.exec_driver_sql("SELECT count(*) FROM attempt WHERE state = 'settled'").scalar()
        if settled:
            break
        assert process.poll() is None, "the job ended before it could be killed"
        time.sleep(0.01)
    return process


def _content(folder: Path) -> dict[str, tuple[Any, ...]]:
    with duckdb.connect(str(folder / "home" / "ringfence.duckdb"), read_only=True) as connection:
        return {row[0]: row for row in connection.execute(CONTENT).fetchall()}


def _bill(urls: Mapping[str, str]) -> tuple[Decimal, Counter[tuple[str, str]]]:
    """The sum of all charges, and how often each number was charged by whom; a refund is a row of its own."""
    bill = httpx.get(f"{urls['infobip']}/_simulator/charges").json()
    charges = [(row["provider"], row["number"]) for row in bill["charges"] if not row["amount"].startswith("-")]
    return Decimal(bill["totals"].get("EUR", "0")), Counter(charges)


@pytest.mark.timeout(200)
@pytest.mark.long
def test_a_killed_job_is_mended_by_running_it_again(tmp_path: Path) -> None:
    """Nothing is bought twice, at most what was in flight is in doubt, and all else is as if nothing happened."""
    with running(Settings(latency=0.05)) as urls:
        env = _home(tmp_path / "killed", urls)
        process = _buying(tmp_path / "killed", env)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _enrich(tmp_path / "killed", env)
        again = _enrich(tmp_path / "killed", env)
        charged, numbers = _bill(urls)
    with running(Settings()) as urls:
        calm = _home(tmp_path / "calm", urls)
        _enrich(tmp_path / "calm", calm)
    assert again["numbers"] == 0
    assert max(numbers.values()) == 1

    ledger = open_ledger(tmp_path / "killed" / "home")
    with ledger.store.read() as connection:
        assert violations(connection) == []
        rows = connection.exec_driver_sql(
            "SELECT state, sum(numbers), sum(coalesce(actual, held)) FROM attempt GROUP BY state"
        )
        states = {state: (count, Decimal(money).scaleb(-9)) for state, count, money in rows}
    # What the killed run had accepted and not asked about yet is for job collect.
    opened = [states.get(state, (0, Decimal(0))) for state in ("in_doubt", "awaiting")]
    doubtful, held = (sum(each) for each in zip(*opened, strict=True))
    assert doubtful <= IN_FLIGHT, "more than what was in flight is open"
    spent = states["settled"][1]
    assert spent <= charged <= spent + held

    killed, undisturbed = _content(tmp_path / "killed"), _content(tmp_path / "calm")
    assert killed.keys() == undisturbed.keys()
    different = sum(killed[number] != undisturbed[number] for number in killed)
    assert different <= doubtful


@pytest.mark.long
@pytest.mark.timeout(200)
def test_sigterm_of_the_command_stops_the_purchase(tmp_path: Path) -> None:
    """What a supervisor sends ends the run that was launched too; nothing is charged after the command has ended."""
    with running(Settings(latency=0.3)) as urls:
        env = _home(tmp_path / "home", urls)
        process = _buying(tmp_path / "home", env)
        process.terminate()
        assert process.wait(timeout=60) == 130
        charged, numbers = _bill(urls)
        time.sleep(1)
        assert _bill(urls) == (charged, numbers)
    ledger = open_ledger(tmp_path / "home" / "home")
    with ledger.store.read() as connection:
        assert violations(connection) == []
        left = connection.exec_driver_sql("SELECT count(*) FROM attempt WHERE state = 'sent'").scalar()
    assert left == 0
    assert len(numbers) < 1_000
