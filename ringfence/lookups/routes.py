"""Which product a number is asked with: the cheapest single one that answers all of its due facts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from ringfence.config.model import Config
from ringfence.lookups.due import bits
from ringfence.money.amount import Money
from ringfence.providers.provider import Product
from ringfence.providers.registry import provider


@dataclass(frozen=True, slots=True)
class Offer:
    """A configured product with the facts that it answers (as bits) and its list price, None where none is set."""

    provider: str
    product: str
    answers: int
    price: Money | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The offer that a number is asked with; without one, why."""

    offer: Offer | None
    reason: str = ""


def answered(product: Product, due: int) -> int:
    """The facts (as bits) that count as asked when this product is bought for what is due.

    What it tells from the numbering plan alone counts only where it was bought for that: who wants more goes on to
    another product.
    """
    return bits(product.facts - product.plan_only) | (bits(product.plan_only) & due)


def offers(config: Config, country: str) -> Iterator[Offer]:
    """The products that may answer about a number of this country, in order of preference.

    With routes auto every configured product; with an ordered list its first provider.
    """
    names = list(config.providers)
    if config.routes != "auto":
        names = (config.routes.get(country) or config.routes.get("default") or [])[:1]
    for name in names:
        section = config.providers[name]
        for product in section.products:
            yield Offer(name, product, bits(provider(name).products[product].facts), section.price.get(product))


def choose(config: Config, country: str, due: int) -> Choice:
    """Choose for one country and set of due facts; where no product answers all, the one that answers most."""
    usable = [offer for offer in offers(config, country) if offer.answers & due]
    if not usable:
        return Choice(None, "no configured product answers this")
    priced = [(offer, offer.price) for offer in usable if offer.price is not None]
    if not priced:
        first = usable[0]
        return Choice(None, f"no price is set: providers.{first.provider}.price.{first.product}")
    best, _ = min(priced, key=lambda pair: (-(pair[0].answers & due).bit_count(), pair[1].amount))
    return Choice(best)
