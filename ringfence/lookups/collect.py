"""One collecting run over everything that is open, and whether there is anything for one to find. Buys nothing."""

import asyncio
from typing import Any

from sqlalchemy import Row, func, select

from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lookups.collector import OVERDUE, Collector, overdue
from ringfence.lookups.lanes import open_lanes
from ringfence.lookups.late import note_late
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT, META, POLL, REPLY
from ringfence.providers.registry import provider

# The newest reply that a collecting run has read, in `meta`.
COLLECTED = "collected_to"


def collect(setup: Setup, ledger: Ledger, who: str) -> list[str]:
    """Collect once, of all launches; returns sentences about what could not be asked, and about late answers.

    A provider that is not configured any more, or whose credentials are missing, is not asked again: what it sends
    by itself is read all the same.
    """
    query = select(ATTEMPT.c.provider).where(ATTEMPT.c.state == "awaiting").distinct()
    with ledger.store.read() as connection:
        newest = connection.scalar(select(func.max(REPLY.c.reply_id))) or 0
        names = set(connection.scalars(query))
    told: list[str] = []
    askable = {name for name in names & setup.config.providers.keys() if _can_be_asked(setup, name, told)}
    told += [
        f"{name} is not configured any more: it is not asked again"
        for name in sorted(names - setup.config.providers.keys())
    ]

    async def once() -> None:
        async with open_lanes(setup, askable) as lanes:
            await Collector(ledger, lanes, setup.config.privacy, who).look()

    asyncio.run(once())
    told += note_late(ledger)
    with ledger.store.write() as connection:
        connection.execute(META.delete().where(META.c.key == COLLECTED))
        connection.execute(META.insert().values(key=COLLECTED, value=str(newest)))
    return told


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


def anything_to_collect(ledger: Ledger) -> str | None:
    """What a collecting run would find, in a sentence; None when it would find nothing new."""
    now = ledger.store.clock()
    with ledger.store.read() as connection:
        seen = int(connection.scalar(select(META.c.value).where(META.c.key == COLLECTED)) or 0)
        came = connection.scalar(select(func.count()).where(REPLY.c.source == "callback", REPLY.c.reply_id > seen))
        waits = select(*(ATTEMPT.c[name] for name in OVERDUE), POLL.c.next_at).where(ATTEMPT.c.state == "awaiting")
        rows = connection.execute(waits.join(POLL, POLL.c.attempt_id == ATTEMPT.c.attempt_id, isouter=True)).all()
    if came:
        return f"{came:,} callbacks came"
    over = sum(overdue(row, now) for row in rows)
    if over:
        return f"{over:,} requests were not answered in time"
    again = sum(_can_be_polled(row) and (row.next_at or 0) <= now for row in rows)
    return f"{again:,} requests can be asked about again" if again else None


def _can_be_polled(attempt: Row[Any]) -> bool:
    product = provider(attempt.provider).products[attempt.product]
    return product.mode == "poll" or product.priced_late
