"""What an operator types: stopping, deciding, copying and watching, on a ledger that a real run has written."""

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringfence.cli.main import main
from ringfence.lookups.recover import recover
from ringfence.money import progress, switch
from ringfence.money.moves import Stored, keep_replies
from ringfence.money.workers import working
from ringfence.numbers.phone import mask_numbers
from tests.lookups.conftest import Build, House, build, numbers
from tests.lookups.test_crash import killed
from tests.lookups.test_spend import meanwhile

__all__ = ["build"]
CENT = 10_000_000


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


Type = Callable[..., Said]


@pytest.fixture(name="type_")
def _type(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Type a command in the folder of a house."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def typed(house: House, *arguments: str) -> Said:
        monkeypatch.setenv("RINGFENCE_CONFIG", str(house.path))
        monkeypatch.setattr(sys, "argv", ["ringfence", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Said(int(str(end.value.code)), captured.out, captured.err)

    return typed


def test_a_stop_is_told_in_a_line_and_obeyed_elsewhere(build: Build, type_: Type) -> None:
    """Stopping and resuming, twice each, end with 0 and say how it stands; an unknown provider names the known ones."""
    house = build(numbers("NL", 60), latency=0.02)
    said: list[Said] = []
    with meanwhile(
        lambda: len(house.attempts("settled")) >= 3,
        lambda: said.append(type_(house, "stop", "--because", "odd invoice of +31612345678")),
    ):
        bought = house.run()
    assert 3 <= len(house.requests()) < 30
    assert (said[0].code, bought.failed) == (0, 0)
    assert "buying was stopped by" in said[0].out
    assert "(odd invoice of +31*****678); go on with: ringfence resume" in said[0].out
    assert "1 requests are out" in said[0].out or set(house.states()) == {"settled"}
    assert type_(house, "stop").out.startswith("nothing changed: buying was stopped by")
    assert "until now: buying was stopped" in type_(house, "stop", "--because", "another").out
    vonage = type_(house, "stop", "--provider", "vonage")
    assert "go on with: ringfence resume --provider vonage" in vonage.out
    resumed = type_(house, "resume", "--because", "it was right")
    assert resumed.out.startswith("buying goes on with the next run\nstill: vonage was stopped by")
    assert type_(house, "resume", "--provider", "vonage").out == "vonage goes on with the next run\n"
    assert type_(house, "resume").out == "buying was not stopped\n"
    unknown = type_(house, "stop", "--provider", "acme")
    assert unknown.code == 2
    assert "there is no provider 'acme'; known are: infobip," in unknown.err
    assert type_(house, "resume", "--provider", "acme").code == 2
    last = type_(house, "watch").out
    assert ("resumed since" in last, "ringfence resume" in last) == (True, False)
    assert house.run("two").numbers == bought.left
    house.check()


def doubtful(build: Build, *, pairs: int = 2) -> House:
    """A house with so many attempts of two numbers in doubt, and others that are settled."""
    rules = ({"when": {"nth": 2 * place + 1}, "fault": "not_http"} for place in range(pairs))
    house = build(numbers("NL", 4 * pairs), *rules)
    house.run()
    return house


def test_what_is_open_is_listed_with_age_and_money(build: Build, type_: Type) -> None:
    """Every open attempt has its row in each format."""
    house = doubtful(build)
    rows = json.loads(type_(house, "attempts", "--format", "json").out)["rows"]
    assert {row["attempt_id"] for row in rows} == {row["attempt_id"] for row in house.attempts("in_doubt")}
    assert (
        rows[0]
        | {
            "state": "in_doubt",
            "provider": "infobip",
            "product": "query",
            "country": "NL",
            "source": "people",
            "numbers": 2,
            "held": "0.020000000",
            "currency": "EUR",
        }
        == rows[0]
    )
    assert rows[0]["why"]
    assert rows[0]["age"].endswith(" s")
    assert len(type_(house, "attempts", "--format", "csv").out.splitlines()) == 3
    for row in rows:
        assert row["attempt_id"] in type_(house, "attempts").out
        assert type_(house, "attempts", "decide", row["attempt_id"], "--voided", "--because", "so").code == 0
    assert type_(house, "attempts").out.strip() == "open attempts: nothing"


def test_a_request_whose_run_was_killed_is_told_and_not_decided(build: Build, type_: Type) -> None:
    """Its reply may still be found: it is put in doubt first, by whoever recovers, and decided then."""
    house = build(numbers("NL", 40), latency=0.2)
    killed(house, "launch-1", 2, 20)
    *_, row = json.loads(type_(house, "attempts", "--format", "json").out)["rows"]
    assert (row["state"], row["why"]) == ("sent", "its run has ended without a word: ringfence collect decides it")
    refused = type_(house, "attempts", "decide", row["attempt_id"], "--voided", "--because", "so")
    assert (refused.code, "is out now" in refused.err) == (2, True)
    assert "launch-1, was killed after 20" in type_(house, "watch").out
    recover(house.ledger)
    assert type_(house, "attempts", "decide", row["attempt_id"], "--settled", "list", "--because", "so").code == 0
    house.check()


def test_a_person_decides_and_the_tables_show_it(build: Build, type_: Type) -> None:
    """What is settled is spent and not asked again, what is voided is bought by the next run."""
    house = doubtful(build, pairs=3)
    first, *_ = (row["attempt_id"] for row in house.attempts("in_doubt"))
    done = type_(house, "attempts", "decide", first, "--settled", "0.015 EUR", "--because", "invoice 7")
    assert done.out.startswith("decided 1 attempts with 2 numbers: 0.015 EUR counted as spent\n")
    house.change(timezone="Asia/Tokyo")
    before = ("--provider", "infobip", "--before")
    assert (
        "nothing decided"
        in type_(house, "attempts", "decide", *before, "2026-01-01", "--voided", "--because", "so").out
    )
    done = type_(house, "attempts", "decide", *before, "2100-01-01T00:00", "--voided", "--because", "so")
    assert done.out.startswith("decided 2 attempts with 4 numbers: 0.04 EUR given back\n")
    assert (house.spent(), house.held()) == (6 * CENT + 15_000_000, 0)
    assert house.run("two").numbers == 4
    assert "I1 to I11 hold" in type_(house, "ledger", "check").out
    overrun = doubtful(build)
    attempt_id = overrun.attempts("in_doubt")[0]["attempt_id"]
    done = type_(overrun, "attempts", "decide", attempt_id, "--settled", "1 EUR", "--because", "invoice")
    assert "infobip was stopped by ringfence" in done.out
    assert "set the price, then ringfence resume --provider infobip --because" in done.out
    refused = type_(overrun, "resume", "--provider", "infobip")
    assert (refused.code, "at least what was billed" in refused.err) == (2, True)
    assert type_(overrun, "resume", "--provider", "infobip", "--because", "set").out.startswith("infobip goes on")


EMPTY = {
    "--up-to": ["approve", "ID"],
    "--because": ["approve", "ID"],
    "--quote": ["enrich"],
    "--max-spend": ["enrich", "--yes"],
    "--since": ["costs"],
    "--provider": ["stop"],
}


def test_an_empty_option_is_not_one_left_out(build: Build, type_: Type) -> None:
    """What a script's unset variable leaves is refused by name, and nothing is approved, bought or stopped."""
    house = build(numbers("NL", 1))
    also = [("--because", ["stop"]), ("--because", ["resume"]), ("--provider", ["resume"])]
    for option, command in [*EMPTY.items(), *also]:
        for value in ("", " "):
            said = type_(house, *command, option, value)
            assert (said.code, said.out, len(said.err.splitlines())) == (2, "", 1), said
            assert f"'{option}': it is empty" in said.err
    for limit in ("1000000001", "18446744073709551616"):
        said = type_(house, "quote", "--limit", limit)
        assert (said.code, "less than or equal" in said.err) == (2, True), said
    with house.ledger.store.read() as connection:
        assert switch.stops(connection) == {}


WRONG = {
    "neither": (["ID", "--because", "so"], "say one of the two"),
    "both": (["ID", "--voided", "--settled", "list", "--because", "so"], "say one of the two"),
    "no reason": (["ID", "--voided"], "--because"),
    "an empty reason": (["ID", "--voided", "--because", " "], "--because is empty"),
    "nothing named": (["--voided", "--because", "so"], "say what to decide"),
    "two ways at once": (
        ["ID", "--provider", "infobip", "--before", "2026-01-01", "--voided", "--because", "so"],
        "say",
    ),
    "no time": (["--provider", "infobip", "--voided", "--because", "so"], "--provider with --before"),
    "a time that is none": (
        ["--provider", "infobip", "--before", "soon", "--voided", "--because", "so"],
        "2026-11-20T12:00",
    ),
    "an amount for many": (
        ["--provider", "infobip", "--before", "2026-01-01", "--settled", "1 EUR", "--because", "so"],
        "--settled list",
    ),
    "an unknown provider": (
        ["--provider", "acme", "--before", "2026-01-01", "--voided", "--because", "so"],
        "known are: infobip",
    ),
    "an unknown attempt": (["ID", "--voided", "--because", "so"], "there is no attempt 'ID'"),
    "no amount": (["ID", "--settled", "lots", "--because", "so"], "--settled: 'lots' is not a price; write amount"),
    "an amount too fine": (["ID", "--settled", "0.0400000001 EUR", "--because", "so"], "--settled: "),
}


def test_a_wrong_decision_is_a_sentence(build: Build, type_: Type) -> None:
    """Each mistake ends with 2 and one line, and decides nothing."""
    house = build(numbers("NL", 1))
    for arguments, sentence in WRONG.values():
        said = type_(house, "attempts", "decide", *arguments)
        assert (said.code, sentence in said.err, len(said.err.splitlines())) == (2, True, 1), said


def test_a_copy_is_made_and_put_back(build: Build, type_: Type, tmp_path: Path) -> None:
    """A copy says what it holds; an older one is put back only for a reason, and then says that nothing is bought."""
    house = build(numbers("NL", 4))
    house.run(numbers=2)
    copy = tmp_path / "copy.sqlite"
    made = type_(house, "ledger", "backup", str(copy))
    assert (made.code, made.out.split(": ")[1]) == (0, "1 settlements, 0 open attempts\n")
    assert house.ledger.ledger_id in made.out
    assert copy.stat().st_mode & 0o777 == 0o600
    assert type_(house, "ledger", "backup", str(copy)).code == 2
    assert "it fits the lake" in type_(house, "ledger", "check").out

    house.run("two")
    refused = type_(house, "ledger", "restore", str(copy))
    assert refused.code == 2
    assert "--because" in refused.err
    done = type_(house, "ledger", "restore", str(copy), "--because", "a try")
    assert done.code == 0
    assert "at settlement 1; the ledger of before is kept as" in done.out
    (kept,) = house.ledger.store.path.parent.glob("*.before-*")
    assert mask_numbers(f"kept as {kept.name}") == f"kept as {kept.name}"
    assert "nothing is bought from it" in done.out
    assert "has forgotten purchases" in done.out
    checked = type_(house, "ledger", "check", "--format", "json")
    assert checked.code == 1
    assert "has forgotten purchases" in json.loads(checked.out)["refuses_to_spend"]
    with sqlite3.connect(house.ledger.store.path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()


def test_a_ledger_that_is_behind_decides_nothing(build: Build, type_: Type, tmp_path: Path) -> None:
    """An old copy that settles would catch up with its lake, and buy again what it has forgotten: nothing settles."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unanswered"}, provider={"batch": "2"})
    house.run(numbers=2)
    (doubt,) = house.attempts("in_doubt")
    body = {"results": [{"to": phone[1:], "status": {"groupId": 3, "id": 5}} for phone in numbers("NL", 4)]}
    stored = Stored(doubt["attempt_id"], "response", 200, {}, json.dumps(body).encode(), complete=True)
    with house.ledger.store.write() as connection:
        keep_replies(connection, house.ledger, [stored])
    copy = tmp_path / "copy.sqlite"
    assert type_(house, "ledger", "backup", str(copy)).code == 0
    house.run("two")
    assert type_(house, "ledger", "restore", str(copy), "--because", "a try").code == 0
    for command in (["attempts", "decide", doubt["attempt_id"], "--voided", "--because", "so"], ["collect"]):
        refused = type_(house, *command)
        assert (refused.code, "has forgotten purchases" in refused.err + refused.out) == (2, True), refused
        with sqlite3.connect(house.ledger.store.path) as raw:
            assert raw.execute("SELECT state FROM attempt").fetchall() == [("in_doubt",)]
        raw.close()


def test_a_run_is_watched_to_its_end(build: Build, type_: Type) -> None:
    """A run that another thread goes through is shown with its progress, and at its end with what came of it."""
    house = build(numbers("NL", 12), latency=0.05)
    assert type_(house, "watch").out == "no run has been started yet: ringfence enrich\n"
    run = threading.Thread(target=house.run, args=("launch-1",))
    run.start()
    while not house.attempts():
        time.sleep(0.005)
    said = type_(house, "watch")
    run.join()
    assert (said.code, "buying: " in said.err) == (0, True)
    assert said.out.startswith("run launch-1 ended at 20")
    assert "bought 12 numbers for 0.12 EUR\neverything that was quoted was bought\n" in said.out
    again = type_(house, "watch", "launch-1")
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith("no run is going on; the last, launch-1, ended at 20")
    unknown = type_(house, "watch", "launch-9")
    assert (unknown.code, "there is no launch 'launch-9'" in unknown.err) == (2, True)


def test_a_run_that_fails_while_it_is_watched_ends_with_1(build: Build, type_: Type) -> None:
    """Its sentence is told; asked for afterwards it is told again, with 0, also under the id of Dagster's run."""
    house = build(numbers("NL", 1))
    begun = threading.Event()

    def fail() -> None:
        with working(house.ledger, "launch-1", "run-1"):
            progress.phase(house.ledger, "launch-1", "quote")
            begun.set()
            time.sleep(0.5)
            progress.failed(house.ledger, "launch-1", "crm.duckdb is locked")

    run = threading.Thread(target=fail)
    run.start()
    begun.wait()
    said = type_(house, "watch")
    run.join()
    assert (said.code, "quoting" in said.err, "it failed: crm.duckdb is locked" in said.out) == (1, True, True)
    assert type_(house, "watch", "run-1").code == 0


def test_a_run_that_is_just_being_launched_is_the_one_that_is_watched(build: Build, type_: Type) -> None:
    """Between the command and the first step of its run, `watch` waits for it and does not tell of the one before."""
    house = build(numbers("NL", 2))
    house.run("launch-1", numbers=1)
    progress.phase(house.ledger, "launch-2", "start")
    run = threading.Timer(0.5, house.run, args=("launch-2",))
    run.start()
    said = type_(house, "watch")
    run.join()
    assert "launch-2" in said.out
    assert "bought 1 numbers" in said.out
