"""Names of relations and columns: read as a user wrote them, shown in a message. No catalog, no SQL."""

import difflib
import re
from collections.abc import Collection

_LONGEST = 60
_MOST = 20
_PART = r'"(?:[^"]|"")+"|[^".]+'
_DOTTED = re.compile(rf"(?:{_PART})(?:\.(?:{_PART}))*")


def written_parts(text: str) -> tuple[str, ...]:
    """Split `crm."my table"` at the dots outside quotes, quotes removed; empty when it is not of that form."""
    if not _DOTTED.fullmatch(text):
        return ()
    parts = re.findall(_PART, text)
    return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts)


def pick(wanted: str, names: Collection[str]) -> str | None:
    """The name that equals `wanted` exactly, else the only one that differs in case alone."""
    if wanted in names:
        return wanted
    folded = [name for name in names if name.casefold() == wanted.casefold()]
    return folded[0] if len(folded) == 1 else None


def one_line(text: str) -> str:
    """A path or name in one line for a message: control and direction characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown(name: str) -> str:
    """The name in one line for a message, cut after 60 characters."""
    escaped = one_line(name)
    return escaped if len(escaped) <= _LONGEST else escaped[:_LONGEST] + "..."


def shown_header(name: str) -> str:
    """A column's name for a message; in a CSV file without a header it is a cell, so seven digits are masked."""
    digits = sum(c.isdigit() for c in name)
    return shown(re.sub(r"\d", "*", name) if digits >= 7 else name)


def choices(wanted: str, names: Collection[str]) -> list[str]:
    """What there is instead of `wanted`: the closest first, at most twenty, so that a message stays readable."""
    by_fold = {name.casefold(): name for name in names}
    close = [by_fold[fold] for fold in difflib.get_close_matches(wanted.casefold(), by_fold, n=3)]
    return [*close, *(name for name in names if name not in close)][:_MOST]
