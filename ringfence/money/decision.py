"""What may be decided about an attempt: plain values, made by whoever read the reply. No database here."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answered:
    """One number's part of a settlement: what it became and what it cost, in nanos of the attempt's currency."""

    subject: int
    outcome: str
    amount: int
    billed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """The attempt is decided for these numbers; the others of it go on in doubt, as a residue.

    `read_to` is the newest reply that the decision rests on, None when that is the first one alone.
    """

    attempt_id: str
    answers: Sequence[Answered]
    evidence: str
    request_ref: str | None = None
    read_to: int | None = None


@dataclass(frozen=True, slots=True)
class Void:
    """There is evidence that the attempt cost nothing; `read_to` as of a settlement."""

    attempt_id: str
    evidence: str
    read_to: int | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """The attempt may have cost money; it keeps what it holds until evidence or a decision."""

    attempt_id: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Await:
    """The provider has accepted the request, under this reference of its own, and answers later.

    `stated` is what it says that the request costs, in nanos of its currency; None where it does not say.
    """

    attempt_id: str
    evidence: str
    request_ref: str | None
    stated: int | None = None


Move = Settle | Void | Doubt | Await
