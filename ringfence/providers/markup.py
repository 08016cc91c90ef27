"""XML that a provider sent: read without entities and without a DTD, and cut where the privacy rules demand it.

What each element means is each provider's.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ringfence.providers.withholding import cut_bytes, cut_text, name_in

# Elements nest four deep in every documented reply; a body that nests deeper is not walked.
DEEPEST = 64


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

    One that cannot be read is cut as text, at the names (`withholding`): what was paid for is not dropped whole.
    """
    root = element(body)
    if root is None:
        return cut_bytes(body, names)
    before = tostring(root)
    cut(root)
    # A comment is no element, and whatever it says is not kept where anything may not be.
    plain = not names or b"<!--" not in body.replace(b"\0", b"")
    return body if plain and tostring(root) == before else tostring(root, encoding="utf-8")


def cut_elements(root: Element, names: frozenset[str]) -> None:
    """Empty every element and every attribute below `root` whose name contains one of the names, and in texts too."""
    for one in root.iter():
        for key, value in one.attrib.items():
            one.attrib[key] = "" if name_in(key, names) else cut_text(value, names)
        if name_in(one.tag, names) and one is not root:
            one.text, one[:] = None, []
            one.attrib = dict.fromkeys(one.attrib, "")
        one.text, one.tail = (cut_text(text, names) if text else text for text in (one.text, one.tail))


def _depth(root: Element) -> int:
    depth, level = 0, [root]
    while level and depth <= DEEPEST:
        depth, level = depth + 1, [child for one in level for child in one]
    return depth
