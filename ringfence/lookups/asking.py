"""What of the open attempts can be asked about, from when until when, and with which requests. It only reads."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
)

from ringfence.lookups.replies import kept_replies, numbers_of, read_attempt
from ringfence.money import switch
from ringfence.money.decide import DECIDED, decidable
from ringfence.money.prepared import Prepared
from ringfence.money.schema import ATTEMPT, REPLY
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Poll, Waiting
from ringfence.providers.provider import Product, Provider
from ringfence.providers.registry import provider
from ringfence.providers.windows import agree, time_told

_SECOND = 1_000_000
# How far around a request the replies to others are looked at, in microseconds.
_NEAR = 600 * _SECOND
_AROUND = select(ATTEMPT).where(
    ATTEMPT.c.provider == bindparam("provider"),
    ATTEMPT.c.reserved_at.between(bindparam("since"), bindparam("until")),
)
# So many replied requests before and after one, in the order in which they were reserved, tell how the clock was.
_NEIGHBOURS = 20
_PLACE: ColumnClause[int] = literal_column("attempt.rowid")
_IT = ATTEMPT.alias("it")
_ITS_PLACE: Select[Any] = (
    select(literal_column("it.rowid")).select_from(_IT).where(_IT.c.attempt_id == bindparam("origin"))
)
_REPLIED = (
    select(ATTEMPT.c.reserved_at, REPLY.c.received_at, REPLY.c.headers)
    .join(REPLY, and_(REPLY.c.attempt_id == ATTEMPT.c.attempt_id, REPLY.c.source == "response"))
    .where(ATTEMPT.c.provider == bindparam("provider"), ATTEMPT.c.residue_of.is_(None), ATTEMPT.c.origin.is_(None))
    .limit(_NEIGHBOURS)
)
_BEFORE = Prepared(_REPLIED.where(_ITS_PLACE.scalar_subquery() > _PLACE).order_by(_PLACE.desc()))
_AFTER = Prepared(_REPLIED.where(_ITS_PLACE.scalar_subquery() < _PLACE).order_by(_PLACE))
_OTHERS = Prepared(
    _AROUND.with_only_columns(ATTEMPT.c.request_ref).where(
        ATTEMPT.c.request_ref.is_not(None),
        # An imported reply is that of a request which may be this one.
        ATTEMPT.c.origin.is_(None),
        func.coalesce(ATTEMPT.c.residue_of, ATTEMPT.c.attempt_id) != bindparam("origin"),
    )
)


@dataclass(frozen=True, slots=True)
class Asks:
    """The requests that may tell more of an attempt now; `new` says that one of them was never answered before."""

    polls: Sequence[Poll]
    new: bool


def pollable(product: Product) -> bool:
    """Whether a product can be asked about what it has accepted."""
    return product.mode == "poll" or product.priced_late


def askable(names: Iterable[str]) -> ColumnElement[bool]:
    """The open attempts of these providers that can be asked about at the moment `now`, to be bound (microseconds UTC).

    Awaited or in doubt where that is possible by id; else in doubt, and while their provider tells of them. What a
    person has decided to be free is looked up too: a charge that shows then is a correction.
    """
    products = [(name, one) for name in names for one in provider(name).products.values()]
    by_id = [
        and_(
            ATTEMPT.c.provider == name,
            ATTEMPT.c.product == one.name,
            decidable(),
        )
        for name, one in products
        if pollable(one)
    ]
    by_time = [
        and_(
            ATTEMPT.c.provider == name,
            ATTEMPT.c.product == one.name,
            (ATTEMPT.c.state == "in_doubt") | decided_free(),
            ATTEMPT.c.reserved_at <= bindparam("now") - one.traced.begins * _SECOND,
            ATTEMPT.c.reserved_at > bindparam("now") - one.traced.until * _SECOND,
        )
        for name, one in products
        if one.traced
    ]
    return or_(false(), *by_id, *by_time)


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
    account: str | None,
) -> Asks:
    """What its provider states for an attempt, as an account (None: nobody).

    Requests that tell of others too are left out while it is too early, where their answer would be no evidence (to
    another account than was asked, or one that nobody knows, or of a time that our clock had wrong), and where they
    cost money and somebody has stopped their provider.
    """
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
    mine = account is not None and attempt["account"] == account and not waits_for_resume(connection, attempt)
    if not (mine and is_traced_now(attempt, now) and _clock_was_right(connection, attempt)):
        polls = [poll for poll in polls if not poll.shared]
    known = {each.ref for each in told}
    return Asks(polls, new=any(poll.ref not in known for poll in polls))


def waits_for_resume(connection: Connection, attempt: Mapping[str, Any]) -> bool:
    """Whether looking an attempt up costs money, and somebody has stopped its provider, or everything."""
    how = provider(attempt["provider"]).products[attempt["product"]].traced
    costs = how is not None and how.option is not None
    return costs and not {"", attempt["provider"]}.isdisjoint(switch.stops(connection))


def _clock_was_right(connection: Connection, attempt: Mapping[str, Any]) -> bool:
    """Whether nothing near a request says that our clock was wrong when it was sent; where there is nothing, it was.

    That is a reply that tells another time than we had, and a request that was made earlier and has a later time.
    """
    at, name = attempt["reserved_at"], attempt["provider"]
    origin = attempt["residue_of"] or attempt["attempt_id"]
    before = _BEFORE.rows(connection, origin=origin, provider=name)
    after = _AFTER.rows(connection, origin=origin, provider=name)
    in_order = all(agree(_time(max(other, at)), _time(at)) for other, *_ in before)
    in_order &= all(agree(_time(min(other, at)), _time(at)) for other, *_ in after)
    near = [each for each in (*before, *after) if abs(each[0] - at) <= _NEAR]
    return in_order and all(agree(time_told(json.loads(headers)), _time(received)) for _, received, headers in near)


def _time(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / _SECOND, UTC)


def others_near(connection: Connection, attempt: Mapping[str, Any]) -> frozenset[str]:
    """The provider's ids of the other requests that were sent at about the same time."""
    at, origin = attempt["reserved_at"], attempt["residue_of"] or attempt["attempt_id"]
    found = _OTHERS.rows(connection, provider=attempt["provider"], since=at - _NEAR, until=at + _NEAR, origin=origin)
    return frozenset(ref for (ref,) in found)
