"""The one type that carries a phone number through the domain; every way of printing it is masked.

Columns of numbers (Polars, DuckDB) hold plain strings and never pass through a log or an error message.
"""

import re
from dataclasses import dataclass

from ringfence.errors import RingfenceError

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
# In the digits of any script, and with up to three signs between two of them, as people and providers write numbers.
_DIGIT_RUN = re.compile(r"(\+?)(\d(?:[\W_]{0,3}\d){6,})")
# What our own sentences hold: ids, times, days of a price list as they are refused, amounts of money with decimals,
# counts of something, addresses of servers; in quotes, what a user wrote for a date or a small price; and the largest
# amount of the ledger.
_NO_NUMBER = re.compile(
    r"""(?<![\w+.,:-])(?:
      [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}
    | (?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])
      (?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?
    | (?<=')(?:19|20)\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?(?=')
    | (?<=')(?:\d{4}([-/.])\d\d\1\d\d|\d\d([-/.])\d\d\2\d{4}|(?:19|20)\d{6})(?:[T ][\d:.+Z]{1,30})?(?='\ is\ no\ day;)
    | (?<=valid_to:\ )\d{4}-\d\d-\d\d(?=\ is\ before\ valid_from)
    | (?<=is\ before\ valid_from,\ )\d{4}-\d\d-\d\d
    | (?<=')-?0\.\d{1,40}(?=(?:\ [A-Z]{3})?')
    | (?<=\()999999999\.999999999(?=\))
    | -?\d{1,9}\.\d{2,9}(?=\ [A-Z]{3}\b)
    | \d{1,3}(?:,\d{3})+(?=\ (?:numbers|requests|rows|s)\b)
    | (?:127|(?<=//)\d{1,3})(?:\.\d{1,3}){3}(?::\d{1,5})?
    )(?!\w|[.,:-]\d)""",
    re.ASCII | re.VERBOSE,
)


def mask_numbers(text: str) -> str:
    """Mask every run of seven or more digits in a text that is about to leave (log, error, event)."""
    kept, position = [], 0
    for found in _NO_NUMBER.finditer(text):
        kept += [_DIGIT_RUN.sub(_masked, text[position : found.start()]), found[0]]
        position = found.end()
    return "".join((*kept, _DIGIT_RUN.sub(_masked, text[position:])))


def _masked(run: re.Match[str]) -> str:
    digits = [sign for sign in run[2] if sign.isdecimal()]
    return f"{run[1]}{''.join(digits[:2])}*****{''.join(digits[-3:])}"


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
