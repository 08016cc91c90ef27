"""Replies that were paid for elsewhere, in the ledger: each an attempt that cost nothing here and was never sent.

They are kept, parsed again and counted as asked as those that were bought. No budget sees them, no claim is touched.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from ringfence.money.entries import Entries
from ringfence.money.importing import IMPORTED, ImportedReply, Importing
from ringfence.money.ledger import Ledger, settled_seq
from ringfence.money.moves import Stored, keep_replies
from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import ASKED, ATTEMPT, QUOTE, REPLY
from ringfence.money.settlement import changed
from ringfence.money.states import OUTCOMES
from ringfence.money.store import pack
from ringfence.money.vault import subjects

_KNOWN = Prepared(select(ATTEMPT.c.attempt_id).where(ATTEMPT.c.attempt_id.in_(listed("ids"))))
_NEW = upsert(ASKED)
# What was asked later than the reply came stays as it is: an old reply makes nothing older.
_PUT_ASKED = _NEW.on_conflict_do_update(
    index_elements=["subject_id", "product"],
    set_={name: _NEW.excluded[name] for name in ("facts", "asked_at", "seq", "failures", "lost")},
    where=_NEW.excluded.asked_at > ASKED.c.asked_at,
)


def known(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of these ids that are imported already."""
    return {attempt_id for (attempt_id,) in _KNOWN.rows(connection, ids=json.dumps(list(ids)))}


def record(ledger: Ledger, importing: Importing, replies: Sequence[ImportedReply]) -> int:
    """Import these replies in one transaction, but those that are imported already; returns how many it were."""
    with ledger.store.read() as connection:
        there = known(connection, [reply.attempt_id for reply in replies])
    fresh = {reply.attempt_id: reply for reply in replies if reply.attempt_id not in there}
    ids = subjects(ledger, list(dict.fromkeys(phone for reply in fresh.values() for phone in reply.outcomes)))
    with ledger.store.write() as connection:
        # Another import may have come first.
        for attempt_id in known(connection, list(fresh)):
            del fresh[attempt_id]
        if fresh:
            _put(connection, ledger, importing, list(fresh.values()), ids)
    return len(fresh)


def _put(
    connection: Connection,
    ledger: Ledger,
    importing: Importing,
    replies: Sequence[ImportedReply],
    ids: Mapping[str, int],
) -> None:
    at, seq = ledger.store.clock(), settled_seq(connection)
    _head(connection, importing, at, seq)
    born, final = Entries(at, importing.who), Entries(at, importing.who)
    attempts = [_attempt(importing, reply, ids) for reply in replies]
    born.attempts += attempts
    born.write(connection)
    keep_replies(
        connection,
        ledger,
        [Stored(reply.attempt_id, importing.source, reply.status, {}, reply.body, complete=True) for reply in replies],
    )
    read_to = None if importing.source == "response" else connection.scalar(select(func.max(REPLY.c.reply_id)))
    asked: list[dict[str, Any]] = []
    for place, (attempt, reply) in enumerate(zip(attempts, replies, strict=True), seq + 1):
        final.change(_settled(attempt, reply, place, at, read_to))
        final.journal(reply.attempt_id, IMPORTED)
        asked += [
            {
                "subject_id": ids[phone],
                "product": f"{importing.provider}/{importing.product}",
                "facts": importing.facts,
                "asked_at": reply.received_at,
                "seq": place,
                "failures": 0,
            }
            for phone in reply.outcomes
        ]
    final.write(connection)
    connection.execute(_PUT_ASKED, asked)


def _head(connection: Connection, importing: Importing, at: int, seq: int) -> None:
    """What an attempt must point to, once an import: a quote of nothing, which has expired."""
    summary = {"currency": importing.currency, "narrowed": True, IMPORTED: f"{importing.provider} {importing.product}"}
    row = {
        "quote_id": importing.import_id,
        "created_at": at,
        "expires_at": at,
        "ledger_seq": seq,
        "launch_id": importing.import_id,
        "summary": json.dumps(summary),
    }
    there = connection.scalar(select(QUOTE.c.quote_id).where(QUOTE.c.quote_id == importing.import_id))
    if there is None:
        connection.execute(insert(QUOTE), [row])


def _attempt(importing: Importing, reply: ImportedReply, ids: Mapping[str, int]) -> dict[str, Any]:
    """An attempt at its birth; like every other it is born `sent`, and no other transaction sees it so."""
    return {
        "attempt_id": reply.attempt_id,
        "quote_id": importing.import_id,
        "launch_id": importing.import_id,
        "worker_id": IMPORTED,
        "provider": importing.provider,
        "product": importing.product,
        "country": "",
        "source": importing.of_source,
        "facts": importing.facts,
        "currency": importing.currency,
        "unit_price": 0,
        "numbers": len(reply.outcomes),
        "state": "sent",
        "held": 0,
        "evidence": None,
        "residue_of": None,
        "retry_of": None,
        "reserved_at": reply.received_at,
        "fingerprint": None,
        "subjects": pack([ids[phone] for phone in reply.outcomes]),
        "origin": IMPORTED,
    }


def _settled(
    attempt: Mapping[str, Any], reply: ImportedReply, seq: int, at: int, read_to: int | None
) -> dict[str, Any]:
    return changed(
        {
            **attempt,
            "actual": None,
            "answered_at": None,
            "final_at": None,
            "settled_seq": None,
            "outcomes": None,
            "request_ref": None,
            "read_to": None,
        },
        state="settled",
        actual=0,
        evidence=f"a reply that was paid for elsewhere answers for {len(reply.outcomes)} numbers",
        request_ref=reply.request_ref,
        answered_at=reply.received_at,
        final_at=at,
        settled_seq=seq,
        outcomes=bytes(OUTCOMES.index(outcome) for outcome in reply.outcomes.values()),
        read_to=read_to,
    )
