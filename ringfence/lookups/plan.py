"""From a quote to batches: which numbers go into one request, in which order, and what the budgets have room for."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ringfence.config.model import Config
from ringfence.lookups.routes import Market, answered, shut
from ringfence.money.amount import Money
from ringfence.money.batch import Batch, Refused
from ringfence.money.budget import UNATTENDED, Budget, limit
from ringfence.money.ledger import Ledger
from ringfence.money.quotes import Line, Quote
from ringfence.money.room import Room
from ringfence.money.still_due import still_due
from ringfence.providers.registry import provider

Key = tuple[str, str, int, Money, str, str, str | None]


def limits_of(config: Config) -> list[Budget]:
    """The budgets of the configuration, with the unattended allowance among them."""
    caps = [limit(b.window, b.cap, b.provider, b.country, b.source) for b in config.budgets]
    return [*caps, Budget(UNATTENDED, "day", config.approval.unattended)]


def rounds(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines that may be bought at the same time, round by round: one lookup of a number at a time.

    What a quote has at a later step comes after all of the earlier one.
    """
    found: list[list[Line]] = []
    busy: set[int] = set()
    step = 0
    for line in lines:
        if not found or line.step != step or not busy.isdisjoint(line.subjects):
            found.append([])
            busy, step = set(), line.step
        found[-1].append(line)
        busy.update(line.subjects)
    return found


def plan(market: Market, quote: Quote, lines: Sequence[Line], consent: str, *, seq: int | None = None) -> list[Batch]:
    """The batches of some lines of a quote in the order of purchase: never asked first, then the oldest.

    A batch is alike in provider, product, price, due facts, country and source, whether or not a budget is scoped by
    them today: one that is tomorrow must count it. What is `outdated` is left out. `seq` is the settlement at which the
    lines were found due, where that is later than the quote.
    """
    groups: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for line in lines:
        if not why_outdated(market, line):
            groups[_key(line)] += zip(line.ranks, line.subjects, strict=True)
    ranked = []
    for key, members in groups.items():
        ranked += [
            (part[0][0], _batch(market, quote, consent, key, tuple(subject for _, subject in part), seq))
            for part in _parts(sorted(members), _size(market.config, *key[:2]))
        ]
    return [batch for _, batch in sorted(ranked, key=lambda pair: pair[0])]


def outdated(market: Market, quote: Quote, lines: Sequence[Line]) -> list[tuple[Batch, str]]:
    """The lines that are not bought as they were quoted any more, and why (`why_outdated`): they are quoted anew."""
    return [
        (_batch(market, quote, "", _key(line), line.subjects, None), why)
        for line in lines
        if (why := why_outdated(market, line))
    ]


def narrowed_to(lines: Sequence[Line], only: Collection[int]) -> list[Line]:
    """The lines with these subjects alone; one of which nothing is left is left out."""
    found = []
    for line in lines:
        kept = [pair for pair in zip(line.subjects, line.ranks, strict=True) if pair[0] in only]
        if kept:
            subjects, ranks = zip(*kept, strict=True)
            found.append(replace(line, subjects=subjects, ranks=ranks))
    return found


def _key(line: Line) -> Key:
    return line.provider, line.product, line.facts, line.unit_price, line.country, line.source, line.terms


def _batch(market: Market, quote: Quote, consent: str, key: Key, subjects: tuple[int, ...], seq: int | None) -> Batch:
    name, product, facts, price, country, source, terms = key
    known = name in market.config.providers
    return Batch(
        quote_id=quote.quote_id,
        ledger_seq=quote.ledger_seq if seq is None else seq,
        consent=consent,
        provider=name,
        product=product,
        answers=answered(provider(name).products[product], country, facts),
        facts=facts,
        unit_price=price,
        subjects=subjects,
        country=country,
        source=source,
        terms=terms,
        rate=market.listed(name, product, country).rate if known else None,
    )


def why_outdated(market: Market, line: Line | Batch) -> str | None:
    """Why something is not bought at the price that it was quoted at; None where that is the price today."""
    was = f"{line.provider} {line.product} was quoted at {line.unit_price}"
    section = market.config.providers.get(line.provider)
    if section is None or line.product not in section.products:
        return f"{was} and is not configured any more; quote it again: ringfence quote"
    kind = provider(line.provider)
    if closed := shut(market, kind, kind.products[line.product]):
        return f"{was}, but {closed}"
    listed = market.listed(line.provider, line.product, line.country)
    if listed.price == line.unit_price and listed.terms == line.terms:
        return None
    if listed.price is None:
        return f"{was}, but {listed.problem}"
    if listed.price == line.unit_price:
        return f"{was}, and the conditions of that price are others now; quote it again: ringfence quote"
    return f"{was} and is {listed.price} now; quote it again: ringfence quote"


def preview(
    config: Config, ledger: Ledger, planned: Sequence[Sequence[Batch]], *, limits_only: bool = False
) -> tuple[list[Batch], list[Refused]]:
    """Part what is due and has room in the budgets from what has none, round by round, before anything is reserved.

    `limits_only` asks what the limits would allow if somebody approved it.
    """
    affordable: list[Batch] = []
    left: list[Refused] = []
    with ledger.store.read() as connection:
        room = Room(connection, ledger.store.clock(), config.zone)
        for batches in planned:
            taken: set[int] = set()
            for batch, numbers in still_due(connection, batches, taken):
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
