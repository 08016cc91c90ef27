"""The envelopes of Kaleyra's replies: whether they say success, which results they hold, which numbers they leave out.

Sources: the pages "POST API Lookup" (an object `data` with a code and a list `data` in it, and an `error` beside it)
and "GET API Lookup" (the same without the outer object). How a lookup's details are wrapped is not documented: as
either, or not at all. Error codes are not documented either.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.kaleyra_item import FIELDS, LONGEST_ID
from ringfence.providers.matching import Matched, matched
from ringfence.providers.reading import code, field, read_exact, text, word

NUMBER = "mobile_number"
_SUCCESS = "LKP2"
# Printable, and nothing that ends a segment of a path, begins another part of a URL or stands for something else.
_ID = re.compile(rf"(?!\.+\Z)[^\x00- \x7f-\U0010ffff/\\?#%{{}}]{{1,{LONGEST_ID}}}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around the results.

    `said` are its code words for an error or a log. `results` is None where there is no list and no single result;
    `invalid`, `duplicates` and `total` are counts, None where they are not stated.
    """

    code: str | None
    failed: bool
    said: str
    results: Sequence[Any] | None
    ref: str | None
    invalid: int | None
    duplicates: int | None
    total: int | None
    price: object

    @property
    def succeeded(self) -> bool:
        """Success is a code of the 200s and an error that is empty."""
        return not self.failed and (self.code or "").startswith(_SUCCESS)


def is_success(reply: Reply) -> bool:
    """Whether the HTTP status is one of the 200s: which of them an acceptance has is not documented."""
    return 200 <= reply.status < 300


def envelope(body: bytes) -> Envelope | None:
    """Read a reply; None for what is no JSON object."""
    document = read_exact(body)
    if not isinstance(document, Mapping):
        return None
    inner = document.get("data")
    head = inner if isinstance(inner, Mapping) and "code" not in document else document
    errors = [each for each in (document.get("error"), head.get("error")) if each not in (None, "", False, {}, [])]
    words = [head.get("code"), *errors, *(field(each, "code") for each in errors)]
    return Envelope(
        code=word(head.get("code")),
        failed=bool(errors),
        said=", ".join(dict.fromkeys(each for each in map(word, words) if each)),
        results=_results(head),
        ref=text(head.get("id")),
        invalid=code(head.get("invalid_count")),
        duplicates=code(head.get("duplicate_count")),
        total=code(head.get("total_processed_count")),
        price=head.get("price"),
    )


def left_out(found: Envelope, asked: Sequence[Phone]) -> tuple[Matched, Sequence[Phone]]:
    """The results about each number, and the numbers that were rejected.

    Rejected numbers are counted and not named: those without a result are the rejected ones where there are as many of
    them. We send no number twice, so that duplicates would be something else than we think: they explain nothing.
    """
    about = matched(found.results or (), NUMBER, asked)
    missing = [phone for phone in asked if phone not in about.items]
    explained = found.invalid == len(missing) and not found.duplicates
    return about, missing if explained else ()


def lookup_ids(found: Envelope | None, asked: Sequence[Phone]) -> Mapping[str, Sequence[Phone]]:
    """The ids under which details can be asked for, with the numbers that were accepted under each.

    An id that could lead a request out of its path, or that holds a number, is none.
    """
    ids: dict[str, list[Phone]] = {}
    for phone, items in matched(found.results or () if found else (), NUMBER, asked).items.items():
        for sent in (item.get("lookup_id") for item in items):
            if isinstance(sent, str) and _ID.fullmatch(sent) and phone.digits not in sent:
                under = ids.setdefault(sent, [])
                under += [phone] if phone not in under else []
    return ids


def _results(head: Mapping[str, Any]) -> Sequence[Any] | None:
    listed = head.get("data")
    if isinstance(listed, list):
        return listed
    one = listed if isinstance(listed, Mapping) else head
    return [one] if any(name in one for name in ("lookup_id", NUMBER, "status", *FIELDS)) else None
