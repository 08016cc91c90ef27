"""The spend loop: the only module that sends a paid request.

Each turn is one durable transaction: store what came back, record what was decided about earlier replies, reserve and
mark sent what goes out next. Only after its commit does a byte leave. A reply is parsed after the commit that holds
it, so that no defect of a parser loses a paid answer.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from ringfence.http.exchange import Exchange, Reply
from ringfence.lookups import gates
from ringfence.lookups.desk import Desk
from ringfence.lookups.privacy import by_phone
from ringfence.money import balance, progress, switch
from ringfence.money.batch import Batch
from ringfence.money.moves import Doubt, Move, Stored, Void, apply, keep_replies
from ringfence.money.reserve import Reserved, fingerprint, reserve
from ringfence.numbers.phone import Phone
from ringfence.providers.provider import Ask, Provider
from ringfence.providers.refusal import dated

# Seconds after its reservation in which a request leaves, or it is made anew: a provider's log is searched around that
# moment, and what left much later would be taken for never charged.
STALE = 60
KEPT_HEADERS = frozenset({"date", "retry-after", "content-type"})


@dataclass(slots=True)
class Turn:
    """What a turn carries: replies to keep, decisions to record, and the requests that are out."""

    arrived: list[tuple[Reserved, Exchange]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    flying: dict[asyncio.Task[Exchange], Reserved] = field(default_factory=dict)
    commit: asyncio.Future[list[Reserved]] | None = None


async def spend(desk: Desk, batches: Iterable[Batch]) -> None:
    """Buy these batches, as far as budgets, providers and the run's own limits allow.

    However the run ends, what came back is stored first; a request that was out when the run was stopped is in doubt.
    """
    desk.queue.extend(batches)
    turn = Turn()
    try:
        while desk.queue or turn.flying or turn.arrived or turn.moves:
            # Shielded, and no task: a stop in the middle of a commit still knows what the commit reserved, also when
            # the loop itself was interrupted and cancels all tasks.
            loop = asyncio.get_running_loop()
            turn.commit = loop.run_in_executor(None, _commit, desk, turn, desk.next_batches())
            reserved = await asyncio.shield(turn.commit)
            turn.moves = [desk.judged(attempt, exchange) for attempt, exchange in turn.arrived]
            turn.arrived = []
            for attempt in reserved:
                if void := desk.held_back(attempt):
                    turn.moves.append(void)
                    continue
                desk.lanes[attempt.batch.provider].busy += 1
                turn.flying[asyncio.create_task(_send(desk, attempt))] = attempt
            turn.commit = None
            for task in await _landed(desk, turn):
                exchange = task.result()
                attempt = turn.flying.pop(task)
                desk.lanes[attempt.batch.provider].busy -= 1
                turn.arrived.append((attempt, exchange))
    finally:
        await _leave(desk, turn)


def _commit(desk: Desk, turn: Turn, chosen: list[Batch]) -> list[Reserved]:
    ledger, owner = desk.ledger, desk.owner
    with ledger.store.write() as connection:
        desk.before_turn(connection)
        keep_replies(connection, ledger, _stored(desk, turn.arrived))
        apply(connection, ledger, turn.moves, owner.worker_id)
        desk.notes.add(balance.note(connection, ledger.store.clock(), owner.worker_id, desk.balances))
        desk.balances.clear()
        gates.hear(desk, connection)
        allowed = desk.still_priced(desk.obeying(switch.stops(connection), chosen))
        for gate in (gates.owned, gates.healthy, gates.paced):
            allowed = gate(desk, connection, allowed)
        offered = desk.affording(allowed)
        reserved, refused = reserve(connection, ledger, owner, offered)
        gates.passed(desk, connection, allowed, reserved)
        desk.left += refused
        desk.entered(offered, reserved)
        progress.put(
            connection,
            owner.launch_id,
            ledger.store.clock(),
            phase="lookups",
            planned=desk.tally.planned,
            done=desk.tally.done,
            spent=desk.tally.spent,
            held=desk.tally.held,
            currency=desk.currency,
        )
    gates.forget_heard(desk)
    return reserved


def _stored(desk: Desk, arrived: Sequence[tuple[Reserved, Exchange]]) -> list[Stored]:
    return [
        Stored(
            attempt_id=attempt.attempt_id,
            source="response",
            status=exchange.status,
            headers=kept_headers(desk.lanes[attempt.batch.provider].provider, exchange.headers),
            body=exchange.body,
            complete=isinstance(exchange, Reply),
        )
        for attempt, exchange in arrived
        if exchange.status is not None or exchange.body
    ]


def kept_headers(kind: Provider, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a reply that are kept beside its body."""
    return {name: value for name, value in headers.items() if name in KEPT_HEADERS or name in kind.headers}


