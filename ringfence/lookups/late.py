"""What comes after its attempt is final: compared with what was settled, and noted. What is final does not change.

A charge that shows after a void is booked beside it as a correction, and told as an alarm. An answer to what was
counted as lost, or a whole one to what was answered in part, is booked beside it too, at what is more than was counted.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from ringfence.lookups.answers import Kept, Read, read
from ringfence.lookups.replies import belated, kept_replies, numbers_of, read_attempt
from ringfence.lookups.verdict import move_for
from ringfence.money.amount import Money
from ringfence.money.correction import correct, was
from ringfence.money.decide import LOST, PARTIAL
from ringfence.money.entries import Entries
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Settle, newest_reply
from ringfence.money.schema import ATTEMPT, META, REPLY
from ringfence.money.states import OPEN
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Lookup, Outcome
from ringfence.providers.registry import provider

# The newest reply that was compared, in `meta`; `journal` has what was found.
COMPARED = "compared_to"
# What two answers are compared by; a price, which money has moved by, is one of it.
_IGNORED: Mapping[str, Any] = {"raw_status": None, "raw_error": None, "raw_permanent": None, "result_ref": None}


def note_late(ledger: Ledger, who: str = "collect") -> list[str]:
    """Compare what came late with what was decided before; returns a sentence for each attempt that differs."""
    with ledger.store.read() as connection:
        since = int(connection.scalar(select(META.c.value).where(META.c.key == COMPARED)) or 0)
        upto = _decided_up_to(connection)
        late = _late(connection, since, upto)
        charged = {each["attempt_id"]: found for each in late if was(each) and (found := _charge(connection, each))}
        differences = {each["attempt_id"]: _difference(connection, each) for each in late if not _unanswered(each)}
    entries = Entries(ledger.store.clock(), who)
    told = []
    with ledger.store.write() as connection:
        for each in late:
            attempt_id = each["attempt_id"]
            move = charged.get(attempt_id)
            amount = correct(connection, ledger, move, who) if isinstance(move, Settle) else None
            if booked := _booked(amount, move):
                told.append(f"attempt {attempt_id} was {was(each)} and is charged {_all_the_same(each)}: {booked}")
            difference = differences.get(attempt_id)
            if difference or (difference is not None and amount is None):
                entries.journal(attempt_id, "late_reply", why=difference or "it says the same")
                told += [f"attempt {attempt_id}: a late reply {difference}"] if difference else []
        entries.write(connection)
        connection.execute(META.delete().where(META.c.key == COMPARED))
        connection.execute(META.insert().values(key=COMPARED, value=str(upto)))
    return told


def _unanswered(attempt: Mapping[str, Any]) -> bool:
    """Whether an attempt became final without an answer."""
    return attempt["state"] == "voided" or str(attempt["evidence"]).startswith(LOST)


def _all_the_same(attempt: Mapping[str, Any]) -> str:
    return "all the same" if attempt["state"] == "voided" else "more than was counted"


def _booked(amount: Money | None, move: Settle | str | None) -> str | None:
    """What a correction has booked, or why it could not; None where there is nothing to say of money."""
    if isinstance(move, str):
        return f"{move}, and nothing is booked: compare with the provider's bill"
    return f"{amount} is booked as a correction" if amount and amount.amount else None


def _decided_up_to(connection: Connection) -> int:
    """The newest reply before which every attempt is final: what is open may still settle by its own."""
    query = select(func.min(REPLY.c.reply_id)).join(ATTEMPT, ATTEMPT.c.attempt_id == REPLY.c.attempt_id)
    first_open = connection.scalar(query.where(ATTEMPT.c.state.in_(OPEN), REPLY.c.source == "callback"))
    return first_open - 1 if first_open else newest_reply(connection)


def _late(connection: Connection, since: int, upto: int) -> list[dict[str, Any]]:
    """Settled attempts that were called back or answered later, and unanswered ones of which anything came at all.

    These wait for nobody: the same charge is booked once, however often it is looked at.
    """
    own = REPLY.c.attempt_id == ATTEMPT.c.attempt_id
    # Of what a log has told in part the whole may come for the request that it is a residue of.
    in_part = func.instr(ATTEMPT.c.outcomes, bytes([PARTIAL])) > 0
    by_itself = and_(or_(own, in_part), REPLY.c.source.in_(("callback", "response")), REPLY.c.reply_id <= upto)
    unanswered = or_(ATTEMPT.c.state == "voided", ATTEMPT.c.evidence.startswith(LOST))
    query = (
        select(ATTEMPT)
        .join(REPLY, or_(own, REPLY.c.attempt_id == ATTEMPT.c.residue_of))
        .where(REPLY.c.reply_id > since, or_(REPLY.c.source != "response", belated()))
        .where(REPLY.c.reply_id > func.coalesce(ATTEMPT.c.read_to, 0))
        .where(or_(unanswered, and_(ATTEMPT.c.state == "settled", by_itself)))
        .distinct()
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _all_of_it(connection: Connection, attempt: Mapping[str, Any]) -> Read:
    """An attempt as all replies together tell it, also those that came after it was final."""
    numbers = numbers_of(connection, unpack(attempt["subjects"]))
    every: list[Kept] = kept_replies(connection, {**attempt, "state": "awaiting"})
    asked = [Phone(number) for number in numbers.values()]
    return read(provider(attempt["provider"]), attempt["product"], every, asked, given_up=True)


def _charge(connection: Connection, attempt: Mapping[str, Any]) -> Settle | str | None:
    """What an attempt that was not answered, or in part, has cost after all; None where nothing more is answered.

    A sentence where that cannot be booked. What is counted already has its cost: only a price that is stated says more.
    """
    found = _all_of_it(connection, attempt)
    parsed = found.parsed
    if attempt["state"] == "settled":
        known = [one if one.price is not None else replace(one, price=0) for one in parsed.lookups]
        if not _unanswered(attempt):
            known = [one for one in known if one.outcome is not Outcome.PARTIAL]
        parsed = replace(parsed, lookups=known)
    if not parsed.lookups:
        return None
    subjects = {number: subject for subject, number in numbers_of(connection, unpack(attempt["subjects"])).items()}
    move = move_for(attempt, parsed, subjects, read_to=found.read_to)
    return move if isinstance(move, Settle) else move.evidence


def _difference(connection: Connection, attempt: Mapping[str, Any]) -> str:
    """What all replies together say now that those which were settled by did not; empty when that is the same.

    The whole of what was told in part is no difference: it is booked beside it.
    """
    now = _all_of_it(connection, attempt).parsed
    then = {one.phone: one for one in read_attempt(connection, attempt, given_up=True).parsed.lookups}
    differ = sum(_differs(one, then.get(one.phone)) for one in now.lookups)
    return f"says something else of {differ} numbers than what was settled" if differ else ""


def _differs(now: Lookup, then: Lookup | None) -> bool:
    if then is None:
        return True
    is_completed = then.outcome is Outcome.PARTIAL and now.outcome is not Outcome.PARTIAL
    return not is_completed and _bare(now) != _bare(then)


def _bare(one: Lookup) -> Lookup:
    return replace(one, **_IGNORED)
