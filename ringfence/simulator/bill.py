"""The simulator's own books: list prices, what was charged for which number, and which requests came in.

Integer nanos (1e-9 of a unit) throughout. Shares nothing with the ledger that it is there to check.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from ringfence.errors import RingfenceError
from ringfence.simulator.given import read_yaml

# What every account begins with: more than anybody spends here, so that no answer depends on what went before.
_DEPOSIT = 10**7 * 10**9
_WRITTEN = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))? ([A-Z]{3})", re.ASCII)

Prices = Mapping[str, "Price"]


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in nanos with its ISO 4217 currency; a refund is negative."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Charge:
    """What one answer about one number costs; `number` is E.164 with `+`."""

    product: str
    number: str
    price: Price


class Bill:
    """Every charge since the start or the last reset, in the order in which they were made."""

    def __init__(self) -> None:
        self._requests: list[tuple[str, str, str, tuple[Charge, ...]]] = []
        self._totals: Counter[str] = Counter()
        self._spent: Counter[str] = Counter()

    def add(self, provider: str, request_id: str, charges: Iterable[Charge]) -> None:
        """Charge one request."""
        entries = tuple(charges)
        self._requests.append((provider, request_id, now(), entries))
        for charge in entries:
            self._totals[charge.price.currency] += charge.price.amount
            self._spent[provider] += charge.price.amount

    def rows(self) -> list[dict[str, str]]:
        """One row per charge."""
        return [
            {
                "provider": provider,
                "product": charge.product,
                "number": charge.number,
                "amount": decimal_text(charge.price.amount),
                "currency": charge.price.currency,
                "request_id": request_id,
                "at": at,
            }
            for provider, request_id, at, charges in self._requests
            for charge in charges
        ]

    def totals(self) -> dict[str, str]:
        """The sum of all charges by currency."""
        return {currency: decimal_text(amount) for currency, amount in sorted(self._totals.items())}

    def spent(self, provider: str) -> int:
        """What one provider has charged, in nanos, refunds taken off."""
        return self._spent[provider]

    def clear(self) -> None:
        """Forget everything."""
        self._requests.clear()
        self._totals.clear()
        self._spent.clear()


class Account:
    """A customer's account with one provider: the prices that hold for it, and what is left on it."""

    def __init__(self, provider: str, prices: Prices, bill: Bill) -> None:
        self._provider = provider
        self.prices = prices
        self._bill = bill

    def balance(self) -> int:
        """What is left, in nanos of the currency of the prices; a reset of the bill gives all of it back."""
        return _DEPOSIT - self._bill.spent(self._provider)


def now() -> str:
    """The time of an entry, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def decimal_text(nanos: int) -> str:
    """Nanos as a decimal string with nine places."""
    whole, rest = divmod(abs(nanos), 10**9)
    return f"{'-' if nanos < 0 else ''}{whole}.{rest:09d}"


def price(text: str) -> Price:
    """Read a price such as "0.002 EUR"; raises RingfenceError for anything else."""
    match = _WRITTEN.fullmatch(text)
    if not match:
        raise RingfenceError(f"'{text[:40]}' is not a price; write amount and currency, such as \"0.002 EUR\"")
    return Price(int(match[1]) * 10**9 + int((match[2] or "").ljust(9, "0")), match[3])


def read_prices(file: Path | None, listed: Mapping[str, Prices]) -> dict[str, Prices]:
    """List prices by provider, those of a YAML file (`infobip: {query: 0.01 EUR}`) in place of the defaults.

    Raises RingfenceError that names the file for a provider, product or price that does not exist.
    """
    if file is None:
        return dict(listed)
    # BaseLoader keeps every scalar as text: 0.10 must not become a float on its way to nanos.
    given = read_yaml(file, "prices", yaml.BaseLoader)
    if not isinstance(given, dict) or not all(isinstance(products, dict) for products in given.values()):
        raise RingfenceError(f'{file}: write prices as provider: {{product: "amount currency"}}')
    prices = {provider: dict(products) for provider, products in listed.items()}
    for provider, products in given.items():
        for product, text in products.items():
            if product not in prices.get(provider, {}):
                known = ", ".join(f"{name}.{key}" for name, keys in listed.items() for key in keys)
                raise RingfenceError(f"{file}: there is no product {provider}.{product}; there are: {known}")
            try:
                prices[provider][product] = price(str(text))
            except RingfenceError as error:
                raise RingfenceError(f"{file}: {provider}.{product}: {error}") from None
    return dict(prices)
