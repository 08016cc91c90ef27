"""What is stored of an attempt, its replies and its numbers, and what that makes of it. It only reads."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ringfence.http.exchange import Reply
from ringfence.lookups.answers import Kept, Read, read
from ringfence.lookups.verdict import move_for
from ringfence.money.moves import Move
from ringfence.money.schema import REPLY, SUBJECT
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.registry import provider

Row = Mapping[str, Any]


def kept_replies(connection: Connection, attempt: Row) -> list[Kept]:
    """The whole replies to an attempt, or to the one that it is the residue of; of a settled one what settled it.

    A settlement by the first reply alone has no `read_to`: then later ones are left out.
    """
    query = (
        select(REPLY)
        .where(REPLY.c.attempt_id.in_([attempt["attempt_id"], attempt["residue_of"]]), REPLY.c.complete == 1)
        .order_by(REPLY.c.reply_id)
    )
    if attempt["state"] == "settled":
        read_to = attempt["read_to"]
        query = query.where(REPLY.c.source == "response" if read_to is None else REPLY.c.reply_id <= read_to)
    return [
        Kept(
            row.reply_id,
            row.source,
            row.ref,
            Reply(row.status, json.loads(row.headers), zlib.decompress(row.body)),
        )
        for row in connection.execute(query)
    ]


def numbers_of(connection: Connection, subjects: Sequence[int]) -> dict[int, str]:
    """The numbers of these subjects, in their order; an erased subject is left out."""
    found: dict[int, str] = {}
    for start in range(0, len(subjects), 500):
        part = subjects[start : start + 500]
        query = select(SUBJECT.c.subject_id, SUBJECT.c.phone_e164).where(SUBJECT.c.subject_id.in_(part))
        found.update(connection.execute(query).tuples().all())
    return {subject: found[subject] for subject in subjects if subject in found}


def read_attempt(connection: Connection, attempt: Row, *, given_up: bool = False) -> Read:
    """An attempt as all of its stored replies tell it."""
    asked = [Phone(number) for number in numbers_of(connection, unpack(attempt["subjects"])).values()]
    kept = kept_replies(connection, attempt)
    return read(provider(attempt["provider"]), attempt["product"], kept, asked, given_up=given_up)


def decided(connection: Connection, attempt: Row, *, given_up: bool = False) -> Move:
    """What the stored replies to an open attempt make of it; nothing is waited for any more when it is given up."""
    found = read_attempt(connection, attempt, given_up=given_up)
    subjects = {number: subject for subject, number in numbers_of(connection, unpack(attempt["subjects"])).items()}
    return move_for(attempt, found.parsed, subjects, read_to=found.read_to)
