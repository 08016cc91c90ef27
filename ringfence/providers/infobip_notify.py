"""Infobip's asynchronous lookup: what accepts a request, and what is called back.

Source: Infobip OpenAPI 3.210.0, `POST /number/1/notify`, and its Java client's tests, which read a callback as the
answer of a query. Not documented: whether a callback is about one number or several, whether it has the ids of the
acknowledgement in it, how often it is tried, and how it is signed (it is not).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.infobip_item import Item, answer, lookup
from ringfence.providers.infobip_markup import LISTS, NUMBER, document
from ringfence.providers.lookup import Lookup, Outcome
from ringfence.providers.matching import Matched, matched, one_of, results
from ringfence.providers.provider import Parsed
from ringfence.providers.reading import field, number, text


@dataclass(frozen=True, slots=True)
class Accepted:
    """The ids under which a request was accepted; empty where its acknowledgement never came, or names none."""

    bulk: str | None
    messages: Mapping[str, frozenset[str]]

    def about(self, bulk: object, item: Item) -> bool:
        """Whether what an item says of its ids agrees with what was accepted."""
        message = text(item.get("messageId"))
        known = self.messages.get(number(item.get(NUMBER)) or "")
        said_bulk = text(item.get("bulkId")) or text(bulk)
        same_message = message is None or known is None or message in known
        return same_message and (said_bulk is None or self.bulk is None or said_bulk == self.bulk)


def accepted_as(reply: Reply | None) -> Accepted:
    """Read the ids of an acknowledgement."""
    read = document(reply.body) if reply else None
    messages: dict[str, set[str]] = {}
    for item in results(read, LISTS) or ():
        digits, message = number(field(item, NUMBER)), text(field(item, "messageId"))
        if digits and message:
            messages.setdefault(digits, set()).add(message)
    return Accepted(text(field(read, "bulkId")), {digits: frozenset(ids) for digits, ids in messages.items()})


def is_pending(item: Item) -> bool:
    """Whether an item says that its number is still being looked up."""
    return answer(item).meaning.outcome is Outcome.PENDING


def is_final(item: Item) -> bool:
    """Whether an item answers by a status that is known: one that is not tells neither an answer nor a wait."""
    found = answer(item)
    return not is_pending(item) and (found.meaning.outcome is not Outcome.PARTIAL or found.network)


def acknowledged(found: Matched, read: object, asked: Sequence[Phone]) -> Parsed:
    """Read the items of an acknowledgement: what is rejected in it is answered now, the rest comes later.

    Where all is rejected the request waits too: what that cost is in the log.
    """
    lookups = _answers(found, asked, is_final)
    return Parsed(
        verdict="awaiting" if found.items else "doubt",
        evidence=f"HTTP 200 that names {len(found.items)} of {len(asked)} numbers and rejects {len(lookups)}",
        lookups=lookups,
        unasked=found.unasked,
        request_ref=request_ref(found, read),
    )


def request_ref(found: Matched, read: object) -> str | None:
    """The id of a request, or of the only number that it asks about."""
    ids = [text(item.get("messageId")) for each in found.items.values() for item in each]
    return text(field(read, "bulkId")) or (ids[0] if len(ids) == 1 else None)


def called_back(reply: Reply, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
    """Read a callback: the numbers that it names are answered, unless they are still pending.

    It is correlated by number, the address that it came to being this request's alone; ids that it has must be those
    that were accepted.
    """
    read = document(reply.body)
    items = _items(read)
    if items is None:
        return Parsed("doubt", "a callback without a list of results")
    ids, bulk = accepted_as(accepted), field(read, "bulkId")
    ours = [item for item in items if isinstance(item, Mapping) and ids.about(bulk, item)]
    found = matched(ours, NUMBER, asked)
    lookups = _answers(found, asked, lambda item: not is_pending(item))
    return Parsed(
        verdict="answered" if lookups else "awaiting" if found.items else "doubt",
        evidence=f"a callback with results for {len(lookups)} of {len(asked)} numbers",
        lookups=lookups,
        unasked=found.unasked + len(items) - len(ours),
    )


def _items(read: object) -> list[Any] | None:
    """The results of a callback, also where it is one of them, or nothing but their list."""
    if isinstance(read, list):
        return read
    return [read] if isinstance(read, Mapping) and NUMBER in read else results(read, LISTS)


def _answers(found: Matched, asked: Sequence[Phone], answers: Callable[[Item], bool]) -> list[Lookup]:
    """One lookup for each number that has an item which answers."""
    told = {phone: [lookup(item, phone) for item in each if answers(item)] for phone, each in found.items.items()}
    return [one_of(told[phone]) for phone in asked if told.get(phone)]
