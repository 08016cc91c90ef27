"""Which parts of an Infobip reply tell what the privacy rules forbid to keep, and how they are cut out of it.

The MCC+MNC of an IMSI stays, which the carrier is read from. A status and its error tell reachability and cannot be
taken apart: a marker with the rest of their meaning takes their place. No rules here, they are given.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ringfence.errors import RingfenceError
from ringfence.numbers.phone import Phone
from ringfence.providers.infobip_item import WITHHELD, Item, answer, plausible_mccmnc
from ringfence.providers.reading import digits, load, number
from ringfence.providers.withholding import cut_bytes, cut_values

Forbidden = Callable[[Phone | None], frozenset[str]]

# What the names of the rules are called in a reply. Infobip knows no caller name.
_WORDS: Mapping[str, frozenset[str]] = {
    "imsi": frozenset({"imsi"}),
    "serving_msc": frozenset({"servingmsc"}),
    "roaming": frozenset({"roaming"}),
    "reachability": frozenset({"status", "error"}),
}
# All that is kept of an item beside the marker when reachability may not be: roaming is known only of a handset that
# was reached, and the serving MSC of one that is attached.
_APART_FROM_REACHABILITY = ("to", "mccMnc", "imsi", "ported", "originalNetwork", "portedNetwork", "messageId")
# The error envelopes are about a request, not about a subscriber.
_ENVELOPES = frozenset({"requestError", "errorCode"})


def withhold(body: bytes, lists: tuple[str, ...], forbidden: Forbidden) -> bytes:
    """Cut the items of these lists as each one's number demands, everything else as nobody's number does.

    A body in which nothing is forbidden stays as it came, to the byte.
    """
    document = load(body)
    if document is None:
        return cut_bytes(body, _words(forbidden(None)))
    cut = _document(document, lists, forbidden)
    return body if cut == document else json.dumps(cut, separators=(",", ":")).encode()


def _words(names: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(_WORDS[name] for name in names & _WORDS.keys()))


def _document(document: object, lists: tuple[str, ...], forbidden: Forbidden) -> object:
    nobody = _words(forbidden(None))
    if not isinstance(document, dict):
        return _blanked(document, nobody)
    cut: dict[str, Any] = {}
    for key, value in document.items():
        if key in lists and isinstance(value, list):
            cut[key] = [_element(element, forbidden) for element in value]
        else:
            words = nobody - _WORDS["reachability"] if key in _ENVELOPES else nobody
            cut.update(_blanked({key: value}, words))
    return cut


def _element(element: object, forbidden: Forbidden) -> object:
    if not isinstance(element, dict):
        return _blanked(element, _words(forbidden(None)))
    return _item(element, forbidden(_phone(element)))


def _item(item: Item, names: frozenset[str]) -> Item:
    mccmnc = plausible_mccmnc(item)

    def keep(word: str, value: object) -> object:
        if word == "imsi":
            imsi = digits(value) or ""
            return (mccmnc if mccmnc and imsi.startswith(mccmnc) else imsi[:5]) or None
        # That there was an MSC tells a mobile line and nothing of a place.
        return WITHHELD if word == "servingmsc" and value else None

    rest: Item = cut_values(item, _words(names), keep)
    if "reachability" not in names:
        return rest
    read = answer(item)
    marker = {
        "outcome": read.meaning.outcome,
        "error_class": read.meaning.error_class,
        "validity": read.meaning.validity,
        "basis": read.meaning.basis,
        "network": read.network,
    }
    return {key: rest[key] for key in _APART_FROM_REACHABILITY if key in rest} | {WITHHELD: marker}


def _blanked(value: object, words: frozenset[str]) -> Any:
    return cut_values(value, words, lambda _word, _value: None)


def _phone(item: Item) -> Phone | None:
    try:
        return Phone(f"+{number(item.get('to')) or ''}")
    except RingfenceError:
        return None
