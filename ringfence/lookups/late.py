"""What comes after its attempt is final: compared with what was settled, and noted. What is final does not change.

A charge that shows after a void is booked beside it as a correction, and told as an alarm. An answer to what was
counted as lost, or a whole one to what was answered in part, is booked beside it too, at what is more than was counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

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
        upto = max(since, _decided_up_to(connection, since))
        charged = [(each, found) for each in _lacking(connection, since) if (found := _charge(connection, each))]
        settled = _settled(connection, since, upto)
        differences = {each["attempt_id"]: _difference(connection, each) for each in settled}
    entries = Entries(ledger.store.clock(), who)
    told = []
    with ledger.store.write() as connection:
        for each, found in charged:
            amount = correct(connection, ledger, found.move, who, found.counted) if found.move else None
            if booked := found.problem or _booked(amount):
                charge = f"is charged {_all_the_same(each)}: {booked}"
                told.append(f"attempt {each['attempt_id']} was {was(each)} and {charge}")
            if amount is not None and differences.get(each["attempt_id"]) == "":
                del differences[each["attempt_id"]]
        for attempt_id, difference in differences.items():
            entries.journal(attempt_id, "late_reply", why=difference or "it says the same")
            told += [f"attempt {attempt_id}: a late reply {difference}"] if difference else []
        entries.write(connection)
        connection.execute(META.delete().where(META.c.key == COMPARED))
        connection.execute(META.insert().values(key=COMPARED, value=str(upto)))
    return told


@dataclass(frozen=True, slots=True)
class _Charge:
    """What an attempt is to be settled for, or why that cannot be booked; `counted` is what each number had cost."""

    move: Settle | None
    counted: Mapping[int, int]
    problem: str = ""


def _unanswered(attempt: Mapping[str, Any]) -> bool:
    """Whether an attempt became final without an answer."""
    return attempt["state"] == "voided" or str(attempt["evidence"]).startswith(LOST)


def _all_the_same(attempt: Mapping[str, Any]) -> str:
    return "all the same" if attempt["state"] == "voided" else "more than was counted"


def _booked(amount: Money | None) -> str | None:
    return f"{amount} is booked as a correction" if amount and amount.amount else None


def _decided_up_to(connection: Connection, since: int) -> int:
    """The newest reply before the first one by which an open attempt may still settle.

    A residue may by a reply to its request, which is final.
    """
    came = or_(REPLY.c.source == "callback", and_(REPLY.c.source == "response", REPLY.c.complete == 1))
    first = select(func.min(REPLY.c.reply_id)).join(ATTEMPT, ATTEMPT.c.attempt_id == REPLY.c.attempt_id)
    first = first.where(REPLY.c.reply_id > since, came)
    residue = ATTEMPT.alias("residue")
    has_open = exists().where(residue.c.residue_of == ATTEMPT.c.attempt_id, residue.c.state.in_(OPEN))
    found = [
        connection.scalar(first.where(ATTEMPT.c.state.in_(OPEN))),
        connection.scalar(first.where(ATTEMPT.c.state.not_in(OPEN), belated(), has_open)),
    ]
    return min((each - 1 for each in found if each), default=newest_reply(connection))


_OWN = REPLY.c.attempt_id == ATTEMPT.c.attempt_id
_BY_ITSELF = REPLY.c.source.in_(("callback", "response"))


def _lacking(connection: Connection, since: int) -> list[dict[str, Any]]:
    """Attempts that were not answered, or in part, of which anything came, or for the request they are a residue of.

    These wait for nobody: the same charge is booked once, however often it is looked at.
    """
    unanswered = or_(ATTEMPT.c.state == "voided", ATTEMPT.c.evidence.startswith(LOST))
    in_part = and_(ATTEMPT.c.state == "settled", func.instr(ATTEMPT.c.outcomes, bytes([PARTIAL])) > 0, _BY_ITSELF)
    return _late(connection, since, or_(_OWN, REPLY.c.attempt_id == ATTEMPT.c.residue_of), or_(unanswered, in_part))


def _settled(connection: Connection, since: int, upto: int) -> list[dict[str, Any]]:
    """Answered attempts that were called back, or answered, later."""
    answered = and_(ATTEMPT.c.state == "settled", ~ATTEMPT.c.evidence.startswith(LOST))
    return _late(connection, since, _OWN, and_(answered, _BY_ITSELF, REPLY.c.reply_id <= upto))


def _late(
    connection: Connection, since: int, owned: ColumnElement[bool], where: ColumnElement[bool]
) -> list[dict[str, Any]]:
    query = (
        select(ATTEMPT)
        .join(REPLY, owned)
        .where(REPLY.c.reply_id > since, or_(REPLY.c.source != "response", belated()))
        .where(REPLY.c.reply_id > func.coalesce(ATTEMPT.c.read_to, 0))
        .where(where)
        .distinct()
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _all_of_it(connection: Connection, attempt: Mapping[str, Any]) -> Read:
    """An attempt as all replies together tell it, also those that came after it was final."""
    numbers = numbers_of(connection, unpack(attempt["subjects"]))
    every: list[Kept] = kept_replies(connection, {**attempt, "state": "awaiting"})
    asked = [Phone(number) for number in numbers.values()]
    return read(provider(attempt["provider"]), attempt["product"], every, asked, given_up=True)


def _charge(connection: Connection, attempt: Mapping[str, Any]) -> _Charge | None:
    """What an attempt that was not answered, or in part, has cost after all; None where nothing more is answered.

    What is counted already has its cost: only a price that is stated says more.
    """
    found = _all_of_it(connection, attempt)
    parsed, counted = found.parsed, {}
    subjects = {number: subject for subject, number in numbers_of(connection, unpack(attempt["subjects"])).items()}
    if attempt["state"] == "settled":
        known = [one if one.price is not None else replace(one, price=0) for one in parsed.lookups]
        if not _unanswered(attempt):
            known = [one for one in known if one.outcome is not Outcome.PARTIAL]
            then = move_for(attempt, read_attempt(connection, attempt, given_up=True).parsed, subjects)
            counted = {each.subject: each.amount for each in then.answers} if isinstance(then, Settle) else {}
        parsed = replace(parsed, lookups=known)
    if not parsed.lookups:
        return None
    move = move_for(attempt, parsed, subjects, read_to=found.read_to)
    if isinstance(move, Settle):
        return _Charge(move, counted)
    return _Charge(None, {}, f"{move.evidence}, and nothing is booked: compare with the provider's bill")


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
