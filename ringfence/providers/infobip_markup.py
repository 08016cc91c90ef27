"""An Infobip document in XML as the mapping that the same document in JSON is, so that one reader serves both.

Source: Infobip OpenAPI 3.210.0, which states XML for these endpoints and shows no example of it; other Infobip products
list their results as `<results><result>`. Names are taken as in JSON, in any case and with any prefix, as elements or
attributes, and the list wrapped or repeated. Values stay text.
"""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from ringfence.providers.markup import element, is_markup
from ringfence.providers.reading import read_exact

# `ncResults` was the list's name in 2015.
LISTS = ("results", "ncResults")
NUMBER = "to"
_NAMES = (
    *LISTS,
    NUMBER,
    "bulkId",
    "messageId",
    "mccMnc",
    "imsi",
    "originalNetwork",
    "portedNetwork",
    "roamingNetwork",
    "networkName",
    "networkPrefix",
    "countryName",
    "countryPrefix",
    "ported",
    "roaming",
    "servingMSC",
    "status",
    "error",
    "groupId",
    "groupName",
    "id",
    "name",
    "description",
    "permanent",
    "sentAt",
    "doneAt",
    "price",
    "pricePerLookup",
    "currency",
    "requestError",
    "serviceException",
    "text",
)
_SPELLED = {name.lower(): name for name in _NAMES}


def document(body: bytes) -> object:
    """The value that a body in JSON is, its prices as text, or the mapping that one in XML stands for; else None."""
    if not is_markup(body):
        return read_exact(body)
    root = element(body)
    if root is None:
        return None
    if field_name(root) == "requestError":
        return {"requestError": mapping(root)}
    found = {name: [mapping(item) for item in items(root, name)] for name in LISTS if _lists(root, name)}
    rest = [child for child in root if field_name(child) not in LISTS]
    return {**(_members(rest) or {}), **found}


def items(root: Element, name: str) -> list[Element]:
    """The elements of the results: the children of a list, or the list's own elements where those are repeated."""
    found: list[Element] = []
    for one in _lists(root, name):
        found += [one] if any(field_name(child) == NUMBER for child in one) else one
    return found


def mapping(root: Element) -> dict[str, Any] | None:
    """The members of an object; None where one occurs twice, so that it has no one meaning."""
    return _members([*_attributes(root), *root])


def strays(root: Element) -> bool:
    """Whether an object holds what no member of it is: text beside its parts, a qualified attribute, a second value."""
    parts = list(root.iter())
    beside = [one.text for one in parts if len(one) or one.attrib] + [one.tail for one in parts if one is not root]
    qualified = any(key.startswith("{") for one in parts for key in one.attrib)
    return qualified or any(text and text.strip() for text in beside) or any(mapping(one) is None for one in parts)


def refill(root: Element, members: Mapping[str, Any]) -> None:
    """Put these members in the place of all that an element has; what is None is left out."""
    root.text, root.attrib, root[:] = None, {}, []
    for name, value in members.items():
        if value is None:
            continue
        child = SubElement(root, name)
        if isinstance(value, Mapping):
            refill(child, value)
        else:
            child.text = str(value).lower() if isinstance(value, bool) else str(value)


def field_name(one: Element) -> str:
    """The name that an element has in JSON."""
    bare = one.tag.rpartition("}")[2]
    return _SPELLED.get(bare.lower(), bare)


def _lists(root: Element, name: str) -> list[Element]:
    return [child for child in root if field_name(child) == name]


def _attributes(one: Element) -> list[Element]:
    """Attributes as the elements that they could be; what is qualified is not the vendor's."""
    found = []
    for key, value in one.attrib.items():
        if not key.startswith("{"):
            child = Element(key)
            child.text = value
            found.append(child)
    return found


def _members(children: list[Element]) -> dict[str, Any] | None:
    pairs = [(field_name(child), _value(child)) for child in children]
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _value(child: Element) -> Any:
    return mapping(child) if len(child) or _attributes(child) else (child.text or "").strip()
