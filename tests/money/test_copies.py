"""Copies of the ledger: whole whoever writes, put back only when they are sound, and never half of one."""

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ringfence.errors import LedgerError
from ringfence.money import approvals, restoring, switch
from ringfence.money.amount import Money
from ringfence.money.copies import back_up
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger, open_ledger, refuse_to_spend, write_journal
from ringfence.money.restoring import Restored, restore
from ringfence.money.store import FILE_NAME
from ringfence.money.workers import working
from tests.money.bench import SECOND, Bench, month
from tests.money.test_approvals import quoted
from tests.sizes import share

ROOT = Path(__file__).parents[2]
CENT = 10_000_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A ledger with a settlement and a doubt, in a home of its own."""
    made = Bench(tmp_path / "home")
    made.settle(made.sent(2), CENT)
    made.sent(1)
    return made


def put_back(
    home: Path, source: Path, because: str = "", *, mode: str = "simulate", lake: str | None = None
) -> Restored:
    """Restore as somebody."""
    return restore(home, source, mode=mode, lake_ledger_id=lake, who="ada", because=because)


def sound(ledger: Ledger) -> bool:
    """Whether no invariant is broken."""
    with ledger.store.read() as connection:
        return violations(connection) == []


def files(folder: Path) -> set[str]:
    """What lies in a folder, but for what SQLite and the locks leave beside a ledger."""
    beside = {f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "ledger.lock", "workers"}
    return {path.name for path in folder.iterdir()} - beside


def test_a_copy_is_whole_while_somebody_buys(tmp_path: Path) -> None:
    """Each of several copies that are made in the midst of purchases is sound, and holds what was settled before it."""
    bench = Bench(tmp_path / "home")
    over = threading.Event()

    def buy() -> None:
        while not over.is_set():
            bench.settle(bench.sent(20), CENT)

    thread = threading.Thread(target=buy)
    thread.start()
    try:
        for place in range(6):
            # On a busy machine the buyer may not have come to its next purchase.
            while bench.ledger.settled_seq() < 2 * place + 1 and thread.is_alive():
                time.sleep(0.001)
            before = bench.ledger.settled_seq()
            folder = tmp_path / str(place)
            folder.mkdir()
            made = back_up(bench.ledger, folder / FILE_NAME)
            assert before <= made.settlements <= bench.ledger.settled_seq()
            assert [path.name for path in folder.iterdir()] == [FILE_NAME]
            assert (folder / FILE_NAME).stat().st_mode & 0o777 == 0o600
            copy = open_ledger(folder)
            assert (copy.ledger_id, copy.key, copy.settled_seq()) == (
                made.ledger_id,
                bench.ledger.key,
                made.settlements,
            )
            assert sound(copy)
    finally:
        over.set()
        thread.join()
    assert bench.ledger.settled_seq() > 10
    assert bench.broken() == []


def test_a_copy_takes_back_nothing_that_a_person_has_to(bench: Bench, tmp_path: Path) -> None:
    """Stops stay, approvals that were withdrawn or lowered since are withdrawn, and what stands as it was stands."""
    names = ("kept", "lowered", "withdrawn")
    # A copy is read by the machine's clock.
    bench.now = time.time_ns() // 1000
    for name in names:
        quoted(bench, name)
        approvals.approve(bench.ledger, name, None, who="ada", why="")
    back_up(bench.ledger, tmp_path / "copy")
    bench.now += 60 * SECOND
    switch.stop(bench.ledger, "infobip", who="ada", why="odd invoice")
    stopped = bench.rows("SELECT provider, at, who, why FROM switch")
    approvals.approve(bench.ledger, "lowered", Money(CENT, "EUR"), who="ada", why="")
    approvals.approve(bench.ledger, "withdrawn", Money(0, "EUR"), who="ada", why="")
    done = put_back(bench.ledger.store.path.parent, tmp_path / "copy", "the disk is new")
    with done.ledger.store.read() as connection:
        assert approvals.approved(connection, done.ledger.store.clock()) == ["kept"]
        assert connection.exec_driver_sql("SELECT provider, at, who, why FROM switch").tuples().all() == stopped
        caps = dict(connection.exec_driver_sql("SELECT budget_id, cap FROM budget").tuples().all())
    assert [caps[f"approval:{name}"] for name in names] == [2 * CENT, 0, 0]
    assert sound(done.ledger)


def test_a_copy_that_forgets_a_request_buys_nothing_until_a_person_says_so(tmp_path: Path) -> None:
    """What was asked after it is in no budget and no claim: it would be bought again, and past the cap."""
    bench = Bench(tmp_path / "home", month("0.03 EUR"))
    back_up(bench.ledger, tmp_path / "copy")
    bench.sent(3)
    done = put_back(tmp_path / "home", tmp_path / "copy", "the wrong file")
    with done.ledger.store.read() as connection:
        (told,) = switch.stops(connection).values()
    assert "what was asked after it is forgotten" in told
    assert sound(done.ledger)


@pytest.mark.parametrize("present", ["gone", "damaged"])
def test_a_copy_of_nobody_knows_what_was_bought_since_buys_nothing_until_a_person_says_so(
    bench: Bench, tmp_path: Path, present: str
) -> None:
    """Where the ledger of before cannot be compared everything is stopped, and the stop says what to look at."""
    path = bench.ledger.store.path
    switch.stop(bench.ledger, switch.EVERYTHING, who="bob", why="fraud")
    back_up(bench.ledger, tmp_path / "copy")
    bench.ledger.store.close()
    if present == "gone":
        path.unlink()
    else:
        path.write_bytes(b"no database" * 1000)
    done = put_back(path.parent, tmp_path / "copy")
    with done.ledger.store.read() as connection:
        (told,) = switch.stops(connection).values()
    assert "(fraud); buying was stopped by ada" in told
    assert "see what the providers have billed since" in told
    assert told.endswith("go on with: ringfence resume")


def test_a_copy_overwrites_nothing_and_is_not_left_half(bench: Bench, tmp_path: Path) -> None:
    """A name that is taken, also by a link to nowhere, and a folder that is not there are refused with a sentence."""
    taken, link = tmp_path / "taken", tmp_path / "link"
    taken.write_text("mine", encoding="utf-8")
    link.symlink_to(tmp_path / "nowhere")
    for target, sentence in (
        (taken, "exists already"),
        (link, "exists already"),
        (bench.ledger.store.path, "exists already"),
        (tmp_path / "none" / "copy", "is not a folder"),
    ):
        with pytest.raises(LedgerError, match=sentence):
            back_up(bench.ledger, target)
    assert taken.read_text(encoding="utf-8") == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"home", "taken", "link"}
    assert bench.broken() == []


def test_a_full_disk_leaves_no_copy(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that cannot be written whole ends in a sentence and is gone."""
    bench.settle(bench.sent(500), CENT)
    connect = sqlite3.connect

    def small(*arguments: object, **named: object) -> sqlite3.Connection:
        connection = connect(*arguments, **named)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count=3")
        return connection  # type: ignore[no-any-return]

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(LedgerError, match="disk is full"):
        back_up(bench.ledger, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(("free", "sentence"), [(4096, "the disk is full: free space"), (1 << 30, "check the disk")])
def test_an_error_of_the_disk_is_told_as_what_it_is(
    free: int, sentence: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite calls it an I/O error where a file beside the ledger finds no room; a file that is named is the one."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    monkeypatch.setattr(sqlite3, "connect", Mock(side_effect=error))
    with pytest.raises(LedgerError, match=f"{tmp_path / 'copy'} .*{sentence}"):
        back_up(bench.ledger, tmp_path / "copy")


def test_a_copy_is_put_back_in_a_new_place(bench: Bench, tmp_path: Path) -> None:
    """On a machine that has nothing, a copy becomes the same ledger again, its owner's alone, and may be spent from."""
    back_up(bench.ledger, tmp_path / "copy")
    done = put_back(tmp_path / "new" / "home", tmp_path / "copy")
    assert (done.ledger.ledger_id, done.ledger.key, done.before) == (bench.ledger.ledger_id, bench.ledger.key, None)
    assert done.ledger.settled_seq() == 1
    assert refuse_to_spend(done.ledger, mode="simulate", lake_ledger_id=done.ledger.ledger_id, lake_seq=1) is None
    assert sound(done.ledger)
    assert files(tmp_path / "new" / "home") == {FILE_NAME}
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "new" / "home").glob(f"{FILE_NAME}*")} == {0}
    with done.ledger.store.read() as connection:
        told = connection.execute(text("SELECT who, why FROM journal WHERE event = 'restored'")).one()
    assert tuple(told) == ("ada", "settlement 1, forgetting nothing")


