"""What of the open attempts can be asked about, from when until when, and with which requests. It only reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, tuple_

from ringfence.lookups.replies import kept_replies, numbers_of, read_attempt
from ringfence.money.decide import DECIDED
from ringfence.money.schema import ATTEMPT
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Poll, Waiting
from ringfence.providers.provider import Product, Provider
from ringfence.providers.registry import provider

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Asks:
    """The requests that may tell more of an attempt now; `new` says that one of them was never answered before."""

    polls: Sequence[Poll]
    new: bool


def pollable(product: Product) -> bool:
    """Whether a product can be asked about what it has accepted."""
    return product.mode == "poll" or product.priced_late


def askable(names: Iterable[str], now: int) -> ColumnElement[bool]:
    """The open attempts of these providers that can be asked about at a moment (microseconds UTC).

    Awaited or in doubt where that is possible by id; else in doubt, and while their provider tells of them. What a
    person has decided to be free is looked up too: a charge that shows then is a correction.
    """
    products = [(name, one) for name in names for one in provider(name).products.values()]
    keys = [(name, one.name) for name, one in products if pollable(one)]
    by_time = [
        and_(
            ATTEMPT.c.provider == name,
            ATTEMPT.c.product == one.name,
            (ATTEMPT.c.state == "in_doubt") | decided_free(),
            ATTEMPT.c.reserved_at <= now - one.traced.begins * _SECOND,
            ATTEMPT.c.reserved_at > now - one.traced.until * _SECOND,
        )
        for name, one in products
        if one.traced
    ]
    by_id = tuple_(ATTEMPT.c.provider, ATTEMPT.c.product).in_(keys)
    return or_(and_(ATTEMPT.c.state.in_(("awaiting", "in_doubt")), by_id), *by_time)


def decided_free() -> ColumnElement[bool]:
    """The attempts that a person has decided to have cost nothing."""
    return and_(ATTEMPT.c.state == "voided", ATTEMPT.c.evidence.contains(DECIDED))


def is_traced_now(attempt: Mapping[str, Any], now: int) -> bool:
    """Whether a provider tells now, if it tells at all, what became of an attempt in doubt, or decided to be free."""
    traced = provider(attempt["provider"]).products[attempt["product"]].traced
    age = (now - attempt["reserved_at"]) // _SECOND
    open_ended = attempt["state"] == "in_doubt" or (attempt["state"] == "voided" and DECIDED in attempt["evidence"])
    return open_ended and traced is not None and traced.begins <= age < traced.until


def asks(
    connection: Connection,
    kind: Provider,
    address: str,
    options: Mapping[str, str],
    attempt: Mapping[str, Any],
    now: int,
) -> Asks:
    """What its provider states for an attempt; requests that tell of others too are left out while it is too early."""
    if not isinstance(kind, Collectable):
        return Asks((), new=False)
    seen = read_attempt(connection, attempt)
    told = [each.later() for each in kept_replies(connection, attempt) if each.source != "response"]
    waiting = Waiting(
        product=attempt["product"],
        asked=[Phone(number) for number in numbers_of(connection, unpack(attempt["subjects"])).values()],
        sent_at=datetime.fromtimestamp(attempt["reserved_at"] / _SECOND, UTC),
        accepted=seen.accepted,
        unanswered=seen.unanswered,
        unpriced=seen.unpriced,
        told=told,
    )
    polls = kind.polls(waiting, address, options)
    if not is_traced_now(attempt, now):
        polls = [poll for poll in polls if not poll.shared]
    known = {each.ref for each in told}
    return Asks(polls, new=any(poll.ref not in known for poll in polls))
