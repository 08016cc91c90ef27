"""From settled attempts to the lake's `lookups`, exactly once, by parsing the stored replies again: that is free."""

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Connection, bindparam, select

from ringfence.lake.tables import Lake, frame_of
from ringfence.lookups.merge import phone_changes, phone_facts
from ringfence.lookups.replies import kept_of, numbers_of
from ringfence.lookups.rows import Settled, booked_rows
from ringfence.money.ledger import Ledger
from ringfence.money.prepared import Prepared
from ringfence.money.schema import ATTEMPT, WORKER
from ringfence.money.store import unpack

# Attempts that one snapshot of the ledger reads; a thousand numbers each make 200,000 rows.
FLUSH = 200
# Rows that make a commit of the lake; many small attempts share one, so that the lake does not become many small files.
ROWS = 50_000
_LAST = 2**63 - 1
_SETTLED = Prepared(
    select(ATTEMPT, WORKER.c.run_id)
    .join(WORKER, WORKER.c.worker_id == ATTEMPT.c.worker_id, isouter=True)
    .where(ATTEMPT.c.settled_seq > bindparam("after"), ATTEMPT.c.settled_seq <= bindparam("until"))
    .order_by(ATTEMPT.c.settled_seq)
    .limit(bindparam("most"))
)


def publish_settled(ledger: Ledger, lake: Lake) -> int:
    """Append every settlement that the lake does not hold yet; returns how many answers were appended."""
    appended = 0
    with lake.publishing():
        rows: list[dict[str, object]] = []
        seq = lake.settled_seq()
        for found in settled_after(ledger, seq):
            rows += [row for settled in found for row in booked_rows(ledger, settled)]
            seq = found[-1].attempt["settled_seq"]
            if len(rows) >= ROWS:
                lake.append_settled(frame_of("lookups", rows), seq)
                appended, rows = appended + len(rows), []
        if seq != lake.settled_seq():
            lake.append_settled(frame_of("lookups", rows), seq)
    return appended + len(rows)


def publish_facts(lake: Lake) -> list[int]:
    """Merge the buckets that hold newer lookups than `phone_facts` does; returns these buckets.

    After replies were parsed again these are all of them.
    """
    with lake.publishing():
        seq, merged = lake.settled_seq(), lake.settled_seq("phone_facts")
        reparsed = lake.reparsed()
        again = reparsed != lake.reparsed("phone_facts")
        if seq == merged and not again:
            return []
        lookups = lake.read("lookups")
        newer = lookups if again else lookups.filter(pl.col("settled_seq") > merged)
        buckets = set(newer["bucket"].unique())
        if again:
            buckets |= {int(bucket) for bucket in lake.files("phone_facts")}
        chosen = sorted(buckets)
        changed = lookups.filter(pl.col("bucket").is_in(chosen))
        # phone_facts last: its commit says that both are done.
        lake.overwrite("phone_changes", phone_changes(changed), chosen)
        lake.overwrite("phone_facts", phone_facts(changed), chosen, seq, reparsed)
        return chosen


def settled_after(ledger: Ledger, after: int, until: int | None = None) -> Iterator[list[Settled]]:
    """The settled attempts after a settlement, up to another where one is given, in groups and in their order.

    Each group is of a snapshot of its own: one that is open for long keeps the WAL from being emptied.
    """
    while True:
        with ledger.store.read() as connection:
            found = _settled(connection, after, until)
        if not found:
            return
        yield found
        after = found[-1].attempt["settled_seq"]


def _settled(connection: Connection, after: int, until: int | None) -> list[Settled]:
    attempts = _SETTLED.dicts(connection, after=after, until=_LAST if until is None else until, most=FLUSH)
    kept = kept_of(connection, attempts)
    subjects = {each["attempt_id"]: unpack(each["subjects"]) for each in attempts}
    phones = numbers_of(connection, [subject for some in subjects.values() for subject in some])
    return [
        Settled(
            attempt=each,
            kept=kept[each["attempt_id"]],
            numbers={subject: phones[subject] for subject in subjects[each["attempt_id"]] if subject in phones},
        )
        for each in attempts
    ]
