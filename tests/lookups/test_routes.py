"""Routes: which products a number is asked with, what a stop and a price that ended do to that, and what is said."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.config.listed import Listed
from ringfence.config.model import Config
from ringfence.config.rate_card import MONTHLY, Row
from ringfence.config.rates import Rates
from ringfence.lookups.cheapest import cheapest
from ringfence.lookups.due import BIT, bits
from ringfence.lookups.routes import Market, Offer, offers, route, sum_of
from ringfence.lookups.steps import Steps, names, steps
from ringfence.money import switch
from ringfence.money.amount import Money
from ringfence.providers.lookup import Fact
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


def chosen(market: Market, *facts: str, country: str = "NL", line_type: str = "mobile") -> Steps:
    """What is bought about a number with these due facts, of which none was ever asked for."""
    among = offers(market, country, line_type)
    return steps(among, [bits(facts)] * max(1, len(among)))


def told(found: Steps) -> str:
    """The purchases in a line: products in their order, those of a later step behind its number."""
    words = [
        (f"{each.step}: " * bool(each.step)) + f"{each.offer.provider} {each.offer.product}" for each in found.purchases
    ]
    return ", ".join(words)


LISTS = {"NL": ["vonage", "messente"], "default": ["messente"]}
BOTH = {"vonage": VONAGE, "messente": {"hlr_sync": "0.02"}}
CASES = {
    "the cheapest that answers all": (chosen(market(CHEAP), "carrier", "reachability"), "messente hlr_sync"),
    "the only one that answers": (chosen(market(CHEAP), "line_type"), "vonage standard"),
    "two that answer all for less than one": (
        chosen(market(CHEAP), "line_type", "reachability"),
        "messente hlr_sync, vonage standard",
    ),
    "one that answers all for less than two": (
        chosen(market({"vonage": VONAGE, "messente": {"hlr_sync": "0.036"}}), "line_type", "reachability"),
        "vonage advanced",
    ),
    "the network is asked at any price": (chosen(market(CHEAP), "validity"), "messente hlr_sync"),
    "the plan, where nobody asks the network": (
        chosen(market({"vonage": {"basic": "0.00", "standard": "0.005"}}), "validity"),
        "vonage basic",
    ),
    "what is free sifts out what is no number": (
        chosen(market({"vonage": {"basic": "0.00", "standard": "0.005"}}), "carrier", "validity"),
        "vonage basic, vonage standard",
    ),
    "the free sieve is of no use for what nobody wants": (
        chosen(market({"vonage": {"basic": "0.00", "standard": "0.005"}}), "carrier"),
        "vonage standard",
    ),
    "what answers most where nothing answers all": (
        chosen(market({"vonage": {"standard": "0.005"}, "infobip": {"query": "0.01"}}), "line_type", "reachability"),
        "infobip query, vonage standard",
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
    "the first of a list, though dearer": (
        chosen(market(CHEAP, routes=LISTS), "carrier"),
        "vonage standard, 1: messente hlr_sync",
    ),
    "the free one of the first provider, then the paid ones": (
        chosen(market(CHEAP, routes=LISTS), "carrier", "validity"),
        "vonage basic, vonage advanced, 1: messente hlr_sync",
    ),
    "what only a later one tells is bought whatever the first one says": (
        chosen(market(BOTH, routes={"default": ["messente", "vonage"]}), "reachability", "carrier", "line_type"),
        "messente hlr_sync, vonage standard, 1: vonage advanced",
    ),
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


@pytest.mark.parametrize(("found", "expected"), CASES.values(), ids=CASES)
def test_products_are_chosen(found: Steps, expected: str) -> None:
    """Most due facts from the network, then most at all, then the price of all, then the order of the configuration."""
    assert told(found) == expected
    assert bool(found.reason) == (not expected)


masks = st.integers(1, 63)


@st.composite
def offered(draw: st.DrawFn) -> list[Offer]:
    """A few products of an invented market."""
    found = []
    for place in range(draw(st.integers(0, 7))):
        answers = draw(masks)
        listed = Listed(Money(draw(st.integers(0, 9)), "EUR"))
        name, fee = draw(st.sampled_from([("free", 0), ("cheap", 1), ("dear", 6)]))
        firm = answers & draw(st.integers(0, 63))
        found.append(Offer(name, f"product{place}", answers, firm, listed, fee=fee))
    return found


@given(offered(), masks)
def test_no_other_set_answers_as_much_for_less(among: list[Offer], due: int) -> None:
    """Held against every set there is: the chosen one answers most, and of those that do it is the cheapest."""

    def worth(some: Iterable[Offer]) -> tuple[int, int, int, int]:
        here = list(some)
        firm = (due & sum_of(each.firm for each in here)).bit_count()
        whole = (due & sum_of(each.answers for each in here)).bit_count()
        amount = sum(each.listed.price.amount for each in here if each.listed.price)
        return -firm, -whole, amount + sum({each.provider: each.fee for each in here}.values()), len(here)

    every = (some for size in range(len(among) + 1) for some in combinations(among, size))
    assert worth(cheapest(among, due)) == min(map(worth, every))
    assert cheapest(among, due) == cheapest(list(among), due)


@given(st.lists(offered(), min_size=1, max_size=4), st.lists(masks, min_size=4, max_size=4))
def test_each_fact_has_one_product_at_each_of_its_steps(route: list[list[Offer]], drawn: list[int]) -> None:
    """Nothing due is forgotten, nothing is bought for what is not due, and a step comes after the one before it."""
    dues = [sum_of(drawn[: place + 1]) for place in range(4)]
    found = steps(route, dues)
    bought = sum_of(each.facts for each in found.purchases)
    left = sum_of(mask for mask, _ in found.left)
    assert not bought & left
    assert not (bought | left) & ~dues[-1]
    assert not dues[0] & ~(bought | left)
    assert [each.step for each in found.purchases] == sorted(each.step for each in found.purchases)
    for bit in BIT.values():
        mine = [each for each in found.purchases if each.facts & bit]
        assert all(each.offer.answers & bit for each in mine)
        # What is bought anyway tells of others too: no fact is bought of a product alone before its turn.
        assert sum(1 for each in mine if each.step == 0 and each.facts == bit) <= 1


def test_a_landline_is_not_asked_for_what_handsets_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a landline what only handsets have is left with that reason, and the rest is still bought."""
    product = replace(provider("messente").products["hlr_sync"], mobile_only=frozenset({Fact.REACHABILITY}))
    monkeypatch.setattr(type(provider("messente")), "products", {"hlr_sync": product})
    one = market({"messente": {"hlr_sync": "0.002"}})
    for line_type in ("mobile", "fixed_or_mobile", ""):
        found = chosen(one, "reachability", "carrier", line_type=line_type)
        assert (told(found), found.left) == ("messente hlr_sync", ())
    found = chosen(one, "reachability", "carrier", line_type="landline")
    assert (told(found), names(found.purchases[0].facts)) == ("messente hlr_sync", ["carrier"])
    assert found.reason == "reachability: no configured product answers this of a landline"


