"""The kill switch: who has stopped buying, from all providers or one, and why. Read inside every reserving transaction.

A stop holds until somebody resumes; nothing that is out is recalled, and no time ends it.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.money.ledger import Ledger, write_journal
from ringfence.money.schema import SWITCH
from ringfence.numbers.phone import mask_numbers

EVERYTHING = ""


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
    """Take a stop back; False when there was none."""
    with ledger.store.write() as connection:
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
            f"go on with: ringfence resume{f' --provider {row.provider}' if row.provider else ''}"
        )
        for row in connection.execute(select(SWITCH).order_by(SWITCH.c.provider))
    }


def _time(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
