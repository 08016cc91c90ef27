"""A ledger's birth and opening: born once, whole or not at all, and what SQLite itself forbids afterwards."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
import uuid
from contextlib import closing, suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from ringfence.errors import LedgerError
from ringfence.money import store as ledger_store
from ringfence.money.ledger import create, open_ledger, refuse_to_spend
from ringfence.money.moves import Void
from ringfence.money.schema import METADATA
from ringfence.money.states import EDGES, OPEN, triggers
from ringfence.money.store import FILE_NAME, Store, keyed_hash, pack, unpack
from tests.money.bench import Bench

ROOT = Path(__file__).parents[2]
FROZEN = [("attempt", METADATA.tables["attempt"].columns), ("hold", METADATA.tables["hold"].columns)]


def test_a_ledger_is_born_once(tmp_path: Path) -> None:
    """A second birth in the same home is refused and leaves the first ledger as it is."""
    first = create(tmp_path, mode="live", environment="staging", buckets=4)
    with pytest.raises(LedgerError, match="exists already"):
        create(tmp_path, mode="simulate")
    again = open_ledger(tmp_path)
    assert (again.ledger_id, again.mode, again.environment, again.buckets, again.key) == (
        first.ledger_id, "live", "staging", 4, first.key,
    )  # fmt: skip


def test_of_many_births_at_once_one_succeeds(tmp_path: Path) -> None:
    """Of processes that create a ledger in the same home at the same time exactly one does."""
    code = f"import pathlib, ringfence.money.ledger as l; l.create(pathlib.Path({str(tmp_path)!r}), mode='live')"
    births = [_python(code, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [birth.communicate(timeout=30)[1] for birth in births]
    assert sorted(birth.returncode for birth in births) == [0, 1, 1, 1]
    assert sum(b"exists already" in error for error in errors) == 3


def test_a_lake_without_its_ledger_is_not_given_a_new_one(tmp_path: Path) -> None:
    """A home whose lake has lost its ledger asks for a backup instead of a birth."""
    (tmp_path / "lake").mkdir()
    with pytest.raises(LedgerError, match="restore"):
        create(tmp_path, mode="simulate")
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize("buckets", [0, 4097])
def test_buckets_are_between_1_and_4096(tmp_path: Path, buckets: int) -> None:
    """A count of buckets that the partitions cannot have is refused."""
    with pytest.raises(LedgerError, match="between 1 and 4096"):
        create(tmp_path, mode="simulate", buckets=buckets)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_birth_that_is_killed_leaves_no_ledger(tmp_path: Path, moment: str) -> None:
    """A process killed within or after the filling of the new file leaves a home where a ledger can still be born."""
    code = f"""
import os, pathlib, signal
from ringfence.money import ledger
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
if {moment!r} == "before":
    ledger.write_journal = die
else:
    pathlib.Path.rename = die
ledger.create(pathlib.Path({str(tmp_path)!r}), mode="live")
"""
    assert _python(code).wait(30) == -signal.SIGKILL
    with pytest.raises(LedgerError, match="there is no ledger"):
        open_ledger(tmp_path)
    assert create(tmp_path, mode="simulate").mode == "simulate"


def test_nobody_else_can_read_the_ledger(tmp_path: Path) -> None:
    """The file with the numbers and the key is its owner's alone, its write-ahead log too."""
    create(tmp_path, mode="simulate")
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob(f"{FILE_NAME}*")} == {0}


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (None, "there is no ledger"),
        (b"", "is not a ledger"),
        (b"name,phone\n" * 1000, "is not a ledger"),
        ("CREATE TABLE meta (a)", "is not a ledger"),
        ("CREATE TABLE orders (a)", "is not a ledger"),
        ("CREATE TABLE meta (a); CREATE TABLE alembic_version AS SELECT '9999' AS version_num", "newer version"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path, made: str | bytes | None, sentence: str) -> None:
    """Opening a missing, empty or foreign file ends in a sentence, never in a new ledger."""
    path = tmp_path / FILE_NAME
    if isinstance(made, bytes):
        path.write_bytes(made)
    elif made:
        with sqlite3.connect(path) as connection:
            connection.executescript(made)
        connection.close()
    with pytest.raises(LedgerError, match=sentence):
        open_ledger(tmp_path)


