"""Asking again about what was accepted, or is in doubt: the requests that a provider states for it, at a pace.

Only GET requests leave here. They buy no lookup; Vonage's reports cost by the record, and go out only where `reports`
is on and nobody has stopped buying (`asking.waits_for_resume`). One that fails is made again later. Replies are kept in
`polled`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.config.sections import Privacy
from ringfence.http.exchange import Exchange, Reply
from ringfence.lookups.asking import askable, asks, others_near, waits_for_resume
from ringfence.lookups.lane import Lane
from ringfence.lookups.privacy import by_phone
from ringfence.lookups.replies import numbers_of
from ringfence.money.ledger import Ledger
from ringfence.money.prepared import Prepared
from ringfence.money.rate import take
from ringfence.money.schema import ATTEMPT, POLL
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Poll, Traceable
from ringfence.providers.provider import Provider

# Infobip allows 60 calls of its logs a minute; other vendors' logs are not asked oftener either.
LOGS_A_SECOND = 1
# Seconds until an attempt is asked about again: doubled each time, up to the last.
FIRST_PAUSE, LAST_PAUSE = 1, 600
# What is in doubt is hardly told any more: it is asked about four times a day.
DOUBTFUL_PAUSE = 21_600
# What is decided, and has nothing left to ask about, is not looked at again.
_NEVER = 10 * 365 * 86_400


_NEW = insert(POLL)
_AGAIN = {"polls": _NEW.excluded.polls, "next_at": _NEW.excluded.next_at}
_TOLD = func.coalesce(_NEW.excluded.told_at, POLL.c.told_at)
_ASKED = Prepared(
    _NEW.on_conflict_do_update(index_elements=["attempt_id"], set_={**_AGAIN, "told_at": _TOLD}),
    ("attempt_id", "polls", "next_at", "told_at"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """An attempt that may be asked about now, with the requests that its provider states, and how often it was.

    `others` are the provider's ids of what was asked beside it; `whole` says that none of its requests had to wait for
    the pace.
    """

    attempt_id: str
    provider: str
    country: str
    numbers: Sequence[str] = field(repr=False)
    polls: Sequence[Poll]
    times: int
    again_at: int
    others: frozenset[str] = frozenset()
    whole: bool = True


@cache
def _due_now(names: frozenset[str]) -> Prepared:
    """The attempts at these providers, of a launch or (NULL) of all, that may be asked about now."""
    query = select(ATTEMPT, POLL.c.polls).join(POLL, POLL.c.attempt_id == ATTEMPT.c.attempt_id, isouter=True)
    return Prepared(
        query.where(askable(names))
        .where(POLL.c.next_at.is_(None) | (POLL.c.next_at <= bindparam("now")))
        .where(bindparam("launch").is_(None) | (ATTEMPT.c.launch_id == bindparam("launch")))
        .order_by(POLL.c.next_at, ATTEMPT.c.reserved_at)
        .limit(bindparam("most"))
    )


def more_is_due(ledger: Ledger, lanes: Mapping[str, Lane]) -> bool:
    """Whether there is something that may be asked about at once, and had to wait for the pace."""
    with ledger.store.read() as connection:
        query = _due_now(frozenset(lanes))
        return bool(query.rows(connection, now=ledger.store.clock(), launch=None, most=1))


def due_polls(ledger: Ledger, lanes: Mapping[str, Lane], launch_id: str | None, most: int) -> list[Due]:
    """What may be asked about now (None: of all launches), as far as the vendors' paces allow; of so many attempts."""
    now = ledger.store.clock()
    with ledger.store.read() as connection:
        rows = _due_now(frozenset(lanes)).dicts(connection, now=now, launch=launch_id, most=most)
        found = [_due(connection, lanes[row["provider"]], row, now) for row in rows]
    if not found:
        return []
    with ledger.store.write() as connection:
        paced = [_paced(connection, lanes[due.provider], due, now) for due in found]
        _put(connection, paced, now)
    return paced


def _due(connection: Connection, lane: Lane, attempt: Mapping[str, Any], now: int) -> Due:
    numbers = list(numbers_of(connection, unpack(attempt["subjects"])).values())
    times = attempt["polls"] or 0
    polls = asks(connection, lane.provider, lane.base_url, lane.options, attempt, now, lane.account).polls
    is_doubtful = attempt["state"] != "awaiting"
    longest = DOUBTFUL_PAUSE if is_doubtful else LAST_PAUSE
    pause = min(FIRST_PAUSE * 2 ** min(times, 20), longest)
    if is_doubtful and not polls:
        is_over = attempt["state"] == "voided" and not waits_for_resume(connection, attempt)
        pause = _NEVER if is_over else longest
    again_at = now + int(pause * 1_000_000)
    return Due(
        attempt_id=attempt["attempt_id"],
        provider=attempt["provider"],
        country=attempt["country"],
        numbers=numbers,
        polls=polls,
        times=times + 1,
        again_at=again_at,
        others=others_near(connection, attempt) if any(poll.shared for poll in polls) else frozenset(),
    )


def _paced(connection: Connection, lane: Lane, due: Due, now: int) -> Due:
    """As many of its requests as the pace allows, beginning elsewhere each time; the rest is due at once again."""
    kept: list[Poll] = []
    for source in ("poll", "log"):
        mine = [poll for poll in due.polls if poll.source == source]
        if not mine:
            continue
        first = (due.times - 1) * lane.per_second % len(mine)
        pace = LOGS_A_SECOND if source == "log" else lane.per_second
        granted, _ = take(connection, f"{due.provider} {source}", per_second=pace, wanted=len(mine), at=now)
        kept += [*mine[first:], *mine[:first]][:granted]
    if len(kept) == len(due.polls):
        return due
    return replace(due, polls=kept, times=due.times - (not kept), again_at=now, whole=False)


def _put(connection: Connection, asked: Sequence[Due], now: int) -> None:
    """Note when each may be asked about again; that there is nothing to ask is told at once."""
    rows = [
        {
            "attempt_id": one.attempt_id,
            "polls": one.times,
            "next_at": one.again_at,
            "told_at": now if one.whole and not one.polls else None,
        }
        for one in asked
    ]
    _ASKED.run_many(connection, rows)


async def send_polls(
    lanes: Mapping[str, Lane], privacy: Privacy, asked: Sequence[Due]
) -> list[tuple[Due, Poll, Exchange]]:
    """Send every request that is asked for, each once; what may not be kept is cut from the bodies."""

    async def one(due: Due, poll: Poll) -> tuple[Due, Poll, Exchange]:
        lane = lanes[due.provider]
        exchange = await lane.client.poll(poll.request)
        if not isinstance(exchange, Reply):
            return due, poll, exchange
        rule = by_phone(privacy, dict.fromkeys(due.numbers, due.country))
        body = _own(lane.provider, poll, exchange.body, due)
        return due, poll, Reply(exchange.status, exchange.headers, lane.provider.withhold(body, rule))

    return list(await asyncio.gather(*(one(due, poll) for due in asked for poll in due.polls)))


def _own(kind: Provider, poll: Poll, body: bytes, due: Due) -> bytes:
    """What of a reply is about this attempt: what tells of others is not ours to keep."""
    if not poll.shared:
        return body
    if not isinstance(kind, Traceable):
        return b""
    return kind.part(body, [Phone(number) for number in due.numbers], due.others)
