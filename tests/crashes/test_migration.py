"""Killed while the ledger is brought up to date (C33): whoever opens it next finds all of it."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import alembic.command
import pytest
from sqlalchemy import inspect, text

from ringfence.money import ledger as ledgers
from ringfence.money.ledger import REVISION, Ledger, create, open_ledger
from ringfence.money.store import FILE_NAME
from tests import figures
from tests.crashes.stage import DONE, Scene
from tests.crashes.theatre import Stage


def _older(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger of the first version, with a number in it."""
    upgrade: Callable[..., None] = alembic.command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(alembic.command, "upgrade", lambda settings, _: upgrade(settings, "0001"))
        ledgers._build(home / "older.new", "simulate", "default", 16).rename(home / FILE_NAME)


def _columns(ledger: Ledger) -> dict[str, set[str]]:
    with ledger.store.read() as connection:
        found = inspect(connection)
        return {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.long)])
def test_killed_while_the_ledger_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: Stage, step: int
) -> None:
    """At each write and sync of its file: it is the old one or the new one, and opening it again ends well."""
    (tmp_path / "new").mkdir()
    wanted = _columns(create(tmp_path / "new", mode="simulate"))
    at, kills = 1, 0
    while True:
        folder = tmp_path / str(at)
        (folder / "home").mkdir(parents=True)
        (folder / "ringfence.yaml").write_text(json.dumps({"mode": "simulate", "home": "home"}))
        _older(folder / "home", monkeypatch)
        scene = Scene(job="look", config=str(folder / "ringfence.yaml"), launch="", kinds=["sync", "write"], at=at)
        played = stage.play(scene)
        ledger = open_ledger(folder / "home")
        assert _columns(ledger) == wanted
        with ledger.store.read() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == REVISION
            assert connection.scalar(text("SELECT count(*) FROM journal WHERE event = 'ledger_created'")) == 1
        if played.code == DONE:
            break
        assert (played.code, len(played.events)) == (-signal.SIGKILL, at), played.said
        kills += 1
        at += step
    assert kills >= 3
    figures.tell("crashes", kills=kills)
