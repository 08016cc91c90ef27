"""What holds a run's requests back in the reserving transaction, and what their replies tell every other process.

A gate takes the batches that were chosen and gives back those that may go on; the others return to the queue. The kill
switch and the run's own limit are the desk's.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from ringfence.lookups.desk import Desk
from ringfence.money import breaker, rate
from ringfence.money.batch import Batch
from ringfence.money.breaker import Breaker
from ringfence.money.reserve import Reserved

NOT_OURS = "this run has lost its lock file, so that another process may have taken over: start it again"
# Seconds that a run with nothing else to do waits for a provider: a little longer than a try of another run takes.
PATIENCE = 75
# Seconds between two looks at a breaker that is open: an answer to another process, or a person, may close it.
LOOK = 2.0


def owned(desk: Desk, connection: Connection, chosen: list[Batch]) -> list[Batch]:
    """All of them, or none when somebody else may have taken over from this worker: then the run ends."""
    if desk.worker.may_buy(connection):
        return chosen
    for lane in desk.lanes.values():
        lane.stop(NOT_OURS)
    desk.queue.put_back(chosen)
    return []


def healthy(desk: Desk, connection: Connection, chosen: list[Batch]) -> list[Batch]:
    """Leave out what an open breaker holds back; when it may be tried, one request goes on.

    A provider that refused the account since this run began is given up, with the same sentence.
    """
    at = desk.ledger.store.clock()
    shut = breaker.open_breakers(connection, at)
    if not shut:
        return chosen
    breaker.steady(connection, at)
    waits = _waits(desk, shut, {batch.provider for batch in chosen} | {name for name, _ in desk.queue}, at)
    in_vain = not any(lane.busy for lane in desk.lanes.values()) and min(waits.values(), default=0) > PATIENCE
    for name, wait in waits.items():
        if in_vain:
            desk.lanes[name].stop(shut[name].sentence)
        elif wait:
            desk.lanes[name].shut(min(wait, LOOK))
    kept: list[Batch] = []
    tried: set[str] = set()
    for batch in chosen:
        name = batch.provider
        if name not in shut or (waits.get(name) == 0 and name not in tried):
            kept.append(batch)
            tried.add(name)
    desk.queue.put_back(batch for batch in chosen if not any(batch is one for one in kept))
    return kept


def paced(desk: Desk, connection: Connection, chosen: list[Batch]) -> list[Batch]:
    """As many batches as the providers' rates allow now."""
    granted: list[Batch] = []
    back: list[Batch] = []
    at = desk.ledger.store.clock()
    for name, lane in desk.lanes.items():
        mine = [batch for batch in chosen if batch.provider == name]
        if not mine:
            continue
        count, wait = rate.take(connection, name, per_second=lane.per_second, wanted=len(mine), at=at, place=lane.place)
        granted += mine[:count]
        back += mine[count:]
        if count < len(mine):
            lane.wait(wait)
    desk.queue.put_back(back)
    return granted


def _waits(desk: Desk, shut: dict[str, Breaker], names: Iterable[str], at: int) -> dict[str, float]:
    """Seconds until each of these providers may be asked, 0 for now; without those that are given up."""
    waits = {}
    for name in names:
        lane, one = desk.lanes[name], shut.get(name)
        if one and one.refused and one.opened_at >= desk.began and not lane.stopped:
            lane.refused(one.why, None)
        if not lane.stopped:
            waits[name] = max(0.0, (one.retry_at - at) / breaker.SECOND) if one else 0.0
    return waits


def hear(desk: Desk, connection: Connection) -> None:
    """Tell every process what replies that were read since the last turn said of their providers' health."""
    at = desk.ledger.store.clock()
    for name, lane in desk.lanes.items():
        if lane.heard:
            breaker.hear(connection, at, name, lane.heard, desk.owner.worker_id)
            rate.hear(connection, name, per_second=lane.per_second, told=lane.heard, at=at)


def forget_heard(desk: Desk) -> None:
    """Forget what was told, when it has been committed."""
    for lane in desk.lanes.values():
        lane.heard.clear()


def passed(desk: Desk, connection: Connection, allowed: Sequence[Batch], reserved: Sequence[Reserved]) -> None:
    """Note what went through: who tries a provider behind an open breaker, and the tokens that nobody used.

    What another run has bought meanwhile takes none: the next batch goes at once, so that two runs share a list.
    """
    breaker.take_turns(connection, {each.batch.provider: each.at for each in reserved})
    used = Counter(each.batch.provider for each in reserved)
    for name, count in Counter(batch.provider for batch in allowed).items():
        if unused := count - used[name]:
            at = desk.ledger.store.clock()
            rate.give_back(connection, name, unused, at=at, place=desk.lanes[name].place)
            desk.lanes[name].go_on()
