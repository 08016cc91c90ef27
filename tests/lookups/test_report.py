"""The report, on real purchases: it adds up with the costs, the budgets and the coverage that are told elsewhere."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ringfence.errors import LakeError
from ringfence.lookups.costs import costs
from ringfence.lookups.report import FEW, OTHERS, Report, Spent, report
from ringfence.lookups.serve import serve
from ringfence.money.amount import nanos
from tests.lookups.conftest import Build, House, numbers

BUDGETS = [
    {"window": "month", "cap": "5 EUR"},
    {"window": "month", "cap": "0.50 EUR", "country": "NL"},
    {"window": "day", "cap": "5 EUR"},
]


def told(house: House) -> tuple[Report, Path, date]:
    """The report of a house as it is served now."""
    path = serve(house.setup, house.ledger, house.lake)
    today = house.setup.day(house.ledger.store.clock())
    return report(path, today), path, today


def test_the_report_adds_up_with_what_is_told_elsewhere(build: Build) -> None:
    """Money by day is that of the costs, used caps are those of the budgets, coverage is that of the served view."""
    phones = [*numbers("NL", 30), *numbers("DE", 12), *numbers("GB", FEW - 1)]
    house = build(phones, budgets=BUDGETS, privacy={"forbid": {"reachability": ["DE"]}})
    house.run()
    found, path, today = told(house)
    spent, held, in_doubt = found.sums()["EUR"]
    (total,) = costs(house.setup, house.ledger, house.lake, by=())["totals"]
    assert spent.amount == house.charged() == nanos(total["spent"])
    assert (held.amount, in_doubt.amount) == (nanos(total["held"]), nanos(total["in_doubt"]))
    assert found.sums(since=today + timedelta(days=1)) == {}

    with duckdb.connect(str(path), read_only=True) as connection:
        used = connection.execute(
            "SELECT country, spent + held FROM budget_status WHERE kind = 'limit' AND window_kind = 'month'"
        ).fetchall()
        coverage = connection.execute("SELECT sum(answered), sum(wanted) FROM coverage").fetchall()
        carriers = connection.execute(
            "SELECT count(coalesce(current_carrier_name, current_carrier_mccmnc)) FROM phone_numbers"
        ).fetchall()
    labels = {None: "month", "NL": "month (country NL)"}
    assert {each.label: each.used[-1] for each in found.burns} == {
        labels[country]: int(amount * Decimal(10**9)) for country, amount in used
    }
    # The fuller one comes first, and it has a point for every day of the month until today.
    assert [each.label for each in found.burns] == ["month (country NL)", "month"]
    assert {len(each.used) for each in found.burns} == {today.day}
    assert [(sum(each.part for each in found.countries), sum(each.whole for each in found.countries))] == coverage
    assert [(sum(each.part for each in found.carriers),)] == carriers


def test_a_small_group_is_never_shown_by_itself(build: Build) -> None:
    """A country of fewer than five numbers is added to the others."""
    house = build([*numbers("NL", FEW), *numbers("GB", FEW - 1)])
    house.run()
    found, _, _ = told(house)
    assert [(each.name, each.whole) for each in found.countries] == [("NL", FEW * 2), (OTHERS, (FEW - 1) * 2)]


def test_what_was_never_bought_is_reported_too(build: Build) -> None:
    """Before the first purchase there is no money, an unused cap and no answer; without a served file, one sentence."""
    house = build(numbers("NL", 6))
    with pytest.raises(LakeError, match="ringfence serve"):
        report(house.lake.home / "ringfence.duckdb", date(2026, 11, 21))
    house.buy()
    found, _, today = told(house)
    assert (found.sums(), found.carriers, [each.part for each in found.countries]) == ({}, [], [0])
    assert [set(each.used) for each in found.burns] == [{0}]
    assert found.by_day("EUR", today) == ([today], {})


def test_days_without_spending_stand_between_those_with_it() -> None:
    """The days are those since the first spending, at most a month; each provider has an amount for each."""
    today = date(2026, 11, 21)

    def spent(day: date, provider: str, amount: int) -> Spent:
        return Spent(day, provider, "NL", "crm", "EUR", amount, 0, 0)

    rows = [spent(today - timedelta(days=2), "infobip", 7), spent(today, "infobip", 1), spent(today, "messente", 2)]
    days, providers = Report(rows, [], [], []).by_day("EUR", today)
    assert (len(days), providers) == (3, {"infobip": [7, 0, 1], "messente": [0, 0, 2]})
    old = [spent(today - timedelta(days=400), "kpn", 5), *rows]
    days, providers = Report(old, [], [], []).by_day("EUR", today)
    assert (len(days), set(providers)) == (31, {"infobip", "messente"})
