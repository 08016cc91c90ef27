"""Replies that were paid for elsewhere: read from a warehouse by the provider's own parsers, and imported.

Nothing is bought. A reply is imported for the numbers that it answers for; what cannot be read, was refused or is
doubtful is counted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ringfence.config.sections import Privacy
from ringfence.errors import ConfigError, RingfenceError
from ringfence.http.exchange import Reply
from ringfence.lookups.answers import Kept, read
from ringfence.lookups.due import bits
from ringfence.lookups.imported_rows import Raw
from ringfence.lookups.privacy import by_phone
from ringfence.money.imported import known, record
from ringfence.money.importing import ImportedReply, Importing, import_id_of
from ringfence.money.ledger import Ledger
from ringfence.numbers.phone import Phone
from ringfence.numbers.place import country_of
from ringfence.providers.lookup import Lookup, Outcome
from ringfence.providers.provider import Parsed, Provider
from ringfence.providers.registry import provider

# Replies that one transaction imports.
GROUP = 1_000
# Before any provider gave answers of this kind: a time in another unit, or one that stands for none.
_FIRST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
# What a reply is worth that is not imported, by the reason.
NO_BODY = "without a body or a time"
NO_STATUS = "with a status that is no HTTP status (100 to 599): leave the column out where it is not known"
PAST = "received before 2000: received_at must be when the answer came, in UTC"
FUTURE = "received in the future: received_at must be UTC"
NAMES_NONE = "unreadable, or about no number"
REFUSED = {"void": "refused by the provider", "doubt": "doubtful", "awaiting": "an acknowledgement without an answer"}
FAILED = "without an answer: the lookup failed or was pending"
THERE = "imported already"
# An answer of these outcomes says nothing of its number.
_EMPTY = (Outcome.FAILED, Outcome.PENDING)


@dataclass(frozen=True, slots=True)
class Answers:
    """A reply that can be imported, with what it says of each number."""

    reply: ImportedReply
    lookups: Sequence[Lookup] = field(repr=False)


@dataclass(slots=True)
class Found:
    """What came of an import: replies and numbers that were taken, and by reason the replies that were not."""

    replies: int = 0
    phones: set[str] = field(default_factory=set, repr=False)
    left: Counter[str] = field(default_factory=Counter)


def richest(kind: Provider) -> str:
    """The product of a provider that answers at once and tells most: a reply of a lesser one has less in it."""
    at_once = [product for product in kind.products.values() if product.mode == "sync"]
    return max(at_once, key=lambda product: len(product.facts - product.plan_only)).name


def importing_of(ledger: Ledger, kind: Provider, product: str, currency: str, of_source: str, who: str) -> Importing:
    """An import of a provider's product; raises ConfigError for a product that it does not have."""
    if product not in kind.products:
        raise ConfigError(f"{kind.name} has no product '{product[:40]}'; it has: {', '.join(kind.products)}")
    mode = kind.products[product].mode
    return Importing(
        import_id=ledger.store.new_id(),
        provider=kind.name,
        product=product,
        facts=bits(kind.products[product].facts),
        currency=currency,
        source="response" if mode == "sync" else mode,
        of_source=of_source,
        who=who,
    )


def read_raw(ledger: Ledger, importing: Importing, privacy: Privacy, raw: Raw) -> Answers | str:
    """A reply as its provider's parser reads it, without what may not be stored; else why it is not imported."""
    if not raw.body or raw.received_at is None:
        return NO_BODY
    if raw.received_at > ledger.store.clock():
        return FUTURE
    if raw.received_at < _FIRST:
        return PAST
    if raw.status is None:
        return NO_STATUS
    kind = provider(importing.provider)
    asked = _asked(kind, raw)
    if not asked:
        return NAMES_NONE
    rule = by_phone(privacy, {phone.e164: country_of(phone.e164) for phone in asked})
    body = kind.withhold(raw.body, rule)
    kept = Kept(1, importing.source, "", Reply(raw.status, {}, body))
    parsed = read(kind, importing.product, [kept], asked, given_up=True).parsed
    if parsed.verdict != "answered":
        return REFUSED[parsed.verdict]
    lookups = [lookup for lookup in parsed.lookups if lookup.outcome not in _EMPTY]
    if not lookups:
        return FAILED
    reply = ImportedReply(
        attempt_id=import_id_of(ledger, importing.provider, *_identity(body, raw, parsed)),
        received_at=raw.received_at,
        status=raw.status,
        body=body,
        outcomes={lookup.phone.e164: str(lookup.outcome) for lookup in lookups},
        request_ref=parsed.request_ref,
    )
    return Answers(reply, lookups)


def readable(
    ledger: Ledger, importing: Importing, privacy: Privacy, raws: Iterator[Raw], found: Found
) -> Iterator[list[Answers]]:
    """The replies that can be imported and are not yet, in groups; `found` is brought up to date with each."""
    seen: set[str] = set()
    group: dict[str, Answers] = {}
    for raw in raws:
        answers = read_raw(ledger, importing, privacy, raw)
        if isinstance(answers, str):
            found.left[answers] += 1
        elif answers.reply.attempt_id in seen:
            found.left[THERE] += 1
        else:
            seen.add(answers.reply.attempt_id)
            group[answers.reply.attempt_id] = answers
        if len(group) >= GROUP:
            yield _fresh(ledger, group, found)
            group = {}
    yield _fresh(ledger, group, found)


def import_replies(ledger: Ledger, importing: Importing, privacy: Privacy, raws: Iterator[Raw]) -> Found:
    """Import every reply that can be; each group is durable by itself, and what is imported already stays as it is."""
    found = Found()
    for group in readable(ledger, importing, privacy, raws, found):
        record(ledger, importing, [answers.reply for answers in group])
    return found


def _fresh(ledger: Ledger, group: dict[str, Answers], found: Found) -> list[Answers]:
    with ledger.store.read() as connection:
        there = known(connection, list(group))
    fresh = [answers for attempt_id, answers in group.items() if attempt_id not in there]
    found.left[THERE] += len(there)
    found.replies += len(fresh)
    found.phones.update(phone for answers in fresh for phone in answers.reply.outcomes)
    return fresh


def _asked(kind: Provider, raw: Raw) -> list[Phone]:
    """Whom a reply is about: whom its row names, else whom its body does. Never guessed."""
    try:
        if raw.phone:
            return [Phone(raw.phone)]
        return [Phone(f"+{digits}") for digits in dict.fromkeys(kind.numbers_in(raw.body or b""))]
    except RingfenceError:
        return []


def _identity(body: bytes, raw: Raw, parsed: Parsed) -> tuple[bytes, ...]:
    """What makes two rows the same reply: equal bodies that bear the provider's own id, else equal bodies at one time.

    A body without an id reads the same whenever the same answer is given.
    """
    phone = (raw.phone or "").encode()
    if parsed.request_ref or any(lookup.result_ref for lookup in parsed.lookups):
        return (body, phone)
    return (body, phone, str(raw.received_at).encode())
