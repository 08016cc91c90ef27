"""What polls told: kept as it came, and when it is asked again. What it means is read in `answers`."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, literal, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.http.exchange import Exchange, Reply
from ringfence.lookups import polling
from ringfence.lookups.asking import asks, decided_free
from ringfence.lookups.lane import Lane
from ringfence.lookups.polling import Due
from ringfence.lookups.spend import kept_headers
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Stored, attempts, keep_replies
from ringfence.money.schema import ATTEMPT, POLL
from ringfence.providers.collectable import Poll
from ringfence.providers.refusal import retry_after

# Statuses with which a vendor refuses to be asked at all now: that tells nothing of the attempt.
_REFUSED = frozenset({401, 402, 403, 429})


def keep_polled(ledger: Ledger, lanes: Mapping[str, Lane], told: Sequence[tuple[Due, Poll, Exchange]]) -> None:
    """Store the replies; a vendor that refuses to be asked is left alone for a while."""
    stored: list[Stored] = []
    refused: dict[str, float] = {}
    whole = {due.attempt_id for due, _, _ in told if due.whole}
    for due, poll, exchange in told:
        if not isinstance(exchange, Reply):
            whole.discard(due.attempt_id)
            continue
        if exchange.status in _REFUSED:
            pause = retry_after(exchange.headers) or polling.LAST_PAUSE
            refused[due.attempt_id] = max(pause, refused.get(due.attempt_id, 0.0))
            whole.discard(due.attempt_id)
            continue
        stored.append(
            Stored(
                attempt_id=due.attempt_id,
                source=poll.source,
                status=exchange.status,
                headers=kept_headers(lanes[due.provider].provider, exchange.headers),
                body=exchange.body,
                complete=True,
                ref=poll.ref,
            )
        )
    with ledger.store.write() as connection:
        keep_replies(connection, ledger, stored)
        connection.execute(POLL.update().where(POLL.c.attempt_id.in_(whole)).values(told_at=ledger.store.clock()))
        now = ledger.store.clock()
        again = {attempt_id: now + int(pause * 1_000_000) for attempt_id, pause in refused.items()}
        again |= dict.fromkeys(_opened(connection, lanes, told, now) - again.keys(), now)
        for attempt_id, next_at in again.items():
            connection.execute(POLL.update().where(POLL.c.attempt_id == attempt_id).values(next_at=next_at))


def _opened(
    connection: Connection, lanes: Mapping[str, Lane], told: Sequence[tuple[Due, Poll, Exchange]], now: int
) -> set[str]:
    """The attempts of which a full page was told: it opens others, which are asked for at once."""
    shared = {due.attempt_id for due, poll, exchange in told if poll.shared and isinstance(exchange, Reply)}
    found = set()
    for row in attempts(connection, sorted(shared)):
        lane = lanes[row["provider"]]
        if asks(connection, lane.provider, lane.base_url, lane.options, row, now, lane.account).new:
            found.add(row["attempt_id"])
    return found


def put_off(ledger: Ledger, names: Iterable[str]) -> None:
    """Leave what is in doubt, or decided, at these providers alone for a while: they cannot be asked now."""
    again_at = literal(ledger.store.clock() + polling.DOUBTFUL_PAUSE * 1_000_000)
    doubts = select(ATTEMPT.c.attempt_id, literal(0), again_at)
    doubts = doubts.where((ATTEMPT.c.state == "in_doubt") | decided_free(), ATTEMPT.c.provider.in_(list(names)))
    put = insert(POLL).from_select(["attempt_id", "polls", "next_at"], doubts)
    put = put.on_conflict_do_update(index_elements=["attempt_id"], set_={"next_at": put.excluded.next_at})
    with ledger.store.write() as connection:
        connection.execute(put)
