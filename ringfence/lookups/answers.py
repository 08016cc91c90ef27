"""From everything that came back for an attempt to one verdict: a pure function of the stored replies.

Recovery, collecting, publishing and parsing again all read an attempt here, so that they agree.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ringfence.http.exchange import Reply
from ringfence.lookups.verdict import judge
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Later, Traceable
from ringfence.providers.lookup import Lookup, Outcome
from ringfence.providers.matching import one_of
from ringfence.providers.provider import Parsed, Provider

_LOG = logging.getLogger(__name__)
NOTHING_CAME = "the process that sent it is gone, and no reply was stored"


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole reply as it is stored; `source`, `ref` and `at` as in `collectable.Later`, or `response`."""

    reply_id: int
    source: str
    ref: str
    reply: Reply = field(repr=False)
    at: datetime | None = None

    def later(self) -> Later:
        """The same as its provider sees what came after the first reply."""
        return Later(self.source, self.ref, self.reply, self.at)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Read:
    """An attempt as its replies tell it.

    Beside the verdict: which numbers have no answer or no price yet, and the newest reply that was read (None: only
    the first).
    """

    parsed: Parsed
    accepted: Reply | None = field(default=None, repr=False)
    unanswered: Sequence[Phone] = field(default=(), repr=False)
    unpriced: Sequence[Phone] = field(default=(), repr=False)
    read_to: int | None = None


def read(
    kind: Provider,
    product: str,
    kept: Sequence[Kept],
    asked: Sequence[Phone],
    *,
    given_up: bool,
    beside: Sequence[Phone] = (),
) -> Read:
    """Read all replies to an attempt; `beside` are the numbers of the same request that other attempts are about.

    `given_up` says that nothing more is waited for: numbers that a log alone tells of are settled by it, a missing
    price is the list price, and what has no answer at all is in doubt. What is in doubt and was traced is answered by
    what its log tells, and void where that is evidence that nothing was charged.
    """
    accepted = next((each.reply for each in reversed(kept) if each.source == "response"), None)
    first = judge(kind, product, accepted, asked) if accepted else Parsed("doubt", NOTHING_CAME)
    later = [each for each in kept if each.source != "response"]
    whole = kind.products[product].mode == "sync" and first.verdict != "doubt"
    if first.verdict == "void" or whole or not isinstance(kind, Collectable):
        return Read(first, accepted)
    told = [(each.source, _judged_later(kind, product, each, accepted, asked)) for each in later]
    if first.verdict != "awaiting" and not any(parsed.lookups for _, parsed in told):
        free = next((parsed for _, parsed in told if parsed.verdict == "void"), None)
        free = free if len(asked) == 1 else None
        if not (free or _about_somebody_else(kind, product, accepted, (*asked, *beside))):
            free = _uncharged(kind, product, first, later, asked)
        return Read(free or first, accepted, unanswered=tuple(asked), read_to=kept[-1].reply_id if free else None)
    return _combined(kind, product, first, told, asked, accepted, kept[-1].reply_id, given_up=given_up)


def _about_somebody_else(kind: Provider, product: str, accepted: Reply | None, asked: Sequence[Phone]) -> bool:
    """Whether the first reply answers for a number that was not asked: it may be one of them, spelled otherwise.

    Then a log that does not know it by its number is no evidence that nothing was charged.
    """
    return accepted is not None and judge(kind, product, accepted, asked).unasked > 0


def _uncharged(
    kind: Collectable, product: str, first: Parsed, later: Sequence[Kept], asked: Sequence[Phone]
) -> Parsed | None:
    """The verdict of a log that is evidence that nothing was charged; None where it is not."""
    if first.verdict != "doubt" or not asked or not isinstance(kind, Traceable):
        return None
    try:
        why = kind.uncharged(product, [each.later() for each in later], asked)
    except Exception:  # noqa: BLE001 - a defect of ours is no evidence: it stays in doubt
        _LOG.exception("reading the log of %s failed", kind.name)
        return None
    return Parsed("void", why) if why else None


def _judged_later(
    kind: Collectable, product: str, kept: Kept, accepted: Reply | None, asked: Sequence[Phone]
) -> Parsed:
    try:
        return kind.parse_later(product, kept.later(), accepted, asked)
    except Exception as error:  # noqa: BLE001 - a defect of ours must not lose a paid answer: it is stored, and waits
        _LOG.exception("the parser of %s failed on a stored %s", kind.name, kept.source)
        return Parsed("doubt", f"our parser failed on a {kept.source} ({type(error).__name__}); it is stored")


def _combined(
    kind: Collectable,
    product: str,
    first: Parsed,
    told: Sequence[tuple[str, Parsed]],
    asked: Sequence[Phone],
    accepted: Reply | None,
    read_to: int,
    *,
    given_up: bool,
) -> Read:
    """One verdict of the first reply and of all that came later."""
    answers = _by_phone([*first.lookups, *(one for source, said in told if source != "log" for one in said.lookups)])
    logged = {one.phone: one for source, said in told if source == "log" for one in said.lookups}
    lookups = {phone: _priced(one_of(found), logged.get(phone)) for phone, found in answers.items()}
    if given_up:
        lookups = {**logged, **lookups}
    unanswered = [phone for phone in asked if phone not in lookups]
    late = kind.products[product].priced_late
    unpriced = [phone for phone, one in lookups.items() if late and one.price is None]
    known = [lookups[phone] for phone in asked if phone in lookups]
    evidence = f"answers for {len(known)} of {len(asked)} numbers came later ({first.evidence})"
    verdict = first.verdict
    if given_up or not (unanswered or unpriced):
        verdict = "answered" if known else "doubt"
        if not known:
            evidence = f"no answer came in time ({first.evidence})"
    free = next((said for _, said in told if said.verdict == "void"), None)
    if free and not known and len(asked) == 1:
        return Read(free, accepted, read_to=read_to)
    parsed = replace(
        first,
        verdict=verdict,
        evidence=evidence,
        lookups=known,
        missing=unanswered if verdict == "answered" else (),
        unasked=first.unasked + sum(said.unasked for _, said in told),
    )
    return Read(parsed, accepted, unanswered, unpriced, read_to)


def _by_phone(lookups: Iterable[Lookup]) -> dict[Phone, list[Lookup]]:
    """The answers about each number; a whole one makes those that were partial before it intermediate."""
    found: dict[Phone, list[Lookup]] = {}
    for one in lookups:
        found.setdefault(one.phone, []).append(one)
    return {phone: [one for one in each if one.outcome is not Outcome.PARTIAL] or each for phone, each in found.items()}


def _priced(one: Lookup, logged: Lookup | None) -> Lookup:
    """An answer with the price that the log adds to it."""
    if one.price is not None or logged is None or logged.price is None:
        return one
    return replace(one, price=logged.price, refund=logged.refund, currency=logged.currency, priced_late=True)
