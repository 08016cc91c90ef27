"""How an attempt becomes final: what it cost, what is left of it in doubt, and when its numbers count as asked.

Rows are collected in `Entries`; nothing is written here.
"""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from ringfence.money.conversion import converted, held_for
from ringfence.money.decision import Answered, Settle
from ringfence.money.entries import BORN, CHANGING, Entries, Row
from ringfence.money.ledger import Ledger
from ringfence.money.prepared import Prepared, listed
from ringfence.money.schema import ASKED
from ringfence.money.states import OUTCOMES
from ringfence.money.store import pack, unpack

# An unbilled failure is asked again, at most this often in a row.
MOST_FAILURES = 3
_ASKED = Prepared(select(ASKED).where(ASKED.c.product == bindparam("key"), ASKED.c.subject_id.in_(listed("subjects"))))


def changed(attempt: Row, **changes: object) -> Row:
    """The columns of an attempt that may change, with these changes made."""
    return {**{name: attempt[name] for name in ("attempt_id", *CHANGING)}, **changes}


def finish(
    entries: Entries, attempt: Row, holds: Sequence[Row], state: str, actual: int, why: str, **changes: object
) -> None:
    """End an attempt: what it held is given back, what it cost is spent, and its numbers are free again.

    Attempt and journal are in the provider's currency, holds and counters in that of the budgets.
    """
    attempt_id, held = attempt["attempt_id"], attempt["held"]
    given_back, spent = held_for(held, attempt["unit_price"], attempt["rate"]), converted(actual, attempt["rate"])
    entries.change(
        changed(attempt, state=state, actual=actual, evidence=why, final_at=entries.at, fingerprint=None, **changes)
    )
    for hold in holds:
        entries.change_hold(attempt_id, hold["counter_id"], given_back, spent)
    counters = [hold["counter_id"] for hold in holds]
    entries.count(counters, held=-given_back, spent=spent, overrun=max(0, spent - given_back))
    entries.final.append({"key": attempt_id})
    entries.journal(attempt_id, state, held=-held, spent=actual, overrun=max(0, actual - held), why=why)


def settle(
    connection: Connection, ledger: Ledger, entries: Entries, attempt: Row, holds: Sequence[Row], move: Settle, seq: int
) -> None:
    """Settle an attempt for the numbers that were answered; at least one was. `seq` is the settlement's number."""
    answers = {answer.subject: answer for answer in move.answers}
    subjects = unpack(attempt["subjects"])
    answered = [subject for subject in subjects if subject in answers]
    missing = [subject for subject in subjects if subject not in answers]
    if missing:
        attempt = _split(ledger, entries, attempt, holds, missing, move.evidence)
    actual = sum(answers[subject].amount for subject in answered)
    finish(
        entries,
        attempt,
        holds,
        "settled",
        actual,
        move.evidence,
        request_ref=move.request_ref or attempt["request_ref"],
        answered_at=entries.at,
        read_to=move.read_to,
        settled_seq=seq,
        numbers=len(answered),
        subjects=pack(answered),
        outcomes=bytes(OUTCOMES.index(answers[subject].outcome) for subject in answered),
    )
    entries.asked += _asked(connection, attempt, [answers[subject] for subject in answered], seq, entries.at)


def _split(ledger: Ledger, entries: Entries, attempt: Row, holds: Sequence[Row], missing: list[int], why: str) -> Row:
    """Move unanswered numbers, with their held money, to a residue attempt: in doubt, and never sendable."""
    moved = len(missing) * attempt["unit_price"]
    counted = held_for(moved, attempt["unit_price"], attempt["rate"])
    residue_id = ledger.store.new_id()
    residue = {
        "attempt_id": residue_id,
        "numbers": len(missing),
        "state": "in_doubt",
        "held": moved,
        "evidence": "not in the reply: " + why,
        # Always the attempt that was sent, also for what is left of a residue: the replies are its own.
        "residue_of": attempt["residue_of"] or attempt["attempt_id"],
        "retry_of": None,
        "fingerprint": None,
        "subjects": pack(missing),
    }
    entries.attempts.append({name: attempt[name] for name in BORN} | residue)
    entries.holds += [{"attempt_id": residue_id, "counter_id": hold["counter_id"], "held": counted} for hold in holds]
    entries.moved_claims += [{"subject": subject, "new_attempt": residue_id} for subject in missing]
    entries.journal(attempt["attempt_id"], "residue_given", held=-moved, why=residue_id)
    entries.journal(residue_id, "residue_taken", held=moved, why=attempt["attempt_id"])
    return {**attempt, "held": attempt["held"] - moved}


def _asked(connection: Connection, attempt: Row, answers: Sequence[Answered], seq: int, at: int) -> list[Row]:
    product = f"{attempt['provider']}/{attempt['product']}"
    unbilled = [a.subject for a in answers if a.outcome == "failed" and not a.billed]
    rows = _ASKED.dicts(connection, key=product, subjects=json.dumps(unbilled)) if unbilled else []
    before = {row["subject_id"]: row for row in rows}
    result = []
    for answer in answers:
        row = {
            "subject_id": answer.subject,
            "product": product,
            "facts": attempt["facts"],
            "asked_at": at,
            "seq": seq,
            "failures": 0,
            "lost": int(answer.outcome == "paid_lost"),
        }
        if answer.outcome == "failed" and not answer.billed:
            old = before.get(answer.subject)
            row["failures"] = (old["failures"] if old else 0) + 1
            if row["failures"] < MOST_FAILURES:
                row |= {name: old[name] if old else 0 for name in ("asked_at", "seq", "lost")}
        result.append(row)
    return result
