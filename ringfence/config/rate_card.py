"""Reading `prices.csv`, the rate card: rows as they are written, each checked by itself and against its neighbours.

Which prices hold on a day, and what they make together, is in `rates`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ringfence.config import dated
from ringfence.config.countries import country
from ringfence.errors import MoneyError
from ringfence.money.amount import Money, nanos
from ringfence.providers.lookup import Outcome
from ringfence.providers.registry import providers

# The product of a fixed fee a month.
MONTHLY = "_monthly"
# What a price may depend on beside provider and product, from the weightiest on.
CONDITIONS = ("country", "mccmnc", "outcome")
# An answer that is still awaited costs nothing yet.
OUTCOMES = tuple(str(each) for each in Outcome if each is not Outcome.PENDING)
FORM = dated.Form(
    "a rate card",
    "prices",
    "a price",
    {
        "provider": True,
        "product": True,
        **dict.fromkeys(CONDITIONS, False),
        "price": True,
        "currency": True,
        "valid_from": True,
        "valid_to": False,
    },
)


@dataclass(frozen=True, slots=True)
class Row:
    """A price that holds from one day to another, both included; `valid_to` None is open.

    '' in a condition is any: `country` of the number, `mccmnc` of the current network, `outcome` of the answer. `line`
    is where it stands in the file.
    """

    line: int
    provider: str
    product: str
    country: str
    price: Money
    valid_from: date
    valid_to: date | None
    mccmnc: str = ""
    outcome: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What it is a price of."""
        return self.provider, self.product, self.country, self.mccmnc, self.outcome

    @property
    def name(self) -> str:
        """What it is a price of, for people."""
        parts = (("in", self.country), ("for network", self.mccmnc), ("for outcome", self.outcome))
        return " ".join([self.provider, self.product, *(f"{word} {what}" for word, what in parts if what)])

    @property
    def whatever(self) -> bool:
        """Whether it depends on nothing that only the answer tells."""
        return not (self.mccmnc or self.outcome)


def read(path: Path) -> list[Row]:
    """The rows of a rate card by key, each key's from the first day to the last; raises ConfigError."""
    return dated.read(path, FORM, _row)


def _row(line: int, cells: Mapping[str, str]) -> Row:
    name, product = cells["provider"], cells["product"]
    if name not in providers():
        raise ValueError(f"provider: there is no provider '{name[:40]}'; there are: {', '.join(providers())}")
    known = providers()[name]
    # Products, and further names such as that of a priced option.
    priced = (*known.products, *known.priced_names)
    if product == MONTHLY:
        for column in CONDITIONS:
            if cells.get(column):
                raise ValueError(f"{column}: a fixed fee ({MONTHLY}) has none; leave it empty")
    elif product not in priced:
        raise ValueError(f"product: there is no product '{product[:40]}'; there are: {', '.join(priced)}")
    return Row(
        line,
        name,
        product,
        _country(cells),
        _price(cells, known.currency, name),
        *dated.days(cells),
        _network(cells),
        _outcome(cells),
    )


def _country(cells: Mapping[str, str]) -> str:
    written = cells.get("country", "")
    try:
        return country(written) if written else ""
    except ValueError as error:
        raise ValueError(f"country: {error}") from None


def _network(cells: Mapping[str, str]) -> str:
    written = cells.get("mccmnc", "")
    if written and not re.fullmatch(r"\d{5,6}", written, re.ASCII):
        raise ValueError(f"mccmnc: '{written[:40]}' is none; expected the 5 or 6 digits of MCC and MNC such as 20404")
    return written


def _outcome(cells: Mapping[str, str]) -> str:
    written = cells.get("outcome", "")
    if written and written not in OUTCOMES:
        raise ValueError(f"outcome: there is no outcome '{written[:40]}'; there are: {', '.join(OUTCOMES)}")
    return written


def _price(cells: Mapping[str, str], billed_in: str | None, name: str) -> Money:
    currency = dated.currency(cells)
    if billed_in and currency != billed_in:
        raise ValueError(f"currency: {name} bills in {billed_in}: state its price so")
    try:
        amount = nanos(cells["price"])
    except MoneyError as error:
        raise ValueError(f"price: {error}") from None
    if amount < 0:
        raise ValueError(f"price: expected an amount that is not negative; found: {cells['price']}")
    return Money(amount, currency)
