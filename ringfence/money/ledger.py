"""The ledger's birth and opening: who it is, and whether it may be spent from. No attempts here."""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import alembic.command
import alembic.config
from sqlalchemy import Connection, func, insert, inspect, select, text

from ringfence.errors import LedgerError
from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import ATTEMPT, JOURNAL, META, WORKER
from ringfence.money.store import FILE_NAME, Store, keyed_hash, wait_for

# The newest revision in migrations/versions; a ledger that is behind is migrated when it is opened.
REVISION = "0005"
_SETTLED_SEQ = Prepared(select(func.coalesce(func.max(ATTEMPT.c.settled_seq), 0)))
_KNOWN = Prepared(select(WORKER.c.worker_id).where(WORKER.c.worker_id.in_(listed("ids"))))
_EVENT = Prepared(insert(JOURNAL), ("at", "event", "who", "why"))
IDENTITY = ("ledger_id", "mode", "environment", "buckets", "key", "created_at")


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger and who it is. `key` never leaves the ledger file."""

    store: Store
    ledger_id: str
    mode: str
    environment: str
    buckets: int
    key: bytes = field(repr=False)

    def bucket(self, phone_e164: str) -> int:
        """The hash bucket of a number: keyed, so that a bucket tells nothing about a number."""
        return int(keyed_hash(self.key, b"bucket", phone_e164.encode())[:8], 16) % self.buckets

    def settled_seq(self) -> int:
        """The highest settlement so far; 0 for a new ledger."""
        with self.store.read() as connection:
            return settled_seq(connection)


def settled_seq(connection: Connection) -> int:
    """The highest settlement that this transaction sees."""
    return int(_SETTLED_SEQ.value(connection))


def create(home: Path, *, mode: str, environment: str = "default", buckets: int = 16) -> Ledger:
    """Create the ledger in a home that has none; the only way one is ever born. Raises LedgerError."""
    if not 1 <= buckets <= 4096:
        raise LedgerError(f"buckets must be between 1 and 4096, not {buckets}")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(f"{home} cannot be made ({error.strerror}); set home in the configuration") from None
    with alone_in(home):
        path = home / FILE_NAME
        if path.exists():
            raise LedgerError(f"{path} exists already; a ledger is created once and kept")
        if (home / "lake").exists():
            raise LedgerError(f"{home}/lake belongs to a ledger that is gone; restore {FILE_NAME} from a backup")
        # Whole or not at all: the file gets its name only when it is complete.
        _build(path.with_suffix(".new"), mode, environment, buckets).rename(path)
    return open_ledger(home)


def open_ledger(home: Path, clock: Callable[[], int] | None = None) -> Ledger:
    """Open the ledger of a home; raises LedgerError where there is none or it cannot be read."""
    path = home / FILE_NAME
    if not path.exists():
        raise LedgerError(f"there is no ledger in {home}; create it once with: ringfence ledger create")
    store = Store(path, clock) if clock else Store(path)
    if _revision(store) != REVISION:
        with store.write() as connection:
            _migrate(connection)
    with store.read() as connection:
        identity = dict(connection.execute(select(META.c.key, META.c.value)).tuples().all())
    if any(key not in identity for key in IDENTITY):
        raise LedgerError(f"{path} is not complete; restore it from a backup")
    return Ledger(
        store=store,
        ledger_id=identity["ledger_id"],
        mode=identity["mode"],
        environment=identity["environment"],
        buckets=int(identity["buckets"]),
        key=bytes.fromhex(identity["key"]),
    )


def refuse_to_spend(ledger: Ledger, *, mode: str, lake_ledger_id: str | None, lake_seq: int) -> str | None:
    """Why nothing may be bought from this ledger, as a sentence; None when it may.

    `lake_seq` is the highest settlement that the lake holds: a ledger behind it is an old copy, which has forgotten
    purchases.
    """
    where = ledger.store.path
    if mode != ledger.mode:
        return f"{where} is a ledger for mode {ledger.mode}, the configuration says {mode}: use another home"
    if lake_ledger_id not in (None, ledger.ledger_id):
        return f"{where} is not the ledger that the lake beside it was written from: restore the right one"
    if lake_seq > ledger.settled_seq():
        return f"{where} is older than the lake beside it and has forgotten purchases: restore the newest backup"
    if forgotten := _forgotten(ledger):
        return f"{where} has forgotten {forgotten}, which may have bought: restore the newest backup"
    return None


def worker_locks(home: Path) -> Path:
    """The folder where every worker that has not ended has its lock file, named by its id."""
    return home / "workers"


def _forgotten(ledger: Ledger) -> str | None:
    """The lock file of a worker that the ledger does not know, so that it is an old copy.

    A file is empty until its worker is durably entered, and read here before the ledger is: none is just being born.
    """
    born = {path.stem: path for path in worker_locks(ledger.store.path.parent).glob("*.lock") if _size(path)}
    if not born:
        return None
    with ledger.store.read() as connection:
        known = {worker_id for (worker_id,) in _KNOWN.rows(connection, ids=json.dumps(list(born)))}
    return min((f"workers/{path.name}" for name, path in born.items() if name not in known), default=None)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def write_journal(
    connection: Connection,
    at: int,
    event: str,
    *,
    who: str,
    why: str | None = None,
) -> None:
    """Record an event that moves no money."""
    _EVENT.run(connection, {"at": at, "event": event, "who": who, "why": why})


@contextmanager
def alone_in(home: Path) -> Iterator[None]:
    """Keep every other birth and restoring out of a home, and make what was named in it durable."""
    folder = os.open(home, os.O_RDONLY)
    try:
        wait_for(folder, home)
        yield
        os.fsync(folder)
    finally:
        os.close(folder)


def _build(path: Path, mode: str, environment: str, buckets: int) -> Path:
    """A complete ledger under a name that nobody opens, readable by its owner only."""
    path.unlink(missing_ok=True)
    path.touch(0o600)
    store = Store(path)
    identity = {
        "ledger_id": store.new_id(),
        "mode": mode,
        "environment": environment,
        "buckets": str(buckets),
        "key": secrets.token_hex(32),
        "created_at": str(store.clock()),
    }
    with store.write() as connection:
        _migrate(connection)
        connection.execute(insert(META), [{"key": key, "value": value} for key, value in identity.items()])
        write_journal(connection, store.clock(), "ledger_created", who=environment, why=mode)
    store.close()
    return path


def _revision(store: Store) -> str:
    """The revision that the tables are at; raises LedgerError where they are not a ledger's, or a newer version's."""
    with store.read() as connection:
        known = {"meta", "alembic_version"} <= set(inspect(connection).get_table_names())
        revision = connection.scalar(text("SELECT version_num FROM alembic_version")) if known else None
    if revision is None:
        raise LedgerError(f"{store.path} is not a ledger; restore it from a backup")
    if revision > REVISION:
        raise LedgerError(f"{store.path} was written by a newer version of ringfence; upgrade this one")
    return str(revision)


def _migrate(connection: Connection) -> None:
    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(resources.files("ringfence.money") / "migrations"))
    settings.attributes["connection"] = connection
    alembic.command.upgrade(settings, "head")