def test_what_a_product_does_not_tell_of_a_country_is_asked_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of that country are asked of whoever tells it, and those of others as before."""
    product = replace(provider("messente").products["hlr_sync"], not_told={"US": frozenset({Fact.CARRIER})})
    monkeypatch.setattr(type(provider("messente")), "products", {"hlr_sync": product})
    assert told(chosen(market(CHEAP), "carrier", country="US")) == "vonage standard"
    assert told(chosen(market(CHEAP), "carrier", country="NL")) == "messente hlr_sync"
    only = chosen(market({"messente": {"hlr_sync": "0.002"}}), "carrier", country="US")
    assert only.reason == "no configured product answers this of numbers of US"


def test_who_has_ended_and_who_cannot_call_back_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor that has ended is not offered, nor a callback product without an address to call; both say so."""
    product = replace(provider("messente").products["hlr_sync"], mode="callback")
    monkeypatch.setattr(type(provider("messente")), "products", {"hlr_sync": product})
    assert told(chosen(market(CHEAP), "carrier")) == "vonage standard"
    assert chosen(market(CHEAP), "carrier").warnings == (
        "messente hlr_sync answers by callback: set callbacks.public_url",
    )
    here = {"public_url": "http://127.0.0.1:8910"}
    assert told(chosen(market(CHEAP, callbacks=here), "carrier")) == "messente hlr_sync"
    end = provider("vonage").sunset
    assert end
    late = replace(market({"vonage": VONAGE}), on=end)
    assert (
        chosen(late, "line_type").reason == f"vonage has not answered since {end}: name another provider for its facts"
    )
    assert told(chosen(replace(late, on=end - timedelta(days=1)), "line_type")) == "vonage standard"


