"""The fixed fees of providers by month, from the rate card and the ledger's first purchase at each. It only reads.

A fee is no request: it counts against no budget and needs no approval, and is shown beside what was spent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from ringfence.config.environment import Setup
from ringfence.money.amount import Money
from ringfence.money.conversion import cost
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT


@dataclass(frozen=True, slots=True)
class Fee:
    """The fee of a provider for a month, counted from a day of it on.

    `reporting` is the fee in the configured currency at that day's rate; None where no rate holds.
    """

    provider: str
    month: str
    since: date
    amount: Money
    reporting: Money | None


def fees(setup: Setup, ledger: Ledger) -> list[Fee]:
    """The fees of every configured provider up to now, the oldest first; raises ConfigError.

    A month costs its fee whole, from the month of the first purchase on, if the fee held on any day of it since then;
    where two did, the later one.
    """
    today = setup.day(ledger.store.clock())
    query = select(ATTEMPT.c.provider, func.min(ATTEMPT.c.reserved_at)).where(
        ATTEMPT.c.state != "voided", ATTEMPT.c.origin.is_(None)
    )
    with ledger.store.read() as connection:
        begun = dict(connection.execute(query.group_by(ATTEMPT.c.provider)).tuples().all())
    found = [
        fee
        for name in setup.config.providers
        if name in begun
        for fee in _of_provider(setup, name, setup.day(begun[name]), today)
    ]
    return sorted(found, key=lambda fee: (fee.month, fee.provider))


def _of_provider(setup: Setup, name: str, first: date, today: date) -> Iterator[Fee]:
    rows = setup.rates.fees(name)
    for begin, end in _months(first, today):
        held = [row for row in rows if row.valid_from <= end and (row.valid_to or date.max) >= begin]
        if not held:
            continue
        row = held[-1]
        since, own = max(begin, row.valid_from), row.price.currency == setup.config.currency
        rate = None if own else setup.rates.rate(row.price.currency, since)
        reporting = cost(row.price, rate) if own or rate else None
        yield Fee(name, f"{begin:%Y-%m}", since, row.price, reporting)


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Each month between two days, as the first and the last day of it that lie between them."""
    begin = first
    while begin <= last:
        following = (begin.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield begin, min(last, following - timedelta(days=1))
        begin = following
