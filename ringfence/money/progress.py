"""How far a launch is: one row that the command line, the run page and `watch` read. It decides nothing."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.money.ledger import Ledger
from ringfence.money.prepared import Prepared
from ringfence.money.schema import PROGRESS

_ROW = Prepared(select(PROGRESS).where(PROGRESS.c.launch_id == bindparam("launch")))


def put(connection: Connection, launch_id: str, at: int, **values: str | int) -> None:
    """Change the row of a launch; the first call makes it."""
    row = {"launch_id": launch_id, "phase": "start", "started_at": at, "updated_at": at, **values}
    _put(frozenset(values)).run(connection, row)


@cache
def _put(changing: frozenset[str]) -> Prepared:
    """The statement that makes a row, or changes these columns of it."""
    new = insert(PROGRESS)
    changed = {name: new.excluded[name] for name in sorted(changing | {"updated_at"})}
    columns = sorted(changing | {"launch_id", "phase", "started_at", "updated_at"})
    return Prepared(new.on_conflict_do_update(index_elements=["launch_id"], set_=changed), columns)


def phase(ledger: Ledger, launch_id: str, name: str) -> None:
    """Say which step a launch has come to."""
    with ledger.store.write() as connection:
        put(connection, launch_id, ledger.store.clock(), phase=name)


def get(ledger: Ledger, launch_id: str) -> Mapping[str, Any] | None:
    """The row of a launch, None before it began."""
    with ledger.store.read() as connection:
        return next(iter(_ROW.dicts(connection, launch=launch_id)), None)


def failed(ledger: Ledger, launch_id: str, sentence: str) -> None:
    """Say why a launch ended early."""
    with ledger.store.write() as connection:
        put(connection, launch_id, ledger.store.clock(), phase="failed", note=sentence)
