"""Amounts of money: integer nanos (1e-9 of a unit) with an ISO 4217 currency. No float ever touches money.

Nanos because balances are quoted with eight decimals ("32.68590294", Vonage) and because sums must stay exact.
"""

import re
from dataclasses import dataclass
from typing import Self

from ringfence.errors import MoneyError

NANOS = 10**9
# SQLite and DECIMAL(18,9) hold at most 18 digits: just under one thousand million units of a currency.
LARGEST = 10**18 - 1
_PLAIN = re.compile(r"(-?)(\d{1,18})(?:\.(\d+))?", re.ASCII)
_WRITTEN = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s+([A-Z]{3})\s*", re.ASCII)


def nanos(text: str) -> int:
    """Read a decimal text as nanos, exactly.

    Raises MoneyError for anything else than a plain decimal of at most nine places ("NaN", "1e3", "" among them).
    """
    match = _PLAIN.fullmatch(text)
    if not match:
        raise MoneyError(f"'{text[:40]}' is not an amount; write a plain decimal such as 0.01")
    places = (match[3] or "").rstrip("0")
    if len(places) > 9:
        raise MoneyError(f"'{text[:40]}' has more than nine decimal places, and nothing is smaller than 0.000000001")
    amount = int(match[2]) * NANOS + int(places.ljust(9, "0"))
    if amount > LARGEST:
        raise MoneyError(f"'{text[:40]}' is larger than the ledger can hold (999999999.999999999)")
    return -amount if match[1] else amount


def decimal_text(amount: int) -> str:
    """Nanos as a decimal string with nine places, the form of every machine-readable output."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), NANOS)
    return f"{sign}{whole}.{rest:09d}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in nanos with its currency."""

    amount: int
    currency: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "0.002 EUR"; raises MoneyError with the expected form."""
        match = _WRITTEN.fullmatch(text)
        if not match:
            raise MoneyError(f"'{text[:40]}' is not a price; write amount and currency, such as \"0.002 EUR\"")
        return cls(nanos(match[1]), match[2])

    def __str__(self) -> str:
        """For people: at least two decimals, no more than are needed."""
        whole, _, rest = decimal_text(self.amount).partition(".")
        return f"{whole}.{rest.rstrip('0').ljust(2, '0')} {self.currency}"