@pytest.mark.parametrize("missing", ["ledger_id", "mode", "key", "buckets"])
def test_a_ledger_without_its_identity_is_refused(tmp_path: Path, missing: str) -> None:
    """A ledger that does not know who it is cannot be opened."""
    ledger = create(tmp_path, mode="simulate")
    with ledger.store.write() as connection:
        connection.execute(text("DELETE FROM meta WHERE key = :key"), {"key": missing})
    with pytest.raises(LedgerError, match="not complete"):
        open_ledger(tmp_path)


def test_spending_is_refused_where_the_ledger_may_have_forgotten(tmp_path: Path) -> None:
    """Another mode, another ledger's lake and a lake that is ahead each stop all spending; nothing else does."""
    bench = Bench(tmp_path / "home")
    bench.settle(bench.sent(1), 1)
    mine = bench.ledger.ledger_id

    def refusal(mode: str = "simulate", owner: str | None = mine, seq: int = 1) -> str:
        return refuse_to_spend(bench.ledger, mode=mode, lake_ledger_id=owner, lake_seq=seq) or ""

    assert not refusal()
    assert not refusal(owner=None, seq=0)
    assert "for mode simulate, the configuration says live" in refusal(mode="live")
    assert "not the ledger that the lake" in refusal(owner="another")
    assert "has forgotten purchases" in refusal(seq=2)


def test_the_migrations_build_what_the_code_sees(tmp_path: Path) -> None:
    """The tables, indexes and triggers that the migrations create are those of schema and states."""
    migrated = create(tmp_path, mode="simulate").store.engine
    seen = create_engine("sqlite://")
    METADATA.create_all(seen)
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        made = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'trigger'")).scalars()
        assert {_words(sql) for sql in made} == {_words(sql) for sql in triggers()}
    for table in METADATA.tables.values():
        assert _table(migrated, table.name) == _table(seen, table.name)


def test_an_erased_persons_id_is_never_given_again(tmp_path: Path) -> None:
    """After an erasure an old attempt points at nobody, not at the next person who is entered."""
    store = create(tmp_path, mode="simulate").store
    with store.write() as connection:
        connection.execute(text("INSERT INTO subject (phone_e164) VALUES ('erased')"))
        erased = connection.scalar(text("DELETE FROM subject RETURNING subject_id"))
        connection.execute(text("INSERT INTO subject (phone_e164) VALUES ('next')"))
        assert connection.scalar(text("SELECT subject_id FROM subject")) > erased


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET held = 0",
        "DELETE FROM journal",
        "DELETE FROM attempt",
        "DELETE FROM hold",
        "UPDATE attempt SET actual = -1",
        "UPDATE attempt SET state = 'voided', actual = 0, evidence = NULL",
        "UPDATE attempt SET state = 'settled'",
        "UPDATE counter SET spent = -1",
        "UPDATE counter SET held = held - 1000000000",
        "UPDATE budget SET cap = -1",
        "INSERT INTO claim SELECT * FROM claim",
    ],
)
def test_the_database_itself_refuses_to_forget_or_to_lie(tmp_path: Path, statement: str) -> None:
    """Triggers and constraints hold whatever code writes: history stays, amounts are not negative, a void says why."""
    bench = Bench(tmp_path)
    bench.sent(2)
    with pytest.raises(IntegrityError), bench.ledger.store.write() as connection:
        connection.execute(text(statement))
    assert bench.broken() == []


