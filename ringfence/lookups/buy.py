"""Buying what is approved: from quotes to settled lookups. The requests themselves are sent by `spend`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.errors import ConfigError, LedgerError, MoneyError, QuoteError
from ringfence.lake.tables import Lake, state_of
from ringfence.lookups import interruptible
from ringfence.lookups.desk import Desk
from ringfence.lookups.lanes import open_lanes
from ringfence.lookups.meanwhile import meanwhile
from ringfence.lookups.outcome import Bought, bought, record
from ringfence.lookups.plan import limits_of, outdated, plan, preview
from ringfence.lookups.replies import numbers_of
from ringfence.lookups.routes import Market
from ringfence.lookups.spend import spend
from ringfence.money import quotes
from ringfence.money.amount import Money
from ringfence.money.batch import Batch, Refused
from ringfence.money.budget import UNATTENDED, approval_id, sync
from ringfence.money.ledger import Ledger, refuse_to_spend
from ringfence.money.quotes import Quote
from ringfence.money.reserve import Owner
from ringfence.money.still_due import still_due
from ringfence.money.workers import Worker


@dataclass(frozen=True, slots=True)
class Order:
    """What a launch may buy: everything approved, one quote, or with `narrowed` just the numbers it has quoted itself.

    `max_spend` and `buckets` only narrow. `tell` is given a line about the progress now and then.
    """

    launch_id: str
    quote_id: str | None = None
    max_spend: Money | None = None
    buckets: frozenset[int] | None = None
    narrowed: bool = False
    tell: Callable[[str], None] | None = None


def require_fit(setup: Setup, ledger: Ledger) -> None:
    """Raise LedgerError when the ledger is not that of the lake and the mode, or has forgotten purchases."""
    owner, seq = state_of(setup.home)
    refusal = refuse_to_spend(ledger, mode=setup.config.mode, lake_ledger_id=owner, lake_seq=seq)
    if refusal:
        raise LedgerError(refusal)


def open_for_spending(setup: Setup, ledger: Ledger) -> None:
    """Make the ledger's budgets those of the file as it is now; raises LedgerError when nothing may be spent."""
    require_fit(setup, ledger)
    with ledger.store.write() as connection:
        sync(connection, limits_of(_as_it_is_now(setup)), ledger.store.clock(), "configuration")


def _as_it_is_now(setup: Setup) -> Config:
    """The configuration of this moment: a cap may have been lowered meanwhile. A broken file changes nothing."""
    try:
        return environment.load(setup.path).config
    except (OSError, ConfigError):
        return setup.config


def buy(setup: Setup, ledger: Ledger, lake: Lake, worker: Worker, order: Order) -> Bought:
    """Buy what is approved: open quotes first, oldest approval first, then this launch's own quote."""
    open_for_spending(setup, ledger)
    chosen = _quotes(ledger, order)
    market = Market.of(setup, ledger.store.clock())
    only = _only(ledger, order, [quote for quote, _ in chosen])
    planned = [batch for quote, consent in chosen for batch in plan(market, quote, consent, only)]
    affordable, short = preview(setup.config, ledger, planned)
    stale = [each for quote, _ in chosen for each in outdated(market, quote, only)]
    left = [*_routeless(ledger, chosen), *_waiting(ledger, stale), *short]
    desk = Desk(
        ledger=ledger,
        owner=Owner(worker.worker_id, order.launch_id, setup.config.zone),
        worker=worker,
        lanes={},
        privacy=setup.config.privacy,
        currency=affordable[0].unit_price.currency if affordable else setup.config.currency,
        max_spend=_ceiling(order, affordable),
        before_turn=_budgets_follow(setup, ledger),
        callbacks=setup.config.callbacks.public_url,
        left=left,
    )
    try:
        if affordable:
            desk.tally.planned = sum(len(batch.subjects) for batch in affordable)
            interruptible.run(_run(setup, desk, lake, affordable, order.tell))
    finally:
        mine = [quote.quote_id for quote, _ in chosen if not order.narrowed or quote.launch_id == order.launch_id]
        record(ledger, order.launch_id, mine, desk.unbought(), quoted=bool(planned))
    refused = "; ".join(dict.fromkeys(why for lane in desk.lanes.values() for why in lane.refusals))
    return replace(bought(ledger, order.launch_id), refused=refused)


def _ceiling(order: Order, affordable: Sequence[Batch]) -> int | None:
    if order.max_spend is None:
        return None
    for currency in {batch.unit_price.currency for batch in affordable} - {order.max_spend.currency}:
        raise MoneyError(f"max_spend of {order.max_spend} cannot be compared with prices in {currency}: no rate")
    return order.max_spend.amount


def _only(ledger: Ledger, order: Order, chosen: Sequence[Quote]) -> set[int] | None:
    """The subjects that a narrowed order is about, None for all: those that it has quoted, in its buckets.

    An earlier approval still covers them; it is not the business of this run beyond them.
    """
    own = [quote for quote in chosen if not order.narrowed or quote.launch_id == order.launch_id]
    subjects = {subject for quote in own for line in quote.lines for subject in line.subjects}
    if order.buckets is None:
        return subjects if order.narrowed else None
    with ledger.store.read() as connection:
        numbers = numbers_of(connection, sorted(subjects))
    return {subject for subject, number in numbers.items() if ledger.bucket(number) in order.buckets}


def _quotes(ledger: Ledger, order: Order) -> list[tuple[Quote, str]]:
    """The quotes to buy, each with the consent that covers it."""
    at = ledger.store.clock()
    with ledger.store.read() as connection:
        if order.quote_id:
            quote = quotes.load(connection, order.quote_id)
            if quote.expires_at <= at:
                raise QuoteError(f"quote {order.quote_id} has expired; make a new one with: ringfence quote")
            return [(quote, approval_id(quote.quote_id))]
        approved = quotes.approved(connection, at)
        own = quotes.of_launch(connection, order.launch_id)
        chosen = [(quotes.load(connection, each), approval_id(each)) for each in approved]
        if own and own not in approved:
            chosen.append((quotes.load(connection, own), UNATTENDED))
    return chosen


def _waiting(ledger: Ledger, stale: Sequence[tuple[Batch, str]]) -> list[Refused]:
    """What is still due of lines that are outdated; the rest was bought meanwhile under another quote."""
    with ledger.store.read() as connection:
        found = still_due(connection, [batch for batch, _ in stale], ())
        return [
            Refused(batch.quote_id, tuple(due), "awaiting_approval", why)
            for (batch, due), (_, why) in zip(found, stale, strict=True)
            if due
        ]


def _routeless(ledger: Ledger, chosen: Sequence[tuple[Quote, str]]) -> list[Refused]:
    """What the quotes found due and no product for."""
    with ledger.store.read() as connection:
        return [
            Refused(quote.quote_id, tuple(subjects), "no_route", reason)
            for quote, _ in chosen
            for reason, subjects in quotes.deferred(connection, quote.quote_id, "no_route")
        ]


async def _run(
    setup: Setup, desk: Desk, lake: Lake, affordable: Sequence[Batch], tell: Callable[[str], None] | None
) -> None:
    async with open_lanes(setup, {batch.provider for batch in affordable}) as lanes:
        desk.lanes = lanes
        async with meanwhile(desk, lake, tell):
            await spend(desk, affordable)


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
            sync(connection, limits_of(_as_it_is_now(setup)), ledger.store.clock(), "configuration")

    return follow
