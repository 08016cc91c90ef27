"""A Number Insight body in XML as the mapping that the same body in JSON is, so that one reader serves both.

Source: the XML samples of Vonage's Number Insight documentation (Nexmo/station). There is no `status` but an `error`
with a code, the acknowledgement is spelled in camelCase, and a network has its parts in attributes. Values stay text.
"""

import re
from typing import Any
from xml.etree.ElementTree import Element

from ringfence.providers.markup import element, is_markup
from ringfence.providers.reading import read_exact

# An element whose code is one field of JSON and whose text is another.
_CODED = {"error": ("status", "status_message"), "lookup_outcome": ("lookup_outcome", "lookup_outcome_message")}
_LOCAL = "local_number"
# "Key is not a typo", says the documentation of it.
_RENAMED = {"firs_name": "first_name"}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])", re.ASCII)


def document(body: bytes) -> object:
    """The value that a body in JSON is, or the mapping that one in XML stands for; None for anything else."""
    if not is_markup(body):
        return read_exact(body)
    root = element(body)
    return None if root is None else mapping(root)


def mapping(root: Element) -> dict[str, Any] | None:
    """The fields of a body; None where one occurs twice, so that it has no one meaning."""
    pairs = [*_attributes(root), *(pair for child in root for pair in _fields(child))]
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def field_name(sent: str) -> str:
    """The name that a field has in JSON: `requestId` and `caller-type` are `request_id` and `caller_type`."""
    name = _HUMP.sub("_", sent).lower().replace("-", "_")
    return _RENAMED.get(name, name)


def _attributes(one: Element) -> list[tuple[str, Any]]:
    return [(field_name(key), value) for key, value in one.attrib.items()]


def _fields(child: Element) -> list[tuple[str, Any]]:
    name, said = field_name(child.tag), (child.text or "").strip()
    if name in _CODED and "code" in child.attrib:
        code, message = _CODED[name]
        return [(code, child.attrib["code"]), (message, said)]
    if name == _LOCAL:
        return [("national_format_number", said), *_attributes(child)]
    return [(name, mapping(child) if child.attrib or len(child) else said)]
