"""The list price of a product in a country on a day: from the rate card, else from the configuration.

A price that ended is refused, and one that is about to end, or that nobody looked at for a year, is warned of. A price
in `ringfence.yaml` never goes stale. Reading the rate card is in `rate_card`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from pathlib import Path

from ringfence.config.model import Config
from ringfence.config.rate_card import Row, read
from ringfence.errors import ConfigError
from ringfence.money.amount import Money

# How long before its last day a price is warned of, and how old an open one may get without.
SOON = timedelta(days=14)
OLD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list price; or None, `problem` (why there is none, and how to mend it), and what it `was` if it has ended.

    The price is the highest that its conditions (`terms`, JSON; None: there are none) allow, in the currency that it is
    billed in; `rate` is what one unit of that is worth in the configured currency (a decimal; None: it is the same).
    `warning` is about a price that holds, but not for long, or for very long already.
    """

    price: Money | None
    problem: str = ""
    warning: str = ""
    was: Money | None = None
    terms: str | None = None
    rate: str | None = None

    @property
    def ended(self) -> bool:
        """Whether there was a price that has ended."""
        return self.was is not None


@dataclass(frozen=True)
class Rates:
    """The prices of a configuration and of its rate card, whose rows are sorted by key and day."""

    config: Config
    file: str = ""
    rows: Sequence[Row] = ()

    def listed(self, provider: str, product: str, country: str, on: date) -> Listed:
        """The price that holds on a day; a country ('' is none) that ever had a price of its own has no other."""
        own = self._by_key.get((provider, product, country), ()) if country else ()
        general = self._by_key.get((provider, product, ""), ())
        if any(row.valid_from <= on for row in own):
            found = self._of_card(own, on)
        elif general:
            found = self._of_card(general, on)
        else:
            section = self.config.providers.get(provider)
            price = section.price.get(product) if section else None
            found = Listed(price) if price else self._missing(provider, product, country)
        known = found.price or found.was
        if known and known.currency != self.config.currency:
            told = f"the price of {provider} {product} is in {known.currency} and currency is"
            return Listed(None, f"{told} {self.config.currency}, with no rate between them: state both in one")
        return found

    def warnings(self, on: date) -> list[str]:
        """What is to be said of the prices of configured products before they end, or when they are old."""
        return list(dict.fromkeys(each.warning for each in self._configured(on) if each.warning))

    def problems(self, on: date) -> list[str]:
        """The prices of configured products that are not there, or not any more."""
        return list(dict.fromkeys(each.problem for each in self._configured(on) if each.problem))

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str], tuple[Row, ...]]:
        return {key: tuple(same) for key, same in groupby(self.rows, key=lambda row: row.key)}

    def _configured(self, on: date) -> Iterator[Listed]:
        """The general price of every configured product, and that of every country with its own."""
        for name, section in self.config.providers.items():
            for product in section.products:
                countries = [key[2] for key in self._by_key if key[:2] == (name, product)]
                general = product in section.price or "" in countries or not countries
                for country in dict.fromkeys(([""] if general else []) + countries):
                    yield self.listed(name, product, country, on)

    def _of_card(self, rows: Sequence[Row], on: date) -> Listed:
        for row in rows:
            if row.holds(on):
                return Listed(row.price, warning=self._warning(rows, row, on))
        before = [row for row in rows if row.valid_from <= on]
        if before:
            told = f"the price of {_name(before[-1])} ended on {before[-1].valid_to} ({self._place(before[-1])})"
            return Listed(None, f"{told}: add the one that holds now", was=before[-1].price)
        told = f"the price of {_name(rows[0])} begins on {rows[0].valid_from} ({self._place(rows[0])})"
        return Listed(None, f"{told}: add the one that holds now")

    def _warning(self, rows: Sequence[Row], row: Row, on: date) -> str:
        told = f"the price of {_name(row)} ({self._place(row)})"
        if row.valid_to is None:
            if on - row.valid_from <= OLD:
                return ""
            return f"{told} is from {row.valid_from}: if it still holds, end it with valid_to and begin it anew"
        if row.valid_to - on > SOON or any(other.holds(row.valid_to + timedelta(days=1)) for other in rows):
            return ""
        return f"{told} ends on {row.valid_to}: put the next one beside it"

    def _missing(self, provider: str, product: str, country: str) -> Listed:
        card = f", or a line in {self.file}" if self.file else ""
        where = f" for {country}" if country and self.rows else ""
        return Listed(None, f"no price is set{where}: providers.{provider}.price.{product}{card}")

    def _place(self, row: Row) -> str:
        return f"{self.file} line {row.line}"


def load(config: Config, folder: Path) -> Rates:
    """The prices of a configuration whose relative paths begin in this folder; raises ConfigError."""
    if config.prices is None:
        return Rates(config)
    path = folder / config.prices
    rows = read(path)
    for row in rows:
        section = config.providers.get(row.provider)
        if section and row.country == "" and row.product in section.price:
            raise ConfigError(
                f"{path}:{row.line}: {_name(row)} has a price for every country here and in"
                f" providers.{row.provider}.price.{row.product}; keep one"
            )
    return Rates(config, path.name, rows)


def _name(row: Row) -> str:
    return f"{row.provider} {row.product}" + (f" in {row.country}" if row.country else "")
