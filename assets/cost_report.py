"""`cost_report`: money, budgets, coverage and carriers in pictures, with numbers that plot from run to run."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from assets.charts import Bar, bars, burn, picture, stacks
from assets.described import OWNERS, plain_money, upstream
from assets.launch import PREFIX, House, step
from ringfence.lake.served import NAME
from ringfence.lookups.costs import savings
from ringfence.lookups.report import FEW, OTHERS, Burn, Report, Share, report
from ringfence.money.amount import Money

# Rows of a picture that is shown where it stands, and budgets that get one.
SHOWN = 6
BUDGETS = 3


def report_assets() -> list[dg.AssetsDefinition]:
    """The last asset of the flow."""

    @dg.asset(
        name="cost_report",
        key_prefix=PREFIX,
        deps=upstream("lookup_costs", "budget_status", "coverage", "phone_numbers"),
        group_name="report",
        owners=OWNERS,
        kinds={"duckdb"},
    )
    def cost_report(context: dg.AssetExecutionContext, house: House) -> dg.MaterializeResult:
        """What was spent, what the budgets still allow, what is answered, and with which carriers the numbers are."""
        with step(house, context, "serve") as launch:
            today = launch.setup.day(launch.ledger.store.clock())
            found = report(launch.setup.home / NAME, today)
            currency = launch.setup.config.currency
            return dg.MaterializeResult(
                metadata={
                    "spend_by_day": _by_day(found, currency, today),
                    **_burns(found.burns),
                    **_coverage(found.countries),
                    "carriers": _carriers(found.carriers),
                    **_money(found, currency, today),
                    "saved": plain_money(savings(launch.ledger).get(currency, 0)),
                }
            )

    return [cost_report]


def _money(found: Report, currency: str, today: date) -> dict[str, Any]:
    """Sums that plot: in the currency of reports under their own names, in any other with it behind them."""
    numbers: dict[str, Any] = {"currency": currency}
    month = found.sums(since=today.replace(day=1))
    for each, (spent, held, in_doubt) in {
        **dict.fromkeys([currency], (Money(0, currency),) * 3),
        **found.sums(),
    }.items():
        suffix = "" if each == currency else f"_{each}"
        numbers |= {
            f"spent_total{suffix}": plain_money(spent.amount),
            f"spent_this_month{suffix}": plain_money(month[each][0].amount) if each in month else 0.0,
            f"held{suffix}": plain_money(held.amount),
            f"in_doubt{suffix}": plain_money(in_doubt.amount),
        }
    return numbers


def _by_day(found: Report, currency: str, today: date) -> dg.MetadataValue | str:
    days, providers = found.by_day(currency, today)
    if not providers:
        return "nothing was spent yet"
    total = Money(sum(map(sum, providers.values())), currency)
    highest = Money(max(map(sum, zip(*providers.values(), strict=True))), currency)
    return picture(
        stacks(
            f"Spent in {len(days)} days: {total}" if len(days) > 1 else f"Spent today: {total}",
            [f"{day:%d %b}" for day in days],
            {name: [plain_money(nanos) for nanos in amounts] for name, amounts in providers.items()},
            f"most a day: {highest}",
        ),
        "spend by day and provider",
    )


def _burns(burns: Sequence[Burn]) -> dict[str, Any]:
    return {
        f"budget_{each.label}": picture(
            burn(
                f"Budget a {each.label}: {Money(each.used[-1], each.cap.currency)} of {each.cap}",
                [plain_money(nanos) for nanos in each.used],
                plain_money(each.cap.amount),
                each.days - 1,
                f"day {len(each.used)} of {each.days}; dashed: an even pace",
            ),
            "budget against the calendar",
        )
        for each in burns[:BUDGETS]
    }


def _coverage(countries: Sequence[Share]) -> dict[str, Any]:
    wanted, answered = sum(each.whole for each in countries), sum(each.part for each in countries)
    rows = [
        Bar(each.name, each.part / each.whole, f"{each.part / each.whole:.0%} of {_count(each.whole)}")
        for each in _first(countries)
    ]
    share = answered / wanted if wanted else 1.0
    title = f"Wanted facts that are answered: {share:.1%} of {wanted:,}"
    return {
        "coverage": round(share, 4),
        "coverage_by_country": picture(bars(title, rows), "coverage by country") if rows else "nothing is wanted yet",
    }


def _carriers(carriers: Sequence[Share]) -> dg.MetadataValue | str:
    total = sum(each.part for each in carriers)
    rows = [Bar(each.name, each.part, f"{each.part / total:.0%}, {_count(each.part)}") for each in _first(carriers)]
    return picture(bars(f"Carriers of {total:,} numbers", rows), "carriers") if rows else "no carrier is known yet"


def _first(shares: Sequence[Share]) -> Sequence[Share]:
    """The largest, and the rest added up."""
    named = [each for each in shares if each.name != OTHERS]
    rest = [*named[SHOWN - 1 :], *(each for each in shares if each.name == OTHERS)]
    if len(rest) < 2:
        return [*named[: SHOWN - 1], *rest]
    return [*named[: SHOWN - 1], Share(OTHERS, sum(each.part for each in rest), sum(each.whole for each in rest))]


def _count(numbers: int) -> str:
    return f"{numbers:,}" if numbers >= FEW else f"<{FEW}"