async def _send(desk: Desk, attempt: Reserved) -> Exchange:
    """Send one request, once. What may not be kept is cut from the body before anybody else sees it."""
    batch = attempt.batch
    lane = desk.lanes[batch.provider]
    numbers = list(attempt.numbers.values())
    if fingerprint(desk.ledger, batch, numbers) != attempt.fingerprint:
        raise AssertionError(f"attempt {attempt.attempt_id} would ask something else than it reserved")
    phones = [Phone(number) for number in numbers]
    callback_url = desk.callback_url(attempt)
    ask = Ask(batch.product, phones, batch.country, lane.base_url, lane.options, callback_url)
    request = lane.provider.request(ask)
    request.headers["X-Request-Id"] = attempt.attempt_id
    exchange = await lane.client.send(request, before_send=partial(_still_ours, desk, attempt))
    now = datetime.fromtimestamp(desk.ledger.store.clock() / 1_000_000, UTC)
    exchange = replace(exchange, headers=dated(exchange.headers, now))
    rule = by_phone(desk.privacy, dict.fromkeys(numbers, batch.country))
    return replace(exchange, body=lane.provider.withhold(exchange.body, rule))


def _still_ours(desk: Desk, attempt: Reserved) -> bool:
    """Whether a request may leave: its process has neither stood still since it was reserved nor lost its place."""
    if abs(desk.ledger.store.clock() - attempt.at) > STALE * 1_000_000:
        return False
    with desk.ledger.store.read() as connection:
        return desk.worker.may_buy(connection)


async def _landed(desk: Desk, turn: Turn) -> Iterable[asyncio.Task[Exchange]]:
    """Wait until there is something to do: a reply, a free place with a batch for it, or a pause that is over."""
    waits = (desk.lanes[name].wait_for(product) for name, product in desk.queue)
    pauses = [wait for wait in waits if wait is not None]
    if turn.moves and not turn.flying:
        pauses.append(0.0)
    pause = min(pauses, default=None)
    if turn.flying:
        done, _ = await asyncio.wait(turn.flying, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        return done
    if pause:
        await asyncio.sleep(pause)
    return ()


async def _leave(desk: Desk, turn: Turn) -> None:
    """End well whatever happened: keep what came back, void what never went out, and doubt the rest."""
    unsent: list[Reserved] = []
    if turn.commit:
        await asyncio.wait([turn.commit])
        if not turn.commit.cancelled() and not turn.commit.exception():
            out = {attempt.attempt_id for attempt in turn.flying.values()}
            turn.moves = []
            unsent = [each for each in turn.commit.result() if each.attempt_id not in out]
    if not (turn.flying or turn.arrived or turn.moves or unsent):
        return
    for task in turn.flying:
        task.cancel()
    results = await asyncio.gather(*turn.flying, return_exceptions=True)
    moves: list[Move] = [*turn.moves, *(Void(each.attempt_id, "never sent: the run was stopped") for each in unsent)]
    for attempt, result in zip(turn.flying.values(), results, strict=True):
        if isinstance(result, BaseException):
            moves.append(Doubt(attempt.attempt_id, "the run was stopped while the request was out"))
        else:
            turn.arrived.append((attempt, result))
    ledger = desk.ledger
    with ledger.store.write() as connection:
        keep_replies(connection, ledger, _stored(desk, turn.arrived))
        apply(connection, ledger, moves, desk.owner.worker_id)
    with ledger.store.write() as connection:
        late = [desk.judged(attempt, exchange) for attempt, exchange in turn.arrived]
        apply(connection, ledger, late, desk.owner.worker_id)
        gates.hear(desk, connection)
