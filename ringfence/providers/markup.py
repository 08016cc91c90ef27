"""XML that a provider sent: read without entities and without a DTD, and cut where the privacy rules demand it.

What each element means is each provider's.
"""

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ringfence.providers.withholding import bare, cut_bytes, cut_string, name_in, named_by, named_keys

# Elements nest four deep in every documented reply; a body that nests deeper is not walked.
DEEPEST = 64
# What is no element: a comment, or a processing instruction beside the XML declaration.
_BESIDE_ELEMENTS = re.compile(rb"<!--|<\?(?!xml\s)")


def is_markup(body: bytes) -> bool:
    """Whether a body looks like XML and not like JSON: its first character is `<`, after a byte order mark."""
    return body.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


def element(body: bytes) -> Element | None:
    """The root element; None for what is no XML, has a DTD or an entity of its own, or nests too deep."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return root if _depth(root) <= DEEPEST else None


def cut_markup(body: bytes, names: frozenset[str], cut: Callable[[Element], None]) -> bytes:
    """A body after `cut` has changed its elements; without a change it stays as it came, to the byte.

    One that cannot be read is cut short at the first of the names: what was paid for is not dropped whole.
    """
    root = element(body)
    if root is None:
        return cut_bytes(body, names, markup=True)
    before = tostring(root)
    cut(root)
    # Whatever a comment or an instruction says is not kept where anything may not be.
    plain = not names or not _BESIDE_ELEMENTS.search(body.replace(b"\0", b""))
    return body if plain and tostring(root) == before else tostring(root, encoding="utf-8")


def cut_elements(root: Element, names: frozenset[str]) -> None:
    """Empty every element and every attribute whose name contains one of the names, and cut them in texts too.

    The root is emptied only where it is called so: one whose name merely contains a name may hold the whole reply.
    """
    for one in root.iter():
        attributes = named_keys(one.attrib, names)
        named = bool(name_in(one.tag, names) or named_by(one.attrib.items(), names))
        for key, value in one.attrib.items():
            one.attrib[key] = "" if key in attributes else cut_string(value, names)
        if named and (one is not root or bare(one.tag.rpartition("}")[2]) in names):
            empty(one)
        elif named:
            one.text, one.attrib = None, dict.fromkeys(one.attrib, "")
        # What follows an element that was emptied may be its value.
        one.tail = None if named and (one.tail or "").strip() else one.tail
        beside = named_keys({child.tag: child.text for child in one}, names)
        for child in one:
            if child.tag in beside:
                empty(child)
        one.text, one.tail = (cut_string(text, names) if text else text for text in (one.text, one.tail))


def empty(one: Element) -> None:
    """Take everything out of an element but its name and those of its attributes."""
    one.text, one[:] = None, []
    one.attrib = dict.fromkeys(one.attrib, "")


def _depth(root: Element) -> int:
    depth, level = 0, [root]
    while level and depth <= DEEPEST:
        depth, level = depth + 1, [child for one in level for child in one]
    return depth
