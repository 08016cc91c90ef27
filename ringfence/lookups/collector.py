"""Collecting what providers answer later: it is read, asked for again, and given up when its time is over.

Nothing is bought by what is sent here (`polling`). Whoever finds an answer first settles it; another who reads
the same finds it settled. When this happens is in `collect` and in the run that waits for its own answers.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from ringfence.config.sections import Privacy
from ringfence.lookups.asking import pollable
from ringfence.lookups.lane import Lane
from ringfence.lookups.polled import keep_polled
from ringfence.lookups.polling import LAST_PAUSE, due_polls, send_polls
from ringfence.lookups.replies import decided, read_attempt
from ringfence.money import progress
from ringfence.money.decide import decidable
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Await, Doubt, Move, apply, attempts, newest_reply
from ringfence.money.prepared import Prepared
from ringfence.money.schema import ATTEMPT, POLL, REPLY
from ringfence.money.sums import of_launch
from ringfence.providers.registry import provider

# Attempts that one transaction decides.
GROUP = 200
# Seconds after the last answer from which on a price that the log does not tell is the list price.
PRICE_WAIT = 60
# Where the log refuses to tell: polls after which, and longest pause between two, that price is given up too.
PRICE_POLLS, PRICE_PAUSE = 6, LAST_PAUSE + PRICE_WAIT
# Seconds between two looks while a run waits.
LOOK = 0.25
# What says whether an attempt is overdue.
OVERDUE = ("provider", "product", "reserved_at")
_SINCE = select(REPLY.c.attempt_id).where(REPLY.c.source != "response", REPLY.c.reply_id > bindparam("seen"))
# What is not decided, and replies came to it, or to that of which it is the residue.
_CAME = [
    Prepared(select(ATTEMPT.c.attempt_id, ATTEMPT.c.launch_id).where(decidable(), owner.in_(_SINCE)))
    for owner in (ATTEMPT.c.attempt_id, ATTEMPT.c.residue_of)
]
# What waits for its answer, of a launch or (NULL) of all.
_WAITS = (ATTEMPT.c.state == "awaiting") & (
    bindparam("launch").is_(None) | (ATTEMPT.c.launch_id == bindparam("launch"))
)
_WAITING = Prepared(select(ATTEMPT.c.provider, func.sum(ATTEMPT.c.numbers)).where(_WAITS).group_by(ATTEMPT.c.provider))
_AWAITED = Prepared(
    select(ATTEMPT.c.attempt_id, *(ATTEMPT.c[name] for name in OVERDUE), POLL.c.polls, POLL.c.told_at)
    .join(POLL, POLL.c.attempt_id == ATTEMPT.c.attempt_id, isouter=True)
    .where(_WAITS)
)
_ANSWERED = Prepared(
    select(func.max(REPLY.c.received_at)).where(REPLY.c.attempt_id == bindparam("attempt"), REPLY.c.source != "log")
)


@dataclass(slots=True)
class Collector:
    """Who collects, from whom, and of which launch (None: of all). `seen` is the newest reply that was looked at."""

    ledger: Ledger
    lanes: Mapping[str, Lane]
    privacy: Privacy
    who: str
    launch_id: str | None = None
    seen: int = 0

    async def look(self) -> int:
        """Read what came, ask what can be asked again, give up what is overdue; returns how many were decided."""
        made = await asyncio.to_thread(self._settle_what_came)
        asked = await asyncio.to_thread(due_polls, self.ledger, self.lanes, self.launch_id, GROUP)
        if asked:
            told = await send_polls(self.lanes, self.privacy, asked)
            await asyncio.to_thread(keep_polled, self.ledger, self.lanes, told)
            made += await asyncio.to_thread(self._settle_what_came)
        return made + await asyncio.to_thread(self._give_up)

    def waiting(self) -> dict[str, int]:
        """How many numbers wait for their answers, by provider."""
        with self.ledger.store.read() as connection:
            return dict(_WAITING.rows(connection, launch=self.launch_id))

    def _settle_what_came(self) -> int:
        """Settle what the replies that came since the last look suffice for."""
        with self.ledger.store.read() as connection:
            newest = newest_reply(connection)
            found = {
                attempt_id
                for undecided in _CAME
                for attempt_id, launch_id in undecided.rows(connection, seen=self.seen)
                if self.launch_id in (None, launch_id)
            }
        made = sum(self._decide(group, given_up=False) for group in _groups(sorted(found)))
        self.seen = newest
        return made

    def _give_up(self) -> int:
        """Decide what nothing more is waited for: its time is over, or its price alone is missing for long."""
        now = self.ledger.store.clock()
        with self.ledger.store.read() as connection:
            rows = _AWAITED.dicts(connection, launch=self.launch_id)
            over = [
                row["attempt_id"]
                for row in rows
                if self._in_vain(row, now) or _only_price_is_missing(connection, row, now)
            ]
        return sum(self._decide(group, given_up=True) for group in _groups(over))

    def _in_vain(self, row: Mapping[str, Any], now: int) -> bool:
        """Whether its time is over, and whoever can be asked about it has been since."""
        if not overdue(row, now):
            return False
        product = provider(row["provider"]).products[row["product"]]
        askable = row["provider"] in self.lanes and pollable(product)
        return not askable or (row["told_at"] or 0) >= row["reserved_at"] + product.patience * 1_000_000

    def _decide(self, attempt_ids: Sequence[str], *, given_up: bool) -> int:
        with self.ledger.store.read() as connection:
            rows = attempts(connection, attempt_ids)
            # Of what is in doubt already nothing is waited for: what is there settles.
            moves: list[Move] = [
                decided(connection, row, given_up=given_up or row["state"] == "in_doubt") for row in rows
            ]
        moves = [move for move in moves if given_up or not isinstance(move, Await | Doubt)]
        if not moves:
            return 0
        with self.ledger.store.write() as connection:
            return apply(connection, self.ledger, moves, self.who)


def overdue(attempt: Mapping[Any, Any], now: int) -> bool:
    """Whether an attempt (`OVERDUE`) waits for longer than its product's patience; without any, nothing is awaited."""
    patience = provider(attempt["provider"]).products[attempt["product"]].patience
    return patience > 0 and bool(attempt["reserved_at"] + patience * 1_000_000 <= now)


