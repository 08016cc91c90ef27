"""Which parts of a Kaleyra reply the privacy rules forbid to keep, and how they are cut out of it.

No such field is documented but roaming, and that without its name: whatever is called so is cut, wherever it stands. No
rules here, they are given.
"""

import json
from collections.abc import Mapping
from typing import Any

from ringfence.errors import RingfenceError
from ringfence.numbers.phone import Phone
from ringfence.providers.batch_privacy import Forbidden, words_of
from ringfence.providers.kaleyra_item import AWAITED, UNKNOWN_SUBSCRIBER
from ringfence.providers.markup import is_markup
from ringfence.providers.reading import number, read_exact, text
from ringfence.providers.withholding import cut_bytes, cut_values, named_keys

_WORDS: Mapping[str, frozenset[str]] = {
    "imsi": frozenset({"imsi"}),
    "serving_msc": frozenset({"msc"}),
    "caller_name": frozenset({"caller", "cnam"}),
    "roaming": frozenset({"roaming"}),
    "reachability": frozenset({"status", "reachab", "handset"}),
}
# Statuses that tell nothing of a handset.
_TELLS_NOTHING = frozenset({AWAITED, UNKNOWN_SUBSCRIBER})


def withhold(body: bytes, forbidden: Forbidden) -> bytes:
    """Cut each result as its own number's rules demand, the rest as nobody's do; else the body stays as it came."""
    document = read_exact(body)
    nobody = words_of(_WORDS, forbidden(None))
    if document is None:
        return cut_bytes(body, nobody, markup=is_markup(body))
    cut = _cut(document, nobody, forbidden)
    return body if cut == document else json.dumps(cut, separators=(",", ":")).encode()


def _cut(value: Any, words: frozenset[str], forbidden: Forbidden) -> Any:
    """What may be kept of a value; whatever is in an object that names a number is about that number."""
    if isinstance(value, list):
        return [_cut(each, words, forbidden) for each in value]
    if not isinstance(value, dict):
        return cut_values(value, words, _kept)
    phone = _phone(value)
    mine = words if phone is None else words_of(_WORDS, forbidden(phone))
    named = named_keys(value, mine)
    return {key: _kept("", inner) if key in named else _cut(inner, mine, forbidden) for key, inner in value.items()}


def _kept(_word: str, value: object) -> object:
    return value if (text(value) or "").upper() in _TELLS_NOTHING else None


def _phone(item: Mapping[str, Any]) -> Phone | None:
    try:
        return Phone(f"+{number(item.get('mobile_number')) or ''}")
    except RingfenceError:
        return None