@pytest.mark.parametrize("final", ["settled", "voided"])
@pytest.mark.parametrize(("table", "column"), [(table, column.name) for table, columns in FROZEN for column in columns])
def test_what_is_final_is_frozen(tmp_path: Path, final: str, table: str, column: str) -> None:
    """No column of a settled or voided attempt, or of its holds, is ever changed, and none of them is deleted."""
    bench = Bench(tmp_path)
    attempt = bench.sent(1)
    if final == "settled":
        bench.settle(attempt, 1)
    else:
        bench.move(Void(attempt.attempt_id, "free"))
    before = bench.rows(f"SELECT * FROM {table}")
    value = "state" if column == "state" else "7"  # another state is refused by its edges
    for statement, match in (
        (f"UPDATE {table} SET {column} = {value}", "is final"),
        (f"DELETE FROM {table}", "are kept"),
    ):
        with pytest.raises(IntegrityError, match=match), bench.ledger.store.write() as connection:
            connection.execute(text(statement))
    assert bench.rows(f"SELECT * FROM {table}") == before


def test_an_error_says_no_number(tmp_path: Path) -> None:
    """What could not be written stands in no message and no traceback, whichever error it is."""
    bench = Bench(tmp_path)
    rows = [{"phone": "+31612345678"}, {"phone": "+31612345678"}]
    for statement in ("INSERT INTO subject (phone_e164) VALUES (:phone)", "INSERT INTO nowhere VALUES (:phone)"):
        for parameters in (rows, rows[:1] * 2):
            with pytest.raises(DBAPIError) as caught, bench.ledger.store.write() as connection:
                connection.execute(text(statement), parameters)
            assert "31612345678" not in str(caught.value) + "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (sqlite3.SQLITE_FULL, "disk is full: free space"),
        (sqlite3.SQLITE_IOERR | 3 << 8, "I/O error"),
        (sqlite3.SQLITE_READONLY | 1 << 8, "cannot be written"),
        (sqlite3.SQLITE_BUSY, "locked by another program"),
        (sqlite3.SQLITE_CORRUPT | 1 << 8, "is damaged"),
    ],
)
@pytest.mark.parametrize("way", ["read", "write"])
def test_what_a_user_can_mend_is_said_in_a_sentence(tmp_path: Path, code: int, sentence: str, way: str) -> None:
    """An error of disk, lock or permission is named, though SQLite has rolled back already; the next block works."""
    store = create(tmp_path, mode="simulate").store
    cause = sqlite3.OperationalError("from SQLite")
    cause.sqlite_errorcode = code

    def failing() -> None:
        with getattr(store, way)() as connection:
            connection.exec_driver_sql("ROLLBACK")
            raise OperationalError("INSERT", {}, cause)

    with pytest.raises(LedgerError, match=sentence):
        failing()
    with store.write() as connection:
        assert connection.scalar(text("SELECT count(*) FROM subject")) == 0


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """SQLite itself at its limit of pages: the sentence names the disk, and not the rollback that came first."""
    store = create(tmp_path, mode="simulate").store
    with store.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(LedgerError, match="disk is full"), store.write() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('big', zeroblob(1000000))")


