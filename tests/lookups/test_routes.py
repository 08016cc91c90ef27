"""Routes: which product a number is asked with, what a stop and a price that ended do to that, and what is said."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.config.model import Config
from ringfence.config.rate_card import Row
from ringfence.config.rates import Rates
from ringfence.lookups.due import BIT, bits
from ringfence.lookups.routes import Choice, Market, choose, offers
from ringfence.money import switch
from ringfence.money.amount import Money
from ringfence.providers.registry import provider

TODAY = date(2026, 11, 21)
VONAGE = {"basic": "0.00", "standard": "0.005", "advanced": "0.04"}
CHEAP = {"vonage": VONAGE, "messente": {"hlr_sync": "0.002"}}
STOPS = {name: f"{name} was stopped by anna" for name in ("vonage", "messente")}


def market(
    prices: dict[str, dict[str, str | None]], *rows: Row, stops: Iterable[str] = (), **sections: object
) -> Market:
    """A market of these products at these prices in EUR, None without."""
    providers = {
        name: {
            "products": list(products),
            "price": {product: f"{price} EUR" for product, price in products.items() if price},
        }
        for name, products in prices.items()
    }
    config = Config.model_validate({"mode": "simulate", "providers": providers, **sections})
    return Market(config, Rates(config, "prices.csv", rows), TODAY, {name: STOPS[name] for name in stops})


def chosen(market: Market, *facts: str, country: str = "NL") -> Choice:
    """What a number with these due facts is asked with."""
    return choose(offers(market, country), bits(facts))


def names(choice: Choice) -> str:
    """A choice in two words."""
    return f"{choice.offer.provider} {choice.offer.product}" if choice.offer else ""


LISTS = {"NL": ["vonage", "messente"], "default": ["messente"]}
CASES = {
    "the cheapest that answers all": (chosen(market(CHEAP), "carrier", "validity"), "messente hlr_sync"),
    "the only one that answers": (chosen(market(CHEAP), "line_type"), "vonage standard"),
    "all of it rather than cheaply": (chosen(market(CHEAP), "line_type", "reachability"), "vonage advanced"),
    "the network is asked at any price": (chosen(market(CHEAP), "validity"), "messente hlr_sync"),
    "the plan, where nobody asks the network": (
        chosen(market({"vonage": {"basic": "0.00", "standard": "0.005"}}), "validity"),
        "vonage basic",
    ),
    "a firm answer before more answers": (
        chosen(market({"vonage": {"basic": "0.00", "standard": "0.005"}}), "carrier", "validity"),
        "vonage standard",
    ),
    "what answers most where nothing answers all": (
        chosen(market({"vonage": {"standard": "0.005"}, "infobip": {"query": "0.01"}}), "line_type", "reachability"),
        "vonage standard",
    ),
    "equal in all but order": (
        chosen(market({"messente": {"hlr_sync": "1"}, "infobip": {"query": "1"}}), "carrier"),
        "messente hlr_sync",
    ),
    "what has no price is passed over": (
        chosen(market({"vonage": VONAGE, "messente": {"hlr_sync": None}}), "carrier"),
        "vonage standard",
    ),
    "what is stopped is passed over": (chosen(market(CHEAP, stops=["messente"]), "carrier"), "vonage standard"),
    "the first of a list, though dearer": (chosen(market(CHEAP, routes=LISTS), "carrier"), "vonage standard"),
    "the default list": (chosen(market(CHEAP, routes=LISTS), "carrier", country="DE"), "messente hlr_sync"),
    "the next of a list where the first is stopped": (
        chosen(market(CHEAP, routes=LISTS, stops=["vonage"]), "carrier"),
        "messente hlr_sync",
    ),
    "nothing where all of a list is stopped": (
        chosen(market(CHEAP, routes=LISTS, stops=["messente"]), "carrier", country="DE"),
        "",
    ),
    "the first of a list has no price": (
        chosen(market({**CHEAP, "vonage": {"standard": None}}, routes=LISTS), "carrier"),
        "",
    ),
}


@pytest.mark.parametrize(("choice", "expected"), CASES.values(), ids=CASES)
def test_a_product_is_chosen(choice: Choice, expected: str) -> None:
    """Most due facts from the network, then most at all, then the price, then the order of the configuration."""
    assert names(choice) == expected
    assert bool(choice.reason) == (not expected)


prices = st.dictionaries(
    st.sampled_from([("vonage", "basic"), ("vonage", "standard"), ("vonage", "advanced"), ("messente", "hlr_sync")]),
    st.integers(0, 40),
    min_size=1,
)


@given(prices, st.sets(st.sampled_from(sorted(BIT)), min_size=1), st.sets(st.sampled_from(sorted(STOPS))))
def test_nothing_better_or_cheaper_was_there(prices, facts, stopped) -> None:
    """Whatever is chosen: no product that could be had answers more, and none that answers as much costs less."""
    sections: dict[str, dict[str, str | None]] = {}
    for (name, product), cents in prices.items():
        sections.setdefault(name, {})[product] = f"{cents / 100:.2f}"
    choice = chosen(market(sections, stops=stopped), *facts)
    open_now = {key: cents for key, cents in prices.items() if key[0] not in stopped}

    def worth(name: str, product: str) -> tuple[int, int]:
        known = provider(name).products[product]
        return len(facts & (known.facts - known.plan_only)), len(facts & known.facts)

    useful = {key: (worth(*key), -cents) for key, cents in open_now.items() if worth(*key) != (0, 0)}
    if choice.offer is None:
        assert not useful
    else:
        assert useful[choice.offer.provider, choice.offer.product] == max(useful.values())


def test_who_stopped_it_is_the_reason() -> None:
    """A stop is named where nothing is left, and warned of where something else is bought instead."""
    assert chosen(market(CHEAP, stops=STOPS), "carrier").reason == "; ".join(STOPS.values())
    assert chosen(market(CHEAP, stops=["messente"]), "carrier").warnings == (STOPS["messente"],)
    assert chosen(market(CHEAP, stops=["messente"]), "line_type").warnings == ()


def test_a_price_that_ended_is_no_reason_to_pay_more() -> None:
    """What would be chosen at the price that ended is not replaced; what would not have been chosen is warned of."""
    row = Row(2, "messente", "hlr_sync", "NL", Money(2_000_000, "EUR"), date(2026, 1, 1), date(2026, 11, 20))
    told = "the price of messente hlr_sync in NL ended on 2026-11-20 (prices.csv line 2): add the one that holds now"
    assert chosen(market(CHEAP, row), "carrier") == Choice(None, told, ended=True)
    dearer = chosen(market(CHEAP, replace(row, price=Money(6_000_000, "EUR"))), "carrier")
    assert (names(dearer), dearer.warnings) == ("vonage standard", (told,))
    stopped = chosen(market(CHEAP, row, stops=["messente"]), "carrier")
    assert (names(stopped), stopped.warnings) == ("vonage standard", (STOPS["messente"],))
    assert names(chosen(market(CHEAP, row), "carrier", country="DE")) == "messente hlr_sync"


def test_why_nothing_is_chosen() -> None:
    """No price, no product, nobody to ask: each says what to add."""
    unpriced = {"vonage": {"standard": None}}
    assert chosen(market(unpriced), "carrier").reason == (
        "no price is set: providers.vonage.price.standard, or a line in prices.csv"
    )
    assert chosen(market(unpriced), "roaming").reason == "no configured product answers this"
    only_us = market(CHEAP, routes={"US": ["vonage"]})
    for nobody in (only_us, market({})):
        assert chosen(nobody, "carrier").reason.startswith("no provider is configured for this country")


def test_a_provider_that_is_stopped_was_asked_all_the_same(build, numbers) -> None:
    """The same unknown is not bought again from the next provider because somebody has stopped the one that said so."""
    house = build(numbers("NL", 3), {"when": "always", "fault": "unknown_status"})
    assert house.run().numbers == 3
    messente = {"products": ["hlr_sync"], "price": {"hlr_sync": "0.002 EUR"}}
    infobip = {"products": ["query"], "price": {"query": "0.01 EUR"}, "base_url": house.url}
    for routes in ("auto", {"default": ["infobip", "messente"]}, {"default": ["messente", "infobip"]}):
        house.change(providers={"infobip": infobip, "messente": messente}, routes=routes)
        switch.stop(house.ledger, "infobip", who="test", why="test")
        assert house.quote().numbers == 0
    house.change(routes={"default": ["messente"]})
    assert house.quote().numbers == 3


def test_a_stop_of_everything_is_quoted_and_warned_of(build, numbers) -> None:
    """What would be bought is still worth knowing; a stop of its only provider leaves no route."""
    house = build(numbers("NL", 3))
    switch.stop(house.ledger, switch.EVERYTHING, who="anna", why="a test")
    made = house.quote()
    assert made.numbers == 3
    assert ["buying was stopped by anna" in warning for warning in made.summary["warnings"]] == [True]
    switch.stop(house.ledger, "infobip", who="anna", why="a test")
    made = house.quote("two")
    ((reason, count),) = made.summary["no_route"].items()
    assert (made.numbers, count, reason.startswith("infobip was stopped by anna")) == (0, 3, True)
