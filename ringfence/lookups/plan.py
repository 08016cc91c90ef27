"""From a quote to batches: which numbers go into one request, in which order, and what the budgets have room for."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ringfence.config.model import Config
from ringfence.lookups.routes import Market, answered
from ringfence.money.amount import Money
from ringfence.money.batch import Batch, Refused
from ringfence.money.budget import UNATTENDED, Budget, limit
from ringfence.money.ledger import Ledger
from ringfence.money.quotes import Line, Quote
from ringfence.money.room import Room
from ringfence.money.still_due import still_due
from ringfence.providers.registry import provider

Key = tuple[str, str, int, Money, str, str]


def limits_of(config: Config) -> list[Budget]:
    """The budgets of the configuration, with the unattended allowance among them."""
    caps = [limit(b.window, b.cap, b.provider, b.country, b.source) for b in config.budgets]
    return [*caps, Budget(UNATTENDED, "day", config.approval.unattended)]


def plan(market: Market, quote: Quote, consent: str, only: Collection[int] | None = None) -> list[Batch]:
    """The batches of a quote in the order of purchase: never asked first, then the oldest.

    A batch is alike in provider, product, price, due facts, country and source, whether or not a budget is scoped by
    them today: one that is tomorrow must count it. `only` narrows it to these subjects. What is `outdated` is left out.
    """
    groups: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for line in quote.lines:
        if _why_outdated(market, line):
            continue
        key = (line.provider, line.product, line.facts, line.unit_price, line.country, line.source)
        groups[key] += [
            (rank, subject)
            for rank, subject in zip(line.ranks, line.subjects, strict=True)
            if only is None or subject in only
        ]
    ranked = []
    for key, members in groups.items():
        ranked += [
            (part[0][0], _batch(quote, consent, key, tuple(subject for _, subject in part)))
            for part in _parts(sorted(members), _size(market.config, *key[:2]))
        ]
    return [batch for _, batch in sorted(ranked, key=lambda pair: pair[0])]


def outdated(market: Market, quote: Quote, only: Collection[int] | None = None) -> list[tuple[Batch, str]]:
    """The lines whose price or provider is not the configured one any more, and why: they are quoted anew."""
    found = []
    for line in quote.lines:
        if why := _why_outdated(market, line):
            key = (line.provider, line.product, line.facts, line.unit_price, line.country, line.source)
            members = tuple(subject for subject in line.subjects if only is None or subject in only)
            found.append((_batch(quote, "", key, members), why))
    return found


def _batch(quote: Quote, consent: str, key: Key, subjects: tuple[int, ...]) -> Batch:
    name, product, facts, price, country, source = key
    return Batch(
        quote_id=quote.quote_id,
        ledger_seq=quote.ledger_seq,
        consent=consent,
        provider=name,
        product=product,
        answers=answered(provider(name).products[product], facts),
        facts=facts,
        unit_price=price,
        subjects=subjects,
        country=country,
        source=source,
    )


def _why_outdated(market: Market, line: Line) -> str | None:
    was = f"{line.provider} {line.product} was quoted at {line.unit_price}"
    section = market.config.providers.get(line.provider)
    if section is None or line.product not in section.products:
        return f"{was} and is not configured any more; quote it again: ringfence quote"
    listed = market.rates.listed(line.provider, line.product, line.country, market.on)
    if listed.price == line.unit_price:
        return None
    if listed.price is None:
        return f"{was}, but {listed.problem}"
    return f"{was} and is {listed.price} now; quote it again: ringfence quote"


def preview(
    config: Config, ledger: Ledger, planned: Sequence[Batch], *, limits_only: bool = False
) -> tuple[list[Batch], list[Refused]]:
    """Part what is due and has room in the budgets from what has none, before anything is reserved.

    `limits_only` asks what the limits would allow if somebody approved it.
    """
    affordable: list[Batch] = []
    left: list[Refused] = []
    taken: set[int] = set()
    with ledger.store.read() as connection:
        room = Room(connection, ledger.store.clock(), config.zone)
        for batch, numbers in still_due(connection, planned, taken):
            due = tuple(numbers)
            if not due:
                continue
            count, _, refusal = room.admit(batch.purchase, len(due), limits_only=limits_only)
            if count:
                affordable.append(replace(batch, subjects=due[:count]))
                taken.update(due[:count])
            if refusal:
                left.append(Refused(batch.quote_id, due[count:], refusal.status, refusal.reason))
    return affordable, left


def _size(config: Config, name: str, product_name: str) -> int:
    product = provider(name).products[product_name]
    return min(config.providers[name].batch or product.batch, product.limit)


def _parts(members: Sequence[tuple[int, int]], size: int) -> Iterator[Sequence[tuple[int, int]]]:
    for start in range(0, len(members), size):
        yield members[start : start + size]
