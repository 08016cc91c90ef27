"""What a launch may buy: which quotes cover it, which of their numbers it is about, and what of them is not bought."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ringfence.errors import QuoteError
from ringfence.lookups.onward import Course, Covered
from ringfence.lookups.plan import narrowed_to, outdated, rounds
from ringfence.lookups.replies import numbers_of
from ringfence.money import approvals, deferrals, quotes
from ringfence.money.amount import Money
from ringfence.money.batch import Refused
from ringfence.money.budget import UNATTENDED, approval_id
from ringfence.money.ledger import Ledger
from ringfence.money.quotes import Quote
from ringfence.money.still_due import still_due


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


def covered(ledger: Ledger, order: Order, chosen: Sequence[tuple[Quote, str]]) -> list[Covered]:
    """What of each quote this run is about."""
    only = _only(ledger, order, [quote for quote, _ in chosen])
    return [
        Covered(quote, consent, rounds(quote.lines if only is None else narrowed_to(quote.lines, only)))
        for quote, consent in chosen
    ]


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


def chosen_quotes(ledger: Ledger, order: Order) -> list[tuple[Quote, str]]:
    """The quotes to buy, each with the consent that covers it."""
    at = ledger.store.clock()
    with ledger.store.read() as connection:
        if order.quote_id:
            quote = quotes.load(connection, order.quote_id)
            if quote.expires_at <= at:
                raise QuoteError(f"quote {order.quote_id} has expired; make a new one with: ringfence quote")
            return [(quote, approval_id(quote.quote_id))]
        approved = approvals.approved(connection, at)
        own = quotes.of_launch(connection, order.launch_id)
        chosen = [(quotes.load(connection, each), approval_id(each)) for each in approved]
        if own and own not in approved:
            chosen.append((quotes.load(connection, own), UNATTENDED))
    return chosen


def waiting(ledger: Ledger, course: Course) -> list[Refused]:
    """What is still due of lines that are outdated; the rest was bought meanwhile under another quote."""
    stale = [
        each
        for one in course.covered
        for each in outdated(
            course.market, one.quote, [line for lines in one.rounds for line in lines if not line.step]
        )
    ]
    with ledger.store.read() as connection:
        found = still_due(connection, [batch for batch, _ in stale], ())
        return [
            Refused(batch.quote_id, tuple(due), "awaiting_approval", why)
            for (batch, due), (_, why) in zip(found, stale, strict=True)
            if due
        ]


def routeless(ledger: Ledger, order: Order, chosen: Sequence[tuple[Quote, str]]) -> list[Refused]:
    """What this run's own quote found due and no product for; that of an earlier one may not hold any more."""
    own = [each for each in chosen if each[0].launch_id == order.launch_id] or chosen
    with ledger.store.read() as connection:
        return [
            Refused(quote.quote_id, tuple(subjects), "no_route", reason)
            for quote, _ in own
            for reason, subjects in deferrals.deferred(connection, quote.quote_id, "no_route")
        ]
