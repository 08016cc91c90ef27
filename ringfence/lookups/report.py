"""What a report of money and answers shows, in aggregates only, from the served file as it is published. It only reads.

A group of fewer than `FEW` numbers is never shown by itself: it could point at somebody.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from ringfence.errors import LakeError
from ringfence.money.amount import Money

FEW = 5
OTHERS = "others"
# Days that the spending of each is told of.
DAYS = 31
# An attempt counts on the day on which its money was held, and in the currency, as it does in the budgets.
_SPENT = """
SELECT cast(reserved_at AT TIME ZONE 'UTC' AT TIME ZONE timezone AS date) AS day, provider, country, source,
    budget_currency AS currency, coalesce(sum(budget_actual), 0) AS spent,
    coalesce(sum(budget_held) FILTER (state IN ('sent', 'awaiting', 'in_doubt')), 0) AS held,
    coalesce(sum(budget_held) FILTER (state = 'in_doubt'), 0) AS in_doubt
FROM base.attempts AS attempts CROSS JOIN base.served WHERE state <> 'voided' GROUP BY ALL ORDER BY ALL
"""
_CAPS = """
SELECT provider, country, source, cap, currency FROM budget_status
WHERE kind = 'limit' AND is_active AND window_kind = 'month' AND window_start = $month AND cap > 0
ORDER BY (spent + held) / cap DESC, budget_id
"""
_COUNTRIES = """
SELECT coalesce(wanted.country, '') AS country, count(DISTINCT phone_e164) AS numbers, count(*) AS wanted,
    count(*) FILTER (answer_status = 'answered') AS answered
FROM (
    SELECT phone_e164, country, fact FROM base.distinct_phones UNPIVOT (seconds FOR fact IN (
        want_validity AS validity, want_reachability AS reachability, want_ported AS ported, want_carrier AS carrier,
        want_roaming AS roaming, want_line_type AS line_type))
) AS wanted
INNER JOIN phone_facts USING (phone_e164, fact) GROUP BY ALL ORDER BY wanted DESC, country
"""
_CARRIERS = """
SELECT coalesce(current_carrier_name, current_carrier_mccmnc) AS carrier, count(*) AS numbers FROM phone_numbers
WHERE carrier IS NOT NULL GROUP BY ALL ORDER BY numbers DESC, carrier
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent on a day, and what is held and in doubt (part of held) of that day, in nanos."""

    day: date
    provider: str
    country: str
    source: str
    currency: str
    spent: int
    held: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class Burn:
    """A cap of this month: what was used of it by the end of each day until today, in nanos."""

    label: str
    cap: Money
    used: Sequence[int]
    days: int


@dataclass(frozen=True, slots=True)
class Share:
    """A group: `part` of its `whole` is answered, or has this carrier."""

    name: str
    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class Report:
    """The money by day, caps against the calendar, coverage by country, and how many numbers are with which carrier."""

    spent: Sequence[Spent]
    burns: Sequence[Burn]
    countries: Sequence[Share]
    carriers: Sequence[Share]

    def sums(self, since: date = date.min) -> dict[str, tuple[Money, Money, Money]]:
        """Spent, held and in doubt from a day on, by currency."""
        rows = [row for row in self.spent if row.day >= since]
        return {
            currency: (
                Money(sum(row.spent for row in rows if row.currency == currency), currency),
                Money(sum(row.held for row in rows if row.currency == currency), currency),
                Money(sum(row.in_doubt for row in rows if row.currency == currency), currency),
            )
            for currency in sorted({row.currency for row in rows})
        }

    def by_day(self, currency: str, today: date) -> tuple[list[date], dict[str, list[int]]]:
        """The last days of spending in one currency, and what each provider got on each of them, in nanos."""
        rows = [row for row in self.spent if row.currency == currency and row.spent]
        first = max(min((row.day for row in rows), default=today), today - timedelta(days=DAYS - 1))
        days = [first + timedelta(days=place) for place in range((today - first).days + 1)]
        return days, {
            provider: [sum(row.spent for row in rows if row.provider == provider and row.day == day) for day in days]
            for provider in sorted({row.provider for row in rows if row.day >= first})
        }


def report(path: Path, today: date) -> Report:
    """Read a served file; `today` is the day in the configured time zone. Raises LakeError without a file."""
    if not path.is_file():
        raise LakeError(f"there is no served file at {path}; publish one with: ringfence serve")
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET python_enable_replacements = false")
        spent = [
            Spent(*row[:5], *(_nanos(value) for value in row[5:])) for row in connection.execute(_SPENT).fetchall()
        ]
        caps = connection.execute(_CAPS, {"month": f"{today:%Y-%m}"}).fetchall()
        countries = connection.execute(_COUNTRIES).fetchall()
        carriers = connection.execute(_CARRIERS).fetchall()
    return Report(
        spent=spent,
        burns=[_burn(scope, Money(_nanos(cap), currency), spent, today) for *scope, cap, currency in caps],
        countries=list(
            _folded((name or "no country", numbers, part, whole) for name, numbers, whole, part in countries)
        ),
        carriers=list(_folded((name, numbers, numbers, numbers) for name, numbers in carriers)),
    )


def _burn(scope: Sequence[str | None], cap: Money, spent: Sequence[Spent], today: date) -> Burn:
    scopes = dict(zip(("provider", "country", "source"), scope, strict=True))
    mine = [
        row
        for row in spent
        if row.currency == cap.currency
        and f"{row.day:%Y-%m}" == f"{today:%Y-%m}"
        and all(value in (None, getattr(row, name)) for name, value in scopes.items())
    ]
    used = [sum(row.spent + row.held for row in mine if row.day.day <= day) for day in range(1, today.day + 1)]
    narrowed = ", ".join(f"{name} {value}" for name, value in scopes.items() if value)
    days = monthrange(today.year, today.month)[1]
    return Burn(f"month ({narrowed})" if narrowed else "month", cap, used, days)


def _folded(groups: Iterable[tuple[str, int, int, int]]) -> Iterator[Share]:
    """Each group of (name, numbers, part, whole); those of few numbers are added up as others."""
    part_of_others = whole_of_others = 0
    for name, numbers, part, whole in groups:
        if numbers < FEW:
            part_of_others += part
            whole_of_others += whole
        else:
            yield Share(name, part, whole)
    if whole_of_others:
        yield Share(OTHERS, part_of_others, whole_of_others)


def _nanos(amount: Decimal) -> int:
    return int(amount.scaleb(9))
