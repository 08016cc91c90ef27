"""What looks like a phone number and is none: dates, IP addresses, card numbers, and floats that hold a number.

Shapes of a text only; a parser would read a number into each of them.
"""

import ipaddress
import re

from ringfence.numbers.reject import Reject

_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"([0-9]+)(?:\.([0-9]+))?[eE]([+-]?[0-9]{1,3})")
_TRAILING_ZERO = re.compile(r"(\+?[0-9]+)\.0+")
# A float in full has no leading zero and one point; `01234.567890` and `212.4567890` are ways to write a number.
_FRACTION = re.compile(r"[1-9][0-9]{4,}\.[0-9]+")
_DAY, _MONTH = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])"
_HOUR, _YEAR, _APART = "(?:[01]?[0-9]|2[0-3])", "(?:19|20)[0-9]{2}", r"\s*[-/.\s]\s*"
# What follows a year of four digits is no longer looked at; one of two digits is a date by its other parts alone.
_DATE = re.compile(
    rf"(?:{_YEAR}{_APART}{_MONTH}{_APART}{_DAY}|{_DAY}{_APART}{_DAY}{_APART}{_YEAR})(?:[-/.T\s].*)?"
    rf"|{_DAY}\s*([-/.])\s*{_DAY}\s*\1\s*[0-9]{{2}}"
    rf"(?:[T\s]+(?:[0-9]{{1,2}}:[0-9]{{2}}.*|{_HOUR}(?:[.h]?[0-5][0-9]){{0,2}}\s*(?:[ap]\.?m\.?|h|uhr)?))?"
    r"|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?",
    re.IGNORECASE | re.DOTALL,
)
_DD, _MM = "(?:0[1-9]|[12][0-9]|3[01])", "(?:0[1-9]|1[0-2])"
# YYYYMMDD, DDMMYYYY or MMDDYYYY; behind it HHMM, or after a space or dash any time.
_BARE_DATE = re.compile(
    rf"(?:{_YEAR}{_MM}{_DD}|{_DD}{_MM}{_YEAR}|{_MM}{_DD}{_YEAR})"
    r"(?:(?:[01][0-9]|2[0-3])[0-5][0-9]|[-/.\s]+[0-9]{1,2}(?:[-/.\s]*[0-9]{2}){0,2})?"
)
# Issuers' ranges by length: Visa 13; Diners 14; American Express 15; all others from 16 on.
_CARD = re.compile(r"4[0-9]{12}|3(?:0[0-5]|[689][0-9])[0-9]{11}|3[47][0-9]{13}|[2-6][0-9]{15,18}")


def lookalike(text: str) -> Reject | None:
    """Name what a text is if it is plainly no phone number."""
    if _NOT_FINITE.fullmatch(text):
        return Reject.NOT_FINITE
    if _DATE.fullmatch(text):
        return Reject.DATE
    return Reject.IP_ADDRESS if _is_ip_address(text) else None


def from_float(text: str) -> tuple[str, str] | Reject | None:
    """The digits that a float stands for with the flag that says so, why they cannot be known, or None: no float.

    4.47700900123E11 is exact because every digit before the point is present; 4.477E+11 is not, and neither is
    anything from 2**53 on, where neighbouring integers share one double.
    """
    if scientific := _SCIENTIFIC.fullmatch(text):
        whole, fraction, exponent = scientific[1], scientific[2] or "", int(scientific[3])
        point = len(whole) + exponent
        if exponent > len(fraction):
            return Reject.PRECISION_LOST
        if point <= 0 or (whole + fraction)[point:].strip("0"):
            return Reject.NOT_INTEGRAL
        digits, flag = (whole + fraction)[:point], "from_float"
    elif stripped := _TRAILING_ZERO.fullmatch(text):
        digits, flag = stripped[1], "trailing_zero_stripped"
    else:
        return Reject.NOT_INTEGRAL if _FRACTION.fullmatch(text) else None
    return Reject.PRECISION_LOST if int(digits) >= 2**53 else (digits, flag)


def is_bare_date(text: str) -> bool:
    """Whether a text without + is the digits of a date, 1900 to 2099, alone or with a time behind them.

    A column of dates as integers would otherwise be bought in most countries. The price is that some real numbers look
    so too: of the digits, eight and ungrouped, that a country reads as a valid number, about 1 % in Italy, the most of
    any that reads many, and under 0.3 % nearly everywhere. Groups (20 10 11 12) or a + keep such a number.
    """
    return _BARE_DATE.fullmatch(text) is not None


def is_card_number(digits: str) -> bool:
    """Whether digits are in an issuer's range and pass the check digit of ISO/IEC 7812-1 annex B."""
    if not _CARD.fullmatch(digits):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _is_ip_address(text: str) -> bool:
    """IPv4 or IPv6, with or without port or network size."""
    if text.count(".") != 3 and text.count(":") < 2:
        return False
    host = text.partition("/")[0]
    try:
        ipaddress.ip_address(host.partition(":")[0] if "." in host else host)
    except ValueError:
        return False
    return True
