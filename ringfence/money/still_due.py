"""Which numbers of a batch may still be bought, as a transaction sees the ledger: rule 1 of buying, asked again."""

import json
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection, bindparam, select

from ringfence.money.batch import Batch
from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import ASKED, CLAIM, SUBJECT

# Numbers that the ledger is asked for in one statement.
AT_ONCE = 10_000
_WANTED = listed("wanted")
_CLAIMED = Prepared(select(CLAIM.c.subject_id).where(CLAIM.c.subject_id.in_(_WANTED)))
_PHONES = Prepared(select(SUBJECT.c.subject_id, SUBJECT.c.phone_e164).where(SUBJECT.c.subject_id.in_(_WANTED)))
_ASKED = Prepared(
    select(ASKED.c.subject_id, ASKED.c.seq, ASKED.c.facts).where(
        ASKED.c.subject_id.in_(_WANTED), ASKED.c.seq > bindparam("oldest")
    )
)


def still_due(
    connection: Connection, batches: Iterable[Batch], taken: Collection[int]
) -> Iterator[tuple[Batch, dict[int, str]]]:
    """The numbers of each batch that may be bought, by subject: known, not claimed, and not asked since the quote.

    `taken` are left out too, as they are when the batch is given. The ledger is asked for many batches at once: one
    number a request makes as many batches as numbers.
    """
    for group in _groups(batches):
        wanted = json.dumps([subject for batch in group for subject in batch.subjects])
        claimed = {subject for (subject,) in _CLAIMED.rows(connection, wanted=wanted)}
        phones = dict(_PHONES.rows(connection, wanted=wanted))
        newer: dict[int, list[tuple[int, int]]] = {}
        oldest = min(batch.ledger_seq for batch in group)
        for subject, seq, facts in _ASKED.rows(connection, wanted=wanted, oldest=oldest):
            newer.setdefault(subject, []).append((seq, facts))
        for batch in group:
            yield (
                batch,
                {
                    subject: phones[subject]
                    for subject in batch.subjects
                    if subject in phones
                    and subject not in claimed
                    and subject not in taken
                    and batch.facts & ~_covered(newer.get(subject, ()), batch.ledger_seq)
                },
            )


def _groups(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    group: list[Batch] = []
    size = 0
    for batch in batches:
        group.append(batch)
        size += len(batch.subjects)
        if size >= AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group


def _covered(newer: Iterable[tuple[int, int]], since: int) -> int:
    """The facts (as bits) that were asked after a settlement."""
    covered = 0
    for seq, facts in newer:
        covered |= facts if seq > since else 0
    return covered
