"""The vault: subject ids for phone numbers. Only reply bodies hold numbers beside it."""

import json
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from ringfence.money.ledger import Ledger
from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import SUBJECT

# Numbers in one statement; larger chunks bring nothing.
CHUNK = 10_000
_NEW = Prepared(upsert(SUBJECT).on_conflict_do_nothing(), ("phone_e164",))
_IDS = Prepared(select(SUBJECT.c.phone_e164, SUBJECT.c.subject_id).where(SUBJECT.c.phone_e164.in_(listed("phones"))))


def subjects(ledger: Ledger, phones: Sequence[str]) -> dict[str, int]:
    """The subject ids of these numbers, made where there is none yet."""
    found: dict[str, int] = {}
    with ledger.store.write() as connection:
        for start in range(0, len(phones), CHUNK):
            part = phones[start : start + CHUNK]
            _NEW.run_many(connection, [{"phone_e164": phone} for phone in part])
            found.update(_IDS.rows(connection, phones=json.dumps(part)))
    return found
