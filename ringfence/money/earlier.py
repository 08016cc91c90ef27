"""What a window has cost before its counter was made: the counter counts it too, or its cap would be passed at once.

A limit may be younger than its window, and another time zone opens windows in the midst of others. What falls into two
windows counts in both: stricter than needed, never less.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, bindparam, exists, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from ringfence.money.budget import CALENDAR, Budget, active, matches, window_start
from ringfence.money.conversion import converted, counted, held_for
from ringfence.money.entries import Row
from ringfence.money.ledger import write_journal
from ringfence.money.prepared import Prepared
from ringfence.money.schema import ATTEMPT, COUNTER, HOLD, META
from ringfence.money.states import OPEN

ZONE = "timezone"
_SCOPES = ("provider", "country", "source")
_COLUMNS = ("attempt_id", "quote_id", "state", "held", "actual", "unit_price", "rate", "reserved_at")
_ZONE = Prepared(select(META.c.value).where(META.c.key == ZONE))


def bought_before(
    connection: Connection, budget: Budget, window: tuple[str, str], zone: ZoneInfo, counter_id: int | None = None
) -> list[Row]:
    """The attempts of a window (its start and currency) that its counter, if there is one, has not seen.

    `held` and `actual` are in the currency of the window. For a consent those that were bought under it: their holds
    tell. An approval has no calendar and misses nothing.
    """
    start, currency = window
    if budget.is_consent and budget.window not in CALENDAR:
        return []
    asked: dict[str, Any] = {name: scope for name in _SCOPES if (scope := getattr(budget, name))}
    if budget.window == "quote":
        asked["quote_id"] = start
    if budget.is_consent:
        asked["budget"] = budget.budget_id
    if counter_id is not None:
        asked["counter"] = counter_id
    found = _bought(frozenset(asked)).dicts(
        connection, currency=currency, into=f" {currency}", since=_begin(budget, start, zone), **asked
    )
    return [
        _counted(row)
        for row in found
        if window_start(budget.window, row["reserved_at"], zone, row["quote_id"]) == start
    ]


@cache
def _bought(asked: frozenset[str]) -> Prepared:
    """The attempts since a moment that cost anything in a currency, by what is asked for besides."""
    into = ATTEMPT.c.rate.endswith(bindparam("into"))
    same = and_(ATTEMPT.c.rate.is_(None), ATTEMPT.c.currency == bindparam("currency"))
    query = select(*(ATTEMPT.c[name] for name in _COLUMNS)).where(
        ATTEMPT.c.state != "voided",
        ATTEMPT.c.origin.is_(None),
        or_(same, into),
        ATTEMPT.c.reserved_at >= bindparam("since"),
        *(ATTEMPT.c[name] == bindparam(name) for name in sorted(asked & {*_SCOPES, "quote_id"})),
    )
    held = exists().where(HOLD.c.attempt_id == ATTEMPT.c.attempt_id, HOLD.c.counter_id == COUNTER.c.counter_id)
    if "budget" in asked:
        query = query.where(held.where(COUNTER.c.budget_id == bindparam("budget")))
    if "counter" in asked:
        query = query.where(~held.where(COUNTER.c.counter_id == bindparam("counter")))
    return Prepared(query)


def _counted(row: Row) -> Row:
    """An attempt with its money in the currency that it counts in."""
    actual = None if row["actual"] is None else converted(row["actual"], row["rate"])
    return {**row, "held": held_for(row["held"], row["unit_price"], row["rate"]), "actual": actual}


def made_since(connection: Connection, attempt: Mapping[str, Any], at: int, known: Collection[int]) -> list[int]:
    """The counters beside `known` that an attempt counts in at a moment: limits that are younger than it is."""
    name = _ZONE.value(connection)
    if name is None:
        return []
    zone = ZoneInfo(name)
    currency = counted(attempt["currency"], attempt["rate"])
    scope = {name: attempt[name] for name in _SCOPES}
    found = [
        connection.scalar(
            select(COUNTER.c.counter_id).filter_by(budget_id=each.budget_id, window_start=start, currency=currency)
        )
        for each in active(connection, at)
        if not each.is_consent and matches(each, **scope, consent="")
        for start in [window_start(each.window, attempt["reserved_at"], zone, attempt["quote_id"])]
    ]
    return [counter for counter in found if counter is not None and counter not in known]


def used_by(attempts: list[Row]) -> int:
    """What these attempts hold or have cost, in nanos."""
    return sum(row["held"] if row["state"] in OPEN else row["actual"] for row in attempts)


def begin(connection: Connection, budget_id: str, window: tuple[str, str], attempts: list[Row]) -> int:
    """Make the counter of a budget's window with these attempts in it; returns its id."""
    values = {"budget_id": budget_id, "window_start": window[0], "currency": window[1]}
    made = connection.execute(insert(COUNTER).returning(COUNTER.c.counter_id), values).scalar_one()
    _add(connection, int(made), attempts)
    return int(made)


def same_zone(connection: Connection, zone: ZoneInfo) -> bool:
    """Whether the counters were last kept by this zone's calendar."""
    return bool(_ZONE.value(connection) == str(zone))


def follow_zone(connection: Connection, zone: ZoneInfo, at: int) -> None:
    """Keep the counters by this zone's calendar: those of its present windows get what was bought by another's."""
    if same_zone(connection, zone):
        return
    for budget in active(connection, at):
        if budget.window not in CALENDAR:
            continue
        start = window_start(budget.window, at, zone, "")
        counters = select(COUNTER.c.counter_id, COUNTER.c.currency)
        for counter_id, currency in connection.execute(
            counters.filter_by(budget_id=budget.budget_id, window_start=start)
        ).all():
            _add(connection, counter_id, bought_before(connection, budget, (start, currency), zone, counter_id))
    values = {"value": str(zone)}
    connection.execute(
        upsert(META).values(key=ZONE, **values).on_conflict_do_update(index_elements=["key"], set_=values)
    )
    write_journal(connection, at, "timezone_set", who="configuration", why=str(zone))


def _begin(budget: Budget, start: str, zone: ZoneInfo) -> int:
    """The moment at which a window of the calendar begins; the others have always been."""
    if budget.window not in CALENDAR:
        return 0
    first = datetime.fromisoformat(start if budget.window == "day" else f"{start}-01")
    return int(first.replace(tzinfo=zone).timestamp()) * 1_000_000


def _add(connection: Connection, counter_id: int, attempts: list[Row]) -> None:
    if not attempts:
        return
    settled = [row for row in attempts if row["state"] == "settled"]
    connection.execute(
        update(COUNTER)
        .where(COUNTER.c.counter_id == counter_id)
        .values(
            held=COUNTER.c.held + sum(row["held"] for row in attempts if row["state"] in OPEN),
            spent=COUNTER.c.spent + sum(row["actual"] for row in settled),
            overrun=COUNTER.c.overrun + sum(max(0, row["actual"] - row["held"]) for row in settled),
        )
    )
    holds = [
        {"attempt_id": row["attempt_id"], "counter_id": counter_id, "held": row["held"], "actual": row["actual"]}
        for row in attempts
    ]
    connection.execute(insert(HOLD), holds)
