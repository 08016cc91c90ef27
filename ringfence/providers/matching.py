"""Results matched to the numbers that were asked: by the number that each names, never by its position.

No vendor promises that results are complete, in order, or given once. How one of them reads is each provider's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Lookup, Outcome
from ringfence.providers.provider import Parsed
from ringfence.providers.reading import field, number

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Matched:
    """The results about each number that was asked, and how many are about none of them."""

    items: Mapping[Phone, Sequence[Item]]
    unasked: int


def results(document: object, names: Sequence[str]) -> list[Any] | None:
    """The list of results under the first of these names that has one, None where there is none."""
    lists = (field(document, name) for name in names)
    return next((found for found in lists if isinstance(found, list)), None)


def named(items: Sequence[object] | None, key: str) -> list[str]:
    """The numbers (digits without `+`) that stand under `key`, each once, in their order."""
    found = (number(field(item, key)) for item in items or ())
    return list(dict.fromkeys(each for each in found if each))


def matched(items: Sequence[object], key: str, asked: Sequence[Phone]) -> Matched:
    """Part the results by the number under `key`, however it is spelled; what is no object is nobody's."""
    wanted = {phone.digits: phone for phone in asked}
    found: dict[Phone, list[Item]] = {}
    unasked = 0
    for item in items:
        phone = wanted.get(number(field(item, key)) or "")
        if phone and isinstance(item, Mapping):
            found.setdefault(phone, []).append(item)
        else:
            unasked += 1
    return Matched(found, unasked)


def settled(found: Matched, read: Callable[[Item, Phone], Lookup], asked: Sequence[Phone], reply: Reply) -> Parsed:
    """One lookup for each number that has a result, in the order of asking; in doubt where none has."""
    lookups = [one_of([read(item, phone) for item in found.items[phone]]) for phone in asked if phone in found.items]
    return Parsed(
        verdict="answered" if lookups else "doubt",
        evidence=f"HTTP 200 with results for {len(lookups)} of {len(asked)} numbers{_flagged(reply)}",
        lookups=lookups,
        missing=[phone for phone in asked if phone not in found.items],
        unasked=found.unasked,
    )


def one_of(answers: Sequence[Lookup]) -> Lookup:
    """One lookup from all results about a number: repeated facts count once, contradicting ones are not known.

    What contradicting results cost is what the dearest of them says.
    """
    facts = {replace(one, raw_status=None, raw_error=None, raw_permanent=None, result_ref=None) for one in answers}
    if len(facts) == 1:
        return min(answers, key=_as_sent)
    conflict = Lookup(phone=answers[0].phone, outcome=Outcome.PARTIAL, conflict=True)
    priced = [one for one in answers if one.price is not None]
    if not priced:
        return conflict
    paid = max(priced, key=_net)
    return replace(conflict, billed=paid.billed, price=paid.price, refund=paid.refund, currency=paid.currency)


def _net(one: Lookup) -> int:
    return (one.price or 0) - (one.refund or 0)


def _as_sent(one: Lookup) -> list[str]:
    return [sent or "" for sent in (one.raw_status, one.raw_error, one.raw_permanent, one.result_ref)]


def _flagged(reply: Reply) -> str:
    declared = reply.headers.get("content-type", "").lower()
    return "" if "json" in declared or "xml" in declared else ", not declared as JSON"
