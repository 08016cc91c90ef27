"""The cost of living: a steady month agrees with the rule of what is due, and what a quote says of later months."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.cli.context import Home
from ringfence.cli.output import Format
from ringfence.cli.quote import print_quote, quote_json
from ringfence.config.model import Config
from ringfence.config.rate_card import Row
from ringfence.config.rates import Rates
from ringfence.config.scalars import DAY, ONCE
from ringfence.config.sections import Privacy
from ringfence.lake.columns import FACTS, PHONE_FACTS, UTC_TIME
from ringfence.lookups.buy import open_for_spending
from ringfence.lookups.due import BIT, due
from ringfence.lookups.living import DAYS, living
from ringfence.lookups.routes import Market, offers
from ringfence.lookups.shares import History
from ringfence.lookups.steps import steps
from ringfence.lookups.ticks import ticks
from ringfence.money.amount import Money
from tests.sizes import share

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)
ONE = {"messente": {"hlr_sync": 2}}
SEVERAL = {"vonage": {"basic": 0, "standard": 5, "advanced": 40}, "messente": {"hlr_sync": 20}}
DAILY = "0 5 * * *"
NOBODY = {"phone_e164": pl.String, "facts": pl.Int64, "asked_at": UTC_TIME, "step": pl.Int64}
Wants = list[dict[str, int]]


def market(
    prices: dict[str, dict[str, int]], schedule: str | None, zone: str = "Europe/Amsterdam", **more: object
) -> Market:
    """A market of these products, prices in thousandths of an EUR."""
    providers = {
        name: {
            "products": list(products),
            "price": {product: f"{price / 1000:.3f} EUR" for product, price in products.items()},
        }
        for name, products in prices.items()
    }
    privacy = {"allow": {"roaming": ["NL"]}}
    config = Config.model_validate(
        {"mode": "simulate", "timezone": zone, "schedule": schedule, "providers": providers, "privacy": privacy, **more}
    )
    return Market(config, Rates(config), date(2026, 11, 21))


def wanted(wants: Wants) -> pl.DataFrame:
    """Numbers of NL that want facts of these ages, as a quote knows them."""
    return pl.DataFrame(
        [
            {
                "phone_e164": f"+3161200{place:04d}",
                "country": "NL",
                "line_type": "mobile",
                "want": sum(BIT[fact] for fact in ages),
                **{f"want_{fact}": ages.get(fact) for fact in FACTS},
            }
            for place, ages in enumerate(wants)
        ],
        schema={
            "phone_e164": pl.String,
            "country": pl.String,
            "line_type": pl.String,
            "want": pl.Int64,
            **{f"want_{fact}": pl.Int64 for fact in FACTS},
        },
    )


def month(wants: Wants, prices: dict[str, dict[str, int]], schedule: str | None = DAILY) -> int:
    """Nanos of a steady month."""
    nanos: int = living(wanted(wants), market(prices, schedule), NOW, History())["steady_month"]
    return nanos


def by_hand(wants: Wants, prices: dict[str, dict[str, int]], schedule: str) -> int:
    """The same, run by run, with the frame and the rule that a real quote is made of."""
    here = market(prices, schedule)
    among = offers(here, "NL", "mobile")
    moments = []
    for moment in CronSim(schedule, datetime(2026, 11, 22, tzinfo=here.config.zone) - timedelta(seconds=1)):
        moments.append(moment)
        begin = moments[0]
        if (moment.date() - begin.date()).days > DAYS:
            break
    numbers = wanted(wants)
    known = pl.DataFrame(schema=PHONE_FACTS.schema)
    asked = pl.DataFrame(schema=NOBODY)
    nanos = 0
    before: dict[str, set[str]] = {phone: set() for phone in numbers["phone_e164"]}
    allowed = Privacy(allow={"roaming": ["NL"]})
    for moment, following in pairwise(moments):
        now, tick = moment.astimezone(UTC), following.astimezone(UTC)
        frame = due(numbers.drop("want"), known, asked, now=now, next_tick=tick, privacy=allowed)
        bought: list[dict[str, Any]] = []
        for phone, mask in frame.filter(pl.col("due_0") > 0).select("phone_e164", "due_0").iter_rows():
            for each in steps(among, [mask]).purchases:
                facts = each.offer.asked(each.facts)
                times = {"asked_at": now + timedelta(seconds=1), "step": 0}
                bought.append({"phone_e164": phone, "facts": facts, **times})
                needed = {fact for fact in FACTS if BIT[fact] & each.facts}
                if needed <= before[phone] and each.offer.cost:
                    nanos += each.offer.cost.amount
            before[phone] |= {
                fact for fact in FACTS for each in bought if each["phone_e164"] == phone and BIT[fact] & each["facts"]
            }
        asked = pl.concat([asked, pl.DataFrame(bought, schema=NOBODY)])
        newest = asked.group_by("phone_e164").agg(
            pl.col("asked_at").filter(pl.col("facts").and_(BIT[fact]) != 0).max().alias(f"{fact}_observed_at")
            for fact in FACTS
        )
        known = newest.with_columns(validity=pl.lit("valid"))
    return -(-nanos // 12)


ages = st.integers(1, 120).map(lambda days: days * DAY) | st.just(ONCE)
wants = st.lists(st.dictionaries(st.sampled_from(FACTS), ages, min_size=1), min_size=1, max_size=4)


@settings(max_examples=share(12), deadline=None)
@given(wants, st.sampled_from([ONE, SEVERAL]), st.sampled_from(["0 5 * * 1", "30 6 1,10,20 * *", "15 4 */6 * *"]))
def test_a_steady_month_is_what_the_rule_buys(wants: Wants, prices: dict[str, dict[str, int]], schedule: str) -> None:
    """Replayed run by run with `due` itself, a year of any wants and products costs the same to the nano."""
    assert month(wants, prices, schedule) == by_hand(wants, prices, schedule)


def test_a_year_of_days_is_what_the_rule_buys() -> None:
    """The same day by day, with facts that come due alone and together, at several products."""
    mixed: Wants = [
        {"carrier": 30 * DAY, "validity": 90 * DAY, "reachability": DAY},
        {"carrier": 30 * DAY, "ported": 45 * DAY, "validity": 7 * DAY},
        {"validity": 2 * DAY, "line_type": 31 * DAY, "roaming": ONCE},
    ]
    assert month(mixed, SEVERAL) == by_hand(mixed, SEVERAL, DAILY)


@settings(max_examples=share(60), deadline=None)
@given(wants, st.data(), st.sampled_from([DAILY, "*/20 * * * *", "0 5 * * 1", None]))
def test_fresher_is_never_cheaper(wants: Wants, data: st.DataObject, schedule: str | None) -> None:
    """With one product, a shorter interval for any fact never costs less.

    With several it may: what comes due together is asked of one product, what comes due apart of several.
    """
    place = data.draw(st.integers(0, len(wants) - 1))
    fact = data.draw(st.sampled_from(sorted(wants[place])))
    days = wants[place][fact] // DAY
    shorter = {**wants[place], fact: data.draw(st.integers(1, min(days, 400))) * DAY}
    changed = [*wants[:place], shorter, *wants[place + 1 :]]
    assert month(changed, ONE, schedule) >= month(wants, ONE, schedule)


@pytest.mark.parametrize("schedule", [DAILY, "*/7 * * * *", "0 5 1 * *", None])
def test_what_is_wanted_once_costs_nothing_later(schedule: str | None) -> None:
    """A steady month of `once` is free, whatever the schedule."""
    assert month([{"carrier": ONCE, "reachability": ONCE}] * 3, SEVERAL, schedule) == 0


@settings(max_examples=share(60), deadline=None)
@given(
    st.integers(0, 2 * 365 * DAY).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"]),
    st.sampled_from([DAILY, "30 2 * * *", "*/15 * * * *", "0 0,12 * * *", None]),
)
def test_daily_is_thirty_times_a_month(now: datetime, zone: str, schedule: str | None) -> None:
    """From whatever moment on, in summer and in winter: 30 lookups of each number, and the quote says so."""
    found = living(wanted([{"reachability": DAY}] * 1742), market(ONE, schedule, zone), now, History())
    assert found["steady_month"] == 30 * 1742 * 2_000_000
    assert found["steady_numbers"] == 1742
    assert found["steady_notes"][0] == "reachability: daily asks 1,742 numbers 30 times a month"
    assert found["steady_notes"][1:] == ([] if schedule else ["no schedule is set: reckoned with one run a day"])


def test_notes_tell_what_is_asked_often_and_what_is_left_out() -> None:
    """Less often than the schedule runs nothing is asked; monthly needs no note; what has no product is not in it."""
    mixed: Wants = [{"reachability": DAY}, {"reachability": DAY, "carrier": 30 * DAY}, {"line_type": 45 * DAY}]
    found = living(wanted(mixed), market(ONE, "0 5 * * 1"), NOW, History())
    assert found["steady_notes"] == [
        "reachability: daily asks 2 numbers 4.2 times a month",
        "not in it: 1 numbers, no configured product answers this",
    ]
    assert found["steady_numbers"] == 2
    rare = living(wanted([{"carrier": 400 * DAY, "ported": 90 * DAY}]), market(ONE, DAILY), NOW, History())
    assert rare["steady_notes"] == ["not in it: carrier of 1 numbers, every 400 days"]
    assert rare["steady_month"] == -(-4 * 2_000_000 // 12)
    assert living(wanted([]), market(ONE, DAILY), NOW, History())["steady_month"] == 0


def test_a_later_step_costs_as_often_as_it_is_asked() -> None:
    """By what earlier answers left unknown, else in a quarter of the cases; what only the second tells, always."""
    lists = {"routes": {"default": ["messente", "vonage"]}}
    both = {"messente": {"hlr_sync": 2}, "vonage": {"standard": 5}}
    monthly: Wants = [{"carrier": 30 * DAY}]

    def a_month(wants: Wants, told: History) -> int:
        nanos: int = living(wanted(wants), market(both, DAILY, **lists), NOW, told)["steady_month"]
        return nanos

    assert a_month(monthly, History()) == 2_000_000 + 5_000_000 // 4
    seen = History({("messente", "hlr_sync"): {0: 30, BIT["carrier"]: 160}}, {("messente", "hlr_sync"): 200})
    assert a_month(monthly, seen) == 2_000_000 + 5_000_000 * 30 // 200
    assert a_month([{"carrier": 30 * DAY, "line_type": 30 * DAY}], seen) == 7_000_000


def test_a_fixed_fee_is_shared_by_all_numbers_where_one_is_chosen() -> None:
    """Who takes a fee is asked where so many numbers bear it that all is cheaper than elsewhere."""
    fee = Row(2, "messente", "_monthly", "", Money(10**9, "EUR"), date(2026, 1, 1), None)
    both = {"messente": {"hlr_sync": 2}, "vonage": {"standard": 5}}
    for numbers, thousandths in ((1000, 2), (10, 5)):
        here = market(both, DAILY)
        here = replace(here, rates=Rates(here.config, "prices.csv", [fee]), numbers=numbers)
        found = living(wanted([{"carrier": 30 * DAY}] * numbers), here, NOW, History())
        assert found["steady_month"] == numbers * thousandths * 1_000_000


def test_a_schedule_that_ticks_every_minute_counts_once_a_day() -> None:
    """At most one run a day is reckoned with, each a day apart, and one more for what expires before the next."""
    days = [day for day, _ in ticks(market(ONE, "* * * * *").config, NOW, DAYS)]
    assert days == list(range(DAYS + 2))


def test_a_quote_says_what_living_costs(build, numbers, capsys) -> None:
    """First run, steady month, the daily note, savings in money: in the summary, for programs, and for people."""
    want = {"reachability": "daily", "carrier": "once"}
    source = {"warehouse": "csv:///phones.csv", "key": "id", "phones": "phone", "want": want}
    phones = numbers("NL", 20)
    house = build([*phones, phones[0], phones[0], "no number"], sources={"people": source}, schedule=DAILY)
    open_for_spending(house.setup, house.ledger)
    made = house.quote(numbers=10)
    told = quote_json(Home(house.setup, house.ledger, house.lake), made)
    assert {name: told[name] for name in ("low", "expected", "max", "first_run", "steady_month", "steady_numbers")} == {
        **dict.fromkeys(("low", "expected", "max", "first_run"), "0.100000000"),
        "steady_month": "6.000000000",
        "steady_numbers": 20,
    }
    assert told["saved"] == {"rejection": "0.010000000", "dedupe": "0.020000000", "freshness": "0.000000000"}
    assert (told["warnings"], told["within_budgets"]) == ([], 10)
    assert "float" not in {type(value).__name__ for value in json.loads(json.dumps(told)).values()}
    print_quote(Home(house.setup, house.ledger, house.lake), made, Format.TABLE)
    shown = capsys.readouterr().out
    for line in (
        "due: 10 numbers, low 0.10 EUR, expected 0.10 EUR, max 0.10 EUR",
        "budgets: they have room for 10 of 10 numbers",
        "steady month: 6.00 EUR (30 days of 20 numbers at prices of today)",
        "  reachability: daily asks 20 numbers 30 times a month",
        "saved: 0.01 EUR by rejection, 0.02 EUR by asking once, 0.00 EUR by freshness",
    ):
        assert line in shown
    house.run("two")
    assert house.quote("three").summary["saved"]["freshness"] == 20 * 10_000_000
