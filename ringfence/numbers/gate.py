"""The gate before the parser: text rules that turn one scalar into candidates of digits, or name why it is none.

libphonenumber reads a number into almost any text (a date, a float, an IP address); here only what is written like a
phone number goes on, as `+` and digits. What digits mean is `reading`'s, what is wanted is `normalise`'s.
"""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

from ringfence.numbers.lookalikes import from_float, is_bare_date, is_card_number, lookalike
from ringfence.numbers.reject import Reject

LONGEST_CELL = 64
# With white space around it; a source cuts what is longer.
_LONGEST_PADDED = 1_000
# ITU-T E.164 clause 6.1: at most 15 digits with the country code; an international prefix before them has at most 5.
LONGEST_INTERNATIONAL, LONGEST_DIALLED = 15, 20
# Longer digits that name no country are rather two numbers run together.
LONGEST_BARE = 13


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number that may be parsed (`text`: digits, with `+` in front if it was written so), or why there is none."""

    text: str = ""
    extension: str | None = None
    flags: tuple[str, ...] = ()
    reject: Reject | None = None


# Soft hyphen, zero width marks, text direction marks, variation selectors, byte order mark.
_INVISIBLE = [0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFE0E, 0xFE0F]
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u30fc"
_WIDE = "\uff0b\uff08\uff09\uff3b\uff3d\uff0f\uff0e\uff0c\uff1b\uff1a\uff03\uff0a"
_SIGNS = (
    dict.fromkeys([*_INVISIBLE, 0xFEFF], "")
    | dict.fromkeys(map(ord, _DASHES), "-")
    | dict(zip(map(ord, _WIDE), "+()[]/.,;:#*", strict=True))
)

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SPREADSHEET_TEXT = re.compile(r'=?"([^"]*)"')
_PAUSE = re.compile(r"\s*,,+\s*([0-9]{1,6})#?(?=\s*(?:[,;|\n]|$))")
_EXTENSION_LABEL = r"(?:ext(?:ensio)?n?[.:=]?|доб(?:авочный|\.)?|anexo|xx?[.:]?|#)\s*"
_EXTENSION = re.compile(rf"(?<=[0-9)\s])[,;]?\s*{_EXTENSION_LABEL}([0-9]{{1,7}})#?\Z", re.IGNORECASE)
_SEPARATOR = re.compile(
    rf"[\r\n]+|\||[,;](?!\s*{_EXTENSION_LABEL}[0-9])|\s/\s|\s(?:or|and|oder|und|ou|et|&)\s", re.IGNORECASE
)
_LABEL = re.compile(
    r"(?:(?P<fax>fax|telefax|faks|f[.:])|telephone|telefon|telefono|teléfono|téléphone|tél|tel|phone|ph|mobile|mobil|mob"
    r"|cellphone|cell|handy|gsm|[tmpc][.:])[.:]*\s*(?=[+(\[0-9])",
    re.IGNORECASE,
)
_PLACEHOLDERS = frozenset(
    {"n/a", "na", "n.a.", "none", "null", "nil", "unknown", "unbekannt", "tbd", "tba", "missing", "empty", "x", "xx"}
    | {"xxx", "xxxx", "\\n", "<na>", "<null>", "(null)"}
)
_VANITY = re.compile(r"\+?[0-9][0-9 ().-]{2,}[A-Za-z][A-Za-z0-9-]*")
_WRITTEN = re.compile(r"[+(\[0-9][+0-9\s()\[\]./-]*", re.ASCII)
_PLUS_ONLY_IN_FRONT = re.compile(r"[(\[\s]*\+?[^+]*")
# Every handset treats these as emergency calls, some only without a SIM: 3GPP TS 22.101 clause 10.1.1.
_EMERGENCY = frozenset({"000", "08", "110", "112", "118", "119", "911", "999"})


def gate(part: str | None, *, vanity: bool = False) -> tuple[Candidate, ...]:
    """Read one scalar: a candidate for each number in it, in order, or a single one that says why there is none.

    Several numbers are split only at explicit separators, a slash among them only with white space on both sides:
    `04733/05221104` is one Austrian number. If a piece cannot be a number, the cell is ambiguous, whatever the others
    are; only a labelled fax number may stand beside another. Never raises.
    """
    text = (part or "").strip()
    if len(text) > LONGEST_CELL or len(part or "") > _LONGEST_PADDED:
        return (Candidate(reject=Reject.TOO_LONG),)
    if _CONTROL.search(text):
        return (Candidate(reject=Reject.CONTROL_CHARACTERS),)
    text, flags = _plain(text)
    if reject := _absent(text):
        return (Candidate(reject=reject),)
    pieces = [piece.strip() for piece in _SEPARATOR.split(_PAUSE.sub(r";ext=\1", text)) if piece.strip()]
    candidates = tuple(_candidate(piece, flags, vanity=vanity) for piece in pieces)
    doubts = {one.reject for one in candidates} - {None, Reject.FAX}
    if len(candidates) > 1 and doubts:
        return (Candidate(reject=Reject.LETTERS if Reject.LETTERS in doubts else Reject.AMBIGUOUS),)
    return candidates


def _plain(text: str) -> tuple[str, tuple[str, ...]]:
    """Take away invisible marks and spreadsheet quoting; write digits of any script, dashes and spaces in ASCII."""
    flags: tuple[str, ...] = ()
    if not text.isascii():
        text = text.translate(_SIGNS)
        # A script's digits stand in a row in Unicode, so the place of its zero names the script.
        if len({ord(sign) - unicodedata.decimal(sign) for sign in text if sign.isdecimal()}) > 1:
            flags = ("mixed_scripts",)
        text = "".join(_ascii(sign) for sign in text)
    text = text.strip().strip("'\u2018\u2019").strip()
    if quoted := _SPREADSHEET_TEXT.fullmatch(text):
        text = quoted[1].strip()
    return text, flags


def _ascii(sign: str) -> str:
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    return " " if sign.isspace() else sign


def _absent(text: str) -> Reject | None:
    """Whether a text stands for no number: nothing, a word for it, punctuation or zeros alone."""
    if not text:
        return Reject.EMPTY
    telling = {sign for sign in text if sign.isalnum() or not sign.isascii()}
    return Reject.PLACEHOLDER if telling <= {"0"} or text.casefold() in _PLACEHOLDERS else None


def _candidate(text: str, flags: tuple[str, ...], *, vanity: bool) -> Candidate:
    """Judge one piece: its shape as a whole, then what is left without label, extension and letters."""
    if label := _LABEL.match(text):
        if label["fax"]:
            return Candidate(reject=Reject.FAX)
        text = text[label.end() :]
    if reject := _absent(text) or lookalike(text):
        return Candidate(reject=reject)
    number = from_float(text)
    if isinstance(number, Reject):
        return Candidate(reject=number)
    extension = None
    if number:
        text, flags = number[0], (*flags, number[1])
    # A leading # or * begins a service code (`#31#`), so what follows is no extension.
    elif text[0] not in "#*" and (found := _EXTENSION.search(text)):
        text, extension = text[: found.start()].strip(), found[1]
    if vanity and _VANITY.fullmatch(text):
        text, flags = phonenumbers.convert_alpha_characters_in_number(text), (*flags, "vanity")
    if reject := _unwritten(text):
        return Candidate(reject=reject)
    digits = "".join(sign for sign in text if sign.isdecimal())
    explicit = "+" in text
    if reject := _implausible(digits, explicit=explicit):
        return Candidate(reject=reject)
    return Candidate("+" * explicit + digits, extension, flags)


def _unwritten(text: str) -> Reject | None:
    """Whether a text is the digits of a date, or holds signs that no number is written with."""
    if is_bare_date(text):
        return Reject.DATE
    if any(sign.isalpha() for sign in text):
        return Reject.LETTERS
    if "*" in text or "#" in text:
        return Reject.SERVICE_CODE
    if not _WRITTEN.fullmatch(text):
        return Reject.CHARACTERS
    return None if _PLUS_ONLY_IN_FRONT.fullmatch(text) else Reject.AMBIGUOUS


def _implausible(digits: str, *, explicit: bool) -> Reject | None:
    """Whether the digits are something else, or too few or too many for one number."""
    if digits in _EMERGENCY:
        return Reject.EMERGENCY
    if len(digits) < 3:
        return Reject.TOO_SHORT
    if (not explicit or len(digits) > LONGEST_INTERNATIONAL) and is_card_number(digits):
        return Reject.CARD_NUMBER
    # Only an international prefix explains more digits than a national number has; those of 00 and 011 begin with 0.
    longest = LONGEST_INTERNATIONAL if explicit else LONGEST_DIALLED if digits[0] == "0" else LONGEST_BARE
    return Reject.AMBIGUOUS if len(digits) > longest else None
