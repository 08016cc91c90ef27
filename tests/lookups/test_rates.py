"""Prices: how the rate card is read, which price holds on a day, and what a quote does with one that ends."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.config.listed import Listed
from ringfence.errors import ConfigError
from ringfence.lookups.quote import Narrow, make_quote
from ringfence.money.amount import Money

HEADER = "provider,product,country,price,currency,valid_from,valid_to"
TODAY = date(2026, 11, 21)
INFOBIP = {"infobip": {"products": ["query"]}}


def setup(folder: Path, card: str | bytes | None, **sections: object) -> Setup:
    """A configuration with this rate card beside it; None leaves the file away."""
    if card is not None:
        (folder / "prices.csv").write_bytes(card if isinstance(card, bytes) else card.encode())
    path = folder / "ringfence.yaml"
    written = {"mode": "simulate", "prices": "prices.csv", "providers": INFOBIP, **sections}
    path.write_text(json.dumps({name: value for name, value in written.items() if value}))
    return environment.load(path)


def card(*rows: str) -> str:
    """A rate card of these rows."""
    return "\n".join([HEADER, *rows]) + "\n"


def euros(text: str) -> Money:
    """An amount in EUR."""
    return Money.parse(f"{text} EUR")


ROW = "infobip,query,,0.01,EUR,2026-01-01,"
WRONG = {
    "an unknown provider": (card("nobody,query,,0.01,EUR,2026-01-01,"), ":2: provider: there is no provider 'nobody'"),
    "an unknown product": (card("infobip,basic,,0.01,EUR,2026-01-01,"), ":2: product: there is no product 'basic'"),
    "a fee of a country": (
        card("infobip,_monthly,NL,9,EUR,2026-01-01,"),
        ":2: country: a fixed fee (_monthly) has none",
    ),
    "an unknown country": (card(ROW, "infobip,query,XX,0.01,EUR,2026-01-01,"), ":3: country: 'XX' is no country"),
    "a currency that is none": (card("infobip,query,,0.01,euro,2026-01-01,"), "such as EUR"),
    "another currency than the vendor's": (card("vonage,basic,,0.01,USD,2026-01-01,"), ":2: currency: vonage bills in"),
    "a comma in a price": (card('infobip,query,,"0,01",EUR,2026-01-01,'), ":2: price: '0,01' is not an amount"),
    "too many places": (card("infobip,query,,0.0000000001,EUR,2026-01-01,"), "more than nine decimal places"),
    "a negative price": (card("infobip,query,,-0.01,EUR,2026-01-01,"), ":2: price: expected an amount that is not neg"),
    "no price": (card("infobip,query,,,EUR,2026-01-01,"), ":2: price: '' is not an amount"),
    "no first day": (card("infobip,query,,0.01,EUR,,"), ":2: valid_from: '' is no day"),
    "a day as spreadsheets write it": (card("infobip,query,,0.01,EUR,01/11/2026,"), "such as 2026-11-30"),
    "a day that is none": (card("infobip,query,,0.01,EUR,2026-02-30,"), ":2: valid_from: '2026-02-30' is no day"),
    "the last day first": (card("infobip,query,,0.01,EUR,2026-02-01,2026-01-31"), "before valid_from, 2026-02-01"),
    "days that two rows have": (
        card("infobip,query,NL,0.02,EUR,2026-03-01,", ROW, "infobip,query,nl,0.01,EUR,2026-01-01,2026-03-01"),
        ":4: a price for the same stands in line 2 for some of these days",
    ),
    "too few cells": (card(ROW, "", "infobip,query"), ":4: 2 cells where the header has 7 columns"),
    "no header": (f"{ROW}\n", ":1: there is no column 'infobip'; allowed, separated by commas, are provider, product"),
    "a header that lacks a column": ("provider,product,price,currency\n", ":1: column valid_from is missing"),
    "a column that stands twice": (f"{HEADER},price\n", ":1: column price stands twice"),
    "an empty file": ("", ":1: column provider is missing"),
    "semicolons": (HEADER.replace(",", ";"), ":1: it is separated by ';'; a rate card is separated by commas"),
    "semicolons and quotes": ('"provider";"product"\n', "it is separated by ';'"),
    "tabs": (HEADER.replace(",", "\t"), "it is separated by tabs"),
    "what people call Great Britain": (card("infobip,query,uk,0.01,EUR,2026-01-01,"), "'uk' is no country; write GB"),
    "a quote that never ends": (card('infobip,"query,,0.01,EUR,2026-01-01,'), ":2: not valid CSV"),
    "not text": (b"\xff\xfe\x00", "prices.csv: cannot be read (not UTF-8 text); name a CSV file in prices"),
    "no file": (None, "prices.csv: cannot be read (No such file or directory)"),
    "a network that is none": (
        "provider,product,mccmnc,price,currency,valid_from\ninfobip,query,2044,1,EUR,2026-01-01\n",
        ":2: mccmnc: '2044' is none; expected the 5 or 6 digits",
    ),
    "an outcome that is none": (
        "provider,product,outcome,price,currency,valid_from\ninfobip,query,absent,1,EUR,2026-01-01\n",
        ":2: outcome: there is no outcome 'absent'; there are: complete, partial, no_data, rejected_number, no_cove",
    ),
    "an outcome that is not final": (
        "provider,product,outcome,price,currency,valid_from\ninfobip,query,pending,1,EUR,2026-01-01\n",
        ":2: outcome: there is no outcome 'pending'",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_rate_card_is_said_with_file_and_line(name: str, tmp_path: Path) -> None:
    """One sentence: the file, the line, what was found and what is allowed."""
    text, told = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        _ = setup(tmp_path, text).rates
    assert told in str(caught.value)
    assert str(tmp_path / "prices.csv") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_price_in_both_places_is_refused(tmp_path: Path) -> None:
    """An inline price is the general one; beside it only countries may stand in the rate card."""
    inline = {"infobip": {"products": ["query"], "price": {"query": "0.01 EUR"}}}
    with pytest.raises(ConfigError, match=r":2: infobip query has a price .* in providers.infobip.price.query; keep"):
        _ = setup(tmp_path, card(ROW), providers=inline).rates
    rates = setup(tmp_path, card("infobip,query,NL,0.02,EUR,2026-01-01,"), providers=inline).rates
    assert rates.listed("infobip", "query", "NL", TODAY).price == euros("0.02")
    assert rates.listed("infobip", "query", "DE", TODAY) == Listed(euros("0.01"))


def test_a_card_is_read_as_programs_write_it(tmp_path: Path) -> None:
    """A byte order mark, CRLF, quotes, blanks, other columns first, and columns left away mean what they mean."""
    text = '\ufeff"price","currency",valid_from,product,provider\r\n 0.010 ,EUR,2026-01-01,"query",infobip\r\n,,,,\r\n'
    rates = setup(tmp_path, text).rates
    assert rates.listed("infobip", "query", "NL", TODAY) == Listed(euros("0.01"))


def test_rows_of_providers_that_are_not_configured_are_allowed(tmp_path: Path) -> None:
    """One rate card serves several configurations; what is not configured gives neither warning nor problem."""
    rates = setup(tmp_path, card(ROW, "messente,hlr_sync,,0.002,EUR,2025-01-01,2025-12-31")).rates
    assert (rates.warnings(TODAY), rates.problems(TODAY)) == ([], [])
    assert rates.listed("messente", "hlr_sync", "NL", TODAY).ended


CARD = card(
    "infobip,query,,0.010,EUR,2026-01-01,2026-06-30",
    "infobip,query,,0.011,EUR,2026-07-01,",
    "infobip,query,NL,0.020,EUR,2026-03-01,2026-03-31",
    "infobip,query,NL,0.021,EUR,2026-05-01,2026-05-31",
)


@pytest.mark.parametrize(
    ("country", "day", "expected"),
    [
        ("DE", "2025-12-31", "begins on 2026-01-01 (prices.csv line 2)"),
        ("DE", "2026-01-01", "0.010"),
        ("DE", "2026-06-30", "0.010"),
        ("DE", "2026-07-01", "0.011"),
        ("", "2026-07-01", "0.011"),
        ("NL", "2026-02-28", "0.010"),
        ("NL", "2026-03-01", "0.020"),
        ("NL", "2026-03-31", "0.020"),
        ("NL", "2026-04-15", "of infobip query in NL ended on 2026-03-31 (prices.csv line 4): add the one that holds"),
        ("NL", "2026-05-31", "0.021"),
        ("NL", "2026-06-01", "of infobip query in NL ended on 2026-05-31 (prices.csv line 5): add the one that holds"),
    ],
)
def test_a_price_holds_from_its_first_day_to_its_last(country: str, day: str, expected: str, tmp_path: Path) -> None:
    """Both days are in; a country's own price comes first, and once it had one there is no way back to the general."""
    listed = setup(tmp_path, CARD).rates.listed("infobip", "query", country, date.fromisoformat(day))
    if listed.price:
        assert listed.price == euros(expected)
    else:
        assert expected in listed.problem
        assert listed.ended == ("ended" in expected)


