"""Nested budgets against an oracle: whatever is bought when, under whatever caps, exactly what all of them leave."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.money.amount import Money, nanos
from ringfence.money.budget import Budget, limit, window_end, window_start
from ringfence.money.moves import Answered, Settle, Void
from tests import figures
from tests.money.bench import SECOND, Bench

CENT = nanos("0.01")
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
# Clocks that change: at night, at midnight, to and fro, so that days have 23 and 25 hours; and the end of a year.
BEGINNINGS = [
    ("Europe/Amsterdam", "2026-03-28T20:00"),
    ("Europe/Amsterdam", "2026-10-24T19:00"),
    ("Europe/Amsterdam", "2026-12-31T18:00"),
    ("America/Santiago", "2026-04-04T20:00"),
    ("America/Santiago", "2026-09-05T20:00"),
    ("Africa/Cairo", "2026-04-23T16:00"),
    ("Africa/Cairo", "2026-10-29T16:00"),
    ("Australia/Lord_Howe", "2026-10-03T10:00"),
    ("Asia/Kathmandu", "2026-10-31T14:00"),
]
SCOPES = {"provider": ("infobip", "vonage"), "country": ("NL", "DE"), "source": ("crm", "shop")}
QUOTES = ("quote-1", "quote-2")


@dataclass
class Bought:
    """What the oracle remembers of a purchase."""

    at: int
    quote: str
    scope: dict[str, str]
    amount: int


@dataclass(frozen=True)
class Step:
    """One purchase after some minutes, what becomes of it, and the caps (in cents) from then on."""

    minutes: int
    scope: dict[str, str]
    quote: str
    wanted: int
    cents: int
    becomes: str
    caps: dict[int, int]


scopes = st.fixed_dictionaries({}, optional={name: st.sampled_from(each) for name, each in SCOPES.items()})
whole = st.fixed_dictionaries({name: st.sampled_from(each) for name, each in SCOPES.items()})
windows = st.sampled_from(["quote", "day", "month", "total"])
limits = st.lists(
    st.tuples(windows, scopes, st.integers(0, 60)),
    min_size=1,
    max_size=6,
    unique_by=lambda each: (each[0], str(each[1])),
)
steps = st.lists(
    st.builds(
        Step,
        minutes=st.sampled_from([0, 1, 20, 59, 60, 61, 180, 23 * 60, 24 * 60, 25 * 60, 8 * 24 * 60]),
        scope=whole,
        quote=st.sampled_from(QUOTES),
        wanted=st.integers(1, 40),
        cents=st.integers(0, 3),
        becomes=st.sampled_from(["open", "open", "settled", "cheaper", "dearer", "void"]),
        caps=st.dictionaries(st.integers(0, 5), st.integers(0, 60), max_size=2),
    ),
    min_size=4,
    max_size=14,
)


def calendar(window: str, at: int, zone: ZoneInfo, quote: str) -> object:
    """The window that a moment is in, as anybody with a calendar would say."""
    local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone)
    return {"day": local.date(), "month": (local.year, local.month), "quote": quote, "total": None}[window]


def left(budget: Budget, before: list[Bought], now: Bought, zone: ZoneInfo) -> int | None:
    """What a budget leaves for a purchase in nanos, None where it does not count it."""
    names = {"provider": budget.provider, "country": budget.country, "source": budget.source}

    def counts(each: Bought) -> bool:
        return all(wanted in (None, each.scope[name]) for name, wanted in names.items())

    if not counts(now):
        return None
    window = calendar(budget.window, now.at, zone, now.quote)
    used = (e.amount for e in before if counts(e) and calendar(budget.window, e.at, zone, e.quote) == window)
    return budget.cap.amount - sum(used)


def buy(bench: Bench, budgets: list[Budget], step: Step, before: list[Bought]) -> None:
    """Make one purchase and hold what was reserved to the oracle; then let it become what it is to become."""
    price = step.cents * CENT
    now = Bought(bench.now, step.quote, step.scope, 0)
    room = [each for budget in budgets if (each := left(budget, before, now, bench.zone)) is not None]
    expected = step.wanted if not price else max(0, min(step.wanted, *(each // price for each in room)))
    batch = bench.batch(bench.numbers(step.wanted), str(Money(price, "EUR")), quote_id=step.quote, **step.scope)
    attempts, refused = bench.reserve(batch)
    assert sum(len(attempt.numbers) for attempt in attempts) == expected
    assert sum(len(each.subjects) for each in refused) == step.wanted - expected
    for attempt in attempts:
        each = {"open": price, "settled": price, "cheaper": price // 2, "dearer": price * 2, "void": 0}[step.becomes]
        if step.becomes == "void":
            bench.move(Void(attempt.attempt_id, "free"))
        elif step.becomes != "open":
            bench.reply(attempt.attempt_id, attempt.attempt_id.encode())
            answers = [Answered(subject, "complete", each) for subject in attempt.numbers]
            bench.move(Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered"))
        now.amount = each * len(attempt.numbers)
        before.append(now)


@pytest.mark.parametrize("examples", [30, pytest.param(600, marks=pytest.mark.long)])
def test_every_budget_holds_at_once(tmp_path_factory: pytest.TempPathFactory, examples: int) -> None:
    """Windows by scopes, caps that move between purchases, days of 23 and 25 hours: exactly what all leave is bought.

    Caps are raised and lowered, also below what is used, and hold from the next reservation on.
    """

    def check(beginning: tuple[str, str], rows: list[tuple[str, dict[str, str], int]], course: list[Step]) -> None:
        zone, start = beginning
        named = [limit(window, Money(cents * CENT, "EUR"), *map(scope.get, SCOPES)) for window, scope, cents in rows]
        budgets = [*named, limit("total", Money.parse("7 EUR"), None, None, None)]
        budgets = list({budget.budget_id: budget for budget in budgets}.values())
        bench = Bench(tmp_path_factory.mktemp("nested"), *budgets)
        bench.zone = ZoneInfo(zone)
        bench.now = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()) * SECOND
        before: list[Bought] = []
        for step in course:
            bench.now += step.minutes * MINUTE
            moved = {place % len(budgets): cents for place, cents in step.caps.items()}
            budgets = [
                limit(each.window, Money(moved[place] * CENT, "EUR"), each.provider, each.country, each.source)
                if place in moved
                else each
                for place, each in enumerate(budgets)
            ]
            if moved:
                bench.allow(*budgets)
            buy(bench, budgets, step, before)
        assert bench.broken() == []
        figures.tell("nested budgets", courses=1, purchases=len(course), budgets=len(budgets))

    _over(check, examples)(st.sampled_from(BEGINNINGS), limits, steps)


def _over(check: Callable[..., None], examples: int) -> Callable[..., None]:
    """Run a check over so many examples of these strategies."""

    def run(*strategies: st.SearchStrategy[object]) -> None:
        settings(max_examples=examples, deadline=None)(given(*strategies)(check))()

    return run


@given(st.sampled_from([zone for zone, _ in BEGINNINGS]), st.datetimes(datetime(1995, 1, 1), datetime(2036, 1, 1)))  # noqa: DTZ001
@settings(max_examples=300, deadline=None)
def test_a_window_ends_where_the_next_begins(zone: str, naive: datetime) -> None:
    """The end of a day or month is the first moment of the next window, and the microsecond before is the last."""
    at = int(naive.replace(tzinfo=UTC).timestamp()) * SECOND
    for window in ("day", "month"):
        end = window_end(window, at, ZoneInfo(zone)) or 0
        mine, last, after = (window_start(window, moment, ZoneInfo(zone), "") for moment in (at, end - 1, end))
        assert at < end
        assert mine == last < after


def test_the_days_on_which_clocks_change_are_longer_or_shorter() -> None:
    """A day has 23 or 25 hours where the clock changes, by night or at midnight, and its window is as long."""
    found = {}
    for zone, start in BEGINNINGS:
        at = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()) * SECOND
        lengths = []
        end = window_end("day", at, ZoneInfo(zone)) or 0
        for _ in range(2):
            begin, end = end, window_end("day", end, ZoneInfo(zone)) or 0
            lengths.append((end - begin) / HOUR)
        found.setdefault(zone, set()).update(lengths)
    assert {23, 25} <= found["Europe/Amsterdam"]
    assert 23 in found["America/Santiago"]
    assert {23, 24} <= found["Africa/Cairo"]
    assert window_end("total", 0, ZoneInfo("UTC")) is None
    assert window_end("quote", 0, ZoneInfo("UTC")) is None
