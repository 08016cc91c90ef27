"""The kill switch: who has stopped buying, from all providers or one, and why. Read inside every reserving transaction.

A stop holds until somebody resumes; nothing that is out is recalled, and no time ends it.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.errors import MoneyError
from ringfence.money import breaker
from ringfence.money.deferrals import take_back
from ringfence.money.ledger import Ledger, write_journal
from ringfence.money.prepared import Prepared
from ringfence.money.schema import META, SWITCH
from ringfence.numbers.phone import mask_numbers

EVERYTHING = ""
# Who stops a provider for a bill above the price in use, and how the reason begins that says what was billed: behind
# that of a person, where both have stopped it.
LEDGER, BILLED = "ringfence", "it billed "
_BESIDE = f"; {BILLED}"
# When a bill's stop was taken back, in `meta`, by provider.
_RESUMED = "resumed:"

_ALL = Prepared(select(SWITCH.c.provider, SWITCH.c.at, SWITCH.c.who, SWITCH.c.why).order_by(SWITCH.c.provider))


class _Stop(NamedTuple):
    """A row of the switch."""

    provider: str
    at: int
    who: str
    why: str


def put(connection: Connection, at: int, provider: str, *, who: str, why: str) -> None:
    """Stop a provider (`EVERYTHING`: all of them).

    The reason of an earlier stop is replaced; but a bill's and a person's stand beside each other.
    """
    told = mask_numbers(why)
    by, reasons = _beside(_row(connection, provider), who, told)
    row = {"provider": provider, "at": at, "who": by, "why": reasons}
    connection.execute(insert(SWITCH).values(row).on_conflict_do_update(index_elements=["provider"], set_=row))
    write_journal(connection, at, "stopped", who=who, why=f"{provider or 'everything'}: {told}")


def _row(connection: Connection, provider: str) -> _Stop | None:
    return next((_Stop(*each) for each in _ALL.rows(connection) if each[0] == provider), None)


def _beside(earlier: _Stop | None, who: str, why: str) -> tuple[str, str]:
    """Who has stopped and why, when somebody stops what was stopped already."""
    if earlier is None or ((who == LEDGER) == (earlier.who == LEDGER) and _BESIDE not in earlier.why):
        return who, why
    person, _, bill = earlier.why.partition(_BESIDE) if earlier.who != LEDGER else ("", "", earlier.why)
    bill = bill.removeprefix(BILLED)
    if who == LEDGER:
        return earlier.who, f"{person}{_BESIDE}{why.removeprefix(BILLED)}"
    return who, f"{why}{_BESIDE}{bill}"


def stop(ledger: Ledger, provider: str, *, who: str, why: str) -> str | None:
    """Stop buying, durably; every process sees it before its next batch. Returns what stood there before, if anything.

    Without a reason (an empty `why`) an earlier stop stays as it is.
    """
    with ledger.store.write() as connection:
        earlier = stops(connection).get(provider)
        if why or not earlier:
            put(connection, ledger.store.clock(), provider, who=who, why=why or "no reason was given")
    return earlier


def resume(ledger: Ledger, provider: str, *, who: str, why: str) -> bool:
    """Take a stop back, and let a provider whose breaker is open be asked again; False when there was neither.

    Raises MoneyError for a stop that a dear bill has made and no reason (`why`): with the price as it was, the next
    reply would pass it again.
    """
    with ledger.store.write() as connection:
        row, at = _row(connection, provider), ledger.store.clock()
        if row and _by_bill(row) and not why.strip():
            raise MoneyError(
                f"{provider} was stopped by {row.who} ({row.why}): see that the price in use is at least what was "
                f"billed, then say so with: {_way_on(row)}"
            )
        reason = mask_numbers(why) or "no reason was given"
        if row:
            connection.execute(delete(SWITCH).where(SWITCH.c.provider == provider))
            write_journal(connection, at, "resumed", who=who, why=f"{provider or 'everything'}: {reason}")
            # Nobody is to be told any more to mend what is mended.
            take_back(connection, _by_whom(row))
        if row and _by_bill(row):
            seen = {"key": f"{_RESUMED}{provider}", "value": str(at)}
            connection.execute(insert(META).values(seen).on_conflict_do_update(index_elements=["key"], set_=seen))
        closed = breaker.close(connection, at, provider, who=who, why=reason)
    return row is not None or closed


def resumed_at(connection: Connection, provider: str) -> int:
    """When a person last took back the stop that a bill of this provider had made, microseconds UTC; 0: never."""
    return int(connection.scalar(select(META.c.value).where(META.c.key == f"{_RESUMED}{provider}")) or 0)


def stops(connection: Connection) -> dict[str, str]:
    """What is stopped now, by provider ("" is all): a sentence that says by whom, why and how to go on."""
    return {
        row.provider: (
            f"{_by_whom(row)} ({row.why}); go on with: {'set the price, then ' if _by_bill(row) else ''}{_way_on(row)}"
        )
        for row in (_Stop(*each) for each in _ALL.rows(connection))
    }


def _by_whom(row: _Stop) -> str:
    return f"{row.provider or 'buying'} was stopped by {row.who} at {_time(row.at)} UTC"


def _by_bill(row: _Stop) -> bool:
    return (row.who == LEDGER and row.why.startswith(BILLED)) or _BESIDE in row.why


def _way_on(row: _Stop) -> str:
    which = f" --provider {row.provider}" if row.provider else ""
    return f"ringfence resume{which}" + (' --because "the price is right now"' if _by_bill(row) else "")


def _time(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
