"""What an operator should know of the ledger: doubts by age, and budgets that are nearly used. It only reads."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from ringfence.money.amount import Money
from ringfence.money.budget import Budget, window_start
from ringfence.money.ledger import Ledger
from ringfence.money.room import Room
from ringfence.money.schema import ATTEMPT, QUOTE

# The classes of age of what is in doubt, each with the seconds below which it is of it; what is older is `AGED`.
AGES = {"under_an_hour": 3_600, "under_a_day": 86_400, "under_a_week": 7 * 86_400}
AGED = "a_week_or_more"


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One attempt in doubt: the seconds since it was reserved, its numbers, and what it holds."""

    provider: str
    product: str
    age: int
    numbers: int
    held: Money

    @property
    def age_class(self) -> str:
        """The class of its age, a name of `AGES` or `AGED`."""
        return next((name for name, seconds in AGES.items() if self.age < seconds), AGED)


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is in doubt, or a part of it."""

    every: Sequence[Doubtful]

    @property
    def oldest(self) -> int:
        """The age of the oldest in seconds; 0 where nothing is in doubt."""
        return max((each.age for each in self.every), default=0)

    @property
    def numbers(self) -> int:
        """How many numbers they are about."""
        return sum(each.numbers for each in self.every)

    def held(self) -> list[Money]:
        """What they hold, a sum a currency."""
        sums: Counter[str] = Counter()
        for each in self.every:
            sums[each.held.currency] += each.held.amount
        return [Money(amount, currency) for currency, amount in sorted(sums.items())]

    def by_age(self) -> dict[str, "Doubts"]:
        """Them by class of age, every class among it."""
        return {name: Doubts([each for each in self.every if each.age_class == name]) for name in (*AGES, AGED)}


@dataclass(frozen=True, slots=True)
class Use:
    """A budget in one of its windows, which begins at `window_start`, with what is held and spent in it."""

    budget: Budget
    window_start: str
    used: Money

    @property
    def label(self) -> str:
        """Its window and scope for people."""
        return self.budget.label

    @property
    def cap(self) -> Money:
        """The most that may be held and spent."""
        return self.budget.cap

    @property
    def share(self) -> float:
        """Used of cap, 0 to 1 and above; 0 for a cap of nothing."""
        return self.used.amount / self.cap.amount if self.cap.amount else 0.0

    def has_reached(self, percent: int) -> bool:
        """Whether so much of the cap is used; of a cap of nothing something must be."""
        return self.used.amount > 0 and self.cap.amount * percent <= self.used.amount * 100


def doubts(ledger: Ledger) -> Doubts:
    """Everything that is in doubt now."""
    now = ledger.store.clock()
    columns = (ATTEMPT.c[name] for name in ("provider", "product", "reserved_at", "numbers", "held", "currency"))
    query = select(*columns).where(ATTEMPT.c.state == "in_doubt").order_by(ATTEMPT.c.reserved_at)
    with ledger.store.read() as connection:
        rows = connection.execute(query).tuples().all()
    return Doubts(
        [
            Doubtful(provider, product, (now - since) // 1_000_000, numbers, Money(held, currency))
            for provider, product, since, numbers, held, currency in rows
        ]
    )


def uses(ledger: Ledger, zone: ZoneInfo) -> list[Use]:
    """Every limit with what is held and spent in its present window; consents are left out."""
    with ledger.store.read() as connection:
        return using(connection, ledger.store.clock(), zone)


def using(connection: Connection, at: int, zone: ZoneInfo) -> list[Use]:
    """The limits as they are at a moment, in what is committed by then; a cap by quote once for each quote in force."""
    room = Room(connection, at, zone)
    limits = [budget for budget in room.budgets if not budget.is_consent]
    in_force = select(QUOTE.c.quote_id).where(QUOTE.c.expires_at > at).order_by(QUOTE.c.quote_id)
    quotes = list(connection.scalars(in_force)) if any(budget.window == "quote" for budget in limits) else []
    return [
        Use(
            budget,
            window_start(budget.window, at, zone, quote_id),
            Money(room.cap(budget, quote_id, budget.cap.currency).used, budget.cap.currency),
        )
        for budget in limits
        for quote_id in (quotes if budget.window == "quote" else [""])
    ]
