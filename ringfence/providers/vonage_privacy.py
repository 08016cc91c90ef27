"""Which parts of a Number Insight body tell what the privacy rules forbid to keep, and how they are cut out of it.

Of reachability only `bad_number` tells validity, so a marker in `reachable` keeps that alone. No rules here, they are
given.
"""

import json
from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement

from ringfence.numbers.phone import Phone
from ringfence.providers.batch_privacy import Forbidden, Words, cut_others, phone_of, words_of, words_of_another
from ringfence.providers.markup import cut_elements, cut_markup, empty, is_markup
from ringfence.providers.vonage_facts import WITHHELD, WITHHELD_BAD_NUMBER, is_bad
from ringfence.providers.vonage_markup import document, field_name
from ringfence.providers.withholding import cut_bytes, cut_values, name_in

# What the names of the rules are called in a body; the flattened caller fields among them, and the `firs_name` of XML.
# Roaming is known only of a handset that was reached. `real_time_data` and its `handset_status` are deprecated.
_WORDS: Mapping[str, frozenset[str]] = {
    "imsi": frozenset({"imsi"}),
    "serving_msc": frozenset({"msc"}),
    "caller_name": frozenset({"caller", "firstname", "firsname", "lastname"}),
    "roaming": frozenset({"roaming"}),
    "reachability": frozenset({"reachable", "reachability", "realtimedata", "handsetstatus", "roaming"}),
}
_NUMBER = "international_format_number"


def withhold(body: bytes, forbidden: Forbidden) -> bytes:
    """Cut what the number that a body names demands; one that names none, or is no object, follows nobody's rule.

    A part that names another number is cut by that one's rules and by nobody's. A body in which nothing is forbidden
    stays as it came, to the byte.
    """
    read = document(body)
    own = phone_of(read, _NUMBER) if isinstance(read, Mapping) else None
    names = forbidden(own)
    words = words_of(_WORDS, names)
    marker = _marker(read) if "reachability" in names else None

    def another(phone: Phone | None) -> frozenset[str]:
        return words_of_another(_WORDS, phone, forbidden)

    if is_markup(body):

        def cut_root(root: Element) -> None:
            _cut_others(root, own, another)
            _cut_root(root, words, marker)

        return cut_markup(body, words, cut_root)
    if read is None:
        return cut_bytes(body, words)
    cut = cut_values(cut_others(read, _NUMBER, own, another), words, lambda _word, _value: None)
    if isinstance(read, dict) and marker:
        cut["reachable"] = marker
    return body if cut == read else json.dumps(cut, separators=(",", ":")).encode()


def _marker(read: object) -> str:
    return WITHHELD_BAD_NUMBER if isinstance(read, Mapping) and is_bad(read) else WITHHELD


def _cut_others(one: Element, own: Phone | None, words: Words, path: tuple[str, ...] = ()) -> None:
    """Cut each element that names another number, and whatever is in it, as `cut_others` cuts an object."""
    said = [*one.attrib.items(), *((child.tag, child.text) for child in one)]
    numbers = [phone_of({_NUMBER: text}, _NUMBER) for key, text in said if field_name(key) == _NUMBER]
    for child in one:
        _cut_others(child, own, words, (*path, child.tag))
    for another in (words(phone) for phone in numbers if phone != own):
        if any(name_in(tag, another) for tag in path):
            empty(one)
        else:
            cut_elements(one, another)


def _cut_root(root: Element, words: frozenset[str], marker: str | None) -> None:
    cut_elements(root, words)
    if marker:
        told = next((one for one in root if field_name(one.tag) == "reachable"), None)
        (SubElement(root, "reachable") if told is None else told).text = marker
