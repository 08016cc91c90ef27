"""A charge that shows after its attempt was voided: booked beside it, in the same budgets, since what is final stays.

It is an attempt of its own, of the same request: nothing was held for it, so that all of it is overrun.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, or_, select

from ringfence.money.amount import Money
from ringfence.money.decision import Settle
from ringfence.money.entries import BORN, Entries
from ringfence.money.ledger import Ledger, settled_seq
from ringfence.money.schema import ATTEMPT, HOLD
from ringfence.money.settlement import settle
from ringfence.money.store import pack, unpack

# How the evidence of such an attempt begins.
CORRECTION, FOR_NOTHING = "correction: ", "answered after it was voided: "


@dataclass(frozen=True, slots=True)
class Corrections:
    """How many voided requests were charged after all, and for how much by currency."""

    attempts: int
    amounts: Sequence[Money]


def correct(connection: Connection, ledger: Ledger, found: Settle, who: str) -> Money | None:
    """Book what a voided attempt was charged, or answered for nothing; None for what is booked, or is not voided.

    The journal has a `correction` for the voided attempt, and the money under the one that takes its place.
    """
    voided = connection.execute(select(ATTEMPT).where(ATTEMPT.c.attempt_id == found.attempt_id)).mappings().one()
    if voided["state"] != "voided":
        return None
    origin = voided["residue_of"] or voided["attempt_id"]
    booked = select(ATTEMPT.c.subjects).where(
        or_(ATTEMPT.c.attempt_id == origin, ATTEMPT.c.residue_of == origin), ATTEMPT.c.state == "settled"
    )
    known = {subject for packed in connection.scalars(booked) for subject in unpack(packed)}
    answers = [each for each in found.answers if each.subject not in known]
    if not answers:
        return None
    entries = Entries(ledger.store.clock(), who)
    # Its own columns alone: what the voided one became is not this one's.
    birth = {name: voided[name] for name in BORN} | {
        "attempt_id": ledger.store.new_id(),
        "state": "in_doubt",
        "held": 0,
        "numbers": len(answers),
        "subjects": pack([each.subject for each in answers]),
        "evidence": None,
        "residue_of": origin,
        "retry_of": None,
    }
    counters = connection.scalars(select(HOLD.c.counter_id).where(HOLD.c.attempt_id == voided["attempt_id"])).all()
    holds = [{"attempt_id": birth["attempt_id"], "counter_id": counter, "held": 0} for counter in counters]
    entries.attempts.append(birth)
    entries.holds += holds
    amount = Money(sum(each.amount for each in answers), voided["currency"])
    evidence = f"{CORRECTION if amount.amount else FOR_NOTHING}{found.evidence}"
    move = replace(found, attempt_id=birth["attempt_id"], answers=answers, evidence=evidence)
    attempt = dict.fromkeys(ATTEMPT.c.keys()) | birth
    settle(connection, ledger, entries, attempt, holds, move, settled_seq(connection) + 1)
    event, told = (
        ("correction", f"{amount} was charged") if amount.amount else ("late_reply", "it was answered for nothing")
    )
    entries.journal(
        voided["attempt_id"], event, why=f"{told} after it was voided; booked as attempt {birth['attempt_id']}"
    )
    entries.write(connection)
    return amount


def corrections(ledger: Ledger, since: int = 0) -> Corrections:
    """What was charged after it was voided, of all time or as it was found since a moment (microseconds UTC)."""
    query = (
        select(ATTEMPT.c.currency, func.count(), func.sum(ATTEMPT.c.actual))
        .where(ATTEMPT.c.evidence.startswith(CORRECTION), ATTEMPT.c.state == "settled", ATTEMPT.c.final_at >= since)
        .group_by(ATTEMPT.c.currency)
    )
    with ledger.store.read() as connection:
        rows = connection.execute(query.order_by(ATTEMPT.c.currency)).tuples().all()
    return Corrections(sum(count for _, count, _ in rows), [Money(amount, currency) for currency, _, amount in rows])
