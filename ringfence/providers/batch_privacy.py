"""Cutting a reply that lists results: each as the rules of its own number demand, the rest as nobody's number does.

Where a provider's reply holds what is its own to say (`Listing`). No rules here, they are given.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ringfence.errors import RingfenceError
from ringfence.numbers.phone import Phone
from ringfence.providers.markup import is_markup
from ringfence.providers.reading import load, number
from ringfence.providers.withholding import bare, cut_bytes, cut_values, name_in

Item = Mapping[str, Any]
Forbidden = Callable[[Phone | None], frozenset[str]]
Words = Callable[[Phone | None], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Listing:
    """Where a provider's reply holds results, and how one is cut.

    `lists` are the names of the list, `number` the key under which a result names its number, `words` what the rules'
    names are called in a reply. `envelopes` hold errors: they are about a request, so that reachability is not in
    them. `cut` makes of a result what may be kept of it under these names.
    """

    lists: tuple[str, ...]
    number: str
    words: Mapping[str, frozenset[str]]
    envelopes: frozenset[str]
    cut: Callable[[Item, frozenset[str]], Item]


def words_of(words: Mapping[str, frozenset[str]], names: frozenset[str]) -> frozenset[str]:
    """The words under which a reply holds what these names of the rules forbid."""
    return frozenset().union(*(words[name] for name in names & words.keys()))


def words_of_another(words: Mapping[str, frozenset[str]], phone: Phone | None, forbidden: Forbidden) -> frozenset[str]:
    """The words that are cut in what names another number than what it stands in: that number's and nobody's.

    All of them where reachability is forbidden, which the rest could tell of.
    """
    names = forbidden(None) | forbidden(phone)
    return words_of(words, frozenset(words) if "reachability" in names else names)


def cut_others(value: object, key: str, own: Phone | None, words: Words, path: tuple[str, ...] = ()) -> Any:
    """The value with every object in it that names another number than `own` under `key` cut by that number's words.

    One that stands under a key which contains such a word is None.
    """
    if isinstance(value, list):
        return [cut_others(each, key, own, words, path) for each in value]
    if not isinstance(value, dict):
        return value
    numbers = [phone_of(value, each) for each in value if bare(each) == bare(key)]
    cut: Any = {each: cut_others(inner, key, own, words, (*path, each)) for each, inner in value.items()}
    for another in (words(phone) for phone in numbers if phone != own):
        cut = None if any(name_in(each, another) for each in path) else _blanked(cut, another)
    return cut


def withhold(body: bytes, listing: Listing, forbidden: Forbidden) -> bytes:
    """Cut what is forbidden out of a body, whatever the body is; one in which nothing is stays as it came."""
    document = load(body)
    nobody = words_of(listing.words, forbidden(None))
    if document is None:
        return cut_bytes(body, nobody, markup=is_markup(body))
    cut = _document(document, listing, nobody, forbidden)
    return body if cut == document else json.dumps(cut, separators=(",", ":")).encode()


def _document(document: object, listing: Listing, nobody: frozenset[str], forbidden: Forbidden) -> object:
    if not isinstance(document, dict):
        return _blanked(document, nobody)
    cut: dict[str, Any] = {}
    for key, value in document.items():
        if key in listing.lists and isinstance(value, list):
            cut[key] = [
                cut_item(each, listing, forbidden) if isinstance(each, dict) else _blanked(each, nobody)
                for each in value
            ]
        else:
            words = nobody - listing.words["reachability"] if key in listing.envelopes else nobody
            cut.update(_blanked({key: value}, words))
    return cut


def cut_item(item: Item, listing: Listing, forbidden: Forbidden) -> Item:
    """What may be kept of a result: by its own number's rules, and by theirs of the numbers named inside of it."""
    own = phone_of(item, listing.number)
    cut = cut_others(item, listing.number, own, lambda phone: words_of_another(listing.words, phone, forbidden))
    return listing.cut(cut, forbidden(own))


def _blanked(value: object, words: frozenset[str]) -> Any:
    return cut_values(value, words, lambda _word, _value: None)


def phone_of(item: Item, key: str) -> Phone | None:
    """The number under `key`, None where it is none."""
    try:
        return Phone(f"+{number(item.get(key)) or ''}")
    except RingfenceError:
        return None
