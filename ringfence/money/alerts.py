"""What people are to be told of budgets: a share of a cap that is reached, and a pace that would end it too early.

A table keeps what was noted, so that each is told once for a window, whoever looks. Nobody is told anything here, and
nothing is held back: a cap does that by itself.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, insert, select, update

from ringfence.money.amount import Money
from ringfence.money.budget import Budget, matches, window_end
from ringfence.money.conversion import converted, counted
from ringfence.money.health import Use, using
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ALERT, ATTEMPT, COUNTER
from ringfence.money.states import OPEN

BURN = "burn"
_DAY = 86_400 * 1_000_000
# The part of a cap that must be used before its pace is looked at: one over this.
_PART = 4
# How far ahead the pace of a total is looked at, which has no end of its own.
_AHEAD = 7 * _DAY
_KEYS = select(ALERT.c.budget_id, ALERT.c.window_start, ALERT.c.currency, ALERT.c.kind)


@dataclass(frozen=True, slots=True)
class Alert:
    """A budget with what is used of it now, and what is to be told: a share in percent, or `BURN`.

    `at` is when it was noted, `reached_at` when the cap is reached at the present pace (None for a share), both in
    microseconds UTC.
    """

    use: Use
    kind: str
    at: int
    reached_at: int | None = None

    @property
    def key(self) -> dict[str, str]:
        """What it is told once for."""
        return {
            "budget_id": self.use.budget.budget_id,
            "window_start": self.use.window_start,
            "currency": self.use.cap.currency,
            "kind": self.kind,
        }


def crossed(uses: Sequence[Use], shares: Collection[int], at: int) -> list[Alert]:
    """The shares (percent) that are reached now."""
    return [Alert(use, str(share), at) for use in uses for share in sorted(shares) if use.has_reached(share)]


def burning(connection: Connection, uses: Sequence[Use], at: int, zone: ZoneInfo) -> list[Alert]:
    """The budgets whose cap is reached before their window ends, at the pace of the last 24 hours.

    The pace is what was reserved in that time and not given back: a whole day, so that the nights of a schedule count
    with its runs. Only a budget of which more than a quarter is used is looked at; a total, which has no end, a week
    ahead; and never a cap by quote, which is there to be reached.
    """
    worth = [
        use
        for use in uses
        if use.budget.window != "quote"
        and use.cap.amount < use.used.amount * _PART
        and use.used.amount < use.cap.amount
    ]
    if not worth:
        return []
    bought = list(_bought_since(connection, at - _DAY))
    found = []
    for use in worth:
        pace = sum(
            money.amount
            for (provider, country, source), money in bought
            if money.currency == use.cap.currency
            and matches(use.budget, provider=provider, country=country, source=source, consent="")
        )
        end = window_end(use.budget.window, at, zone) or at + _AHEAD
        if pace and (reached := at + -(-(use.cap.amount - use.used.amount) * _DAY // pace)) < end:
            found.append(Alert(use, BURN, at, reached))
    return found


def note(ledger: Ledger, zone: ZoneInfo, shares: Collection[int]) -> int:
    """Keep what is to be told and was not noted yet; returns how many."""
    at = ledger.store.clock()
    with ledger.store.read() as connection:
        uses = using(connection, at, zone)
        noted = {tuple(row) for row in connection.execute(_KEYS)}
        still = [use for use in uses if _key(Alert(use, BURN, at)) not in noted]
        found = [*crossed(uses, shares, at), *burning(connection, still, at, zone)]
    if all(_key(alert) in noted for alert in found):
        return 0
    with ledger.store.write() as connection:
        noted = {tuple(row) for row in connection.execute(_KEYS)}
        new = [{**alert.key, "at": at} for alert in found if _key(alert) not in noted]
        if new:
            connection.execute(insert(ALERT), new)
    return len(new)


def untold(ledger: Ledger, zone: ZoneInfo) -> list[Alert]:
    """What was noted and not told yet, the oldest first, with what is used of it by now.

    A share of a window that has ended since is told too; a budget that is gone, or a pace that is none any more, is
    not.
    """
    at = ledger.store.clock()
    query = select(ALERT).where(ALERT.c.told_at.is_(None)).order_by(ALERT.c.at, ALERT.c.kind)
    found = []
    with ledger.store.read() as connection:
        rows = connection.execute(query).all()
        present = {(use.budget.budget_id, use.window_start): use for use in using(connection, at, zone)} if rows else {}
        limits = {use.budget.budget_id: use.budget for use in present.values()}
        for row in rows:
            use = present.get((row.budget_id, row.window_start))
            if use is None and row.budget_id in limits and row.kind != BURN:
                use = _ended(connection, limits[row.budget_id], row.window_start)
            if use is None or use.cap.currency != row.currency:
                continue
            if row.kind != BURN:
                found.append(Alert(use, row.kind, row.at))
            elif again := burning(connection, [use], at, zone):
                found.append(Alert(use, BURN, row.at, again[0].reached_at))
    return found


def told(ledger: Ledger, alert: Alert) -> None:
    """Take note that somebody was told, durably."""
    with ledger.store.write() as connection:
        connection.execute(update(ALERT).filter_by(**alert.key).values(told_at=ledger.store.clock()))


def _key(alert: Alert) -> tuple[str, ...]:
    return tuple(alert.key.values())


def _ended(connection: Connection, budget: Budget, window_start: str) -> Use | None:
    """A window of the past, as its counter has it."""
    wanted = {"budget_id": budget.budget_id, "window_start": window_start, "currency": budget.cap.currency}
    row = connection.execute(select(COUNTER).filter_by(**wanted)).one_or_none()
    return Use(budget, window_start, Money(row.held + row.spent, budget.cap.currency)) if row else None


def _bought_since(connection: Connection, since: int) -> Iterator[tuple[tuple[str, str, str], Money]]:
    """What was reserved since a moment and is held or spent, by provider, country and source, as budgets count it."""
    scope = (ATTEMPT.c.provider, ATTEMPT.c.country, ATTEMPT.c.source)
    billed = (ATTEMPT.c.currency, ATTEMPT.c.rate)
    amount = func.sum(case((ATTEMPT.c.state.in_(OPEN), ATTEMPT.c.held), else_=ATTEMPT.c.actual))
    recent = (ATTEMPT.c.reserved_at > since, ATTEMPT.c.origin.is_(None))
    query = select(*scope, *billed, amount.label("amount")).where(*recent).group_by(*scope, *billed)
    for row in connection.execute(query):
        money = Money(converted(row.amount, row.rate), counted(row.currency, row.rate))
        yield (row.provider, row.country, row.source), money
