"""What may be kept of a callback: of which attempt it is, whether its address proves that, and what privacy leaves.

It only reads the ledger, and decides nothing about an attempt: whenever a callback came, `answers` reads it among all
replies. What is kept is written by `inbox`.
"""

import json
import logging
import traceback
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, select

from ringfence.config.sections import Privacy
from ringfence.http.exchange import Reply
from ringfence.lookups.callback_address import proven
from ringfence.lookups.privacy import FORBIDDEN_BY_DEFAULT, by_phone
from ringfence.lookups.replies import numbers_of
from ringfence.lookups.spend import kept_headers
from ringfence.lookups.verdict import judge
from ringfence.money import quarantine
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Stored
from ringfence.money.schema import ATTEMPT, JOURNAL, REPLY
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Later
from ringfence.providers.provider import Provider
from ringfence.providers.registry import providers

_LOG = logging.getLogger(__name__)
# Nobody's number: what is not known to be of an attempt may tell none of this.
STRICTEST = frozenset({*FORBIDDEN_BY_DEFAULT, "reachability"})
# What a provider may send about an attempt: several messages a number, and some that say nothing yet.
MOST, MOST_A_NUMBER = 100, 10
FORGED = "its address was never given out, or has ended"
UNKNOWN = "its attempt is not in this ledger"
FOREIGN = "it is about another request or other numbers than were accepted and asked"
TOO_MANY = "its attempt has had more callbacks than any provider sends"


@dataclass(frozen=True, slots=True)
class Came:
    """A callback as it came: the parts of its address, its headers (lower-case names) and its whole body."""

    provider: str
    attempt_id: str
    ends: str
    proof: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A callback that is not believed, and why. `body` is what the quarantine may keep of it, None: nothing."""

    provider: str
    reason: str
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger knows of the attempt: its numbers by subject, and the reply that accepted it, if it is stored."""

    attempt: Row[Any]
    numbers: Mapping[int, str] = field(repr=False)
    first: Reply | None = field(repr=False)
    callbacks: int


def examined(ledger: Ledger, privacy: Privacy, came: Came) -> Stored | Suspect:
    """A callback as it is to be stored, cut as the rules of its numbers demand, or why it is not believed.

    One of a proven address is stored although it cannot be read, although its attempt is final, and before the reply
    is stored that it follows: it is judged with that.
    """
    kind = providers().get(came.provider)
    if kind is None:
        return Suspect("", "there is no such provider")
    if not proven(ledger, kind.name, came.attempt_id, came.ends, came.proof):
        return _suspect(ledger, kind, FORGED, came.body)
    with ledger.store.read() as connection:
        known = _known(connection, came.attempt_id)
    if known is None or known.attempt.provider != kind.name or not isinstance(kind, Collectable):
        return _suspect(ledger, kind, UNKNOWN, came.body)
    if not known.numbers:
        return Suspect(kind.name, "none of its numbers is known any more")
    if known.callbacks >= MOST + MOST_A_NUMBER * len(known.numbers):
        return Suspect(kind.name, TOO_MANY)
    numbers = list(known.numbers.values())
    rule = by_phone(privacy, dict.fromkeys(numbers, known.attempt.country))
    reply = Reply(200, kept_headers(kind, came.headers), kind.withhold(came.body, rule))
    if _is_foreign(kind, known, reply, [Phone(number) for number in numbers]):
        return _suspect(ledger, kind, FOREIGN, came.body)
    return Stored(
        attempt_id=came.attempt_id,
        source="callback",
        status=reply.status,
        headers=dict(reply.headers),
        body=reply.body,
        complete=True,
    )


def _suspect(ledger: Ledger, kind: Provider, reason: str, body: bytes) -> Suspect:
    """Cut only where there is room to keep it: whoever forges a thousand makes no work."""
    with ledger.store.read() as connection:
        room = quarantine.has_room(connection, ledger.store.clock())
    return Suspect(kind.name, reason, kind.withhold(body, lambda _: STRICTEST) if room else None)


def _known(connection: Connection, attempt_id: str) -> _Known | None:
    attempt = connection.execute(select(ATTEMPT).where(ATTEMPT.c.attempt_id == attempt_id)).one_or_none()
    if attempt is None:
        return None
    mine = REPLY.c.attempt_id == attempt_id
    response = select(REPLY).where(mine, REPLY.c.source == "response", REPLY.c.complete == 1)
    first = connection.execute(response.order_by(REPLY.c.reply_id.desc()).limit(1)).one_or_none()
    return _Known(
        attempt=attempt,
        numbers=numbers_of(connection, _subjects(connection, attempt)),
        first=Reply(first.status, json.loads(first.headers), zlib.decompress(first.body)) if first else None,
        callbacks=connection.scalar(select(func.count()).where(mine, REPLY.c.source == "callback")) or 0,
    )


def _subjects(connection: Connection, attempt: Row[Any]) -> list[int]:
    """All that was asked: a settlement leaves an attempt the answered numbers, and gives the others to a residue."""
    found = unpack(attempt.subjects)
    given = select(JOURNAL.c.why).where(JOURNAL.c.attempt_id == attempt.attempt_id, JOURNAL.c.event == "residue_given")
    for residue_id in connection.scalars(given).all():
        residue = connection.execute(select(ATTEMPT).where(ATTEMPT.c.attempt_id == residue_id)).one()
        found += _subjects(connection, residue)
    return found


def _is_foreign(kind: Collectable, known: _Known, reply: Reply, asked: Sequence[Phone]) -> bool:
    """Whether a body that can be read is about another request, or about no number that was asked.

    Only against the reply that accepted the request, which may be stored later than a callback.
    """
    product = known.attempt.product
    accepted = judge(kind, product, known.first, asked) if known.first else None
    if accepted is None or accepted.verdict != "awaiting":
        return False
    try:
        said = kind.parse_later(product, Later("callback", "", reply), known.first, asked)
    except Exception as error:  # noqa: BLE001 - a defect of ours must not lose a paid answer: it is stored
        told("the parser of %s failed on a callback", error, kind.name)
        return False
    return said.verdict == "doubt" and said.unasked > 0


def told(what: str, error: Exception, *about: str) -> None:
    """Log a defect with its place and without its words, which may quote an address or a body."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error(f"{what} (%s)\n%s", *about, type(error).__name__, frames)
