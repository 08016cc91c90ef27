"""The commands as a person types them: as processes, with their exit codes and without tracebacks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ringfence.simulator.server import Settings, running
from tests.small import PHONES, make_config, make_warehouse

ROOT = Path(__file__).parents[2]


def ringfence(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RINGFENCE_WORKSPACE": str(ROOT / "workspace.yaml"),
        **variables,
    }
    command = [Path(sys.executable).with_name("ringfence"), *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def url() -> Iterator[str]:
    """A simulator of its own."""
    with running(Settings(provider="infobip")) as urls:
        yield urls["infobip"]


def test_the_first_purchase_from_nothing(tmp_path: Path, url: str) -> None:
    """Create, quote, approve, enrich, look: each command says what it did, and the money adds up everywhere."""
    make_warehouse(tmp_path, PHONES[:40])
    make_config(tmp_path, url)
    assert "mode simulate" in ringfence(tmp_path, "ledger", "create").stdout
    quote = json.loads(ringfence(tmp_path, "quote", "--limit", "25", "--format", "json").stdout)
    assert (quote["numbers"]["quoted"], quote["max"], quote["within_budgets"]) == (25, "0.250000000", 25)
    approved = ringfence(tmp_path, "approve", quote["quote_id"], "--because", "a test")
    assert "up to 0.25 EUR" in approved.stdout
    done = ringfence(tmp_path, "enrich", "--quote", quote["quote_id"], "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"][0]["spent"] == "0.250000000"
    costs = json.loads(ringfence(tmp_path, "costs", "--by", "country,source", "--format", "json").stdout)
    assert costs["totals"][0]["spent"] == "0.250000000"
    assert costs["rows"][0] | {"country": "NL", "source": "crm", "spent": "0.250000000"} == costs["rows"][0]
    listed = json.loads(ringfence(tmp_path, "quotes", "--format", "json").stdout)["rows"][0]
    assert (listed["status"], listed["approved"], listed["spent"]) == ("approved", "0.250000000", "0.250000000")
    found = json.loads(ringfence(tmp_path, "sql", "SELECT count(*) AS n FROM lookups", "--format", "json").stdout)
    assert found["rows"] == [{"n": 25}]
    assert "sound" in ringfence(tmp_path, "ledger", "check").stdout


MISTAKES = {
    "no configuration": (["quote"], "", "RINGFENCE_CONFIG"),
    "a wrong key": (["quote"], "mode: simulate\nbudgts: []\n", "ringfence.yaml:2: budgts: there is no such key"),
    "no ledger": (["costs"], "mode: simulate\n", "ringfence ledger create"),
    "an unknown grouping": (["costs", "--by", "moon"], "ledger", "not by 'moon'"),
    "an unknown quote": (["approve", "nonsense"], "ledger", "ringfence quotes"),
    "nothing served yet": (["sql", "SELECT 1"], "ledger", "ringfence serve"),
    "a second ledger": (["ledger", "create"], "ledger", "exists already"),
    "an amount that is none": (["enrich", "--max-spend", "lots"], "ledger", "0.002 EUR"),
    "two ways at once": (["enrich", "--yes", "--quote", "x"], "ledger", "leave out --yes"),
    "a latency that is none": (["simulate", "--latency", "soon"], "", "50ms"),
    "an unknown scenario": (["simulate", "--scenario", "nope"], "", "chaos"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_that_says_how_to_mend_it(name: str, tmp_path: Path) -> None:
    """Exit code 2, one sentence, no traceback."""
    arguments, config, told = MISTAKES[name]
    if config:
        text = "mode: simulate\nhome: ./home\n" if config == "ledger" else config
        (tmp_path / "ringfence.yaml").write_text(text, encoding="utf-8")
    if config == "ledger":
        assert ringfence(tmp_path, "ledger", "create").returncode == 0
    done = ringfence(tmp_path, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_locked_warehouse_is_one_line(tmp_path: Path, url: str) -> None:
    """A run that cannot read a source says which process holds it, and exits with 2."""
    make_warehouse(tmp_path, PHONES[:3])
    make_config(tmp_path, url)
    ringfence(tmp_path, "ledger", "create")
    with duckdb.connect(str(tmp_path / "crm.duckdb")):
        done = ringfence(tmp_path, "quote")
    assert done.returncode == 2
    assert str(os.getpid()) in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_checkout_a_launch_says_what_to_do(tmp_path: Path) -> None:
    """Without workspace.yaml anywhere above, launching is refused with a sentence."""
    (tmp_path / "ringfence.yaml").write_text("mode: simulate\nhome: ./home\n", encoding="utf-8")
    ringfence(tmp_path, "ledger", "create")
    done = ringfence(tmp_path, "quote", RINGFENCE_WORKSPACE="")
    assert (done.returncode, "RINGFENCE_WORKSPACE" in done.stderr) == (2, True)
