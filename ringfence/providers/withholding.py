"""Cutting values out of a body by the names they stand under, whatever the body is. No provider's fields here.

A name is meant wherever it is part of a key, in any case, with or without `_` or `-`, escaped or not. In a body that is
no JSON a value that does not end is cut to the end of the body: evidence is lost rather than a secret kept.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ringfence.providers.reading import decoded, value_at


@lru_cache(maxsize=1024)
def name_in(key: str, names: frozenset[str]) -> str | None:
    """The first of the names, in their order, that is part of a key."""
    bare = "".join(filter(str.isalnum, key.casefold()))
    return next((name for name in sorted(names) if name in bare), None)


def cut_values(value: Any, names: frozenset[str], keep: Callable[[str, object], object]) -> Any:
    """The JSON value with each value under a key that contains one of the names replaced by `keep(name, value)`."""
    if isinstance(value, dict):
        return {
            key: keep(name, inner) if (name := name_in(key, names)) else cut_values(inner, names, keep)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [cut_values(inner, names, keep) for inner in value]
    return cut_text(value, names) if isinstance(value, str) else value


def _letter(letter: str) -> str:
    return rf"(?:{letter}|\\{{1,4}}u00(?:{ord(letter):02x}|{ord(letter.upper()):02x}))"


@lru_cache
def _key(names: frozenset[str]) -> re.Pattern[str]:
    spelled = ("[_-]?".join(map(_letter, name)) for name in sorted(names))
    return re.compile(rf"(?:{'|'.join(spelled)})[\w-]{{0,40}}[\\\"'\s]{{0,40}}[:=>]\s*", re.IGNORECASE)


def cut_text(text: str, names: frozenset[str]) -> str:
    """The text with null for each value after such a key; cut short at the first value that cannot be read whole."""
    if not names:
        return text
    kept: list[str] = []
    position = 0
    while found := _key(names).search(text, position):
        kept.append(text[position : found.end()])
        try:
            position = value_at(text, found.end())[1]
        except ValueError:
            return "".join(kept)
        kept.append("null")
    return "".join((*kept, text[position:]))


def cut_bytes(body: bytes, names: frozenset[str]) -> bytes:
    """`cut_text` on a body that cannot be read as JSON; every byte that is not cut stays as it came."""
    wide = not json.detect_encoding(body).startswith("utf-8")
    text = decoded(body) if wide else body.decode("latin-1")
    cut = cut_text(text, names)
    if cut == text:
        return body
    return cut.encode("utf-8", "replace") if wide else cut.encode("latin-1")