def test_a_lock_of_another_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that holds the database makes writing and opening fail with the cause, not as a foreign file."""
    create(tmp_path, mode="simulate").store.engine.dispose()
    monkeypatch.setattr(ledger_store, "PRAGMAS", ("busy_timeout=1",))
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        store = open_ledger(tmp_path).store
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="locked by another program"), store.write():
            pass
        other.execute("ROLLBACK")
        store.engine.dispose()
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerError, match="locked by another program"):
            open_ledger(tmp_path)


def test_who_waits_long_for_a_lock_is_told_whom_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A writer behind a process that holds the file lock says so once, with its id, and writes when it is free."""
    bench = Bench(tmp_path)
    monkeypatch.setattr(ledger_store, "PATIENCE", 0.05)
    path = tmp_path / "ledger.lock"
    code = f"""
import fcntl, time
lock = open({str(path)!r}, "ab")
fcntl.flock(lock, fcntl.LOCK_EX)
print(flush=True)
time.sleep(1)
"""
    holder = _python(code, stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    bench.numbers(1)
    holder.communicate(timeout=10)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert str(path) in record.getMessage()
    if Path("/proc/locks").exists():
        assert f"process {holder.pid};" in record.getMessage()
    caplog.clear()
    bench.numbers(1)
    assert not caplog.records


@pytest.mark.parametrize("old", [*OPEN, "settled", "voided"])
@pytest.mark.parametrize("new", [*OPEN, "settled", "voided", "reserved"])
def test_states_follow_their_edges_only(tmp_path: Path, old: str, new: str) -> None:
    """Of all pairs of states the database lets through the edges and nothing else; what is final never changes."""
    bench = Bench(tmp_path)
    bench.sent(1)
    change = text(
        "UPDATE attempt SET evidence = 'e', state = :s, actual = CASE WHEN :s IN ('settled', 'voided') THEN 0 END"
    )
    with bench.ledger.store.write() as connection:
        if old != "sent":
            connection.execute(change, {"s": old})
        try:
            connection.execute(change, {"s": new})
            let_through = True
        except IntegrityError:
            let_through = False
    assert let_through == ((new == old and old in OPEN) or new in EDGES.get(old, ()))


@pytest.mark.parametrize(
    ("state", "parent", "verdict"),
    [
        ("sent", "none", "born"),
        ("in_doubt", "sent", "born"),
        ("in_doubt", "none", "refused"),
        ("awaiting", "sent", "refused"),
        ("settled", "none", "refused"),
        ("settled", "sent", "refused"),
        ("voided", "sent", "refused"),
    ],
)
def test_an_attempt_is_born_sent_or_as_a_residue_in_doubt(
    tmp_path: Path, state: str, parent: str, verdict: str
) -> None:
    """No attempt enters the books settled, voided or awaiting, and none in doubt but what a reply left out."""
    bench = Bench(tmp_path)
    sent = bench.sent(1).attempt_id
    columns = [str(name) for _, name, *_ in bench.rows("SELECT * FROM pragma_table_info('attempt')")]
    new = {"attempt_id": "'new'", "state": f"'{state}'", "residue_of": f"'{sent}'" if parent == "sent" else "NULL"}
    if state in ("settled", "voided"):
        new |= {"actual": "0", "evidence": "'e'"}
    insert = f"INSERT INTO attempt SELECT {', '.join(new.get(each, each) for each in columns)} FROM attempt"
    store = bench.ledger.store
    if verdict == "born":
        with store.write() as connection:
            connection.execute(text(insert))
        return
    with pytest.raises(IntegrityError, match="is born sent"), store.write() as connection:
        connection.execute(text(insert))


@given(st.integers(0, 2**47), st.integers(1, 2**40), st.binary(min_size=20, max_size=20))
def test_ids_are_uuid_7_and_sort_by_time(moment: int, later: int, noise: bytes) -> None:
    """An id is a UUIDv7 of RFC 9562, and one made a millisecond later or more sorts after it."""
    times, chance = iter([moment * 1000, (moment + later) * 1000]), iter([noise[:10], noise[10:]])
    store = Store(Path("never-opened"), clock=lambda: next(times), random_bytes=lambda _: next(chance))
    first, second = store.new_id(), store.new_id()
    read = uuid.UUID(first)
    assert (read.version, read.variant, read.int >> 80) == (7, uuid.RFC_4122, moment)
    assert first < second


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_packed_subjects_are_read_back(ids: list[int]) -> None:
    """A packed column gives back the subjects in their order."""
    assert unpack(pack(ids)) == ids


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_a_keyed_hash_tells_its_parts_apart(one: list[bytes], other: list[bytes]) -> None:
    """Two lists of parts have the same digest only when they are the same list, however they are cut."""
    assert (keyed_hash(b"k", *one) == keyed_hash(b"k", *other)) == (one == other)


def test_a_bucket_tells_nothing_without_the_key(tmp_path: Path) -> None:
    """Two ledgers put the same numbers into other buckets, each spreads them, and each stays true to itself."""
    one, other = (create(tmp_path / name, mode="simulate", buckets=16) for name in ("one", "other"))
    numbers = [f"+3161{each:07d}" for each in range(400)]
    placed = [one.bucket(number) for number in numbers]
    assert placed != [other.bucket(number) for number in numbers]
    assert set(placed) == set(range(16))
    assert placed == [open_ledger(tmp_path / "one").bucket(number) for number in numbers]


def test_the_key_is_not_shown(tmp_path: Path) -> None:
    """A printed ledger shows no key."""
    ledger = create(tmp_path, mode="simulate")
    assert ledger.key.hex() not in repr(ledger)
    assert str(ledger.key) not in repr(ledger)


def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    """When a write block has ended its rows are there, though the process is killed in the next instruction."""
    create(tmp_path, mode="simulate")
    code = f"""
import os, pathlib, signal
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from ringfence.money.ledger import open_ledger
store = open_ledger(pathlib.Path({str(tmp_path)!r})).store
with store.write() as connection:
    connection.execute(text("INSERT INTO subject (phone_e164) VALUES ('committed')"))
os.write(1, b"c")
with store.write() as connection:
    connection.execute(text("INSERT INTO subject (phone_e164) VALUES ('open')"))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    child = _python(code, stdout=subprocess.PIPE)
    assert child.communicate(timeout=30)[0] == b"c"
    assert child.returncode == -signal.SIGKILL
    store = open_ledger(tmp_path).store
    begun = time.monotonic()
    with store.write() as connection:
        assert connection.scalars(text("SELECT phone_e164 FROM subject")).all() == ["committed"]
    assert time.monotonic() - begun < 1


def test_a_commit_is_synced(tmp_path: Path) -> None:
    """Every connection of the ledger is in WAL mode with synchronous=FULL, and overwrites what it deletes."""
    store = create(tmp_path, mode="simulate").store
    with store.read() as connection:
        pragmas = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_block_that_raises_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    """What a failed block wrote is gone, and the next writer need not wait for it."""
    store = create(tmp_path, mode="simulate").store
    with suppress(error), store.write() as connection:
        connection.execute(text("INSERT INTO subject (phone_e164) VALUES ('rolled back')"))
        raise error
    with store.write() as connection:
        assert connection.scalar(text("SELECT count(*) FROM subject")) == 0


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    """What is committed while a reader reads is not seen by it, and does not wait for it."""
    store = create(tmp_path, mode="simulate").store
    count = text("SELECT count(*) FROM subject")
    with store.read() as reader:
        assert reader.scalar(count) == 0
        with store.write() as writer:
            writer.execute(text("INSERT INTO subject (phone_e164) VALUES ('new')"))
        assert reader.scalar(count) == 0


def _table(engine: Engine, name: str) -> tuple[object, ...]:
    """What alembic does not compare: defaults, CHECK constraints, WITHOUT ROWID and AUTOINCREMENT."""
    with engine.connect() as connection:
        columns = connection.execute(text("SELECT * FROM pragma_table_info(:name)"), {"name": name}).all()
        sql = str(connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name}))
    by_name = sorted((column.name, column.type, column.notnull, column.dflt_value, column.pk) for column in columns)
    checks = {_words(part.partition("\n")[0].rstrip(", ")) for part in sql.split("CONSTRAINT ")[1:] if "CHECK" in part}
    return by_name, checks, "WITHOUT ROWID" in sql, "AUTOINCREMENT" in sql


def _words(sql: str) -> str:
    return "".join(sql.split())


def _python(code: str, **pipes: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, **pipes
    )
