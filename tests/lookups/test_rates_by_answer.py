"""Prices by network and outcome: which of them an answer has, and what is held before it is known."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.config import environment
from ringfence.config.model import Config
from ringfence.config.rate_card import OUTCOMES, Row
from ringfence.config.rates import Rates
from ringfence.errors import ConfigError
from ringfence.lookups.verdict import net_price
from ringfence.money.amount import Money
from ringfence.money.terms import lowest, price_of
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Billed, Carrier, Lookup, Outcome

TODAY = date(2026, 11, 21)
BEGIN = date(2026, 1, 1)
NETWORKS = ("", "20404", "20408", "310410")
SOME = ("", "complete", "no_data", "failed")
INFOBIP = Config.model_validate({"mode": "simulate", "providers": {"infobip": {"products": ["query"]}}})


def row(price: int, country: str = "", mccmnc: str = "", outcome: str = "", **changes: object) -> Row:
    """A price of Infobip in nanos of EUR, that holds this year."""
    values = {"line": 2, "valid_from": BEGIN, "valid_to": None, **changes}
    money = Money(price, str(values.pop("currency", "EUR")))
    return Row(
        provider="infobip", product="query", country=country, price=money, mccmnc=mccmnc, outcome=outcome, **values
    )  # type: ignore[arg-type]


def rates(*rows: Row, config: Config = INFOBIP) -> Rates:
    """A rate card of these rows."""
    return Rates(config, "prices.csv", sorted(rows, key=lambda each: (each.key, each.valid_from)))


prices = st.dictionaries(
    st.tuples(st.sampled_from(["", "NL", "DE"]), st.sampled_from(NETWORKS), st.sampled_from(SOME)),
    st.integers(0, 9),
    max_size=12,
)


@given(prices, st.sampled_from(["", "NL", "DE", "FR"]))
@settings(max_examples=400, deadline=None)
def test_the_most_special_price_is_the_one(card: dict[tuple[str, str, str], int], country: str) -> None:
    """For any card and answer: country before network before outcome; none is above the price that is held."""
    listed = rates(*(row(price, *key) for key, price in card.items())).listed("infobip", "query", country, TODAY)
    mine = {key: price for key, price in card.items() if key[0] in ("", country)}
    whatever = [key for key in mine if key[1:] == ("", "")]
    assert (listed.price is not None) == bool(whatever)
    if listed.price is None:
        return
    seen = set()
    for network in (*NETWORKS[1:], None, "99999"):
        for outcome in OUTCOMES:
            fits = [key for key in mine if key[1] in ("", network) and key[2] in ("", outcome)]
            best = max(fits, key=lambda key: (bool(key[0]), bool(key[1]), bool(key[2])))
            cost = price_of(listed.terms, listed.price.amount, outcome=outcome, mccmnc=network)
            assert cost == mine[best]
            assert lowest(listed.terms, listed.price.amount) <= cost <= listed.price.amount
            seen.add(cost)
    # Nothing is held for a price that no answer of this country can have.
    assert listed.price.amount == max(seen)
    assert (listed.terms is None) == (len(seen) == 1)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_can_have_its_price(outcome: str) -> None:
    """What a reply does not price costs what its outcome costs; what was not billed costs nothing at any price."""
    listed = rates(row(9), row(3, outcome=outcome)).listed("infobip", "query", "NL", TODAY)
    assert (listed.price, listed.least) == (Money(9, "EUR"), Money(3, "EUR"))
    answer = {"phone": Phone("+31612345678"), "outcome": Outcome(outcome)}
    assert net_price(Lookup(**answer), 9, listed.terms) == 3
    assert net_price(Lookup(**answer, billed=Billed.NO), 9, listed.terms) == 0
    assert net_price(Lookup(**answer, price=50, refund=8), 9, listed.terms) == 42
    other = next(each for each in Outcome if each != outcome)
    assert net_price(Lookup(phone=Phone("+31612345678"), outcome=other), 9, listed.terms) == 9


def test_the_network_is_the_current_one() -> None:
    """Where a number was born does not price it, and a network that is not known is any."""
    terms = rates(row(5), row(7, mccmnc="20404")).listed("infobip", "query", "NL", TODAY).terms
    known, born = Carrier(mccmnc="20404"), {"original_carrier": Carrier(mccmnc="20404")}
    answer = {"phone": Phone("+31612345678"), "outcome": Outcome.COMPLETE}
    assert net_price(Lookup(**answer, current_carrier=known), 7, terms) == 7
    assert net_price(Lookup(**answer, **born), 7, terms) == 5


def test_a_price_for_some_answers_only_is_none() -> None:
    """What an answer costs that no line is for is unknown, and nothing is bought at an unknown price."""
    found = rates(row(3, outcome="complete"), row(4, mccmnc="20404", line=3))
    (told,) = found.problems(TODAY)
    assert told == (
        "the price of infobip query is set for single networks or outcomes only (prices.csv line 3): add a line"
        " without them for every other answer"
    )
    assert "infobip query for NL" in found.listed("infobip", "query", "NL", TODAY).problem


def test_an_inline_price_is_the_one_for_every_other_answer(tmp_path: Path) -> None:
    """Conditions in the rate card go beside a general price in the configuration."""
    text = "provider,product,outcome,price,currency,valid_from\ninfobip,query,no_data,0.002,EUR,2026-01-01\n"
    (tmp_path / "prices.csv").write_text(text)
    section = {"products": ["query"], "price": {"query": "0.01 EUR"}}
    written = {"mode": "simulate", "prices": "prices.csv", "providers": {"infobip": section}}
    (tmp_path / "ringfence.yaml").write_text(json.dumps(written))
    listed = environment.load(tmp_path / "ringfence.yaml").rates.listed("infobip", "query", "NL", TODAY)
    assert (listed.price, listed.terms) == (Money(10_000_000, "EUR"), '[["","no_data",2000000],["","",10000000]]')


def test_a_condition_that_ended_is_refused() -> None:
    """What that network costs now is unknown, so that nothing is held too little; what it was is told."""
    last = TODAY - timedelta(days=1)
    listed = rates(row(5), row(7, "NL", "20404", valid_to=last, line=3)).listed("infobip", "query", "NL", TODAY)
    told = f"the price of infobip query in NL for network 20404 ended on {last} (prices.csv line 3): add the one that"
    assert listed.problem.startswith(told)
    assert (listed.price, listed.was) == (None, Money(7, "EUR"))
    # A country with its own price for all has nothing to do with the general ones.
    general = row(7, "", "20404", valid_to=last)
    assert rates(row(5), row(4, "NL"), general).listed("infobip", "query", "NL", TODAY).price == Money(4, "EUR")
    assert rates(row(5), row(4, "NL"), general).listed("infobip", "query", "DE", TODAY).ended


def test_conditions_warn_like_prices() -> None:
    """Each of several that end is told of, with its own line."""
    end = TODAY + timedelta(days=3)
    found = rates(row(5, valid_to=end, line=4), row(7, mccmnc="20404", valid_to=end, line=5))
    told = found.warnings(TODAY)
    assert [each.partition(" (")[2][:17] for each in told] == ["prices.csv line 5", "prices.csv line 4"]
    assert found.listed("infobip", "query", "NL", TODAY).warning == "; ".join(told)


def test_one_product_has_one_currency() -> None:
    """An attempt has one currency, so that its conditions have too."""
    mixed = rates(row(5), row(7, mccmnc="20404", currency="USD"))
    told = "the prices of infobip query are in EUR and USD: state all of them in one"
    assert mixed.problems(TODAY) == [told]


def test_an_option_has_a_price_of_its_own() -> None:
    """Names beside the products are priced in both places; once the option is on its price is missed and warned of."""
    section = {"products": ["advanced"], "price": {"advanced": "0.04 EUR"}, "cnam": "on"}
    config = Config.model_validate({"mode": "simulate", "providers": {"vonage": section}})
    assert Rates(config).problems(TODAY) == ["no price is set: providers.vonage.price.advanced_cnam"]
    priced = {**section, "price": {"advanced": "0.04 EUR", "advanced_cnam": "0.05 EUR"}}
    assert Rates(Config.model_validate({"mode": "simulate", "providers": {"vonage": priced}})).problems(TODAY) == []
    card = Row(2, "vonage", "advanced_cnam", "US", Money(5, "EUR"), BEGIN, TODAY)
    assert Rates(config, "prices.csv", [card]).problems(TODAY) == []
    assert "advanced_cnam in US (prices.csv line 2) ends" in Rates(config, "prices.csv", [card]).warnings(TODAY)[0]


def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    """The names that there are stand in the message, those of options among them."""
    path = tmp_path / "ringfence.yaml"
    path.write_text(json.dumps({"mode": "simulate", "providers": {"vonage": {"products": ["advanced_cnam"]}}}))
    with pytest.raises(ConfigError, match="there is no product 'advanced_cnam'"):
        environment.load(path)
