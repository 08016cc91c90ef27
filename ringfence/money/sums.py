"""What launches and quotes hold and have spent, in the currency of the budgets. It only reads."""

from sqlalchemy import Connection, bindparam, func, select

from ringfence.money.prepared import Prepared
from ringfence.money.schema import ATTEMPT, COUNTER, HOLD
from ringfence.money.states import OPEN
from ringfence.money.store import unpack

# Every attempt counts in a budget, and alike in each of them.
_COUNTED = (
    select(
        HOLD.c.attempt_id,
        func.max(COUNTER.c.currency).label("currency"),
        func.max(HOLD.c.held).label("held"),
        func.coalesce(func.max(HOLD.c.actual), 0).label("spent"),
    )
    .join(COUNTER, COUNTER.c.counter_id == HOLD.c.counter_id)
    .group_by(HOLD.c.attempt_id)
)
_MINE = ATTEMPT.c.launch_id == bindparam("key")
_OF_MINE = _COUNTED.where(HOLD.c.attempt_id.in_(select(ATTEMPT.c.attempt_id).where(_MINE))).subquery()
_BY_STATE = Prepared(
    select(
        ATTEMPT.c.state,
        _OF_MINE.c.currency,
        *(func.sum(column) for column in (ATTEMPT.c.numbers, _OF_MINE.c.spent, _OF_MINE.c.held)),
    )
    .join(_OF_MINE, _OF_MINE.c.attempt_id == ATTEMPT.c.attempt_id)
    .group_by(ATTEMPT.c.state, _OF_MINE.c.currency)
)
_SETTLED = Prepared(select(ATTEMPT.c.subjects).where(_MINE, ATTEMPT.c.state == "settled"))


def by_state(connection: Connection, launch_id: str) -> list[tuple[str, str, int, int, int]]:
    """By state and currency of the attempts of a launch: numbers, nanos spent, and nanos held at first."""
    return [(row[0], row[1], row[2], row[3], row[4]) for row in _BY_STATE.rows(connection, key=launch_id)]


def distinct_numbers(connection: Connection, launch_id: str) -> int:
    """How many numbers a launch has settled lookups of, each counted once."""
    settled = _SETTLED.rows(connection, key=launch_id)
    return len({subject for (packed,) in settled for subject in unpack(packed)})


def of_launch(connection: Connection, launch_id: str) -> tuple[int, int]:
    """What a launch has spent, and what it holds now."""
    rows = by_state(connection, launch_id)
    return sum(row[3] for row in rows), sum(row[4] for row in rows if row[0] in OPEN)


def by_quote(connection: Connection) -> dict[str, tuple[int, int]]:
    """What was spent on every quote, and what is held for it now."""
    counted = _COUNTED.subquery()
    held = func.coalesce(func.sum(counted.c.held).filter(ATTEMPT.c.state.in_(OPEN)), 0)
    query = (
        select(ATTEMPT.c.quote_id, func.sum(counted.c.spent), held)
        .join(counted, counted.c.attempt_id == ATTEMPT.c.attempt_id)
        .group_by(ATTEMPT.c.quote_id)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}
