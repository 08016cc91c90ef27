"""How much of what is wanted is answered, from the served file. It only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

# What somebody can still do something about; what was asked and has a date for the next asking is not.
OPEN = (
    "awaiting_approval",
    "deferred_budget",
    "in_flight",
    "awaiting_callback",
    "in_doubt",
    "provider_failed",
    "no_route",
)
BY_FACT = "SELECT fact, wanted, answered FROM coverage ORDER BY fact"
BY_STATUS = """
SELECT answer_status, coalesce(answer_reason, '') AS answer_reason, count(DISTINCT phone_e164) AS numbers
FROM phone_facts WHERE list_contains(?, answer_status) AND next_attempt_at IS NULL
GROUP BY ALL ORDER BY numbers DESC, answer_status, answer_reason
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One fact over all numbers that want it."""

    fact: str
    wanted: int
    answered: int

    @property
    def share(self) -> float:
        """Answered of wanted, between 0 and 1; 1 when nothing is wanted."""
        return self.answered / self.wanted if self.wanted else 1.0


def coverage(path: Path) -> list[Coverage]:
    """The coverage of every wanted fact in a served file."""
    return [Coverage(*row) for row in _rows(path, BY_FACT, [])]


def open_numbers(path: Path) -> list[tuple[str, str, int]]:
    """What can still be done something about: (answer_status, why, numbers), the most numbers first."""
    return _rows(path, BY_STATUS, [list(OPEN)])


def _rows(path: Path, query: str, values: Sequence[object]) -> list[Any]:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET python_enable_replacements = false")
        return connection.execute(query, values).fetchall()
