"""Statements whose SQL is built once, and that run in the driver itself. No meaning, no money.

SQLAlchemy describes tables and statements, but at every execution it looks the SQL up, wraps the parameters and the
result: 18 to 64 microseconds a statement where SQLite itself needs 1, and a turn of the spend loop has thirty of them.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ClauseElement


class Prepared:
    """A statement with bound parameters by name (`bindparam`).

    Nothing is converted on the way: it is for columns of integers, text and bytes, which are all that the ledger has.
    Errors are those of the driver (sqlite3.Error); they never say what was being written.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns

    @cached_property
    def _sql(self) -> tuple[str, dict[str, Any]]:
        """The SQL, and the values that the statement itself brings along."""
        compiled = self._statement.compile(dialect=sqlite.dialect(paramstyle="named"), column_keys=self._columns)
        # By exact type: what stands for a value that is still missing is an int of SQLAlchemy's own.
        return str(compiled), {name: value for name, value in compiled.params.items() if type(value) in (int, str)}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Write one row."""
        sql, own = self._sql
        driver(connection).execute(sql, {**own, **values})

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write so many rows; an empty list is none."""
        sql, own = self._sql
        if rows:
            driver(connection).executemany(sql, [{**own, **row} for row in rows] if own else rows)

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """All rows that the statement finds."""
        sql, own = self._sql
        return driver(connection).execute(sql, {**own, **values}).fetchall()

    def dicts(self, connection: Connection, **values: Any) -> list[dict[str, Any]]:
        """All rows that the statement finds, by the names of their columns."""
        sql, own = self._sql
        found = driver(connection).execute(sql, {**own, **values})
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def value(self, connection: Connection, **values: Any) -> Any:
        """The first column of the first row, None where there is none."""
        sql, own = self._sql
        row = driver(connection).execute(sql, {**own, **values}).fetchone()
        return None if row is None else row[0]


def each(name: str) -> ColumnElement[Any]:
    """Each value of a list that is bound by this name as JSON: however many, the statement stays the same."""
    return func.json_each(bindparam(name)).table_valued("value").c.value


def listed(name: str) -> Select[tuple[Any]]:
    """All of these values, for `in_`."""
    return select(each(name))


def driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection under one of SQLAlchemy."""
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return raw
