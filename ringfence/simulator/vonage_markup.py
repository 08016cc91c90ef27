"""How Vonage writes a Number Insight answer as XML: other names, and attributes where JSON has objects.

Source: the XML samples of Vonage's Number Insight documentation. The acknowledgement of an asynchronous lookup is in
camelCase, and the flattened first name is spelled `firs_name` there ("Key is not a typo").
"""

import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ringfence.simulator.vendor import Payload

MEDIA_TYPE = "application/xml"
_LOCAL = ("country_code", "country_code_iso3", "country_name", "country_prefix")
_CODED = {"status": ("error", "status_message"), "lookup_outcome": ("lookup_outcome", "lookup_outcome_message")}
_RENAMED = {"first_name": "firs_name"}
_ELSEWHERE = {*_LOCAL, "national_format_number", "status_message", "lookup_outcome_message"}


def acknowledgement(payload: Payload) -> bytes:
    """An acknowledgement, or its refusal."""
    root = Element("lookup")
    for name, value in payload.items():
        SubElement(root, re.sub(r"_([a-z])", lambda found: found[1].upper(), name)).text = _text(value)
    return _document(root)


def basic(payload: Payload) -> bytes:
    """An answer of the level basic."""
    return _answer("format", payload)


def lookup(payload: Payload) -> bytes:
    """An answer of the levels standard and advanced, and a callback."""
    return _answer("lookup", payload)


def _answer(kind: str, payload: Payload) -> bytes:
    root = Element(kind)
    for name, value in payload.items():
        if name in _CODED:
            tag, message = _CODED[name]
            SubElement(root, tag, code=_text(value)).text = _text(payload.get(message))
        elif name == "international_format_number":
            SubElement(root, name).text = _text(value)
            local = {key: _text(payload[key]) for key in _LOCAL if key in payload}
            SubElement(root, "local_number", local).text = _text(payload.get("national_format_number"))
        elif isinstance(value, dict):
            hyphen = "-" if name == "caller_identity" else "_"
            parts = {key.replace("_", hyphen): _text(part) for key, part in value.items() if part is not None}
            SubElement(root, name, parts)
        elif name not in _ELSEWHERE:
            SubElement(root, _RENAMED.get(name, name)).text = _text(value)
    return _document(root)


def _document(root: Element) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}'.encode()


def _text(value: Any) -> str:
    return "" if value is None else str(value)
