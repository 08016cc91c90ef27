"""What a person decides about open attempts: counted as paid, with their numbers asked in vain, or given back.

Only what is in doubt or awaited can be decided: a request that is out is its run's.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from ringfence.errors import MoneyError, RingfenceError
from ringfence.money.amount import Money
from ringfence.money.entries import Row
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Answered, Move, Settle, Void, apply, newest_reply
from ringfence.money.schema import ATTEMPT
from ringfence.money.states import OPEN, OUTCOMES
from ringfence.money.store import unpack
from ringfence.numbers.phone import mask_numbers

PAID_LOST, PARTIAL = OUTCOMES.index("paid_lost"), OUTCOMES.index("partial")
# How the evidence of an attempt begins that is counted as paid for in vain.
LOST = "paid_lost: "
# What stands between who has decided and why, in the evidence of an attempt.
DECIDED = " decided: "
DECIDABLE = ("in_doubt", "awaiting")
# What the stored replies to an attempt suffice for, if for anything: that counts, and not what somebody decides.
Told = Callable[[Connection, Row], Settle | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody has found out about an attempt.

    `cost` is what it was billed in all; None stands for what it holds, its list price. `voided` says that it cost
    nothing and that its numbers may be asked again.
    """

    who: str
    because: str
    cost: Money | None = None
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """How many attempts and numbers were decided, and by currency what was counted as spent or given back.

    `answered` are attempts beside them whose answer was there already: they are settled by it.
    """

    attempts: int
    numbers: int
    amounts: Sequence[Money]
    answered: int = 0


def decidable() -> ColumnElement[bool]:
    """The attempts that were sent and have no end yet, and are out no more."""
    # Not as a list: a prepared statement has its values written out one by one.
    return or_(*(ATTEMPT.c.state == each for each in DECIDABLE))


def open_attempts(connection: Connection) -> list[dict[str, Any]]:
    """Every attempt that is not decided, the oldest first."""
    query = select(ATTEMPT).where(ATTEMPT.c.state.in_(OPEN))
    ordered = query.order_by(ATTEMPT.c.reserved_at, ATTEMPT.c.attempt_id)
    return [dict(row) for row in connection.execute(ordered).mappings()]


def decide(ledger: Ledger, attempt_id: str, decision: Decision, told: Told) -> Decided:
    """Decide one attempt; raises RingfenceError where there is nothing to decide, MoneyError for another currency."""
    with ledger.store.write() as connection:
        found = connection.execute(select(ATTEMPT).where(ATTEMPT.c.attempt_id == attempt_id)).mappings().one_or_none()
        if found is None:
            raise RingfenceError(
                f"there is no attempt '{attempt_id[:40]}'; what is open is listed by: ringfence attempts"
            )
        if found["state"] == "sent":
            raise RingfenceError(
                f"attempt {attempt_id} is out now and its reply may come; "
                "when its run has ended without one, ringfence collect puts it in doubt"
            )
        if found["state"] not in DECIDABLE:
            raise RingfenceError(f"attempt {attempt_id} is {found['state']} already, and what is final does not change")
        return _apply(connection, ledger, [dict(found)], decision, told)


def decide_all(ledger: Ledger, provider: str, before: int, decision: Decision, told: Told) -> Decided:
    """Decide whatever a provider was asked before a moment (microseconds UTC), each attempt at what it holds."""
    mine = ATTEMPT.c.provider == provider, ATTEMPT.c.reserved_at < before
    query = select(ATTEMPT).where(decidable(), *mine)
    with ledger.store.write() as connection:
        return _apply(connection, ledger, [dict(row) for row in connection.execute(query).mappings()], decision, told)


def paid_lost(attempt: Row, cost: int, why: str, read_to: int) -> Settle:
    """Count an attempt as paid for in vain: its numbers count as asked until their time to live ends.

    What comes after `read_to`, the newest reply by then, is late.
    """
    subjects = unpack(attempt["subjects"])
    amounts = shares(cost, len(subjects))
    answers = [Answered(subject, "paid_lost", amount) for subject, amount in zip(subjects, amounts, strict=True)]
    return Settle(attempt_id=attempt["attempt_id"], answers=answers, evidence=f"{LOST}{why}", read_to=read_to)


def losses(attempt: Mapping[str, Any]) -> dict[int, int]:
    """What each number that a settled attempt has paid for in vain has cost, by subject."""
    subjects, lost = unpack(attempt["subjects"]), ending(attempt, PAID_LOST)
    amounts = shares(attempt["actual"], len(subjects))
    return {subject: amount for subject, amount in zip(subjects, amounts, strict=True) if subject in lost}


def ending(attempt: Mapping[str, Any], outcome: int) -> set[int]:
    """The numbers that a settled attempt has ended so for."""
    subjects = unpack(attempt["subjects"])
    return {subject for subject, found in zip(subjects, attempt["outcomes"], strict=True) if found == outcome}


def shares(amount: int, count: int) -> list[int]:
    """An amount in so many parts that add up to it; they differ by one nano at most."""
    each, rest = divmod(amount, count)
    return [each + (place < rest) for place in range(count)]


def _apply(connection: Connection, ledger: Ledger, attempts: Sequence[Row], decision: Decision, told: Told) -> Decided:
    why = mask_numbers(f"{decision.who}{DECIDED}{decision.because}")
    amounts: Counter[str] = Counter()
    answers = [answer for attempt in attempts if (answer := told(connection, attempt))]
    answered = {answer.attempt_id for answer in answers}
    attempts = [attempt for attempt in attempts if attempt["attempt_id"] not in answered]
    moves: list[Move] = [*answers]
    newest = newest_reply(connection)
    for attempt in attempts:
        cost = attempt["held"] if decision.cost is None else _in_currency(decision.cost, attempt)
        amounts[attempt["currency"]] += cost
        moves.append(
            Void(attempt["attempt_id"], why, newest) if decision.voided else paid_lost(attempt, cost, why, newest)
        )
    apply(connection, ledger, moves, decision.who)
    return Decided(
        attempts=len(attempts),
        numbers=sum(attempt["numbers"] for attempt in attempts),
        amounts=[Money(amount, currency) for currency, amount in sorted(amounts.items())],
        answered=len(answered),
    )


def _in_currency(cost: Money, attempt: Row) -> int:
    booked = attempt["currency"]
    if cost.currency != booked:
        raise MoneyError(f"attempt {attempt['attempt_id']} is booked in {booked}: say what {cost} was in {booked}")
    if cost.amount < 0:
        raise MoneyError(f"{cost} is less than nothing: say what was billed, 0.00 {cost.currency} at least")
    return cost.amount