def test_a_day_begins_where_the_configuration_is(tmp_path: Path) -> None:
    """At 22:30 UTC it is the next day in Amsterdam already, also for prices."""
    at = int(datetime(2026, 6, 30, 22, 30, tzinfo=UTC).timestamp() * 1_000_000)
    here = setup(tmp_path, CARD, timezone="Europe/Amsterdam")
    assert here.day(at) == date(2026, 7, 1)
    assert setup(tmp_path, CARD).day(at) == date(2026, 6, 30)


def test_a_price_warns_before_it_ends(tmp_path: Path) -> None:
    """From 14 days before its last day, unless the next one stands beside it; an open one after a year."""
    ending = "infobip,query,,0.01,EUR,2026-01-01,2026-11-30"
    rates = setup(tmp_path, card("infobip,query,NL,0.01,EUR,2026-01-01,", ending)).rates
    told = "the price of infobip query (prices.csv line 3) ends on 2026-11-30: put the next one beside it"
    assert rates.warnings(date(2026, 11, 15)) == []
    assert rates.warnings(date(2026, 11, 16)) == rates.warnings(date(2026, 11, 30)) == [told]
    assert rates.problems(date(2026, 12, 1)) == [
        "the price of infobip query ended on 2026-11-30 (prices.csv line 3): add the one that holds now"
    ]
    assert rates.warnings(date(2027, 1, 1)) == []
    assert "in NL (prices.csv line 2) is from 2026-01-01" in rates.warnings(date(2027, 1, 2))[0]
    followed = setup(tmp_path, card(ending, "infobip,query,,0.02,EUR,2026-12-01,")).rates
    assert followed.warnings(date(2026, 11, 30)) == []


