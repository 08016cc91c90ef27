"""`ringfence doctor` as a person types it: its table, its JSON and its exit codes."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from ringfence.cli import doctor
from ringfence.lookups.finding import Finding
from ringfence.simulator.server import Settings, running
from tests.cli.commands import is_one_sentence, ringfence
from tests.small import PHONES, make_config, make_warehouse


def test_a_home_that_is_well(tmp_path: Path) -> None:
    """Nothing fails, and everything that was asked for is in the table; then the simulator goes, and it says so."""
    make_warehouse(tmp_path, PHONES[:5])
    with running(Settings(provider="infobip")) as urls:
        make_config(tmp_path, urls["infobip"])
        ringfence(tmp_path, "ledger", "create")
        done = ringfence(tmp_path, "doctor", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {row["what"]: row["status"] for row in json.loads(done.stdout)["rows"]}
    assert found.pop("served file") == "warn"
    assert set(found.values()) == {"ok"}
    assert found.keys() >= {
        *("configuration", "home", "source crm", "credentials of infobip", "address of infobip", "prices"),
        *("approval", "schedule", "ledger", "invariants", "budget month", "stop", "in doubt", "dagster"),
    }
    again = ringfence(tmp_path, "doctor")
    assert again.returncode == 0
    assert "nobody listens there" in again.stdout
    assert "ringfence simulate" in again.stdout


def test_a_home_that_is_not(tmp_path: Path) -> None:
    """What fails is said with how to mend it, all of it at once, and the exit code is 1."""
    make_config(tmp_path, "http://127.0.0.1:9", key="")
    done = ringfence(tmp_path, "doctor", "--format", "json", RINGFENCE_WORKSPACE="")
    assert done.returncode == 1
    failed = {row["what"]: row["mend"] for row in json.loads(done.stdout)["rows"] if row["status"] == "fail"}
    assert failed == {
        "home": "ringfence ledger create",
        "source crm": "mend the path of its warehouse",
        "credentials of infobip": f"set them in the environment (or in .env beside {tmp_path / 'ringfence.yaml'})",
        "ledger": "create it once with: ringfence ledger create",
        "dagster": "run this inside a checkout of ringfence, or name one in RINGFENCE_WORKSPACE",
    }


def test_a_narrow_terminal_shows_what_is_wrong_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What fails stands above all with how to mend it, and each thing that is well takes one line."""
    monkeypatch.setattr(
        doctor, "console", lambda: Console(width=80, force_terminal=True, highlight=False, markup=False)
    )
    doctor._print_found(
        [
            Finding("ok", "home", "/a/long/way " * 20),
            Finding("warn", "served file", "is not there", "ringfence serve"),
            Finding("fail", "credentials of infobip", "needs INFOBIP_API_KEY " * 5, "set it in [.env]"),
            Finding("ok", "prices", "all hold"),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line[:4].strip() for line in lines if line[:4].strip()] == ["fail", "warn", "ok", "ok"]
    assert lines[-2].startswith("ok    home: /a/long")
    assert "mend: set it in [.env]" in "".join(lines[:4])
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("config", ["", "mode: simulate\nbudgts: []\n"])
def test_a_configuration_that_cannot_be_read_is_one_sentence(config: str, tmp_path: Path) -> None:
    """Exit code 2: there is nothing to examine."""
    if config:
        (tmp_path / "ringfence.yaml").write_text(config)
    told = "ringfence.yaml" if config else "ringfence init WAREHOUSE"
    assert is_one_sentence(ringfence(tmp_path, "doctor"), told)
