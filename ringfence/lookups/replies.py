"""What is stored of an attempt, its replies and its numbers, and what that makes of it. It only reads."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, not_, or_, select

from ringfence.http.exchange import Reply
from ringfence.lookups.answers import Kept, Read, read
from ringfence.lookups.verdict import move_for
from ringfence.money.moves import Move, Settle
from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import ATTEMPT, REPLY, SUBJECT
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.registry import provider

Row = Mapping[str, Any]


def belated() -> ColumnElement[bool]:
    """Whether a reply came after its attempt was final: whoever sent it was held up, or somebody took over from him."""
    # By its place: a clock may have been set back. What was decided by its first reply alone has no `read_to`.
    by_time = and_(ATTEMPT.c.read_to.is_(None), REPLY.c.received_at > ATTEMPT.c.final_at)
    by_place = and_(ATTEMPT.c.read_to.is_not(None), REPLY.c.reply_id > ATTEMPT.c.read_to)
    return or_(by_place, by_time)


# Of each reply also whether it is the one that its attempt was voided for.
_VOIDING = and_(REPLY.c.source == "response", ATTEMPT.c.state == "voided", not_(belated()))
_REPLIES = Prepared(
    select(REPLY, _VOIDING.label("voiding"))
    .join(ATTEMPT, ATTEMPT.c.attempt_id == REPLY.c.attempt_id)
    .where(REPLY.c.attempt_id.in_(listed("ids")), REPLY.c.complete == 1)
)
_REQUEST = Prepared(select(ATTEMPT.c.subjects).where(ATTEMPT.c.attempt_id == bindparam("key")))
_NUMBERS = Prepared(select(SUBJECT.c.subject_id, SUBJECT.c.phone_e164).where(SUBJECT.c.subject_id.in_(listed("ids"))))


def kept_replies(connection: Connection, attempt: Row) -> list[Kept]:
    """The whole replies to an attempt, or to the one that it is the residue of; of a settled one what settled it.

    A settlement by the first reply alone has no `read_to`: then later ones are left out.
    """
    return kept_of(connection, [attempt])[attempt["attempt_id"]]


def kept_of(connection: Connection, attempts: Sequence[Row]) -> dict[str, list[Kept]]:
    """The same for many attempts, by their ids; asked for in one statement, each costs a tenth."""
    wanted = {each for one in attempts for each in _owners(one)}
    found: dict[str, list[Row]] = {}
    for row in _REPLIES.dicts(connection, ids=json.dumps(list(wanted))):
        found.setdefault(row["attempt_id"], []).append(row)
    return {attempt["attempt_id"]: list(_kept(attempt, found)) for attempt in attempts}


def _owners(attempt: Row) -> list[str]:
    """Whose replies tell of an attempt: its own, its request's, and those of the residue that it is a correction of."""
    origin = attempt["residue_of"]
    return [each for each in dict.fromkeys((attempt["attempt_id"], origin, origin and attempt["retry_of"])) if each]


def _kept(attempt: Row, found: Mapping[str, Sequence[Row]]) -> Iterator[Kept]:
    rows = [row for each in _owners(attempt) for row in found.get(each, ())]
    read_to = attempt["read_to"]
    for row in sorted(rows, key=lambda row: row["reply_id"]):
        decided = row["source"] == "response" if read_to is None else row["reply_id"] <= read_to
        # What came after a void is not read by the reply that it was voided for.
        if row["voiding"] and attempt["state"] != "voided":
            continue
        if decided or attempt["state"] != "settled":
            reply = Reply(row["status"], json.loads(row["headers"]), zlib.decompress(row["body"]))
            at = datetime.fromtimestamp(row["received_at"] / 1_000_000, UTC)
            yield Kept(row["reply_id"], row["source"], row["ref"], reply, at)


def numbers_of(connection: Connection, subjects: Sequence[int]) -> dict[int, str]:
    """The numbers of these subjects, in their order; an erased subject is left out."""
    found = dict(_NUMBERS.rows(connection, ids=json.dumps(list(subjects))))
    return {subject: found[subject] for subject in subjects if subject in found}


def read_attempt(connection: Connection, attempt: Row, *, given_up: bool = False) -> Read:
    """An attempt as all of its stored replies tell it."""
    subjects = unpack(attempt["subjects"])
    asked = [Phone(number) for number in numbers_of(connection, subjects).values()]
    kept = kept_replies(connection, attempt)
    others: Mapping[int, str] = {}
    if attempt["residue_of"] and any(each.source == "log" for each in kept):
        # Those that its reply left out have residues of their own; it names those that it answered.
        (request,) = _REQUEST.rows(connection, key=attempt["residue_of"])
        others = numbers_of(connection, unpack(request[0]))
    beside = [Phone(number) for number in others.values()]
    return read(provider(attempt["provider"]), attempt["product"], kept, asked, given_up=given_up, beside=beside)


def answered(connection: Connection, attempt: Row) -> Settle | None:
    """What the stored replies to an open attempt settle, when nothing more is waited for; None where they do not."""
    move = decided(connection, attempt, given_up=True)
    return move if isinstance(move, Settle) else None


def decided(connection: Connection, attempt: Row, *, given_up: bool = False) -> Move:
    """What the stored replies to an open attempt make of it; nothing is waited for any more when it is given up."""
    found = read_attempt(connection, attempt, given_up=given_up)
    subjects = {number: subject for subject, number in numbers_of(connection, unpack(attempt["subjects"])).items()}
    return move_for(attempt, found.parsed, subjects, read_to=found.read_to)