def test_a_route_has_a_step_for_each_provider_of_its_list() -> None:
    """Auto is one step of everybody; a country without a list of its own has the default one, or none."""
    assert route(market(CHEAP).config, "NL") == [["vonage", "messente"]]
    lists = market(CHEAP, routes=LISTS).config
    assert route(lists, "NL") == [["vonage"], ["messente"]]
    assert route(lists, "DE") == [["messente"]]
    assert route(market(CHEAP, routes={"US": ["vonage"]}).config, "NL") == []


def test_who_stopped_it_is_the_reason() -> None:
    """A stop is named where nothing is left, and warned of where something else is bought instead."""
    assert chosen(market(CHEAP, stops=STOPS), "carrier").reason == "; ".join(STOPS.values())
    assert chosen(market(CHEAP, stops=["messente"]), "carrier").warnings == (STOPS["messente"],)
    assert chosen(market(CHEAP, stops=["messente"]), "line_type").warnings == ()


def test_a_price_that_ended_is_no_reason_to_pay_more() -> None:
    """What would be chosen at the price that ended is not replaced; what would not have been chosen is warned of."""
    row = Row(2, "messente", "hlr_sync", "NL", Money(2_000_000, "EUR"), date(2026, 1, 1), date(2026, 11, 20))
    ended = "the price of messente hlr_sync in NL ended on 2026-11-20 (prices.csv line 2): add the one that holds now"
    assert chosen(market(CHEAP, row), "carrier") == Steps(left=((BIT["carrier"], ended),), ended=True)
    dearer = chosen(market(CHEAP, replace(row, price=Money(6_000_000, "EUR"))), "carrier")
    assert (told(dearer), dearer.warnings) == ("vonage standard", (ended,))
    stopped = chosen(market(CHEAP, row, stops=["messente"]), "carrier")
    assert (told(stopped), stopped.warnings) == ("vonage standard", (STOPS["messente"],))
    assert told(chosen(market(CHEAP, row), "carrier", country="DE")) == "messente hlr_sync"
    part = chosen(market(CHEAP, row), "carrier", "line_type", "reachability")
    assert (told(part), part.reason) == ("vonage standard", f"reachability: {ended}")


def test_a_free_sieve_whose_price_ended_takes_nothing_from_what_is_paid() -> None:
    """Nobody is asked at a price that ended, and what the paid product tells anyway is bought of it, with a warning."""
    row = Row(2, "vonage", "basic", "NL", Money(0, "EUR"), date(2026, 1, 1), date(2026, 11, 20))
    ended = "the price of vonage basic in NL ended on 2026-11-20 (prices.csv line 2): add the one that holds now"
    found = chosen(market({"vonage": {"basic": "0.00", "standard": "0.005"}}, row), "carrier", "validity")
    (bought,) = found.purchases
    assert (told(found), bought.facts) == ("vonage standard", bits(["carrier", "validity"]))
    assert (found.left, found.ended, found.warnings) == ((), False, (ended,))


@given(st.integers(1, 10**12), st.integers(1, 10**7))
def test_a_fixed_fee_is_borne_whole(amount: int, numbers: int) -> None:
    """What all numbers bear together is never less than the fee, and by less than a nano a number more."""
    fee = Row(2, "vonage", MONTHLY, "", Money(amount, "EUR"), date(2026, 1, 1), None)
    each = replace(market(CHEAP, fee), numbers=numbers).fee("vonage")
    assert 0 <= each * numbers - amount < numbers
    assert market(CHEAP, fee).fee("vonage") == 0


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
    """The same unknown is bought again only from a later step of its route, whoever is stopped meanwhile."""
    house = build(numbers("NL", 3), {"when": "always", "fault": "unknown_status"})
    assert house.run().numbers == 3
    messente = {"products": ["hlr_sync"], "price": {"hlr_sync": "0.002 EUR"}}
    infobip = {"products": ["query"], "price": {"query": "0.01 EUR"}, "base_url": house.url}
    later = {"default": ["infobip", "messente"]}
    for routes, due in (("auto", 0), (later, 3), ({"default": ["messente", "infobip"]}, 0)):
        house.change(providers={"infobip": infobip, "messente": messente}, routes=routes)
        switch.stop(house.ledger, "infobip", who="test", why="test")
        assert house.quote().numbers == due
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
