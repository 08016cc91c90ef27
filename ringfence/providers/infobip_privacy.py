"""Which parts of an Infobip reply tell what the privacy rules forbid to keep, and how they are cut out of it.

The MCC+MNC of an IMSI stays, which the carrier is read from. A status and its error tell reachability and cannot be
taken apart: a marker with the rest of their meaning takes their place. No rules here, they are given.
"""

from collections.abc import Mapping
from copy import copy
from xml.etree.ElementTree import Element, tostring

from ringfence.providers import batch_privacy
from ringfence.providers.batch_privacy import Forbidden, Listing, cut_item, words_of
from ringfence.providers.infobip_item import WITHHELD, Item, answer, plausible_mccmnc
from ringfence.providers.infobip_markup import LISTS, NUMBER, field_name, items, mapping, refill, strays
from ringfence.providers.markup import cut_elements, cut_markup, is_markup
from ringfence.providers.reading import digits
from ringfence.providers.withholding import cut_values, mentions

# What the names of the rules are called in a reply. Infobip knows no caller name.
_WORDS: Mapping[str, frozenset[str]] = {
    "imsi": frozenset({"imsi"}),
    "serving_msc": frozenset({"servingmsc"}),
    "roaming": frozenset({"roaming"}),
    "reachability": frozenset({"status", "error"}),
}
# All that is kept of an item beside the marker when reachability may not be: roaming is known only of a handset that
# was reached, and the serving MSC of one that is attached.
_APART_FROM_REACHABILITY = (
    NUMBER,
    "mccMnc",
    "imsi",
    "ported",
    "originalNetwork",
    "portedNetwork",
    "bulkId",
    "messageId",
    "sentAt",
    "doneAt",
    "price",
)
_ENVELOPES = frozenset({"requestError", "errorCode"})


def withhold(body: bytes, forbidden: Forbidden) -> bytes:
    """Cut the results as each one's number demands, everything else as nobody's number does.

    A body in which nothing is forbidden stays as it came, to the byte; one in XML stays in XML.
    """
    if is_markup(body):
        nobody = words_of(_WORDS, forbidden(None))
        return cut_markup(body, nobody, lambda root: _cut_root(root, nobody, forbidden))
    return batch_privacy.withhold(body, _LISTING, forbidden)


def _cut_root(root: Element, nobody: frozenset[str], forbidden: Forbidden) -> None:
    """Cut each result by itself, and around them what has a forbidden name; a refusal has no reachability in it."""
    found = [(one, copy(one)) for name in LISTS for one in items(root, name)]
    for one, _ in found:
        one.text, one.attrib, one[:] = None, {}, []
    refused = any(field_name(each) in _ENVELOPES for each in (root, *root))
    cut_elements(root, nobody - _WORDS["reachability"] if refused else nobody)
    for one, whole in found:
        one.text, one.attrib, one[:] = whole.text, whole.attrib, whole
        members = mapping(whole)
        if members is None:
            cut_elements(one, nobody)
        elif (kept := cut_item(members, _LISTING, forbidden)) != members or _tells_beside(one, nobody):
            refill(one, kept)


def _tells_beside(one: Element, words: frozenset[str]) -> bool:
    """Whether something that is no member of a result may tell what is forbidden."""
    return strays(one) and mentions(tostring(one, encoding="unicode"), words)


def _item(item: Item, names: frozenset[str]) -> Item:
    mccmnc = plausible_mccmnc(item)

    def keep(word: str, value: object) -> object:
        if word == "imsi":
            imsi = digits(value) or ""
            return (mccmnc if mccmnc and imsi.startswith(mccmnc) else imsi[:5]) or None
        # That there was an MSC tells a mobile line and nothing of a place.
        return WITHHELD if word == "servingmsc" and value else None

    rest: Item = cut_values(item, words_of(_WORDS, names), keep)
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


_LISTING = Listing(lists=LISTS, number=NUMBER, words=_WORDS, envelopes=_ENVELOPES, cut=_item)
