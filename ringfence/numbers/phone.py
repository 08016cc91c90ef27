"""The one type that carries a phone number through the domain; every way of printing it is masked.

Columns of numbers (Polars, DuckDB) hold plain strings and never pass through a log or an error message.
"""

import re
from dataclasses import dataclass

from ringfence.errors import RingfenceError

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_DIGIT_RUN = re.compile(r"(?<!\d)(\+?\d{2})\d{2,}(\d{3})(?!\d)", re.ASCII)


def mask_numbers(text: str) -> str:
    """Mask every run of seven or more digits in a text that is about to leave (log, error, event)."""
    return _DIGIT_RUN.sub(r"\1*****\2", text)


@dataclass(frozen=True, slots=True, repr=False, order=True)
class Phone:
    """A phone number in E.164 (ITU-T E.164: `+`, country code, at most 15 digits). `.e164` is the only door to it."""

    e164: str

    def __post_init__(self) -> None:
        if not _E164.fullmatch(self.e164):
            raise RingfenceError("a phone number must be in E.164: '+', then 7 to 15 digits, the first not 0")

    @property
    def digits(self) -> str:
        """The number without its `+`, as most providers want it."""
        return self.e164[1:]

    def __str__(self) -> str:
        return f"{self.e164[:3]}*****{self.e164[-3:]}"

    def __repr__(self) -> str:
        return f"Phone({self})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)
