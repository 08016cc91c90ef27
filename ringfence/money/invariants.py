"""What must always hold of the ledger: each invariant is a query that returns no row. It only reads.

I6 (one open paid lookup per number) is the primary key of `claim`, I2's cap is the one that the reservation passed.
Attempts and journal are in the currency that the provider bills in, holds and counters in that of the budgets: what an
attempt with a rate holds there is its numbers times its converted price, and what it cost is converted as a whole.
"""

import re
import sqlite3
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from ringfence.money.conversion import converted, counted, held_for
from ringfence.money.prepared import driver
from ringfence.money.schema import ATTEMPT, CLAIM, SUBJECT
from ringfence.money.states import OPEN as OPEN_STATES
from ringfence.money.store import unpack

OPEN = str(OPEN_STATES)
# What a number may stand in; a text that may hold one has seven digits in a row.
TEXTS = """SELECT seq AS id, why AS told FROM journal UNION ALL SELECT attempt_id, evidence FROM attempt
    UNION ALL SELECT quote_id, why FROM approval UNION ALL SELECT deferral_id, reason FROM deferral"""
SUSPECT = f"SELECT id, told FROM ({TEXTS}) WHERE told GLOB '*{'[0-9]' * 7}*'"
_NO_NUMBER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+\.\d{2,9} [A-Z]{3}\b", re.ASCII)
_NUMBER = re.compile(r"\+[1-9]\d{6}|(?<!\w)\d{9,15}(?!\w)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant and the first row that shows it. Rows hold ids and amounts, never a number."""

    invariant: str
    meaning: str
    row: str


QUERIES = {
    "I1": (
        "every budget's totals equal the sum of its attempts",
        f"""SELECT c.counter_id FROM counter c LEFT JOIN (
                SELECT h.counter_id, sum(CASE WHEN a.state IN {OPEN} THEN h.held ELSE 0 END) AS held,
                       sum(CASE WHEN a.state = 'settled' THEN h.actual ELSE 0 END) AS spent,
                       sum(CASE WHEN a.state = 'settled' THEN max(0, h.actual - h.held) ELSE 0 END) AS overrun
                FROM hold h JOIN attempt a USING (attempt_id) GROUP BY h.counter_id
            ) s USING (counter_id)
            WHERE c.held <> coalesce(s.held, 0) OR c.spent <> coalesce(s.spent, 0)
               OR c.overrun <> coalesce(s.overrun, 0)
            UNION ALL SELECT h.attempt_id
            FROM hold h JOIN attempt a USING (attempt_id) JOIN counter c USING (counter_id)
            WHERE h.held <> held_for(a.held, a.unit_price, a.rate) OR h.actual IS NOT converted(a.actual, a.rate)
               OR c.currency <> counted(a.currency, a.rate)
            UNION ALL SELECT a.attempt_id FROM attempt a
            WHERE (a.origin IS NULL OR a.unit_price <> 0 OR a.held <> 0 OR a.actual IS NOT 0)
            AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.attempt_id = a.attempt_id)""",
    ),
    "I2": (
        "no reservation passed a cap",
        """SELECT j.seq FROM journal j, json_each(j.caps) c
           WHERE j.event = 'reserved' AND j.held > 0 AND c.value ->> 'after' > c.value ->> 'cap'""",
    ),
    "I3": (
        "the journal replays to the same totals",
        f"""SELECT a.attempt_id FROM attempt a LEFT JOIN (
                SELECT attempt_id, sum(held) AS held, sum(spent) AS spent, sum(overrun) AS overrun
                FROM journal GROUP BY attempt_id
            ) j USING (attempt_id)
            WHERE coalesce(j.held, 0) <> CASE WHEN a.state IN {OPEN} THEN a.held ELSE 0 END
               OR coalesce(j.spent, 0) <> coalesce(a.actual, 0)
               OR coalesce(j.overrun, 0) <> max(0, coalesce(a.actual, 0) - a.held)
            UNION ALL SELECT c.counter_id FROM counter c LEFT JOIN (
                SELECT h.counter_id, sum(j.held) AS held, sum(j.spent) AS spent,
                       sum(CASE WHEN j.final THEN max(0, j.spent + j.held) ELSE 0 END) AS overrun
                FROM hold h JOIN (
                    SELECT j.attempt_id, j.event = 'settled' AS final,
                           held_for(j.held, a.unit_price, a.rate) AS held, converted(j.spent, a.rate) AS spent
                    FROM journal j JOIN attempt a USING (attempt_id)
                ) j USING (attempt_id) GROUP BY h.counter_id
            ) r USING (counter_id)
            WHERE c.held <> coalesce(r.held, 0) OR c.spent <> coalesce(r.spent, 0)
               OR c.overrun <> coalesce(r.overrun, 0)""",
    ),
    "I5": (
        "every settled attempt has a whole stored reply or named evidence",
        """SELECT a.attempt_id FROM attempt a WHERE a.state = 'settled' AND (a.evidence IS NULL OR (
               a.evidence NOT LIKE 'paid_lost:%' AND NOT EXISTS (
                   SELECT 1 FROM reply r WHERE r.complete = 1 AND r.attempt_id IN (a.attempt_id, a.residue_of))))""",
    ),
    "I7": (
        "sent is entered at most once, a final state at most once",
        """SELECT attempt_id FROM journal WHERE attempt_id IS NOT NULL GROUP BY attempt_id
           HAVING sum(event = 'sent') > 1 OR sum(event IN ('settled', 'voided')) > 1""",
    ),
    "I8": (
        "nothing is settled that was not sent, or imported",
        """SELECT a.attempt_id FROM attempt a WHERE a.state = 'settled' AND NOT EXISTS (
               SELECT 1 FROM journal j
               WHERE j.event = coalesce(a.origin, 'sent') AND j.attempt_id = coalesce(a.residue_of, a.attempt_id))""",
    ),
    "I9": (
        "a new attempt follows only a final one",
        f"""SELECT a.attempt_id FROM attempt a JOIN attempt p ON p.attempt_id = a.retry_of WHERE p.state IN {OPEN}""",
    ),
}


def violations(connection: Connection) -> list[Violation]:
    """Every broken invariant, with its first row; none is what `ledger check` wants to see."""
    teach(driver(connection))
    found = []
    for name, (meaning, query) in QUERIES.items():
        row = connection.execute(text(query)).first()
        if row is not None:
            found.append(Violation(name, meaning, str(row[0])))
    return found + _numbers(connection) + _claims(connection)


def teach(raw: sqlite3.Connection) -> None:
    """Let SQL convert as the ledger does in Python: exactly, however long the numbers are."""
    raw.create_function("counted", 2, counted, deterministic=True)
    raw.create_function("held_for", 3, held_for, deterministic=True)
    raw.create_function(
        "converted", 2, lambda amount, rate: None if amount is None else converted(amount, rate), deterministic=True
    )


def names_a_number(told: str) -> bool:
    """Whether anything in a text, besides ids and amounts, may be a phone number."""
    return bool(_NUMBER.search(_NO_NUMBER.sub(" ", told)))


def _numbers(connection: Connection) -> list[Violation]:
    """I11: what is left of a text without ids and amounts has no number, with a `+` or bare."""
    for row in connection.execute(text(SUSPECT)):
        if names_a_number(row.told):
            return [Violation("I11", "no number stands in a text of the books", str(row.id))]
    return []


def _claims(connection: Connection) -> list[Violation]:
    """I4, I6 and I10 read the packed columns: a final attempt has no claim, an open one has one per subject."""
    claims: dict[str, set[int]] = {}
    for subject, attempt_id in connection.execute(select(CLAIM.c.subject_id, CLAIM.c.attempt_id)):
        claims.setdefault(attempt_id, set()).add(subject)
    open_attempts = select(ATTEMPT.c.attempt_id, ATTEMPT.c.subjects).where(ATTEMPT.c.state.in_(OPEN_STATES))
    unclaimed = [
        attempt_id
        for attempt_id, packed in connection.execute(open_attempts)
        if claims.pop(attempt_id, set()) != set(unpack(packed))
    ]
    found = [Violation("I4", "an open attempt claims each of its numbers", each) for each in unclaimed[:1]]
    found += [Violation("I4", "a final attempt claims nothing", each) for each in sorted(claims)[:1]]
    lost = connection.execute(
        select(CLAIM.c.attempt_id).where(CLAIM.c.subject_id.not_in(select(SUBJECT.c.subject_id)))
    ).first()
    if lost:
        found.append(Violation("I10", "no erased subject is referenced by an open attempt", lost[0]))
    return found