def test_an_older_copy_is_put_back_only_for_a_reason_and_then_buys_nothing(bench: Bench, tmp_path: Path) -> None:
    """What would be forgotten is counted; with a reason it is done, refused by the lake, and may be undone."""
    home = tmp_path / "home"
    back_up(bench.ledger, tmp_path / "copy")
    bench.settle(bench.sent(3), CENT)
    with pytest.raises(LedgerError, match=r"lacks 3 entries of the journal \(1 requests .* and 1 replies .*--because"):
        put_back(home, tmp_path / "copy")
    assert bench.ledger.settled_seq() == 2
    done = put_back(home, tmp_path / "copy", "a try")
    assert done.ledger.settled_seq() == 1
    refusal = refuse_to_spend(done.ledger, mode="simulate", lake_ledger_id=done.ledger.ledger_id, lake_seq=2)
    assert "has forgotten purchases" in str(refusal)
    assert done.before
    assert done.before.stat().st_mode & 0o777 == 0o600
    assert files(home) == {FILE_NAME, done.before.name}
    again = put_back(home, done.before, "the newest after all")
    assert again.ledger.settled_seq() == 2
    assert sound(again.ledger)


def test_two_ledgers_that_went_on_from_one_are_told_apart(bench: Bench, tmp_path: Path) -> None:
    """A copy that is longer than the present ledger still lacks what that did since."""
    back_up(bench.ledger, tmp_path / "copy")
    other = tmp_path / "other"
    put_back(other, tmp_path / "copy")
    with open_ledger(other).store.write() as connection:
        for place in range(20):
            write_journal(connection, place, "note", who="bob")
    back_up(open_ledger(other), tmp_path / "longer")
    bench.sent(1)
    with pytest.raises(LedgerError, match="lacks 2 entries"):
        put_back(tmp_path / "home", tmp_path / "longer")


