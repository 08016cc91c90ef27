"""A first purchase as a person types it: as processes, in a pipe and in a terminal, with what each command says."""

import csv
import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ringfence.simulator.server import Settings, running
from tests.cli.commands import RINGFENCE, environment, ringfence
from tests.small import PHONES, make_config, make_warehouse


@pytest.fixture
def url() -> Iterator[str]:
    """A simulator of its own."""
    with running(Settings(provider="infobip")) as urls:
        yield urls["infobip"]


def in_a_terminal(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run a command in a terminal of 80 columns; gives its exit code and the lines that stay on the screen."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [RINGFENCE, *arguments],
        cwd=folder,
        env=environment(folder, COLUMNS="80", TERM="xterm"),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    # Linux ends the reading of a terminal that everybody has left with an error.
    with suppress(OSError):
        while some := os.read(controller, 65_536):
            shown += some
    os.close(controller)
    # A line that moves is drawn over and over: what stays of it is behind the last time that it was wiped.
    lines = [line.rsplit("\x1b[2K", 1)[-1] for line in shown.decode().replace("\r\n", "\n").split("\n")]
    return process.wait(), [re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\r", "", line) for line in lines]


def test_the_first_purchase_from_nothing(tmp_path: Path, url: str) -> None:
    """Create, quote, approve, enrich, look: each command says what it did, and the money adds up everywhere."""
    make_warehouse(tmp_path, PHONES[:40])
    make_config(tmp_path, url)
    assert "mode simulate" in ringfence(tmp_path, "ledger", "create").stdout
    asked = ringfence(tmp_path, "quote", "--limit", "25", "--format", "json")
    quote = json.loads(asked.stdout)
    # A phase may be over between two looks at it; the last stands for long enough.
    phases = ["reading the sources", "finding distinct numbers", "quoting"]
    told = asked.stderr.splitlines()
    assert told == [phase for phase in phases if phase in told]
    assert told[-1] == "quoting"
    assert (quote["numbers"]["quoted"], quote["max"], quote["within_budgets"]) == (25, "0.250000000", 25)
    approved = ringfence(tmp_path, "approve", quote["quote_id"], "--because", "a test")
    assert "up to 0.25 EUR" in approved.stdout
    done = ringfence(tmp_path, "enrich", "--quote", quote["quote_id"], "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert "buying: 25 of 25 lookups, 0.25 EUR spent, 0.00 EUR held" in done.stderr
    [row] = csv.DictReader(done.stdout.splitlines())
    assert (row["numbers"], row["spent"], row["currency"]) == ("25", "0.250000000", "EUR")
    costs = json.loads(ringfence(tmp_path, "costs", "--by", "country,source", "--format", "json").stdout)
    assert costs["totals"][0]["spent"] == "0.250000000"
    assert costs["rows"][0] | {"country": "NL", "source": "crm", "spent": "0.250000000"} == costs["rows"][0]
    listed = json.loads(ringfence(tmp_path, "quotes", "--format", "json").stdout)["rows"][0]
    assert (listed["status"], listed["approved"], listed["spent"]) == ("approved", "0.250000000", "0.250000000")
    found = json.loads(ringfence(tmp_path, "sql", "SELECT count(*) AS n FROM lookups", "--format", "json").stdout)
    assert found["rows"] == [{"n": 25}]
    assert "sound" in ringfence(tmp_path, "ledger", "check").stdout


@pytest.mark.long
def test_the_first_purchase_in_a_terminal(tmp_path: Path, url: str) -> None:
    """`enrich --limit 10 --yes` shows what it approves, how it goes on and what came of it, on lines of their own."""
    make_warehouse(tmp_path, PHONES[:40])
    make_config(tmp_path, url)
    ringfence(tmp_path, "ledger", "create")
    code, lines = in_a_terminal(tmp_path, "enrich", "--limit", "10", "--yes")
    assert code == 0
    text = "\n".join(lines)
    order = [
        "\nquoting\n",
        "\nquote 0",
        "approved by --yes: 10 numbers for",
        "\n  infobip query: 10 numbers, at most 0.10 EUR\n",
        "\nbuying: 10 of 10 lookups, 0.10 EUR spent, 0.00 EUR held",
        "\nbought 10 numbers for 0.10 EUR\neverything that was quoted was bought\n",
        'ringfence sql "SELECT * FROM enriched_crm WHERE first_seen_at IS NOT NULL LIMIT 5"',
    ]
    places = [text.find(part) for part in order]
    assert -1 not in places, text
    assert places == sorted(places)
    # But for the line that is there to be copied whole.
    assert all(len(line) <= 80 or "SELECT" in line for line in lines)
    # The table of programs, and of people: the same rows.
    rows = list(csv.DictReader(ringfence(tmp_path, "quotes", "--format", "csv").stdout.splitlines()))
    assert [(row["status"], row["max"], row["spent"]) for row in rows] == [("approved", "0.100000000", "0.100000000")]
    assert rows[0]["quote_id"] in ringfence(tmp_path, "quotes").stdout
