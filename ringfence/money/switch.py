"""The kill switch: who has stopped buying, from all providers or one, and why. Read inside every reserving transaction.

A stop holds until somebody resumes; nothing that is out is recalled, and no time ends it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, literal_column, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.errors import MoneyError
from ringfence.money import breaker
from ringfence.money.deferrals import take_back
from ringfence.money.ledger import Ledger, write_journal
from ringfence.money.prepared import Prepared
from ringfence.money.schema import ATTEMPT, META, SWITCH
from ringfence.numbers.phone import mask_numbers

EVERYTHING = ""
# Who stops a provider for a bill above the price in use, and how the reason begins that says what was billed.
LEDGER, BILLED = "ringfence", "it billed "
# How a run says it that has met the bill.
BILLS_MORE = "bills more than the price of "
# Stops of one provider that stand beside a person's: for a bill, and for a copy of the ledger that was put back.
BILL, COPY = "|bill", "|copy"
# Up to which attempt a bill's stop was taken back, in `meta`, by provider.
_RESUMED = "resumed:"

_ALL = Prepared(select(SWITCH.c.provider, SWITCH.c.at, SWITCH.c.who, SWITCH.c.why).order_by(SWITCH.c.provider))
_NEWEST = Prepared(select(func.max(literal_column("attempt.rowid"))).select_from(ATTEMPT))
_PLACE = Prepared(select(literal_column("attempt.rowid")).where(ATTEMPT.c.attempt_id == bindparam("key")))


class Stop(NamedTuple):
    """A row of the switch; `key` is the provider, with `BILL` or `COPY` behind it where no person has stopped it."""

    key: str
    at: int
    who: str
    why: str

    @property
    def provider(self) -> str:
        """Whose stop it is; empty: of everything."""
        return self.key.partition("|")[0]

    @property
    def by_bill(self) -> bool:
        """Whether a bill above the price in use has made it."""
        return self.key.endswith(BILL)

    @property
    def by_whom(self) -> str:
        """Who has stopped what, and when."""
        at = datetime.fromtimestamp(self.at / 1_000_000, UTC)
        return f"{self.provider or 'buying'} was stopped by {self.who} at {at:%Y-%m-%d %H:%M} UTC"


def put(connection: Connection, at: int, key: str, *, who: str, why: str) -> None:
    """Stop a provider (`EVERYTHING`: all of them); the reason of an earlier stop of the same key is replaced."""
    stop = Stop(key, at, who, mask_numbers(why))
    if key.endswith(BILL):
        # What was left unbought for it names its time: it is the first one's.
        same = (each.at for each in _by_provider(connection).get(stop.provider, []) if each.key == key)
        stop = stop._replace(at=next(same, at))
    keep(connection, stop)
    write_journal(connection, at, "stopped", who=who, why=f"{stop.provider or 'everything'}: {stop.why}")


def keep(connection: Connection, stop: Stop) -> None:
    """Write a row as it is."""
    row = {"provider": stop.key, "at": stop.at, "who": stop.who, "why": stop.why}
    connection.execute(insert(SWITCH).values(row).on_conflict_do_update(index_elements=["provider"], set_=row))


def stop(ledger: Ledger, provider: str, *, who: str, why: str) -> str | None:
    """Stop buying, durably; every process sees it before its next batch. Returns what stood there before, if anything.

    Without a reason (an empty `why`) an earlier stop by a person stays as it is.
    """
    with ledger.store.write() as connection:
        earlier = stops(connection).get(provider)
        mine = _by_provider(connection).get(provider, [])
        if why or all(each.key != provider for each in mine):
            put(connection, ledger.store.clock(), provider, who=who, why=why or "no reason was given")
    return earlier


def resume(ledger: Ledger, provider: str, *, who: str, why: str) -> bool:
    """Take the stops of a provider back, and let one whose breaker is open be asked again; False where there was none.

    Raises MoneyError for a stop that a dear bill has made and no reason (`why`): with the price as it was, the next
    reply would pass it again.
    """
    with ledger.store.write() as connection:
        mine, at = _by_provider(connection).get(provider, []), ledger.store.clock()
        bill = next((each for each in mine if each.by_bill), None)
        if bill and not why.strip():
            raise MoneyError(
                f"{provider} was stopped by {bill.who} ({bill.why}): see that the price in use is at least what was "
                f"billed, then say so with: {_way_on(mine)}"
            )
        reason = mask_numbers(why) or "no reason was given"
        for each in mine:
            connection.execute(delete(SWITCH).where(SWITCH.c.provider == each.key))
            # Nobody is to be told any more to mend what is mended.
            take_back(connection, each.by_whom)
        if mine:
            write_journal(connection, at, "resumed", who=who, why=f"{provider or 'everything'}: {reason}")
        if bill:
            take_back(connection, f"{provider} {BILLS_MORE}")
            seen = {"key": f"{_RESUMED}{provider}", "value": str(_NEWEST.value(connection) or 0)}
            connection.execute(insert(META).values(seen).on_conflict_do_update(index_elements=["key"], set_=seen))
        closed = breaker.close(connection, at, provider, who=who, why=reason)
    return bool(mine) or closed


def stops(connection: Connection) -> dict[str, str]:
    """What is stopped now, by provider ("" is all): a sentence that says by whom, why and how to go on."""
    return {
        provider: f"{'; '.join(f'{each.by_whom} ({each.why})' for each in mine)}; go on with: "
        f"{'set the price, then ' if any(each.by_bill for each in mine) else ''}{_way_on(mine)}"
        for provider, mine in _by_provider(connection).items()
    }


def asked_before_resuming(connection: Connection, provider: str, attempt_id: str) -> bool:
    """Whether an attempt was made before a person last took back the stop that a bill of its provider had made."""
    until = connection.scalar(select(META.c.value).where(META.c.key == f"{_RESUMED}{provider}"))
    return until is not None and _PLACE.value(connection, key=attempt_id) <= int(until)


def _by_provider(connection: Connection) -> dict[str, list[Stop]]:
    """The stops of each provider, a person's first."""
    found: dict[str, list[Stop]] = {}
    for row in _ALL.rows(connection):
        stop = Stop(*row)
        found.setdefault(stop.provider, []).append(stop)
    return found


def _way_on(mine: Sequence[Stop]) -> str:
    which = f" --provider {mine[0].provider}" if mine[0].provider else ""
    because = ' --because "the price is right now"' if any(each.by_bill for each in mine) else ""
    return f"ringfence resume{which}{because}"
