"""How much room the budgets leave: the one place that compares a purchase with caps. It writes only new counters.

Used by the reserving transaction, and by a quote that wants to know what would fit.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from ringfence.money.amount import Money
from ringfence.money.budget import CALENDAR, UNATTENDED, Budget, active, matches, window_start
from ringfence.money.earlier import begin, bought_before, same_zone, used_by
from ringfence.money.entries import Row
from ringfence.money.prepared import Prepared
from ringfence.money.schema import ATTEMPT, COUNTER

_COUNTERS = Prepared(
    select(COUNTER.c.counter_id, COUNTER.c.held + COUNTER.c.spent, COUNTER.c.overrun, COUNTER.c.currency).where(
        COUNTER.c.budget_id == bindparam("budget"), COUNTER.c.window_start == bindparam("start")
    )
)
_NEWEST = Prepared(select(func.max(ATTEMPT.c.reserved_at)))
# Where a clock was set back by no more than this (microseconds) what is bought counts in the windows of both times; one
# that was further ahead was wrong, and its windows would count for as long.
_SET_BACK = 2 * 86_400 * 1_000_000


@dataclass(slots=True)
class Cap:
    """A budget in its present window, with what is held and spent in it so far.

    `elsewhere` is what was held and spent in this window in another currency: the cap was in that one then.
    """

    budget: Budget
    counter_id: int | None
    used: int
    elsewhere: Money | None = None

    @property
    def free(self) -> int:
        """What may still be reserved; negative when a cap was lowered below what is used."""
        return self.budget.cap.amount - self.used


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the budgets need to know about a batch: `cost` is its price in their currency, `consent` what says yes."""

    quote_id: str
    provider: str
    country: str
    source: str
    cost: Money
    consent: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why numbers are not bought: the status that they are shown with, and a sentence that says what to do."""

    status: str
    reason: str


class Room:
    """The budgets as one transaction sees them; admitting a purchase takes its room away from the next one."""

    def __init__(self, connection: Connection, at: int, zone: ZoneInfo) -> None:
        self._connection = connection
        newest = _NEWEST.value(connection) or 0
        self._moments = (at, newest) if at < newest <= at + _SET_BACK else (at,)
        self._zone = zone
        self.budgets = active(connection, at)
        self._same_zone = same_zone(connection, zone)
        self._caps: dict[tuple[str, str, str], Cap] = {}
        self._earlier: dict[tuple[str, str, str], list[Row]] = {}

    def admit(
        self, purchase: Purchase, wanted: int, *, limits_only: bool = False
    ) -> tuple[int, list[Cap], Refusal | None]:
        """How many of the wanted numbers fit, the caps that they now count in, and why the others do not.

        `limits_only` leaves consent out of it: for a quote, never for a purchase.
        """
        budgets = [budget for budget in self.budgets if self._counts(budget, purchase)]
        if limits_only:
            budgets = [budget for budget in budgets if not budget.is_consent]
        refusal = _missing(budgets, purchase, consented=limits_only)
        if refusal:
            return 0, [], refusal
        caps = [cap for budget in budgets for cap in self._caps_of(budget, purchase)]
        tightest = min(caps, key=lambda cap: cap.free)
        price = purchase.cost.amount
        for cap in caps:
            if price and cap.elsewhere:
                return 0, [], _other_currency(cap.budget, cap.elsewhere)
        count = wanted if price == 0 else max(0, min(wanted, tightest.free // price))
        for cap in caps:
            cap.used += count * price
        return count, caps, None if count == wanted else _shortage(tightest.budget)

    def counters(self, caps: list[Cap]) -> list[int]:
        """The ids of the counters of these caps, made where there is none yet."""
        return [self._made(cap) for cap in caps]

    def _caps_of(self, budget: Budget, purchase: Purchase) -> list[Cap]:
        """A budget in its present window, and in that of what was bought by a clock that was ahead."""
        caps = [self.cap(budget, purchase.quote_id, purchase.cost.currency, at) for at in self._moments]
        return caps[:1] if caps[0] is caps[-1] else caps

    def cap(self, budget: Budget, quote_id: str, currency: str, at: int | None = None) -> Cap:
        """A budget in its window at a moment (a cap by quote: in that of the quote), counted in this currency.

        That is the currency of what it counts: something free may be bought under a cap of another one.
        """
        start = window_start(budget.window, self._moments[0] if at is None else at, self._zone, quote_id)
        key = (budget.budget_id, start, currency)
        if key not in self._caps:
            rows = _COUNTERS.rows(self._connection, budget=key[0], start=key[1])
            mine = next((row[:2] for row in rows if row[3] == currency), None)
            cap = self._known(budget, key[1:], *mine) if mine else self._new(budget, key[1:])
            others = (Money(used, other) for _, used, overrun, other in rows if used > overrun and other != currency)
            cap.elsewhere = next(others, None)
            self._caps[key] = cap
        return self._caps[key]

    def _counts(self, budget: Budget, purchase: Purchase) -> bool:
        return matches(
            budget,
            provider=purchase.provider,
            country=purchase.country,
            source=purchase.source,
            consent=purchase.consent,
        )

    def _known(self, budget: Budget, window: tuple[str, str], counter_id: int, used: int) -> Cap:
        if budget.window in CALENDAR and not self._same_zone:
            used += used_by(bought_before(self._connection, budget, window, self._zone, counter_id))
        return Cap(budget, counter_id, used)

    def _new(self, budget: Budget, window: tuple[str, str]) -> Cap:
        self._earlier[budget.budget_id, *window] = bought_before(self._connection, budget, window, self._zone)
        return Cap(budget, None, used_by(self._earlier[budget.budget_id, *window]))

    def _made(self, cap: Cap) -> int:
        if cap.counter_id is None:
            (key,) = (key for key, value in self._caps.items() if value is cap)
            cap.counter_id = begin(self._connection, key[0], key[1:], self._earlier[key])
        return cap.counter_id


def _missing(budgets: list[Budget], purchase: Purchase, *, consented: bool) -> Refusal | None:
    if not any(budget.is_ceiling for budget in budgets):
        return Refusal(
            "deferred_budget", "no month or total budget is set: add budgets: [{window: month, cap: ...}] to the config"
        )
    if not consented and not any(budget.is_consent for budget in budgets):
        return Refusal("awaiting_approval", f"not approved: ringfence approve {purchase.quote_id}")
    price = purchase.cost
    for budget in budgets:
        cap, currency = budget.cap, price.currency
        if cap.currency != currency and cap.amount and price.amount:
            told = f"the {'allowance' if budget.is_consent else 'cap'} of {cap} a {budget.label} is in {cap.currency}"
            return Refusal(
                "deferred_budget", f"{told}, prices are in {currency} and there is no rate: state it in {currency}"
            )
    return None


def _other_currency(budget: Budget, used: Money) -> Refusal:
    told = f"{used} were held and spent under the cap of a {budget.label} before it was {budget.cap}"
    way = f"wait for the next {budget.window}" if budget.window in CALENDAR else "leave it out of one run to begin anew"
    mend = f"set currency back to {used.currency}, or {way}"
    return Refusal("deferred_budget", f"{told}, and caps are not converted: {mend}")


def _shortage(budget: Budget) -> Refusal:
    if budget.budget_id == UNATTENDED:
        if budget.cap.amount == 0:
            return Refusal("awaiting_approval", "not approved, and approval.unattended is 0: ringfence enrich --yes")
        return Refusal("awaiting_approval", f"the unattended allowance of {budget.cap} a day is used up")
    if budget.is_consent:
        return Refusal("awaiting_approval", f"the approval of {budget.cap} is used up")
    return Refusal("deferred_budget", f"the cap of {budget.cap} a {budget.label} is reached")
