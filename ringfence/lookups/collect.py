"""One collecting run over everything that is open, and whether there is anything for one to find. Buys nothing."""

import asyncio

from sqlalchemy import ColumnElement, Connection, and_, func, select

from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lookups.asking import decided_free, is_traced_now, pollable
from ringfence.lookups.collector import LOOK, OVERDUE, Collector, overdue
from ringfence.lookups.lanes import open_lanes
from ringfence.lookups.late import note_late
from ringfence.lookups.polled import put_off
from ringfence.lookups.polling import more_is_due
from ringfence.lookups.replies import belated
from ringfence.money.decide import decidable
from ringfence.money.ledger import Ledger
from ringfence.money.moves import newest_reply
from ringfence.money.schema import ATTEMPT, META, POLL, REPLY
from ringfence.providers.registry import provider, providers

# The newest reply that a collecting run has read, in `meta`.
COLLECTED = "collected_to"
# Seconds that one run goes on asking where a vendor's pace lets it ask only little at a time.
AT_MOST = 60


def collect(setup: Setup, ledger: Ledger, who: str) -> list[str]:
    """Collect once, of all launches; returns sentences about what could not be asked, and about late answers.

    A provider that is not configured any more, or whose credentials are missing, is not asked again: what it sends
    by itself is read all the same.
    """
    query = select(ATTEMPT.c.provider).where(_of_interest(ledger.store.clock())).distinct()
    with ledger.store.read() as connection:
        newest = _read_to(connection)
        names = set(connection.scalars(query))
    told: list[str] = []
    askable = {name for name in sorted(names) if _can_be_asked(setup, name, told)}

    async def once() -> None:
        async with open_lanes(setup, askable, ledger.key) as lanes:
            collector = Collector(ledger, lanes, setup.config.privacy, who)
            await collector.look()
            clock = asyncio.get_running_loop().time
            until = clock() + AT_MOST
            while clock() < until and await asyncio.to_thread(more_is_due, ledger, lanes):
                if not await collector.look():
                    await asyncio.sleep(LOOK)

    asyncio.run(once())
    if names - askable:
        put_off(ledger, names - askable)
    told += note_late(ledger, who)
    with ledger.store.write() as connection:
        connection.execute(META.delete().where(META.c.key == COLLECTED))
        connection.execute(META.insert().values(key=COLLECTED, value=str(newest)))
    return told


def _read_to(connection: Connection) -> int:
    """The newest reply; but what came to a request before its first reply did is looked at again."""
    early = select(func.min(REPLY.c.reply_id)).join(ATTEMPT, ATTEMPT.c.attempt_id == REPLY.c.attempt_id)
    first = connection.scalar(early.where(ATTEMPT.c.state == "sent", REPLY.c.source != "response"))
    return first - 1 if first else newest_reply(connection)


def _came(connection: Connection, seen: int) -> tuple[int, int]:
    """The callbacks since a reply, and the answers that came after their requests were decided."""
    newer = select(func.count()).where(REPLY.c.reply_id > seen)
    late = newer.join(ATTEMPT, ATTEMPT.c.attempt_id == REPLY.c.attempt_id).where(
        REPLY.c.source == "response", belated()
    )
    callbacks = newer.where(REPLY.c.source == "callback")
    return connection.scalar(callbacks) or 0, connection.scalar(late) or 0


def _can_be_asked(setup: Setup, name: str, told: list[str]) -> bool:
    if name not in setup.config.providers:
        told.append(f"{name} is not configured any more: it is not asked again")
        return False
    try:
        setup.base_url(name)
        setup.secrets(name)
    except RingfenceError as error:
        told.append(str(error))
        return False
    return True


def _of_interest(now: int) -> ColumnElement[bool]:
    """What is open, and what was decided to be free while any provider tells of it."""
    told = (one.traced.until for kind in providers().values() for one in kind.products.values() if one.traced)
    return decidable() | and_(decided_free(), ATTEMPT.c.reserved_at > now - max(told) * 1_000_000)


def anything_to_collect(ledger: Ledger) -> str | None:
    """What a collecting run would find, in a sentence; None when it would find nothing new."""
    now = ledger.store.clock()
    with ledger.store.read() as connection:
        seen = int(connection.scalar(select(META.c.value).where(META.c.key == COLLECTED)) or 0)
        came, late = _came(connection, seen)
        waits = select(ATTEMPT.c.state, ATTEMPT.c.evidence, *(ATTEMPT.c[name] for name in OVERDUE), POLL.c.next_at)
        waits = waits.where(_of_interest(now))
        found = connection.execute(waits.join(POLL, POLL.c.attempt_id == ATTEMPT.c.attempt_id, isouter=True)).all()
    rows = [row for row in found if row.state == "awaiting"]
    doubtful = [row for row in found if is_traced_now(dict(row._mapping), now)]
    if came:
        return f"{came:,} callbacks came"
    if late:
        return f"{late:,} answers came after their requests were decided"
    over = sum(overdue(row._mapping, now) for row in rows)
    if over:
        return f"{over:,} requests were not answered in time"
    waiting = [row for row in rows if pollable(provider(row.provider).products[row.product])]
    again = sum((row.next_at or 0) <= now for row in (*waiting, *doubtful))
    return f"{again:,} requests can be asked about again" if again else None