def _only_price_is_missing(connection: Connection, row: Mapping[str, Any], now: int) -> bool:
    """Whether every number is answered, and the price was asked for long enough after the last answer."""
    if not provider(row["provider"]).products[row["product"]].priced_late or not row["polls"]:
        return False
    since = _ANSWERED.value(connection, attempt=row["attempt_id"]) or 0
    told = (row["told_at"] or 0) >= since + PRICE_WAIT * 1_000_000
    refused = row["polls"] >= PRICE_POLLS and now >= since + PRICE_PAUSE * 1_000_000
    if not (told or refused):
        return False
    (attempt,) = attempts(connection, [row["attempt_id"]])
    return not read_attempt(connection, attempt).unanswered


def _groups(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), GROUP):
        yield ids[start : start + GROUP]


async def wait_for_answers(collector: Collector, launch_id: str, seconds: Mapping[str, int]) -> None:
    """Collect the answers of a launch until all are there, or each provider has had its seconds."""
    clock = asyncio.get_running_loop().time
    began = clock()
    shown: dict[str, int] = {}
    while waiting := await asyncio.to_thread(collector.waiting):
        if all(clock() - began >= seconds.get(name, 0) for name in waiting):
            return
        if waiting != shown:
            shown = waiting
            await asyncio.to_thread(_show, collector.ledger, launch_id)
        if not await collector.look():
            await asyncio.sleep(LOOK)


def _show(ledger: Ledger, launch_id: str) -> None:
    with ledger.store.write() as connection:
        spent, held = of_launch(connection, launch_id)
        at = ledger.store.clock()
        progress.put(connection, launch_id, at, phase="waiting", spent=spent, held=held)
