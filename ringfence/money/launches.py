"""The launches that the ledger knows by their workers: which goes on, and when the last one ended. It only reads."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT, PROGRESS, WORKER
from ringfence.money.workers import lives

# Microseconds that the worker of a launch has to be born: Dagster takes seconds to start.
BIRTH = 60_000_000


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch and its worker. Without an end it goes on, or was killed: its lock tells."""

    launch_id: str
    worker_id: str
    ended_at: int | None


def find(ledger: Ledger, name: str | None = None) -> Launch | None:
    """The newest launch that goes on, else the newest; `name` is the id of one, or of its Dagster run."""
    query = select(WORKER.c.launch_id, WORKER.c.worker_id, WORKER.c.ended_at)
    if name:
        query = query.where(or_(WORKER.c.launch_id == name, WORKER.c.run_id == name))
    with ledger.store.read() as connection:
        rows = connection.execute(query.order_by(WORKER.c.started_at.desc())).all()
    found = [Launch(*row) for row in rows]
    return next((each for each in found if goes_on(ledger, each)), found[0] if found else None)


def goes_on(ledger: Ledger, launch: Launch) -> bool:
    """Whether the worker of a launch lives."""
    return launch.ended_at is None and lives(ledger.store.path.parent, launch.worker_id)


def buying_since(ledger: Ledger, launch_id: str) -> int | None:
    """When a launch has bought first, in microseconds UTC."""
    query = select(func.min(ATTEMPT.c.reserved_at)).where(ATTEMPT.c.launch_id == launch_id)
    with ledger.store.read() as connection:
        since: int | None = connection.scalar(query)
    return since


def starting(ledger: Ledger) -> bool:
    """Whether a launch of the last minute has no worker yet."""
    born = select(WORKER.c.launch_id).where(WORKER.c.launch_id == PROGRESS.c.launch_id).exists()
    young = PROGRESS.c.started_at > ledger.store.clock() - BIRTH
    query = select(PROGRESS.c.launch_id).where(PROGRESS.c.phase == "start", young, ~born)
    with ledger.store.read() as connection:
        return connection.scalar(query.limit(1)) is not None
