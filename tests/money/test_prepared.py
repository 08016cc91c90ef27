"""Prepared statements: the values are those that were given, and one that is missing is an error, never a number."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select, update

from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import META
from tests.money.bench import Bench

NEW = Prepared(insert(META), ("key", "value"))
CHANGE = Prepared(update(META).where(META.c.key == bindparam("name")).values(value=bindparam("new")))
SAME = Prepared(select(META.c.value).where(META.c.key.in_(listed("keys")), META.c.value != "left out"))


def test_what_is_missing_is_an_error(tmp_path: Path) -> None:
    """A row without one of the columns, or a change without its value, writes nothing."""
    bench = Bench(tmp_path)
    for statement, values in ((NEW, {"key": "one"}), (CHANGE, {"new": "two"})):
        with pytest.raises(sqlite3.Error), bench.ledger.store.write() as connection:
            statement.run(connection, values)
        with pytest.raises(sqlite3.Error), bench.ledger.store.write() as connection:
            statement.run_many(connection, [values])
    assert bench.rows("SELECT count(*) FROM meta WHERE key IN ('one', 'two') OR value = 'two'") == [(0,)]


def test_values_arrive_as_they_are_and_those_of_the_statement_stay(tmp_path: Path) -> None:
    """Rows are written, changed and found by a list of any length, beside a value that the statement itself names."""
    bench = Bench(tmp_path)
    with bench.ledger.store.write() as connection:
        NEW.run(connection, {"key": "one", "value": "first"})
        NEW.run_many(connection, [{"key": "two", "value": "left out"}, {"key": "three", "value": "a 'quoted' one"}])
        NEW.run_many(connection, [])
        CHANGE.run(connection, {"name": "one", "new": "changed"})
        assert SAME.rows(connection, keys='["one", "two", "three"]') == [("changed",), ("a 'quoted' one",)]
        assert SAME.value(connection, keys="[]") is None
        assert SAME.dicts(connection, keys='["one"]') == [{"value": "changed"}]
