"""Infobip's documents in XML: the same names as in JSON, each result an element of its own.

Infobip says that it answers in XML and shows no example for lookups: the form is that of its other products' XML.
"""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ringfence.simulator.vendor import Payload

_ROOT = "numberLookupResponse"
_EACH = {"results": "result"}


def markup(payload: Payload) -> bytes:
    """A document: an answer under a root of its own, an error under the one that JSON has."""
    root = Element(_ROOT)
    _fill(root, payload)
    only = root[0] if len(root) == 1 and root[0].tag == "requestError" else root
    written: bytes = tostring(only, encoding="utf-8", xml_declaration=True)
    return written


def _fill(parent: Element, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        child = SubElement(parent, name)
        if isinstance(value, Mapping):
            _fill(child, value)
        elif isinstance(value, list):
            for one in value:
                inner = SubElement(child, _EACH.get(name, name))
                if isinstance(one, Mapping):
                    _fill(inner, one)
                else:
                    inner.text = _text(one)
        else:
            child.text = _text(value)


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
