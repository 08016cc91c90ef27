"""Callbacks that come after their attempt is final: compared with what was settled, and noted. They change nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, select

from ringfence.lookups.answers import Kept, read
from ringfence.lookups.replies import kept_replies, numbers_of, read_attempt
from ringfence.money.entries import Entries
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT, META, REPLY
from ringfence.money.states import OPEN
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Lookup
from ringfence.providers.registry import provider

# The newest reply that was compared, in `meta`; `journal` has what was found.
COMPARED = "compared_to"
# What two answers are compared by; a price, which money has moved by, is one of it.
_IGNORED: Mapping[str, Any] = {"raw_status": None, "raw_error": None, "raw_permanent": None, "result_ref": None}


def note_late(ledger: Ledger) -> list[str]:
    """Compare late callbacks with what was settled before; returns a sentence for each attempt that differs."""
    with ledger.store.read() as connection:
        since = int(connection.scalar(select(META.c.value).where(META.c.key == COMPARED)) or 0)
        upto = _decided_up_to(connection)
        late = _late(connection, since, upto)
        found = [(attempt["attempt_id"], _difference(connection, attempt)) for attempt in late]
    entries = Entries(ledger.store.clock(), "collect")
    for attempt_id, difference in found:
        entries.journal(attempt_id, "late_reply", why=difference or "it says the same")
    with ledger.store.write() as connection:
        entries.write(connection)
        connection.execute(META.delete().where(META.c.key == COMPARED))
        connection.execute(META.insert().values(key=COMPARED, value=str(upto)))
    return [f"attempt {attempt_id}: a late callback {difference}" for attempt_id, difference in found if difference]


def _decided_up_to(connection: Connection) -> int:
    """The newest reply before which every attempt is final: what is open may still settle by its own."""
    query = select(func.min(REPLY.c.reply_id)).join(ATTEMPT, ATTEMPT.c.attempt_id == REPLY.c.attempt_id)
    first_open = connection.scalar(query.where(ATTEMPT.c.state.in_(OPEN), REPLY.c.source != "response"))
    newest = connection.scalar(select(func.coalesce(func.max(REPLY.c.reply_id), 0))) or 0
    return first_open - 1 if first_open else newest


def _late(connection: Connection, since: int, upto: int) -> list[dict[str, Any]]:
    query = (
        select(ATTEMPT)
        .join(REPLY, REPLY.c.attempt_id == ATTEMPT.c.attempt_id)
        .where(REPLY.c.source == "callback", REPLY.c.reply_id > since, REPLY.c.reply_id <= upto)
        .where(ATTEMPT.c.state.not_in(OPEN), REPLY.c.reply_id > func.coalesce(ATTEMPT.c.read_to, 0))
        .distinct()
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _difference(connection: Connection, attempt: Mapping[str, Any]) -> str:
    """What all replies together say now that those which were settled by did not; empty when that is the same."""
    numbers = numbers_of(connection, unpack(attempt["subjects"]))
    every: list[Kept] = kept_replies(connection, {**attempt, "state": "awaiting"})
    if attempt["state"] == "voided":
        every = [each for each in every if each.source != "response"]
    asked = [Phone(number) for number in numbers.values()]
    now = read(provider(attempt["provider"]), attempt["product"], every, asked, given_up=True).parsed
    if attempt["state"] == "voided":
        return "answers a request that counted as free: see whether it is billed" if now.lookups else ""
    then = {one.phone: _bare(one) for one in read_attempt(connection, attempt, given_up=True).parsed.lookups}
    differ = sum(_bare(one) != then.get(one.phone) for one in now.lookups)
    return f"says something else of {differ} numbers than what was settled" if differ else ""


def _bare(one: Lookup) -> Lookup:
    return replace(one, **_IGNORED)
