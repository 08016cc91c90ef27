"""What was bought in a window before a limit existed: the limit counts it too, or it would be passed at once.

An attempt says its country or source only when a budget of its time was scoped by it; a limit with such a scope counts
the attempts that say it.
"""

from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from ringfence.money.budget import Budget, window_start
from ringfence.money.entries import Row
from ringfence.money.schema import ATTEMPT, COUNTER, HOLD
from ringfence.money.states import OPEN

DAY = 86_400_000_000
# No window of the calendar is longer, whatever daylight saving does; the others have no begin.
LONGEST = {"day": 2 * DAY, "month": 32 * DAY}


def bought_before(
    connection: Connection, budget: Budget, window: tuple[str, str], at: int, zone: ZoneInfo
) -> list[Row]:
    """The attempts of a window (its start and currency) that a limit has not seen; none for a consent.

    A limit that is older than the window has seen all of it.
    """
    start, currency = window
    if budget.is_consent or (
        budget.window in LONGEST and window_start(budget.window, budget.changed_at, zone, "") != start
    ):
        return []
    names = ("attempt_id", "quote_id", "state", "held", "actual", "reserved_at")
    query = select(*(ATTEMPT.c[name] for name in names)).where(
        ATTEMPT.c.state != "voided",
        ATTEMPT.c.currency == currency,
        ATTEMPT.c.reserved_at >= at - LONGEST.get(budget.window, at),
    )
    if budget.window == "quote":
        query = query.where(ATTEMPT.c.quote_id == start)
    for name in ("provider", "country", "source"):
        if scope := getattr(budget, name):
            query = query.where(ATTEMPT.c[name] == scope)
    return [
        dict(row)
        for row in connection.execute(query).mappings()
        if window_start(budget.window, row["reserved_at"], zone, row["quote_id"]) == start
    ]


def used_by(attempts: list[Row]) -> int:
    """What these attempts hold or have cost, in nanos."""
    return sum(row["held"] if row["state"] in OPEN else row["actual"] for row in attempts)


def begin(connection: Connection, budget_id: str, window: tuple[str, str], attempts: list[Row]) -> int:
    """Make the counter of a budget's window with these attempts in it; returns its id."""
    settled = [row for row in attempts if row["state"] == "settled"]
    values = {
        "budget_id": budget_id,
        "window_start": window[0],
        "currency": window[1],
        "held": sum(row["held"] for row in attempts if row["state"] in OPEN),
        "spent": sum(row["actual"] for row in settled),
        "overrun": sum(max(0, row["actual"] - row["held"]) for row in settled),
    }
    counter_id = connection.execute(insert(COUNTER).returning(COUNTER.c.counter_id), values).scalar_one()
    if attempts:
        holds = [
            {"attempt_id": row["attempt_id"], "counter_id": counter_id, "held": row["held"], "actual": row["actual"]}
            for row in attempts
        ]
        connection.execute(insert(HOLD), holds)
    return int(counter_id)
