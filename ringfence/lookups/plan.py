"""From a quote to batches: which numbers go into one request, in which order, and what the budgets have room for."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ringfence.config.model import Config
from ringfence.errors import QuoteError
from ringfence.lookups.due import bits
from ringfence.money.amount import Money
from ringfence.money.budget import UNATTENDED, Budget, limit, scoped_by
from ringfence.money.ledger import Ledger
from ringfence.money.quotes import Line, Quote
from ringfence.money.reserve import Batch, Refused, still_due
from ringfence.money.room import Room
from ringfence.providers.registry import provider

Key = tuple[str, str, int, Money, str | None, str | None]


def limits_of(config: Config) -> list[Budget]:
    """The budgets of the configuration, with the unattended allowance among them."""
    caps = [limit(b.window, b.cap, b.provider, b.country, b.source) for b in config.budgets]
    return [*caps, Budget(UNATTENDED, "day", config.approval.unattended)]


def plan(config: Config, quote: Quote, consent: str, only: Collection[int] | None = None) -> list[Batch]:
    """The batches of a quote in the order of purchase: never asked first, then the oldest.

    A batch is alike in provider, product, price and due facts, and in country and source where a budget is scoped by
    them. `only` narrows it to these subjects. Raises QuoteError when the quote needs a provider that is not configured
    any more.
    """
    by_country, by_source = scoped_by(limits_of(config))
    groups: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for line in quote.lines:
        groups[_key(line, by_country=by_country, by_source=by_source)] += [
            (rank, subject)
            for rank, subject in zip(line.ranks, line.subjects, strict=True)
            if only is None or subject in only
        ]
    ranked = []
    for (name, product, facts, price, country, source), members in groups.items():
        whole = Batch(
            quote_id=quote.quote_id,
            ledger_seq=quote.ledger_seq,
            consent=consent,
            provider=name,
            product=product,
            answers=bits(provider(name).products[product].facts),
            facts=facts,
            unit_price=price,
            subjects=(),
            country=country,
            source=source,
        )
        ranked += [
            (part[0][0], replace(whole, subjects=tuple(subject for _, subject in part)))
            for part in _parts(sorted(members), _size(config, quote, name, product))
        ]
    return [batch for _, batch in sorted(ranked, key=lambda pair: pair[0])]


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
        for batch in planned:
            due = tuple(still_due(connection, batch, taken))
            if not due:
                continue
            count, _, refusal = room.admit(batch.purchase, len(due), limits_only=limits_only)
            if count:
                affordable.append(replace(batch, subjects=due[:count]))
                taken.update(due[:count])
            if refusal:
                left.append(Refused(batch.quote_id, due[count:], refusal.status, refusal.reason))
    return affordable, left


def _size(config: Config, quote: Quote, name: str, product_name: str) -> int:
    section = config.providers.get(name)
    if section is None:
        raise QuoteError(f"quote {quote.quote_id} needs provider {name}, which is not configured any more")
    product = provider(name).products[product_name]
    return min(section.batch or product.batch, product.limit)


def _key(line: Line, *, by_country: bool, by_source: bool) -> Key:
    return (
        line.provider,
        line.product,
        line.facts,
        line.unit_price,
        line.country if by_country else None,
        line.source if by_source else None,
    )


def _parts(members: Sequence[tuple[int, int]], size: int) -> Iterator[Sequence[tuple[int, int]]]:
    for start in range(0, len(members), size):
        yield members[start : start + size]
