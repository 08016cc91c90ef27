"""A token bucket a provider, in the ledger, so that all processes together keep the provider's pace.

The pace falls to half when the provider says that requests come too fast, and rises again with its answers. Whoever
finds the bucket empty gets a place in the line, so that nobody takes a token that another waits for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert

from ringfence.money.heard import Heard
from ringfence.money.prepared import Prepared
from ringfence.money.schema import RATE

# In millionths, so that a microsecond refills a whole number of them and nothing is lost to rounding.
TOKEN = 1_000_000
SECOND = 1_000_000
# The slowest pace, in thousandths of a request a second: one in ten seconds.
SLOWEST = 100
# Seconds of answers in which the pace rises from nothing to all that is configured.
RISE = 60
# Microseconds: what a provider asks us to wait is longer only by mistake, or by a clock that was set back.
LONGEST = 300 * SECOND
_SEE = Prepared(select(RATE).where(RATE.c.provider == bindparam("key")))
_COLUMNS = tuple(column.name for column in RATE.columns)
_NEW = insert(RATE)
_PUT = Prepared(
    _NEW.on_conflict_do_update(
        index_elements=["provider"], set_={name: _NEW.excluded[name] for name in _COLUMNS if name != "provider"}
    ),
    _COLUMNS,
)


@dataclass(slots=True)
class Place:
    """A place in the line before an empty bucket: a token is this taker's from `due` on (microseconds UTC; 0: none)."""

    due: int = 0


def take(
    connection: Connection, provider: str, *, per_second: int, wanted: int, at: int, place: Place | None = None
) -> tuple[int, float]:
    """Take up to `wanted` tokens: how many were granted, and the seconds to wait when none was.

    The bucket holds one second's worth. A clock that jumps back adds nothing and takes nothing away. With a `place`,
    who wanted more than was there waits for the next token that nobody else waits for: at its time it is granted.
    """
    row = _row(connection, provider, per_second, at)
    if at < row["not_before"]:
        # Written as it is read: a clock that was set back must not make it longer at every look.
        _PUT.run(connection, row)
        return 0, (row["not_before"] - at) / SECOND if wanted else 0.0
    pace = row["pace"] or per_second * 1000
    elapsed = max(0, at - row["refilled_at"])
    tokens = min(max(TOKEN, pace * 1000), row["tokens"] + elapsed * pace // 1000)
    mine = 0
    if place and place.due:
        # Never later than all that is owed is there: the clock may have been set back.
        place.due = min(place.due, at + max(0, -tokens) * 1000 // pace)
        mine = int(wanted > 0 and place.due <= at)
        tokens += mine * TOKEN
    granted = max(mine, min(wanted, tokens // TOKEN))
    wait = 0.0 if granted or not wanted else (TOKEN - tokens) * 1000 / pace / SECOND
    values = {
        "tokens": tokens - granted * TOKEN,
        "refilled_at": at,
    }
    if place and mine:
        place.due = 0
    if place and granted < wanted:
        if not place.due:
            values["tokens"] -= TOKEN
            place.due = at - values["tokens"] * 1000 // pace
        wait = (place.due - at) / SECOND
    _PUT.run(connection, row | values)
    return granted, wait


def give_back(connection: Connection, provider: str, unused: int, *, at: int, place: Place) -> None:
    """Take back tokens that were granted and not used, but for one, with which this taker may go on at once."""
    returned = unused if place.due else unused - 1
    connection.execute(update(RATE).where(RATE.c.provider == provider).values(tokens=RATE.c.tokens + returned * TOKEN))
    place.due = at


def hear(connection: Connection, provider: str, *, per_second: int, told: Iterable[Heard], at: int) -> None:
    """Take over what requests told of the pace that a provider bears.

    Requests that were out when it asked for a pause are of the same burst: the pace falls once for all of them.
    """
    row = _row(connection, provider, per_second, at)
    full = per_second * 1000
    pace, not_before = row["pace"] or full, row["not_before"]
    for heard in told:
        if heard.throttled and heard.sent_at >= not_before:
            pace = max(SLOWEST, pace // 2)
        if heard.pause:
            not_before = max(not_before, at + min(heard.pause, LONGEST))
        if heard.verdict == "well" and pace < full:
            # So much an answer that it is the same a second at every pace.
            pace = min(full, pace + max(1, full * 1000 // (RISE * pace)))
    changed = row | {"pace": None if pace == full else pace, "not_before": not_before}
    if changed != row:
        _PUT.run(connection, changed)


def _row(connection: Connection, provider: str, per_second: int, at: int) -> dict[str, Any]:
    """What stands of a provider, with a pace that is not above what is configured and a pause that is not too long."""
    found = _SEE.dicts(connection, key=provider)
    if not found:
        tokens = per_second * TOKEN
        return {"provider": provider, "tokens": tokens, "refilled_at": at, "pace": None, "not_before": 0}
    (row,) = found
    slower = row["pace"] is not None and row["pace"] < per_second * 1000
    not_before = min(row["not_before"], at + LONGEST)
    return row | {"pace": row["pace"] if slower else None, "not_before": not_before}
