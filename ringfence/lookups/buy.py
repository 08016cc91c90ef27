"""Buying what is approved: from quotes to settled lookups. The requests themselves are sent by `spend`."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.errors import ConfigError, LedgerError, MoneyError
from ringfence.lake.tables import Lake, state_of
from ringfence.lookups import interruptible
from ringfence.lookups.collector import Collector, wait_for_answers
from ringfence.lookups.desk import Desk
from ringfence.lookups.lanes import open_lanes
from ringfence.lookups.meanwhile import meanwhile
from ringfence.lookups.onward import Course
from ringfence.lookups.order import Order, chosen_quotes, covered, routeless, waiting
from ringfence.lookups.outcome import Bought, bought, record
from ringfence.lookups.plan import limits_of, why_outdated
from ringfence.lookups.routes import Market
from ringfence.lookups.spend import spend
from ringfence.money.batch import Batch
from ringfence.money.budget import sync
from ringfence.money.ledger import Ledger, refuse_to_spend
from ringfence.money.reserve import Owner
from ringfence.money.workers import Worker

__all__ = ["Order", "buy", "open_for_spending", "require_fit", "unfit"]


def require_fit(setup: Setup, ledger: Ledger) -> None:
    """Raise LedgerError when the ledger is not that of the lake and the mode, or has forgotten purchases."""
    if refusal := unfit(setup, ledger):
        raise LedgerError(refusal)


def unfit(setup: Setup, ledger: Ledger) -> str | None:
    """Why nothing may be bought from this ledger, nor decided in it; None when it may."""
    owner, seq = state_of(setup.home)
    return refuse_to_spend(ledger, mode=setup.config.mode, lake_ledger_id=owner, lake_seq=seq)


def open_for_spending(setup: Setup, ledger: Ledger) -> None:
    """Make the ledger's budgets those of the file as it is now; raises LedgerError when nothing may be spent."""
    require_fit(setup, ledger)
    with ledger.store.write() as connection:
        _take_over(connection, setup, ledger)


def _take_over(connection: Connection, setup: Setup, ledger: Ledger) -> None:
    """Make the budgets those of the file as it is now: a cap may have been lowered meanwhile.

    While the file cannot be read they stay as they are: what this run began with may be what was lowered since.
    """
    try:
        config = environment.load(setup.path).config
    except (OSError, ConfigError):
        return
    sync(connection, limits_of(config), ledger.store.clock(), "configuration")


def buy(setup: Setup, ledger: Ledger, lake: Lake, worker: Worker, order: Order) -> Bought:
    """Buy what is approved: open quotes first, oldest approval first, then this launch's own quote."""
    open_for_spending(setup, ledger)
    chosen = chosen_quotes(ledger, order)
    market = Market.of(setup, ledger.store.clock())
    course = Course(setup, ledger, lake, market, covered(ledger, order, chosen))
    desk = Desk(
        ledger=ledger,
        owner=Owner(worker.worker_id, order.launch_id, setup.config.zone),
        worker=worker,
        lanes={},
        privacy=setup.config.privacy,
        currency=setup.config.currency,
        before_turn=_budgets_follow(setup, ledger),
        priced=_days_pass(setup, ledger, market),
        callbacks=setup.callbacks_url,
        left=[*routeless(ledger, order, chosen), *waiting(ledger, course)],
    )
    try:
        begin, affordable = _first(course, desk)
        desk.max_spend = _ceiling(order, affordable)
        if affordable:
            interruptible.run(_run(course, desk, begin, affordable, order.tell))
    finally:
        mine = [quote.quote_id for quote, _ in chosen if not order.narrowed or quote.launch_id == order.launch_id]
        record(ledger, order.launch_id, mine, course.unbought(desk), desk.notes, quoted=course.planned)
    refused = "; ".join(dict.fromkeys(why for lane in desk.lanes.values() for why in lane.refusals))
    return replace(bought(ledger, order.launch_id), refused=refused)


def _first(course: Course, desk: Desk) -> tuple[int, list[Batch]]:
    """The first round of which anything may be bought: an earlier run may have come to a later one already."""
    for number in range(len(course)):
        if affordable := course.affordable(number, desk):
            return number, affordable
        course.ended(desk)
    return 0, []


def _ceiling(order: Order, affordable: Sequence[Batch]) -> int | None:
    if order.max_spend is None:
        return None
    for currency in {batch.cost.currency for batch in affordable} - {order.max_spend.currency}:
        raise MoneyError(f"max_spend of {order.max_spend} cannot be compared with prices in {currency}: no rate")
    return order.max_spend.amount


async def _run(
    course: Course, desk: Desk, number: int, affordable: Sequence[Batch], tell: Callable[[str], None] | None
) -> None:
    """Buy round by round, from this one on, whose batches are given."""
    async with open_lanes(course.setup, course.providers, course.ledger.key) as lanes:
        desk.lanes = lanes
        desk.owner.accounts = {name: lane.account for name, lane in lanes.items()}
        async with meanwhile(course.setup, desk, course.lake, tell):
            await spend(desk, affordable)
            await _answers(course.setup, desk)
            for later in range(number + 1, len(course)):
                course.ended(desk)
                await spend(desk, await asyncio.to_thread(course.affordable, later, desk))
                await _answers(course.setup, desk)


async def _answers(setup: Setup, desk: Desk) -> None:
    """Wait for what was accepted in this run and is answered later, as long as each provider's `wait`."""
    launch_id = desk.owner.launch_id
    collector = Collector(desk.ledger, desk.lanes, setup.config.privacy, desk.owner.worker_id, launch_id)
    await wait_for_answers(collector, launch_id, {name: setup.config.providers[name].wait for name in desk.lanes})


def _budgets_follow(setup: Setup, ledger: Ledger) -> Callable[[Connection], None]:
    """Take over caps that are changed in the file while the run goes on."""
    seen: int | None = None

    def follow(connection: Connection) -> None:
        nonlocal seen
        try:
            now = setup.path.stat().st_mtime_ns
        except OSError:
            return
        if now != seen:
            seen = now
            _take_over(connection, setup, ledger)

    return follow


def _days_pass(setup: Setup, ledger: Ledger, began: Market) -> Callable[[Batch], Batch | str]:
    """Batches as they are priced when a day has ended in the midst of a run: prices and rates are of days."""

    def priced(batch: Batch) -> Batch | str:
        today = setup.day(ledger.store.clock())
        if today == began.on:
            return batch
        market = replace(began, on=today)
        listed = market.listed(batch.provider, batch.product, batch.country)
        return why_outdated(market, batch) or replace(batch, rate=listed.rate)

    return priced
