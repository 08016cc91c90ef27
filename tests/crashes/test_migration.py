"""Killed while the ledger is brought up to date (C33): whoever opens it next finds all of it."""

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import alembic.command
import pytest
from sqlalchemy import inspect, text

from ringfence.lookups.replies import answered
from ringfence.money import decide
from ringfence.money import ledger as ledgers
from ringfence.money.decide import Decision
from ringfence.money.invariants import violations
from ringfence.money.ledger import REVISION, Ledger, create, open_ledger
from ringfence.money.store import FILE_NAME
from tests import figures
from tests.crashes.stage import DONE, Scene
from tests.crashes.theatre import Stage
from tests.lookups.conftest import Build, numbers

Rows = dict[str, list[tuple[object, ...]]]


def _older(path: Path, monkeypatch: pytest.MonkeyPatch, filled: Path) -> dict[str, list[str]]:
    """A ledger of the first version with all that it can hold of a filled one; returns its columns by table."""
    upgrade: Callable[..., None] = alembic.command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(alembic.command, "upgrade", lambda settings, _: upgrade(settings, "0001"))
        ledgers._build(path.with_suffix(".new"), "simulate", "default", 16).rename(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("ATTACH ? AS filled", (str(filled),))
        triggers = raw.execute("SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        found = {}
        tables = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (table,) in raw.execute(tables).fetchall():
            both = [
                {row[1] for row in raw.execute(f"PRAGMA {schema}.table_info({table})")} for schema in ("main", "filled")
            ]
            assert both[0] <= both[1], f"{table} has lost a column since"
            if table != "alembic_version":
                found[table] = sorted(both[0])
                columns = ", ".join(f'"{name}"' for name in found[table])
                raw.execute(f"DELETE FROM main.{table}")
                raw.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM filled.{table}")
        for _, sql in triggers:
            raw.execute(sql)
    return found


def _rows(path: Path, columns: dict[str, list[str]]) -> Rows:
    with closing(sqlite3.connect(path)) as raw:
        told = {table: ", ".join(f'"{name}"' for name in names) for table, names in columns.items()}
        return {table: sorted(raw.execute(f"SELECT {names} FROM {table}"), key=repr) for table, names in told.items()}


@pytest.fixture
def filled(build: Build) -> Path:
    """A ledger with attempts that are settled, void and in doubt."""
    rules = [{"when": {"nth": nth}, "fault": "drop_unanswered"} for nth in (2, 4)]
    house = build(numbers("NL", 12), *rules, provider={"batch": "2", "in_flight": "1"})
    house.run()
    first, _ = house.attempts("in_doubt")
    void = Decision(who="ada", because="not on the invoice", voided=True)
    decide.decide(house.ledger, first["attempt_id"], void, answered)
    assert set(house.states()) == {"settled", "voided", "in_doubt"}
    house.ledger.store.close()
    return house.ledger.store.path


def _columns(ledger: Ledger) -> dict[str, set[str]]:
    with ledger.store.read() as connection:
        found = inspect(connection)
        return {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.long)])
def test_killed_while_the_ledger_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: Stage, filled: Path, step: int
) -> None:
    """At each write and sync of its file: it is the old one or the new one, and opening it again ends well.

    With every row that it had, and in order.
    """
    (tmp_path / "new").mkdir()
    wanted = _columns(create(tmp_path / "new", mode="simulate"))
    at, kills = 1, 0
    while True:
        folder = tmp_path / str(at)
        (folder / "home").mkdir(parents=True)
        (folder / "ringfence.yaml").write_text(json.dumps({"mode": "simulate", "home": "home"}))
        columns = _older(folder / "home" / FILE_NAME, monkeypatch, filled)
        before = _rows(folder / "home" / FILE_NAME, columns)
        assert len(before["attempt"]) >= 6
        scene = Scene(job="look", config=str(folder / "ringfence.yaml"), launch="", kinds=["sync", "write"], at=at)
        played = stage.play(scene)
        ledger = open_ledger(folder / "home")
        assert _columns(ledger) == wanted
        with ledger.store.read() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == REVISION
            assert violations(connection) == []
        after = _rows(folder / "home" / FILE_NAME, columns)
        assert {table: rows for table, rows in after.items() if rows != before[table]} == {}
        if played.code == DONE:
            break
        assert (played.code, len(played.events)) == (-signal.SIGKILL, at), played.said
        kills += 1
        at += step
    assert kills >= 3
    figures.tell("crashes", kills=kills)
