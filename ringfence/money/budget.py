"""Budgets: which caps a purchase must pass, and the calendar window that it counts in. No attempts here.

A budget is a limit, not consent: a purchase also needs a consent budget, which is either the approval of its quote or
the allowance that may be spent a day unattended. All of them are rows of one table and are counted alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from ringfence.money.amount import Money
from ringfence.money.ledger import write_journal
from ringfence.money.prepared import Prepared
from ringfence.money.schema import ALERT, APPROVAL, BUDGET, COUNTER

UNATTENDED = "unattended"
# The windows that begin anew by the calendar of a time zone.
CALENDAR = ("day", "month")
_EXPIRED = Prepared(select(APPROVAL.c.quote_id).where(APPROVAL.c.expires_at <= bindparam("at")))
_ACTIVE = Prepared(select(BUDGET).where(BUDGET.c.active == 1).order_by(BUDGET.c.budget_id))


@dataclass(frozen=True, slots=True)
class Budget:
    """A cap over a window (day, month, total, quote); None in a scope matches everything.

    `changed_at` is when the ledger took it over, in microseconds.
    """

    budget_id: str
    window: str
    cap: Money
    provider: str | None = None
    country: str | None = None
    source: str | None = None
    changed_at: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """Window and scope for people: "month", "day (provider vonage)"."""
        scopes = {"provider": self.provider, "country": self.country, "source": self.source}
        narrowed = ", ".join(f"{name} {value}" for name, value in scopes.items() if value)
        return f"{self.window} ({narrowed})" if narrowed else self.window

    @property
    def is_ceiling(self) -> bool:
        """Whether this is the kind of cap without which nothing may be bought at all."""
        return self.window in ("month", "total") and not (self.scoped or self.is_consent)

    @property
    def scoped(self) -> bool:
        """Whether it covers only some purchases."""
        return bool(self.provider or self.country or self.source)

    @property
    def is_consent(self) -> bool:
        """Whether it is somebody's approval rather than a limit."""
        return self.budget_id == UNATTENDED or self.budget_id.startswith("approval:")


def limit(window: str, cap: Money, provider: str | None, country: str | None, source: str | None) -> Budget:
    """A limit of the configuration; its id names window and scope, so that it keeps its counters when the cap moves."""
    scopes = [
        f"{name}={value}"
        for name, value in zip(("provider", "country", "source"), (provider, country, source), strict=True)
        if value
    ]
    return Budget("/".join(["limit", window, *scopes]), window, cap, provider, country, source)


def approval_id(quote_id: str) -> str:
    """The id of the consent budget that an approval of this quote is."""
    return f"approval:{quote_id}"


def matches(budget: Budget, *, provider: str, country: str, source: str, consent: str) -> bool:
    """Whether a purchase counts in this budget."""
    if budget.is_consent:
        return budget.budget_id == consent
    return budget.provider in (None, provider) and budget.country in (None, country) and budget.source in (None, source)


def window_start(window: str, at: int, zone: ZoneInfo, quote_id: str) -> str:
    """The window that a moment (microseconds UTC) falls in: a local calendar date, the quote, or '' for total."""
    if window not in CALENDAR:
        return quote_id if window == "quote" else ""
    day = datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(zone).date().isoformat()
    return day if window == "day" else day[: len("2026-01")]


def window_end(window: str, at: int, zone: ZoneInfo) -> int | None:
    """When the window of a moment ends and the next begins (microseconds UTC); None for one without a calendar.

    A midnight that a change of the clock leaves out is the moment of that change.
    """
    if window not in CALENDAR:
        return None
    day = datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(zone).date()
    after = day + timedelta(days=1) if window == "day" else (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return int(datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()) * 1_000_000


def sync(connection: Connection, limits: Sequence[Budget], at: int, who: str) -> None:
    """Make the limits and the unattended allowance in the ledger those of the configuration; changes are journalled.

    The counters of a limit that goes are closed: if it comes back, it counts anew all that was bought in its window.
    """
    found = active(connection, at)
    before = {budget.budget_id: budget for budget in found if not budget.budget_id.startswith("approval:")}
    for budget in limits:
        old = before.pop(budget.budget_id, None)
        if old != budget:
            put(connection, budget, at, who)
        if old and old.cap.amount < budget.cap.amount:
            # What was told of the lower cap is to be told of this one too.
            connection.execute(delete(ALERT).where(ALERT.c.budget_id == budget.budget_id))
    for gone in before.values():
        connection.execute(update(BUDGET).where(BUDGET.c.budget_id == gone.budget_id).values(active=0, changed_at=at))
        closed = COUNTER.c.window_start + f" until {at}"
        connection.execute(update(COUNTER).where(COUNTER.c.budget_id == gone.budget_id).values(window_start=closed))
        write_journal(connection, at, "budget_removed", who=who, why=f"{gone.budget_id} {gone.cap}")


def put(connection: Connection, budget: Budget, at: int, who: str) -> None:
    """Add a budget, or change its cap."""
    values = {
        "window": budget.window,
        "provider": budget.provider,
        "country": budget.country,
        "source": budget.source,
        "cap": budget.cap.amount,
        "currency": budget.cap.currency,
        "active": 1,
        "changed_at": at,
    }
    changed = connection.execute(update(BUDGET).where(BUDGET.c.budget_id == budget.budget_id).values(values))
    if not changed.rowcount:
        connection.execute(insert(BUDGET), [{"budget_id": budget.budget_id, **values}])
    write_journal(connection, at, "budget_set", who=who, why=f"{budget.budget_id} {budget.cap}")


def active(connection: Connection, at: int) -> list[Budget]:
    """Every budget in force at a moment, by id: an approval ends with its quote, also in the midst of a run."""
    ended = {approval_id(quote_id) for (quote_id,) in _EXPIRED.rows(connection, at=at)}
    rows = [row for row in _ACTIVE.dicts(connection) if row["budget_id"] not in ended]
    return [
        Budget(
            row["budget_id"],
            row["window"],
            Money(row["cap"], row["currency"]),
            row["provider"],
            row["country"],
            row["source"],
            row["changed_at"],
        )
        for row in rows
    ]
