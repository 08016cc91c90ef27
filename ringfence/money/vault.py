"""The vault: subject ids for phone numbers. Only reply bodies hold numbers beside it, until their retention ends."""

import json
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from ringfence.money.ledger import Ledger
from ringfence.money.schema import SUBJECT

# Numbers in one statement; larger chunks bring nothing.
CHUNK = 10_000


def subjects(ledger: Ledger, phones: Sequence[str]) -> dict[str, int]:
    """The subject ids of these numbers, made where there is none yet."""
    found: dict[str, int] = {}
    with ledger.store.write() as connection:
        for start in range(0, len(phones), CHUNK):
            part = phones[start : start + CHUNK]
            connection.execute(upsert(SUBJECT).on_conflict_do_nothing(), [{"phone_e164": phone} for phone in part])
            ids = func.json_each(json.dumps(part)).table_valued("value")
            rows = connection.execute(
                select(SUBJECT.c.phone_e164, SUBJECT.c.subject_id).where(SUBJECT.c.phone_e164.in_(select(ids.c.value)))
            )
            found.update(rows.tuples().all())
    return found
