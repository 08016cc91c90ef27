"""Cutting values out of a body by the names they stand under, whatever the body is. No provider's fields here.

A name is meant wherever it is part of a key, in any case, with or without `_` or `-`, escaped or not. What cannot be
read is cut to its end at the first name whose value cannot be read whole: evidence is lost rather than a secret kept.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from ringfence.providers.reading import decoded, load, value_at

# A pair such as {"name": "imsi", "value": "..."}: the keys that name a fact, and what the keys that hold it contain.
_NAMING = frozenset({"name", "key", "field", "type", "label", "property", "attribute", "param", "parameter"})
_HOLDING = frozenset({"value", "content", "text", "data"})
# What follows a name that is part of a JSON key, up to the key's value, and what follows a value that is whole.
_KEY_END = re.compile(r'[\w-]{0,40}"\s{0,40}:\s*')
_VALUE_END = re.compile(r'\s*(?:,\s*(?:"|\Z)|[}\]]|\Z)')
# An id or a code word such as EC_IMSI_BLACKLISTED: a name that is part of it has no value after it.
_TOKEN = re.compile(r"[\w.+/-]+")
_DIGITS = re.compile(r"[_.-]{0,2}\d{5}")


def bare(key: str) -> str:
    """A key as names are compared: letters and digits alone, in one case."""
    return "".join(filter(str.isalnum, key.casefold()))


@lru_cache(maxsize=1024)
def name_in(key: str, names: frozenset[str]) -> str | None:
    """The first of the names, in their order, that is part of a key."""
    plain = bare(key)
    return next((name for name in sorted(names) if name in plain), None)


def named_by(pairs: Iterable[tuple[str, object]], names: frozenset[str]) -> str | None:
    """The name that the name of a pair says, where these members are one."""
    said = (value for key, value in pairs if isinstance(value, str) and bare(_local(key)) in _NAMING)
    return next((name for each in said if (name := name_in(each, names))), None)


def named_keys(members: Mapping[str, object], names: frozenset[str]) -> dict[str, str]:
    """The keys whose values tell one of the names, and which: by the key itself, or as the value of a pair."""
    pair = named_by(members.items(), names)
    found = {key: name_in(key, names) or (pair if name_in(_local(key), _HOLDING) else None) for key in members}
    return {key: name for key, name in found.items() if name}


def _local(key: str) -> str:
    return key.rpartition("}")[2]


def cut_values(value: Any, names: frozenset[str], keep: Callable[[str, object], object]) -> Any:
    """The JSON value with each value under a key that contains one of the names replaced by `keep(name, value)`."""
    if isinstance(value, dict):
        named = named_keys(value, names)
        return {
            key: keep(named[key], inner) if key in named else cut_values(inner, names, keep)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [cut_values(inner, names, keep) for inner in value]
    return cut_string(value, names) if isinstance(value, str) else value


def _letter(letter: str) -> str:
    codes = (ord(letter), ord(letter.upper()))
    escaped = "|".join(f"{code:02x}" for code in codes)
    entity = "|".join(f"0{{0,6}}{code}|x0{{0,6}}{code:x}" for code in codes)
    return rf"(?:{letter}|\\{{1,4}}u00(?:{escaped})|&#(?:{entity});)"


def _spelled(name: str) -> str:
    # Between the letters of a short name no blank is taken for a joint: "terms contain" is no MSC.
    joint = r"[\s._\-]" if len(name) > len("imsi") else r"[._\-]"
    return rf"(?:{joint}|\\{{1,4}}u00(?:5f|2d)){{0,3}}".join(map(_letter, name))


@lru_cache
def _name(names: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(_spelled, sorted(names))) or r"(?!)", re.IGNORECASE)


def mentions(text: str, names: frozenset[str]) -> bool:
    """Whether one of the names occurs in a text at all."""
    return _name(names).search(text) is not None


def cut_string(text: str, names: frozenset[str]) -> str:
    """`cut_text` on a text that could be read whole: an id or a code word in which a name occurs is no value of it."""
    if _TOKEN.fullmatch(text) and not any(_DIGITS.match(text, one.end()) for one in _name(names).finditer(text)):
        return text
    return cut_text(text, names)


def cut_text(text: str, names: frozenset[str]) -> str:
    """The text with null for each value after such a JSON key; cut short at the first name without a whole value."""
    kept: list[str] = []
    position = 0
    while found := _name(names).search(text, position):
        key = _KEY_END.match(text, found.end())
        end = key and _value_end(text, key.end())
        if not key or not end:
            return "".join((*kept, text[position : (key or found).end()]))
        kept += (text[position : key.end()], "null")
        position = end
    return "".join((*kept, text[position:]))


def _value_end(text: str, start: int) -> int | None:
    try:
        end = value_at(text, start)[1]
    except ValueError:
        return None
    return end if _VALUE_END.match(text, end) else None


def cut_short(text: str, names: frozenset[str]) -> str:
    """The text up to the first of the names, which stays as its last word: what was unreadable remains so."""
    found = _name(names).search(text)
    return text[: found.end()] if found else text


def cut_bytes(body: bytes, names: frozenset[str], *, markup: bool = False) -> bytes:
    """A body that cannot be read, cut as text; every byte that is not cut stays as it came.

    In `markup`, and in any encoding with wide characters, nothing after the first name is kept.
    """
    plain = body.decode("latin-1")
    if b"\0" in body or not json.detect_encoding(body).startswith("utf-8"):
        # Bytes that only begin like wide characters are not: what they say is looked at in both ways.
        for text, encoding in ((decoded(body), "utf-8"), (plain, "latin-1")):
            wide = text.replace("\0", "")
            if (cut := cut_short(wide, names)) != wide:
                return cut.encode(encoding, "replace")
        return body
    cut = cut_short(plain, names) if markup else cut_text(plain, names)
    if cut != plain and load(cut.encode("latin-1")) is not None:
        cut = cut_short(plain, names)
    return cut.encode("latin-1")
