"""What an operator should know of the ledger: doubts by age, and budgets that are nearly used. It only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ringfence.money.amount import Money
from ringfence.money.budget import active, window_start
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT, COUNTER

# The share of a budget from which it is warned of.
NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is in doubt: attempts, numbers, money by currency, and the age of the oldest in seconds."""

    attempts: int
    numbers: int
    held: Sequence[Money]
    oldest: int


@dataclass(frozen=True, slots=True)
class Use:
    """A budget in its present window."""

    label: str
    cap: Money
    used: Money

    @property
    def share(self) -> float:
        """Used of cap, 0 to 1 and above; 0 for a cap of nothing."""
        return self.used.amount / self.cap.amount if self.cap.amount else 0.0


def doubts(ledger: Ledger) -> Doubts:
    """Everything that is in doubt now."""
    with ledger.store.read() as connection:
        rows = connection.execute(
            select(
                ATTEMPT.c.currency,
                func.count(),
                func.sum(ATTEMPT.c.numbers),
                func.sum(ATTEMPT.c.held),
                func.min(ATTEMPT.c.reserved_at),
            )
            .where(ATTEMPT.c.state == "in_doubt")
            .group_by(ATTEMPT.c.currency)
        ).all()
    now = ledger.store.clock()
    return Doubts(
        attempts=sum(row[1] for row in rows),
        numbers=sum(row[2] for row in rows),
        held=[Money(row[3], row[0]) for row in rows],
        oldest=max(((now - row[4]) // 1_000_000 for row in rows), default=0),
    )


def uses(ledger: Ledger, zone: ZoneInfo) -> list[Use]:
    """Every limit with what is held and spent in its present window; consents and caps by quote are left out."""
    at = ledger.store.clock()
    found = []
    with ledger.store.read() as connection:
        for budget in active(connection, at):
            if budget.is_consent or budget.window == "quote":
                continue
            start = window_start(budget.window, at, zone, "")
            row = connection.execute(
                select(COUNTER).filter_by(budget_id=budget.budget_id, window_start=start, currency=budget.cap.currency)
            ).one_or_none()
            used = row.held + row.spent if row else 0
            found.append(Use(budget.label, budget.cap, Money(used, budget.cap.currency)))
    return found
