"""XML that a provider sent: read without entities and without a DTD, and cut where the privacy rules demand it.

What each element means is each provider's.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

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


def cut_markup(body: bytes, cut: Callable[[Element], None]) -> bytes:
    """A body after `cut` has changed its elements; one that cannot be read is not kept at all."""
    root = element(body)
    if root is None:
        return b""
    before = tostring(root)
    cut(root)
    return body if tostring(root) == before else tostring(root, encoding="utf-8")


def _depth(root: Element) -> int:
    depth, level = 0, [root]
    while level and depth <= DEEPEST:
        depth, level = depth + 1, [child for one in level for child in one]
    return depth
