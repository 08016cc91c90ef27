"""What shows after its attempt was voided, or counted as lost: booked beside it, since what is final stays.

It is an attempt of its own, of the same request and in its budgets: nothing was held for it, so that all that it cost
is overrun. An answer to what was counted as lost, or a whole one to what was answered in part (a log tells no network),
costs only what is more than was counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, func, or_, select

from ringfence.money.amount import Money
from ringfence.money.decide import PAID_LOST, PARTIAL, ending, losses
from ringfence.money.decision import Settle
from ringfence.money.earlier import made_since
from ringfence.money.entries import BORN, Entries, Row
from ringfence.money.ledger import Ledger, settled_seq
from ringfence.money.moves import stop_if_dearer
from ringfence.money.schema import ATTEMPT, HOLD
from ringfence.money.settlement import settle
from ringfence.money.store import pack, unpack

# How the evidence of such an attempt begins.
CORRECTION, FOR_NOTHING = "correction: ", "answered after it was final: "


@dataclass(frozen=True, slots=True)
class Corrections:
    """How many requests were charged after all, or more than was counted, and for how much by currency."""

    attempts: int
    amounts: Sequence[Money]


def correct(
    connection: Connection, ledger: Ledger, found: Settle, who: str, counted: Mapping[int, int] | None = None
) -> Money | None:
    """Book what an attempt was charged after all, or answered for nothing; None where nothing of it is new.

    It was voided, counted as lost, or answered in part: `counted` is what was counted for each number of the latter.
    The journal has a `correction` for it, and the money under the one that is new. A provider that charged more than
    the price in use is stopped.
    """
    final = dict(connection.execute(select(ATTEMPT).where(ATTEMPT.c.attempt_id == found.attempt_id)).mappings().one())
    if final["state"] != "voided" and not (final["state"] == "settled" and was(final)):
        return None
    origin = final["residue_of"] or final["attempt_id"]
    known = _known(connection, final, origin)
    taken = {each.subject: known.told if each.outcome == "partial" else known.whole for each in found.answers}
    new = [each for each in found.answers if each.subject not in taken[each.subject]]
    if not new:
        return None
    before = known.lost | dict(counted or {})
    answers = [replace(each, amount=max(0, each.amount - before.get(each.subject, 0))) for each in new]
    entries = Entries(ledger.store.clock(), who)
    birth = _beside(final, ledger.store.new_id(), origin, [each.subject for each in answers])
    counters = connection.scalars(select(HOLD.c.counter_id).where(HOLD.c.attempt_id == final["attempt_id"])).all()
    counters = [*counters, *made_since(connection, final, entries.at, counters)]
    holds = [{"attempt_id": birth["attempt_id"], "counter_id": counter, "held": 0} for counter in counters]
    entries.attempts.append(birth)
    entries.holds += holds
    amount = Money(sum(each.amount for each in answers), final["currency"])
    evidence = f"{CORRECTION if amount.amount else FOR_NOTHING}{found.evidence}"
    move = replace(found, attempt_id=birth["attempt_id"], answers=answers, evidence=evidence)
    attempt = dict.fromkeys(ATTEMPT.c.keys()) | birth
    settle(connection, ledger, entries, attempt, holds, move, settled_seq(connection) + 1)
    event, came = (
        ("correction", f"{amount} was charged") if amount.amount else ("late_reply", "it was answered for nothing")
    )
    entries.journal(
        final["attempt_id"], event, why=f"{came} after it was {was(final)}; booked as attempt {birth['attempt_id']}"
    )
    entries.write(connection)
    if amount.amount:
        stop_if_dearer(connection, entries.at, final, replace(found, answers=new))
    return amount


def _beside(final: Row, attempt_id: str, origin: str, subjects: list[int]) -> dict[str, Any]:
    """A new attempt of the same request, that holds nothing; what became of the other is not this one's."""
    return {name: final[name] for name in BORN} | {
        "attempt_id": attempt_id,
        "state": "in_doubt",
        "held": 0,
        "numbers": len(subjects),
        "subjects": pack(subjects),
        "evidence": None,
        "residue_of": origin,
        # The replies are those of the request, and of what it was taken for.
        "retry_of": final["attempt_id"],
    }


def was(attempt: Row) -> str:
    """What a final attempt was taken for before more came of it; empty where it is answered."""
    if attempt["state"] == "voided":
        return "voided"
    if ending(attempt, PAID_LOST):
        return "counted as lost"
    return "answered in part" if ending(attempt, PARTIAL) else ""


@dataclass(slots=True)
class _Known:
    """The numbers of a request that have a whole answer, those that have any, and what was counted for the lost ones.

    One that is answered in part by another attempt counts as whole: what comes of it is booked beside that one.
    """

    whole: set[int] = field(default_factory=set)
    told: set[int] = field(default_factory=set)
    lost: dict[int, int] = field(default_factory=dict)


def _known(connection: Connection, final: Row, origin: str) -> _Known:
    mine = or_(ATTEMPT.c.attempt_id == origin, ATTEMPT.c.residue_of == origin)
    known = _Known()
    rows = connection.execute(select(ATTEMPT).where(mine, ATTEMPT.c.state == "settled")).mappings()
    for each in map(dict, rows):
        lost = losses(each)
        answered = set(unpack(each["subjects"])) - lost.keys()
        is_final = each["attempt_id"] == final["attempt_id"]
        known.whole |= answered - ending(each, PARTIAL) if is_final else answered
        known.told |= answered
        known.lost |= lost
    return known


def corrections(ledger: Ledger, since: int = 0) -> Corrections:
    """What was charged after it was final, of all time or as it was found since a moment (microseconds UTC)."""
    query = (
        select(ATTEMPT.c.currency, func.count(), func.sum(ATTEMPT.c.actual))
        .where(ATTEMPT.c.evidence.startswith(CORRECTION), ATTEMPT.c.state == "settled", ATTEMPT.c.final_at >= since)
        .group_by(ATTEMPT.c.currency)
    )
    with ledger.store.read() as connection:
        rows = connection.execute(query.order_by(ATTEMPT.c.currency)).tuples().all()
    return Corrections(sum(count for _, count, _ in rows), [Money(amount, currency) for currency, _, amount in rows])
