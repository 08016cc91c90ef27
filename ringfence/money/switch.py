"""The kill switch: who has stopped buying, from all providers or one, and why. Read inside every reserving transaction.

A stop holds until somebody resumes; nothing that is out is recalled, and no time ends it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.errors import MoneyError
from ringfence.money.ledger import Ledger, write_journal
from ringfence.money.schema import SWITCH
from ringfence.numbers.phone import mask_numbers

EVERYTHING = ""
# Who stops a provider for a bill above the price in use, and how the reason begins that says what was billed.
LEDGER, BILLED = "ringfence", "it billed "


def put(connection: Connection, at: int, provider: str, *, who: str, why: str) -> None:
    """Stop a provider (`EVERYTHING`: all of them); the reason of an earlier stop is replaced."""
    row = {"provider": provider, "at": at, "who": who, "why": mask_numbers(why)}
    connection.execute(
        insert(SWITCH).values(row).on_conflict_do_update(index_elements=["provider"], set_=row | {"provider": provider})
    )
    write_journal(connection, at, "stopped", who=who, why=f"{provider or 'everything'}: {row['why']}")


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
    """Take a stop back; False when there was none.

    Raises MoneyError for a stop that a dear bill has made and no reason (`why`): with the price as it was, the next
    reply would pass it again.
    """
    with ledger.store.write() as connection:
        row = connection.execute(select(SWITCH).where(SWITCH.c.provider == provider)).one_or_none()
        if row and _by_bill(row) and not why.strip():
            raise MoneyError(
                f"{provider} was stopped by {row.who} ({row.why}): see that the price in use is at least what was "
                f"billed, then say so with: {_way_on(row)}"
            )
        found = connection.execute(delete(SWITCH).where(SWITCH.c.provider == provider)).rowcount
        if found:
            told = f"{provider or 'everything'}: {mask_numbers(why) or 'no reason was given'}"
            write_journal(connection, ledger.store.clock(), "resumed", who=who, why=told)
    return bool(found)


def stops(connection: Connection) -> dict[str, str]:
    """What is stopped now, by provider ("" is all): a sentence that says by whom, why and how to go on."""
    return {
        row.provider: (
            f"{row.provider or 'buying'} was stopped by {row.who} at {_time(row.at)} UTC ({row.why}); "
            f"go on with: {'set the price, then ' if _by_bill(row) else ''}{_way_on(row)}"
        )
        for row in connection.execute(select(SWITCH).order_by(SWITCH.c.provider))
    }


def _by_bill(row: Row[Any]) -> bool:
    return bool(row.who == LEDGER and row.why.startswith(BILLED))


def _way_on(row: Row[Any]) -> str:
    which = f" --provider {row.provider}" if row.provider else ""
    return f"ringfence resume{which}" + (' --because "the price is right now"' if _by_bill(row) else "")


def _time(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