def test_a_price_without_a_rate_is_refused(tmp_path: Path) -> None:
    """A price in another currency than the configured one cannot be compared or added, so that nothing is bought."""
    dollars = card("infobip,query,,0.01,USD,2026-01-01,")
    rates = setup(tmp_path, dollars).rates
    told = "the price of infobip query is in USD, and no rate to EUR holds on 2026-11-21: "
    assert rates.problems(TODAY) == [f"{told}name a table of rates in fx, or state the price in EUR"]
    assert setup(tmp_path, dollars, currency="USD").rates.problems(TODAY) == []
    (tmp_path / "fx.csv").write_text("currency,rate,valid_from\nGBP,1.15,2026-01-01\nUSD,0.92,2026-12-01\n")
    rates = setup(tmp_path, dollars, fx="fx.csv").rates
    assert rates.problems(TODAY) == [f"{told}put one into fx.csv, or state the price in EUR"]


def test_no_price_at_all_is_a_problem(tmp_path: Path) -> None:
    """It says both places where one can be set; prices of single countries are enough for these."""
    told = "no price is set: providers.infobip.price.query"
    plain = setup(tmp_path, None, prices=None)
    assert plain.rates.problems(TODAY) == [told]
    rates = setup(tmp_path, card("infobip,query,NL,0.01,EUR,2026-01-01,")).rates
    assert rates.problems(TODAY) == []
    assert rates.listed("infobip", "query", "DE", TODAY).problem == (
        "no price is set for DE: providers.infobip.price.query, or a line in prices.csv"
    )


def test_a_quote_refuses_a_price_that_ended_and_warns_before(build, numbers) -> None:
    """Where nothing else can be bought it is the user's mistake; where something can, the others are without a route.

    Nothing of a refused quote is written.
    """
    house = build([*numbers("NL", 3), *numbers("DE", 2)], provider={"price": {}}, prices="prices.csv")
    today = house.setup.day(house.ledger.store.clock())
    path = house.path.parent / "prices.csv"
    begin, last = today - timedelta(days=30), today - timedelta(days=1)
    path.write_text(card(f"infobip,query,,0.01,EUR,{begin},{last}"))
    with pytest.raises(ConfigError, match=rf"the price of infobip query ended on {last} \(prices.csv line 2\): add"):
        house.quote()
    with pytest.raises(ConfigError, match="ended"):
        make_quote(house.setup, house.ledger, house.lake, Narrow(countries=["DE"]), "narrow")
    path.write_text(card(f"infobip,query,NL,0.02,EUR,{begin},{last}", f"infobip,query,,0.01,EUR,{begin},{today}"))
    made = house.quote("two")
    told = f"the price of infobip query in NL ended on {last} (prices.csv line 2): add the one that holds now"
    assert (made.numbers, made.summary["no_route"], made.summary["max"]) == (2, {told: 3}, 2 * 10_000_000)
    assert made.summary["warnings"] == [
        f"the price of infobip query (prices.csv line 3) ends on {today}: put the next one beside it"
    ]


def test_what_is_bought_is_bought_at_the_price_of_its_country(build, numbers) -> None:
    """Two countries, two prices in one quote; the vendor's bill is another matter and does not meet here."""
    house = build([*numbers("NL", 3), *numbers("DE", 2)], prices="prices.csv")
    (house.path.parent / "prices.csv").write_text(card("infobip,query,NL,0.02,EUR,2026-01-01,2999-12-31"))
    assert house.quote().summary["max"] == 3 * 20_000_000 + 2 * 10_000_000
    bought = house.run()
    assert (bought.numbers, bought.left) == (5, 0)
    assert {(row["country"], row["unit_price"]) for row in house.attempts()} == {("NL", 20_000_000), ("DE", 10_000_000)}
