"""What a run has done so far, as far as it decides what it does next. The ledger has the books."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Numbers that are planned, and decided; nanos held and spent."""

    planned: int = 0
    done: int = 0
    held: int = 0
    spent: int = 0
