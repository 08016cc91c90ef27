"""What is to be said of rows that end, have ended, or that nobody looked at for long. Which rows there are is not here.

A row that ended is never replaced by a guess: what needs it is refused, with the line to mend.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from ringfence.config.dated import Dated, holds

# How long before its last day a row is warned of, and how old an open one may get without.
SOON = timedelta(days=14)
OLD = timedelta(days=365)


def place(row: Dated, file: str) -> str:
    """Where a row stands."""
    return f"{file} line {row.line}"


def ended(row: Dated, kind: str, file: str) -> str:
    """What is said of a row (a "price" or a "rate") that holds no more."""
    return f"the {kind} of {row.name} ended on {row.valid_to} ({place(row, file)}): add the one that holds now"


def to_come(row: Dated, kind: str, file: str) -> str:
    """What is said of a row that does not hold yet."""
    return f"the {kind} of {row.name} begins on {row.valid_from} ({place(row, file)}): add the one that holds now"


def warning(row: Dated, kind: str, file: str, on: date, rows: Sequence[Dated]) -> str:
    """What is said of a row that holds, among all `rows` of its kind for the same; empty when it is nothing."""
    told = f"the {kind} of {row.name} ({place(row, file)})"
    if row.valid_to is None:
        if on - row.valid_from <= OLD:
            return ""
        return f"{told} is from {row.valid_from}: if it still holds, end it with valid_to and begin it anew"
    if row.valid_to - on > SOON or any(holds(other, row.valid_to + timedelta(days=1)) for other in rows):
        return ""
    return f"{told} ends on {row.valid_to}: put the next one beside it"
