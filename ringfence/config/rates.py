"""What a product costs in a country on a day: from the rate card, else from the configuration.

Neither the network nor the outcome of a lookup is known before it is asked: the price in use is the highest that they
allow, and the conditions go with it. A price that ended is refused, and so is one in another currency without a rate. A
price in `ringfence.yaml` never goes stale. Reading is in `rate_card` and `exchange`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import groupby
from pathlib import Path

from phonenumbers import SUPPORTED_REGIONS

from ringfence.config import ageing, exchange, rate_card
from ringfence.config.conditions import Card, deciding, last
from ringfence.config.dated import holds
from ringfence.config.exchange import Exchange
from ringfence.config.listed import Listed
from ringfence.config.model import Config
from ringfence.config.rate_card import MONTHLY, Row
from ringfence.errors import ConfigError
from ringfence.money.amount import LARGEST, Money
from ringfence.money.conversion import cost
from ringfence.money.terms import written
from ringfence.providers.registry import provider

# The line of a price that stands in the configuration: it holds for ever.
INLINE = 0


@dataclass(frozen=True)
class Rates:
    """The prices of a configuration and of its rate card, whose rows are sorted by key and day, and its rates."""

    config: Config
    file: str = ""
    rows: Sequence[Row] = ()
    exchange: Exchange = field(default_factory=Exchange)

    def listed(self, name: str, product: str, country: str, on: date) -> Listed:
        """The price of a provider's product, or under a further name of it, on a day; a country '' is none."""
        card = self._cards.get((name, product), {})
        rows = deciding(card, country, on)
        if not any(each[0].whatever for each in rows):
            return Listed(None, self._gap(card, rows, name, product, country))
        # A price that has ended still tells what it was.
        now = [next((row for row in each if holds(row, on)), last(each, on)) for each in rows]
        if len(found := sorted({row.price.currency for row in now})) > 1:
            return Listed(
                None, f"the prices of {name} {product} are in {' and '.join(found)}: state all of them in one"
            )
        highest = max((row.price for row in now), key=lambda price: price.amount)
        terms = written((row.mccmnc, row.outcome, row.price.amount) for row in now)
        listed = Listed(highest, warning="; ".join(self._warned(rows, on)), terms=terms)
        if highest.currency != self.config.currency:
            listed = self._converted(listed, highest, f"{name} {product}", on)
        gone = [row for row in now if not holds(row, on)]
        return Listed(None, ageing.ended(gone[0], "price", self.file), was=listed.cost) if gone else listed

    def rate(self, currency: str, on: date) -> str | None:
        """What a unit of a currency is worth on a day, such as "0.92 EUR"; None where no rate holds."""
        row = next((row for row in self.exchange.of(currency) if holds(row, on)), None)
        return row.frozen(self.config.currency) if row else None

    def fees(self, name: str) -> Sequence[Row]:
        """The fixed fees of a provider for a month, from the first to the last. They count against no budget."""
        return self._cards.get((name, MONTHLY), {}).get(("", "", ""), ())

    def monthly_fee(self, name: str, on: date) -> Money | None:
        """The fee that holds on a day, in the configured currency; None where there is none, or no rate for it."""
        row = next((row for row in self.fees(name) if holds(row, on)), None)
        if row is None or row.price.currency == self.config.currency:
            return row.price if row else None
        rate = self.rate(row.price.currency, on)
        return cost(row.price, rate) if rate else None

    def warnings(self, on: date) -> list[str]:
        """What is to be said before a price, a fee or a rate that is in use ends, or when it is old."""
        used = [deciding(self._cards.get(what[:2], {}), what[2], on) for what in self._configured()]
        used.append([rows for name in self.config.providers if (rows := self.fees(name))])
        told = [each for rows in used for each in self._warned(rows, on)]
        foreign = {row.price.currency for rows in used for each in rows for row in each if holds(row, on)}
        for rates in map(self.exchange.of, sorted(foreign - {self.config.currency})):
            told += [ageing.warning(row, "rate", self.exchange.file, on, rates) for row in rates if holds(row, on)]
        return list(dict.fromkeys(each for each in told if each))

    def problems(self, on: date) -> list[str]:
        """The prices of configured products that are not there, or not any more."""
        return list(dict.fromkeys(told for what in self._configured() if (told := self.listed(*what, on).problem)))

    @cached_property
    def _cards(self) -> Mapping[tuple[str, str], Card]:
        inline = [
            Row(INLINE, name, product, "", price, date.min, None)
            for name, section in self.config.providers.items()
            for product, price in section.price.items()
        ]
        rows = sorted([*self.rows, *inline], key=lambda row: (row.key, row.valid_from))
        cards: dict[tuple[str, str], dict[tuple[str, str, str], Sequence[Row]]] = {}
        for (name, product, *conditions), same in groupby(rows, key=lambda row: row.key):
            country, mccmnc, outcome = conditions
            cards.setdefault((name, product), {})[country, mccmnc, outcome] = tuple(same)
        return cards

    def _configured(self) -> Iterator[tuple[str, str, str]]:
        """What the configured products are priced as: each in general, and in every country with its own price."""
        for name, section in self.config.providers.items():
            known, options = provider(name), section.options(name)
            regions = ("", *sorted(SUPPORTED_REGIONS))
            for product in dict.fromkeys(known.priced_as(p, at, options) for p in section.products for at in regions):
                countries = dict.fromkeys(key[0] for key in self._cards.get((name, product), {("", "", ""): ()}))
                yield from ((name, product, country) for country in countries)

    def _converted(self, listed: Listed, price: Money, what: str, on: date) -> Listed:
        """A price in another currency with its rate; refused where none holds, or where no budget could hold it."""
        rows = self.exchange.of(price.currency)
        begun = [row for row in rows if row.valid_from <= on]
        if not begun:
            where = f"put one into {self.exchange.file}" if self.exchange.file else "name a table of rates in fx"
            told = f"the price of {what} is in {price.currency}, and no rate to {self.config.currency} holds on {on}"
            return Listed(None, f"{told}: {where}, or state the price in {self.config.currency}")
        priced = replace(listed, rate=begun[-1].frozen(self.config.currency))
        found = cost(price, priced.rate)
        if found.amount > LARGEST:
            return Listed(
                None, f"the price of {what} is {found}, more than the ledger can hold: set price or rate right"
            )
        if not holds(begun[-1], on):
            return Listed(None, ageing.ended(begun[-1], "rate", self.exchange.file), was=found)
        told = ageing.warning(begun[-1], "rate", self.exchange.file, on, rows)
        return replace(priced, warning="; ".join(each for each in (listed.warning, told) if each))

    def _warned(self, among: Sequence[Sequence[Row]], on: date) -> list[str]:
        found = [(row, rows) for rows in among for row in rows if holds(row, on) and row.line != INLINE]
        return [told for row, rows in found if (told := ageing.warning(row, "price", self.file, on, rows))]

    def _gap(self, card: Card, rows: Sequence[Sequence[Row]], name: str, product: str, country: str) -> str:
        """Why there is no price for every answer that may come."""
        if general := card.get(("", "", "")):
            return ageing.to_come(general[0], "price", self.file)
        where = f" for {country}" if country and self.rows else ""
        if rows:
            told = f"the price of {name} {product}{where} is set for single networks or outcomes only"
            return f"{told} ({ageing.place(rows[0][0], self.file)}): add a line without them for every other answer"
        or_there = f", or a line in {self.file}" if self.file else ""
        return f"no price is set{where}: providers.{name}.price.{product}{or_there}"


def load(config: Config, folder: Path) -> Rates:
    """The prices of a configuration whose relative paths begin in this folder; raises ConfigError."""
    rates = exchange.read(folder / config.fx, config.currency) if config.fx else Exchange()
    if config.prices is None:
        return Rates(config, exchange=rates)
    path = folder / config.prices
    rows = rate_card.read(path)
    for row in rows:
        section = config.providers.get(row.provider)
        if section and row.country == "" and row.whatever and row.product in section.price:
            raise ConfigError(
                f"{path}:{row.line}: {row.name} has a price for every country here and in"
                f" providers.{row.provider}.price.{row.product}; keep one"
            )
    return Rates(config, path.name, rows, rates)
