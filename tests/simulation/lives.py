"""What processes do: the job that buys, the one that collects, and a person who decides.

What is due and the quote of it are written here, by the ledger alone; everything else is the product's.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from copy import copy

from sqlalchemy import select

from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lookups import buy as buying
from ringfence.lookups.buy import Order, open_for_spending, require_fit
from ringfence.lookups.collect import anything_to_collect, collect
from ringfence.lookups.lane import Lane
from ringfence.lookups.lanes import account_of
from ringfence.lookups.publish import publish_settled
from ringfence.lookups.recover import assume_billed, recover, too_old
from ringfence.money import approvals, quotes
from ringfence.money.amount import Money
from ringfence.money.ledger import settled_seq
from ringfence.money.quotes import Line, Quote
from ringfence.money.schema import ASKED, ATTEMPT, CLAIM
from ringfence.money.workers import working
from ringfence.providers.provider import Provider
from ringfence.providers.registry import provider
from tests.simulation.loop import OWNER
from tests.simulation.process import Process
from tests.simulation.script import WANTED, Birth
from tests.simulation.wire import Client


def enrich(process: Process, birth: Birth) -> None:
    """Quote what is due, and buy it: what job `enrich` does between extracting and merging."""
    world, ledger = process.world, process.ledger
    setup, lake, launch_id = world.setup(), world.lake(process), ledger.store.new_id()
    with working(ledger, launch_id) as worker:
        process.worker = worker
        recover(ledger)
        open_for_spending(setup, ledger)
        publish_settled(ledger, lake)
        quote = _quote(process, birth, launch_id)
        if birth.up_to is not None and quote.total and quote.total.amount:
            up_to = Money(quote.total.amount * birth.up_to // 1000, "EUR")
            approvals.approve(ledger, quote.quote_id, up_to, who="somebody", why="it is worth it")
        ceiling = None if birth.ceiling is None else Money(birth.ceiling, "EUR")
        try:
            buying.buy(setup, ledger, lake, worker, Order(launch_id, max_spend=ceiling))
        finally:
            publish_settled(ledger, lake)


def collecting(process: Process) -> None:
    """Read what came later, ask what can be asked, and count as spent what is in doubt for too long: job `collect`."""
    world, ledger = process.world, process.ledger
    setup, lake = world.setup(), world.lake(process)
    with working(ledger, ledger.store.new_id()) as worker:
        process.worker = worker
        recover(ledger)
        require_fit(setup, ledger)
        collect(setup, ledger, worker.worker_id)
        assume_billed(ledger, setup.config.in_doubt.assume_billed_after)
        publish_settled(ledger, lake)


def looking(process: Process) -> None:
    """Collect if there is anything for it: what the sensor does."""
    after = process.world.setup().config.in_doubt.assume_billed_after
    if anything_to_collect(process.ledger) or too_old(process.ledger, after):
        collecting(process)


def due(process: Process) -> list[str]:
    """The numbers that nobody has asked about yet, and nobody is asking about."""
    world = process.world
    with process.ledger.store.read() as connection:
        asked = set(connection.scalars(select(ASKED.c.subject_id).where(ASKED.c.asked_at > 0)))
        claimed = set(connection.scalars(select(CLAIM.c.subject_id)))
    return [number for number in world.script.numbers if world.subjects.get(number) not in asked | claimed]


def _quote(process: Process, birth: Birth, launch_id: str) -> Quote:
    """A quote of what is due, or of a part of it; each number from one of those who may be asked about it."""
    world, store, dice = process.world, process.ledger.store, process.world.dice
    # Before what is due is looked at, as in `make_quote`: what is settled meanwhile is newer than the quote.
    with store.read() as connection:
        seq = settled_seq(connection)
    chosen = [number for number in due(process) if birth.share == 1.0 or dice.random() < birth.share]
    world.subjects.update(quotes.subjects(process.ledger, chosen))
    alike: dict[tuple[str, str, int, str, str], list[int]] = {}
    for number in chosen:
        routes = world.script.routes[number]
        name, product, price, _ = dice.choice(routes) if world.wire.faulty and dice.random() < 0.3 else routes[0]
        key = (name, product, price, *world.script.numbers[number])
        alike.setdefault(key, []).append(world.subjects[number])
    lines = [
        Line(
            provider=name,
            product=product,
            country=country,
            source=source,
            facts=WANTED,
            unit_price=Money(world.price(product, price), "EUR"),
            subjects=tuple(subjects),
            ranks=tuple(range(len(subjects))),
        )
        for (name, product, price, country, source), subjects in alike.items()
    ]
    at = store.clock()
    quote = Quote(
        quote_id=store.new_id(),
        created_at=at,
        expires_at=at + quotes.DAY,
        ledger_seq=seq,
        launch_id=launch_id,
        summary={},
        lines=lines,
    )
    with store.write() as connection:
        quotes.save(connection, quote)
    return quote


@asynccontextmanager
async def lanes_of(setup: Setup, names: Iterable[str], key: bytes) -> AsyncIterator[dict[str, Lane]]:
    """The lanes of the process that asks, as `open_lanes` makes them, with a client that sends nothing anywhere."""
    process: Process = OWNER.get()
    lanes = {}
    for name in sorted(names):
        section = setup.config.providers[name]
        rates = [provider(name).products[product].rate for product in section.products]
        lanes[name] = Lane(
            provider=_watched(process, provider(name)),
            base_url=setup.base_url(name),
            account=account_of(setup, name, key),
            options=section.options(name),
            client=Client(process, name),  # type: ignore[arg-type]
            in_flight=section.in_flight,
            per_second=section.rate or min(rates),
            clock=process.world.loop.time,
        )
    yield lanes


def _watched(process: Process, kind: Provider) -> Provider:
    """The provider itself, with a point before a reply is parsed."""
    made = copy(kind)

    def parse(product: str, reply: object, asked: object) -> object:
        process.point("parse", rests=False)
        return kind.parse(product, reply, asked)  # type: ignore[arg-type]

    made.parse = parse  # type: ignore[method-assign,assignment]
    return made


def decided_by_somebody(process: Process) -> None:
    """Decide what is in doubt by the providers' own bills, where nothing of it is under way any more."""
    from ringfence.lookups.replies import answered
    from ringfence.money.decide import Decision, decide

    world = process.world
    with process.ledger.store.read() as connection:
        query = select(ATTEMPT.c.attempt_id, ATTEMPT.c.residue_of).where(ATTEMPT.c.state == "in_doubt")
        found = connection.execute(query.order_by(ATTEMPT.c.attempt_id)).all()
    for attempt_id, residue_of in found:
        if residue_of or attempt_id in world.wire.out:
            continue
        taken = next((one for one in world.vendors.bill if one.attempt_id == attempt_id), None)
        cost = taken.amount if taken else 0
        decision = (
            Decision(who="somebody", because="it is on the invoice", cost=Money(cost, "EUR"))
            if cost
            else Decision(who="somebody", because="it is not on the invoice", voided=True)
        )
        try:
            decide(process.ledger, attempt_id, decision, answered)
        except RingfenceError as error:
            # Somebody else was faster.
            if "already" not in str(error):
                raise
