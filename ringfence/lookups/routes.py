"""Which product a number is asked with: a single one along its route, as `choose` ranks them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.config.rates import Listed, Rates
from ringfence.lookups.due import bits
from ringfence.money.amount import Money
from ringfence.providers.provider import Product
from ringfence.providers.registry import provider

NOBODY = "no provider is configured for this country: name one under providers and, where routes has lists, in its list"


@dataclass(frozen=True, slots=True)
class Market:
    """What may be bought on a day: the configuration, its prices, and the providers that somebody has stopped.

    `stops` has a sentence by provider (`ringfence.money.switch.stops`). A stop of everything is no matter of routes:
    what is quoted meanwhile waits.
    """

    config: Config
    rates: Rates
    on: date
    stops: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, setup: Setup, at: int, stops: Mapping[str, str] | None = None) -> "Market":
        """The market at a time of the ledger (microseconds UTC); raises ConfigError."""
        return cls(setup.config, setup.rates, setup.day(at), stops or {})


@dataclass(frozen=True, slots=True)
class Offer:
    """A configured product in a country: the facts that it answers (as bits), of them those asked of the network.

    `stopped` says who has stopped its provider; empty when nobody has.
    """

    provider: str
    product: str
    answers: int
    firm: int
    listed: Listed
    stopped: str

    @property
    def price(self) -> Money | None:
        """Its list price, None where there is none that holds."""
        return self.listed.price

    def asked(self, due: int) -> int:
        """The facts (as bits) that count as asked when it is bought for what is due."""
        return _asked(self.firm, self.answers, due)


@dataclass(frozen=True, slots=True)
class Choice:
    """The offer that a number is asked with; without one, why, and whether that is a price that ended.

    `warnings` are about its price, and about offers passed over because they are stopped or their price ended.
    """

    offer: Offer | None
    reason: str = ""
    ended: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def price(self) -> Money | None:
        """What it costs a number."""
        return self.offer.price if self.offer else None


def answered(product: Product, due: int) -> int:
    """The facts (as bits) that count as asked when this product is bought for what is due."""
    return _asked(bits(product.facts - product.plan_only), bits(product.facts), due)


def _asked(firm: int, answers: int, due: int) -> int:
    """What is told from the numbering plan alone counts only where it was bought for that.

    Who wants more goes on to another product.
    """
    return firm | (answers & due)


def route(config: Config, country: str) -> Sequence[str]:
    """The providers that numbers of a country may be asked of, in order of preference."""
    if config.routes == "auto":
        return list(config.providers)
    return config.routes.get(country) or config.routes.get("default") or []


def offers(market: Market, country: str) -> tuple[Offer, ...]:
    """The products that may answer about a number of this country, in order of preference.

    With routes auto every configured product; with an ordered list those of its first provider that is not stopped.
    """
    names = route(market.config, country)
    if market.config.routes != "auto":
        names = [name for name in names if name not in market.stops][:1] or names
    found = []
    for name in names:
        for product in market.config.providers[name].products:
            facts = provider(name).products[product]
            listed = market.rates.listed(name, product, country, market.on)
            firm = bits(facts.facts - facts.plan_only)
            found.append(Offer(name, product, bits(facts.facts), firm, listed, market.stops.get(name, "")))
    return tuple(found)


def choose(among: Sequence[Offer], due: int) -> Choice:
    """Choose for a set of due facts among the offers of a country.

    Before all comes what answers most of them from the network, then what answers most at all; then the price decides,
    then the order of the configuration. What would be chosen had its price not ended is not replaced by something
    dearer: nothing is chosen.
    """
    usable = [offer for offer in among if offer.answers & due]
    stopped = tuple(dict.fromkeys(offer.stopped for offer in usable if offer.stopped))
    open_now = [offer for offer in usable if not offer.stopped]
    if not usable:
        return Choice(None, "no configured product answers this" if among else NOBODY)
    if not open_now:
        return Choice(None, "; ".join(stopped))
    priced = [(offer, price) for offer in open_now if (price := offer.price or offer.listed.was)]
    if not priced:
        return Choice(None, open_now[0].listed.problem, warnings=stopped)
    best, _ = min(priced, key=lambda pair: (*_left(pair[0], due), pair[1].amount))
    if best.listed.ended:
        return Choice(None, best.listed.problem, ended=True, warnings=stopped)
    told = [best.listed.warning, *(offer.listed.problem for offer, _ in priced if offer.listed.ended)]
    return Choice(best, warnings=(*dict.fromkeys(each for each in told if each), *stopped))


def _left(offer: Offer, due: int) -> tuple[int, int]:
    """How many due facts an offer leaves unanswered by the network, and at all."""
    return (due & ~offer.firm).bit_count(), (due & ~offer.answers).bit_count()
