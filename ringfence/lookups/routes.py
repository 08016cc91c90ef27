"""What may be asked about a number of a country and line type: offers, by the steps of its route. Pure.

Which of them are bought is in `cheapest`, and in which order over the steps in `steps`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ringfence.config.environment import Setup
from ringfence.config.listed import Listed
from ringfence.config.model import Config
from ringfence.config.rates import Rates
from ringfence.lookups.due import bits
from ringfence.money.amount import Money
from ringfence.providers.provider import Product, Provider
from ringfence.providers.registry import provider

# Line types of the numbering plan behind which a handset may be; '' is not known.
MOBILE = ("mobile", "fixed_or_mobile", "")


@dataclass(frozen=True, slots=True)
class Market:
    """What may be bought on a day: the configuration, its prices, and the providers that somebody has stopped.

    `stops` has a sentence by provider (`ringfence.money.switch.stops`). A stop of everything is no matter of routes:
    what is quoted meanwhile waits. `numbers` is how many numbers share the fixed fee that a provider takes for a month;
    0 leaves fees out of it.
    """

    config: Config
    rates: Rates
    on: date
    stops: Mapping[str, str] = field(default_factory=dict)
    numbers: int = 0

    @classmethod
    def of(cls, setup: Setup, at: int, stops: Mapping[str, str] | None = None) -> "Market":
        """The market at a time of the ledger (microseconds UTC); raises ConfigError."""
        return cls(setup.config, setup.rates, setup.day(at), stops or {})

    def listed(self, name: str, product: str, country: str) -> Listed:
        """The price of asking a configured product about a country today."""
        options = self.config.providers[name].options(name)
        return self.rates.listed(name, provider(name).priced_as(product, country, options), country, self.on)

    def fee(self, name: str) -> int:
        """What a number has to bear of a provider's fixed fee for a month, in nanos of the configured currency."""
        fee = self.rates.monthly_fee(name, self.on) if self.numbers else None
        return -(-fee.amount // self.numbers) if fee else 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A configured product for numbers of a country and line type: the facts that it answers, as bits.

    `firm` are those that it asks of the network; `untold` has facts that it answers elsewhere and not of such a number,
    each with whose they are. `barred` says why it may not be asked now, such as who has stopped its provider. `fee` is
    what a number has to bear of its provider's fixed fee, in nanos, whatever is bought of it.
    """

    provider: str
    product: str
    answers: int
    firm: int
    listed: Listed
    barred: str = ""
    untold: tuple[tuple[int, str], ...] = ()
    fee: int = 0

    @property
    def price(self) -> Money | None:
        """Its list price, None where there is none that holds."""
        return self.listed.price

    @property
    def cost(self) -> Money | None:
        """Its price, or the one that has ended, in the configured currency."""
        return self.listed.cost or self.listed.was

    def asked(self, due: int) -> int:
        """The facts (as bits) that count as asked when it is bought for what is due."""
        return _asked(self.firm, self.answers, due)


def answered(product: Product, country: str, due: int) -> int:
    """The facts (as bits) that count as asked when this product is bought for what is due in a country."""
    told = product.facts - product.not_told.get(country, frozenset())
    return _asked(bits(told - product.plan_only), bits(told), due)


def _asked(firm: int, answers: int, due: int) -> int:
    """What is told from the numbering plan alone counts only where it was bought for that.

    Who wants more goes on to another product.
    """
    return firm | (answers & due)


def route(config: Config, country: str) -> Sequence[Sequence[str]]:
    """The providers that numbers of a country may be asked of, step by step; with routes auto there is one step."""
    if config.routes == "auto":
        return [list(config.providers)]
    return [[name] for name in config.routes.get(country) or config.routes.get("default") or []]


def step_of(config: Config, country: str, name: str) -> int | None:
    """The step of a country's route at which a provider is asked; None when it is not on it."""
    return next((place for place, names in enumerate(route(config, country)) if name in names), None)


def offers(market: Market, country: str, line_type: str) -> tuple[tuple[Offer, ...], ...]:
    """The products that may answer about such a number: by the steps of its route, in order of preference."""
    return tuple(
        tuple(
            _offer(market, provider(name), provider(name).products[product], country, line_type)
            for name in names
            for product in market.config.providers[name].products
        )
        for names in route(market.config, country)
    )


def _offer(market: Market, kind: Provider, product: Product, country: str, line_type: str) -> Offer:
    untold = []
    if line_type not in MOBILE and product.mobile_only:
        untold.append((bits(product.mobile_only), "a landline"))
    if country in product.not_told:
        untold.append((bits(product.not_told[country]), f"numbers of {country}"))
    told = ~sum_of(mask for mask, _ in untold)
    return Offer(
        provider=kind.name,
        product=product.name,
        answers=bits(product.facts) & told,
        firm=bits(product.facts - product.plan_only) & told,
        listed=market.listed(kind.name, product.name, country),
        barred=market.stops.get(kind.name) or shut(market, kind, product),
        untold=tuple(untold),
        fee=market.fee(kind.name),
    )


def sum_of(masks: Iterable[int]) -> int:
    """The facts of several sets, each as bits."""
    found = 0
    for mask in masks:
        found |= mask
    return found


def shut(market: Market, kind: Provider, product: Product) -> str:
    """Why nothing can be asked of a product, whatever it costs; empty where it can be."""
    if kind.sunset and kind.sunset <= market.on:
        return f"{kind.name} has not answered since {kind.sunset}: name another provider for its facts"
    if product.mode == "callback" and market.config.callbacks.public_url is None:
        return f"{kind.name} {product.name} answers by callback: set callbacks.public_url"
    return ""