def _spoilt(path: Path, *statements: str) -> None:
    """Change a ledger by hand, with nothing in the way."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)


def _overwritten(path: Path, place: int, size: int = 2000) -> None:
    """Write noise into the midst of a file."""
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xa5" * size)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "no ledger": (lambda path: path.write_bytes(b"name,phone\n" * 1000), "is not a ledger; choose another copy"),
    "empty": (lambda path: path.write_bytes(b""), "is not a ledger; choose another copy"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:40_000]), "is damaged; choose another copy"),
    "scratched": (lambda path: _overwritten(path, 4096 * 20), "is damaged; choose another copy"),
    "without identity": (lambda path: _spoilt(path, "DELETE FROM meta WHERE key = 'key'"), "is not complete"),
    "of a newer version": (lambda path: _spoilt(path, "UPDATE alembic_version SET version_num = '9999'"), "newer"),
    "of another mode": (lambda path: _spoilt(path, "UPDATE meta SET value = 'live' WHERE key = 'mode'"), "mode live"),
    "of another lake": (lambda path: _spoilt(path, "UPDATE meta SET value = 'x' WHERE key = 'ledger_id'"), "the lake"),
    "unsound": (lambda path: _spoilt(path, "UPDATE counter SET held = 7"), r"breaks I1 \(.*\); choose another copy"),
    "gone": (Path.unlink, "is not there"),
}


@pytest.mark.parametrize(("spoil", "sentence"), SPOILT.values(), ids=SPOILT)
def test_what_is_no_whole_ledger_of_ours_is_not_put_back(
    bench: Bench, tmp_path: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    """It is named with what is wrong with it, and the present ledger stays as it is, also for a reason."""
    home, copy = tmp_path / "home", tmp_path / "copy"
    back_up(bench.ledger, copy)
    spoil(copy)
    before = copy.read_bytes() if copy.exists() else b""
    with pytest.raises(LedgerError, match=sentence) as refusal:
        put_back(home, copy, "all the same", lake=bench.ledger.ledger_id)
    assert str(copy) in str(refusal.value)
    assert ".restoring" not in str(refusal.value)
    assert files(home) == {FILE_NAME}
    assert bench.ledger.settled_seq() == 1
    assert bench.broken() == []
    assert (copy.read_bytes() if copy.exists() else b"") == before


FLIPS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=40)


@settings(max_examples=share(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=FLIPS, within=st.sampled_from([8192, 10**6]))
def test_whatever_bytes_have_changed_a_copy_is_refused_or_whole(
    flips: list[tuple[int, int]], within: int, bench: Bench, tmp_path: Path
) -> None:
    """Flipped anywhere, or where the schema stands: a sentence that names the copy, or a ledger that is sound."""
    copy, flipped, home = tmp_path / "copy", tmp_path / "flipped", tmp_path / "new"
    if not copy.exists():
        back_up(bench.ledger, copy)
    content = bytearray(copy.read_bytes())
    for place, byte in flips:
        content[place % min(within, len(content))] = byte
    flipped.write_bytes(content)
    shutil.rmtree(home, ignore_errors=True)
    try:
        done = put_back(home, flipped)
    except LedgerError as refusal:
        told = str(refusal)
    else:
        told = str(flipped)
        assert sound(done.ledger)
        done.ledger.store.engine.dispose()
    assert str(flipped) in told
    assert files(home) <= {FILE_NAME}


def test_nothing_is_put_back_under_a_living_run(bench: Bench, tmp_path: Path) -> None:
    """While a worker lives it is refused; once it has ended it is done. The ledger itself is no copy."""
    home, copy = tmp_path / "home", tmp_path / "copy"
    with working(bench.ledger, "one"):
        back_up(bench.ledger, copy)
        with pytest.raises(LedgerError, match="a run is going on"):
            put_back(home, copy, "at once")
    assert put_back(home, copy, "it has ended").ledger.settled_seq() == 1
    with pytest.raises(LedgerError, match="is the present ledger itself"):
        put_back(home, home / FILE_NAME)


def test_who_has_it_open_goes_on_in_what_was_restored(bench: Bench, tmp_path: Path) -> None:
    """A handle from before sees the restored ledger and writes to it, a snapshot from before stays what it was."""
    home = tmp_path / "home"
    back_up(bench.ledger, tmp_path / "copy")
    bench.settle(bench.sent(3), CENT)
    with bench.ledger.store.read() as connection:
        query = text("SELECT count(*) FROM attempt WHERE state = 'settled'")
        assert connection.scalar(query) == 2
        put_back(home, tmp_path / "copy", "a try")
        assert connection.scalar(query) == 2
    assert bench.ledger.settled_seq() == 1
    bench.settle(bench.sent(1), CENT)
    assert open_ledger(home).settled_seq() == 2
    assert bench.broken() == []


def test_another_program_that_writes_is_not_waited_for_without_end(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A foreign lock ends in a sentence, and nothing has changed."""
    monkeypatch.setattr(restoring, "PATIENCE", 0.1)
    back_up(bench.ledger, tmp_path / "copy")
    bench.settle(bench.sent(3), CENT)
    with closing(sqlite3.connect(bench.ledger.store.path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="locked by another program"):
            put_back(tmp_path / "home", tmp_path / "copy", "a try")
    assert bench.ledger.settled_seq() == 2
    assert files(tmp_path / "home") == {FILE_NAME}
    assert bench.broken() == []


@pytest.mark.parametrize("place", [0, 4096 * 20], ids=["no ledger any more", "scratched"])
def test_a_damaged_ledger_is_replaced_and_kept(bench: Bench, tmp_path: Path, place: int) -> None:
    """What cannot be read any more needs no reason to be forgotten, and its file is kept."""
    home, copy = tmp_path / "home", tmp_path / "copy"
    back_up(bench.ledger, copy)
    bench.ledger.store.close()
    _overwritten(home / FILE_NAME, place)
    damaged = (home / FILE_NAME).read_bytes()
    done = put_back(home, copy, "" if place == 0 else "it is damaged")
    assert (done.ledger.settled_seq(), sound(done.ledger)) == (1, True)
    assert done.before
    assert done.before.read_bytes()[place : place + 2000] == damaged[place : place + 2000]
    assert files(home) == {FILE_NAME, done.before.name}


# Does it again and again, and is killed at some calls further each time, until it comes to its end.
SWEEP = """
import os, pathlib, shutil, signal, sys
from ringfence.money import restoring
from ringfence.money.copies import back_up
from ringfence.money.invariants import violations
from ringfence.money.ledger import open_ledger
from ringfence.money.restoring import restore
folder = pathlib.Path(sys.argv[1])
home, copy, made = (folder / name for name in ("home", "copy", "made"))
restoring.STEP = 8
OURS = ("restoring.py", "forgetting.py", "copies.py")

def killed(act, point):
    calls = 0
    def count(frame, event, _):
        nonlocal calls
        if event in ("call", "c_call") and frame.f_code.co_filename.endswith(OURS):
            calls += 1
            if calls == point:
                os.kill(os.getpid(), signal.SIGKILL)
    if not os.fork():
        sys.setprofile(count)
        act()
        os._exit(0)
    return os.WIFSIGNALED(os.wait()[1])

def settled(home):
    ledger = open_ledger(home)
    with ledger.store.read() as connection:
        assert violations(connection) == []
    ledger.store.engine.dispose()
    return ledger.settled_seq()

def put_back():
    restore(home, copy, mode="simulate", lake_ledger_id=None, who="ada", because="a sweep")

def write():
    made.mkdir()
    back_up(open_ledger(home), made / "ledger.sqlite")

def sweep(act, look, reset):
    point, seen = 1, []
    while True:
        reset()
        died = killed(act, point)
        seen.append(look())
        if not died:
            return seen
        point += 3

def present():
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(folder / "present", home)

seen = sweep(put_back, lambda: settled(home), present)
print(len(seen), *sorted(set(seen), reverse=True))
assert seen == sorted(seen, reverse=True)
put_back()
assert not [path for path in home.iterdir() if path.name.startswith(".")]
seen = sweep(
    write,
    lambda: settled(made) if (made / "ledger.sqlite").exists() else 0,
    lambda: shutil.rmtree(made, ignore_errors=True),
)
print(len(seen), *sorted(set(seen)))
assert seen == sorted(seen)
"""


def test_a_kill_at_any_step_leaves_the_one_or_the_other(tmp_path: Path) -> None:
    """Killed at every third call, restoring leaves the newer ledger, at its end the copy; copying nothing or a copy."""
    bench = Bench(tmp_path / "present")
    bench.settle(bench.sent(2), CENT)
    back_up(bench.ledger, tmp_path / "copy")
    bench.settle(bench.sent(2), CENT)
    bench.ledger.store.close()
    command = [sys.executable, "-c", SWEEP, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    restored, copied = (list(map(int, line.split())) for line in done.stdout.splitlines())
    assert restored[0] >= 20
    assert restored[1:] == [2, 1]
    assert copied[0] >= 5
    assert copied[1:] == [0, 1]
