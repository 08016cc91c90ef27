"""What is stored of an attempt: its replies in the order of their arrival, and its numbers. It only reads."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ringfence.http.exchange import Reply
from ringfence.lookups.answers import Kept
from ringfence.money.schema import REPLY, SUBJECT

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
