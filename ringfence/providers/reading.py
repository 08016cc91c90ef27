"""Reading what a provider sent: JSON that may be broken, fields whose type drifts, words that may be shown.

Nothing here knows a provider, and nothing raises on what a reply can contain: what cannot be read is None.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, cast

from ringfence.money.amount import LARGEST

# A JSON number may have an exponent, and digits beyond the nanos where a float was printed (0.030000000000000002).
_AMOUNT = re.compile(r"\d{1,9}(?:\.\d{1,60})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
NANO = Decimal("1e-9")
# Holds every amount of this form without rounding it before its grain.
_EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN)
_BLANK = " \t\n\r"
# Replies nest four deep. Fixed here and counted before decoding: the interpreter's own limit depends on who calls, and
# the same bytes must be read in the same way whenever they are read.
DEEPEST = 64
# An unclosed string goes to the end of the text, as it does for the decoder.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
# The provider's own name of something: never a sentence, a number or a key.
_WORD = re.compile(r"(?!(?:\D*\d){5})[A-Z][A-Z0-9_]{1,40}", re.ASCII)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key occurs twice")
    return read


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("not a number that JSON can carry")
    return number


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


# RFC 8259 without its liberties: duplicate keys, NaN and numbers past a double's range have no one meaning.
_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)


def value_at(text: str, start: int) -> tuple[object, int]:
    """The JSON value that begins here and where it ends; raises ValueError for none, or one that nests too deep."""
    depth = 0
    for token in _TOKEN.finditer(text, start) if text[start : start + 1] in ("[", "{") else ():
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > DEEPEST:
            raise ValueError(f"nested deeper than {DEEPEST}")
        if depth <= 0:
            break
    return cast("tuple[object, int]", _STRICT.raw_decode(text, start))


def decoded(body: bytes) -> str:
    """The body as text: byte order mark, UTF-16 and UTF-32 are recognised, invalid bytes become U+FFFD."""
    return body.decode(json.detect_encoding(body), "replace")


def load(body: bytes) -> object:
    """The body as a JSON value; None for everything else, what nests too deep among it."""
    text = decoded(body).strip(_BLANK)
    try:
        value, end = value_at(text, 0)
    except ValueError:
        return None
    return value if end == len(text) else None


def read_exact(raw: bytes) -> object:
    """The JSON value that a reply is, None for anything else. Fractions stay the text that was sent: money is exact."""
    return None if load(raw) is None else json.loads(decoded(raw), parse_float=str)


def field(value: object, *names: str) -> object:
    """What stands under these names in nested objects, None where something is missing or no object."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def text(value: object, limit: int = 100) -> str | None:
    """Text on one line without control characters and lone surrogates; None when empty or no text."""
    if not isinstance(value, str):
        return None
    line = " ".join("".join(c if c.isprintable() else " " for c in value[: 4 * limit]).split())
    return line[:limit].rstrip() or None


def word(value: object) -> str | None:
    """A code word such as BAD_REQUEST, which may stand in an error or a log; None for every other text."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def code(value: object) -> int | None:
    """A code: a whole number of at most six digits, sent as such or as a string."""
    plain = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return int(plain) if isinstance(plain, str) and re.fullmatch(r"\d{1,6}", plain, re.ASCII) else None


def flag(value: object) -> bool | None:
    """A boolean, sent as such or as the word; anything else is not known."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def digits(value: object) -> str | None:
    """The leading ASCII digits of a string or of an integer, None where there are none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    found = re.match(r"\d+", str(value).strip(), re.ASCII)
    return found[0] if found else None


def number(value: object) -> str | None:
    """A phone number as sent, reduced to E.164 digits without `+`: a `+` or 00 in front and separators fall away."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    bare = re.sub(r"[\s().\-]", "", str(value))
    found = re.fullmatch(r"(?:\+|00)?([1-9]\d{6,14})", bare, re.ASCII)
    return found[1] if found else None


def is_stated(value: object) -> bool:
    """Whether an amount is stated at all: null and empty texts state none."""
    return value is not None and not (isinstance(value, str) and value.strip().lower() in ("", "null"))


def amount(value: object, grain: Decimal = NANO) -> int | None:
    """An amount in nanos, to the nearest grain; None for "null", "", a negative one, and whatever else is no amount."""
    sent = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(sent, str) or not _AMOUNT.fullmatch(sent.strip()):
        return None
    read = int(Decimal(sent).quantize(grain, context=_EXACT).scaleb(9, context=_EXACT))
    return read if read <= LARGEST else None


def moment(value: str, form: Callable[[str], datetime]) -> datetime | None:
    """A time in UTC as this form reads it; one that names no zone is UTC. None for what is no such time."""
    try:
        read = form(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
