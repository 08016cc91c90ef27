"""Budgets and the room that they leave: windows, nesting, scopes, consent, and the exact number that fits."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from ringfence.errors import QuoteError
from ringfence.money.amount import Money, nanos
from ringfence.money.approvals import approve, approved
from ringfence.money.budget import UNATTENDED, Budget, approval_id, limit, window_start
from ringfence.money.moves import Void
from ringfence.money.quotes import DAY, Line, Quote, save
from ringfence.money.room import Room
from tests.money.bench import FREE_HAND, NOON, SECOND, Bench, month

ZONES = ["Europe/Amsterdam", "America/New_York", "UTC", "Asia/Kathmandu", "Pacific/Apia"]
CENT = nanos("0.01")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """One ledger for all examples of a property that writes no attempt."""
    return Bench(tmp_path_factory.mktemp("room"))


def micros(text: str) -> int:
    """A UTC time as the ledger writes it."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("zone", "at", "day", "month_"),
    [
        ("Europe/Amsterdam", "2026-03-28T22:59:59", "2026-03-28", "2026-03"),
        ("Europe/Amsterdam", "2026-03-28T23:00:00", "2026-03-29", "2026-03"),  # a day of 23 hours begins
        ("Europe/Amsterdam", "2026-03-29T21:59:59", "2026-03-29", "2026-03"),
        ("Europe/Amsterdam", "2026-03-29T22:00:00", "2026-03-30", "2026-03"),
        ("Europe/Amsterdam", "2026-03-31T22:00:00", "2026-04-01", "2026-04"),
        ("Europe/Amsterdam", "2026-10-24T22:00:00", "2026-10-25", "2026-10"),  # a day of 25 hours begins
        ("Europe/Amsterdam", "2026-10-25T22:59:59", "2026-10-25", "2026-10"),
        ("Europe/Amsterdam", "2026-10-25T23:00:00", "2026-10-26", "2026-10"),
        ("America/New_York", "2026-03-08T04:59:59", "2026-03-07", "2026-03"),
        ("America/New_York", "2026-03-09T03:59:59", "2026-03-08", "2026-03"),
        ("America/New_York", "2026-03-09T04:00:00", "2026-03-09", "2026-03"),
        ("America/New_York", "2026-11-02T04:59:59", "2026-11-01", "2026-11"),
        ("America/New_York", "2026-11-02T05:00:00", "2026-11-02", "2026-11"),
        ("America/New_York", "2027-01-01T04:59:59", "2026-12-31", "2026-12"),
        ("America/New_York", "2028-03-01T04:59:59", "2028-02-29", "2028-02"),
    ],
)
def test_windows_are_days_and_months_of_the_calendar(zone: str, at: str, day: str, month_: str) -> None:
    """A window ends at local midnight, on days of 23 and 25 hours and at the ends of months too."""
    assert window_start("day", micros(at), ZoneInfo(zone), "q") == day
    assert window_start("month", micros(at), ZoneInfo(zone), "q") == month_


@given(st.integers(0, 30_000), st.sampled_from(ZONES))
def test_every_moment_of_a_local_day_is_in_one_window(days: int, name: str) -> None:
    """From one local midnight to the next, to the microsecond, there is one window; then the next begins."""
    zone, day = ZoneInfo(name), date(1990, 1, 1) + timedelta(days=days)
    if name == "Pacific/Apia" and date(2011, 12, 28) <= day <= date(2011, 12, 31):
        return  # Samoa had no 30 December 2011
    begin, end = (
        int(datetime(each.year, each.month, each.day, tzinfo=zone).timestamp()) * SECOND
        for each in (day, day + timedelta(days=1))
    )
    starts = [window_start("day", at, zone, "q") for at in (begin - 1, begin, (begin + end) // 2, end - 1, end)]
    assert starts[1:4] == [day.isoformat()] * 3
    assert starts[0] < starts[1] < starts[4]


def test_the_other_windows_have_no_clock() -> None:
    """A total is one window for ever, a quote's window is the quote."""
    assert {window_start("total", at, ZoneInfo("UTC"), "q") for at in (0, NOON)} == {""}
    assert {window_start("quote", at, ZoneInfo("UTC"), "q") for at in (0, NOON)} == {"q"}


@given(st.tuples(st.integers(0, 10**12), st.integers(1, 10**10), st.integers(1, 300), st.integers(0, 50)))
@settings(max_examples=60, deadline=None)
def test_what_fits_is_the_exact_number(shared: Bench, sizes: tuple[int, int, int, int]) -> None:
    """A purchase gets as many numbers as the cap holds at its price, and never one more or less."""
    cap, price, wanted, before = sizes
    bench = shared
    bench.allow(Budget("limit/month", "month", Money(cap, "EUR")))
    with bench.ledger.store.read() as connection:
        room = Room(connection, bench.now, bench.zone)
        purchase = bench.batch(()).purchase
        priced = type(purchase)("quote-1", "infobip", None, None, Money(price, "EUR"), UNATTENDED)
        first, _, _ = room.admit(priced, before)
        second, caps, refusal = room.admit(priced, wanted)
    assert first == min(before, cap // price)
    assert first + second == min(before + wanted, cap // price)
    assert (refusal is None) == (second == wanted)
    assert all(each.used == (first + second) * price for each in caps)


def test_all_budgets_hold_and_the_tightest_decides(tmp_path: Path) -> None:
    """Day, month, total, provider and source budgets all count a purchase; the one with the least room ends it."""
    day, scoped = limit("day", Money.parse("0.05 EUR"), None, None, None), month("0.03 EUR", provider="infobip")
    total = limit("total", Money.parse("1 EUR"), None, None, None)
    bench = Bench(tmp_path, month("0.10 EUR"), day, scoped, total, month("0 EUR", provider="vonage"))
    ((attempt,), (refused,)) = bench.reserve(bench.batch(bench.numbers(9)))
    assert len(attempt.numbers) == 3
    assert len(refused.subjects) == 6
    assert refused.status == "deferred_budget"
    assert "0.03 EUR a month (provider infobip)" in refused.reason
    for budget in ("limit/month", "limit/day", "limit/total", "limit/month/provider=infobip", UNATTENDED):
        assert [row[1:] for row in bench.used(budget)] == [(3 * CENT, 0, 0)]
    assert bench.used("limit/month/provider=vonage") == []
    assert bench.broken() == []


def test_a_reservation_says_which_caps_it_passed(tmp_path: Path) -> None:
    """The journal has every budget that counts it, with its cap then and what was used of it: I2 has no other proof."""
    bench = Bench(tmp_path, month("0.10 EUR"), month("0.05 EUR", provider="infobip"))
    bench.sent(2)
    bench.sent(3)
    passed = [
        {(cap["cap"], cap["after"]) for cap in json.loads(str(caps))}
        for (caps,) in bench.rows("SELECT caps FROM journal WHERE event = 'reserved' ORDER BY seq")
    ]
    free = Money.parse(FREE_HAND).amount
    assert passed == [{(10 * CENT, used), (5 * CENT, used), (free, used)} for used in (2 * CENT, 5 * CENT)]
    counted = bench.rows("SELECT count(*) FROM hold")[0][0]
    assert counted == sum(map(len, passed))


@pytest.mark.parametrize(
    ("scope", "hit", "missed"),
    [("provider", "infobip", "vonage"), ("country", "NL", "DE"), ("source", "crm", "shop")],
)
def test_a_scoped_budget_counts_its_scope_only(tmp_path: Path, scope: str, hit: str, missed: str) -> None:
    """A budget of one provider, country or source lets the others through and stops its own."""
    bench = Bench(tmp_path, month("1 EUR"), month("0.01 EUR", **{scope: hit}))
    (bought, refused) = bench.reserve(
        bench.batch(bench.numbers(3), **{scope: missed}), bench.batch(bench.numbers(3), **{scope: hit})
    )
    assert [len(attempt.numbers) for attempt in bought] == [3, 1]
    assert [len(each.subjects) for each in refused] == [2]


@pytest.mark.parametrize(
    "limits",
    [
        [],
        [limit("day", Money.parse("5 EUR"), None, None, None)],
        [limit("quote", Money.parse("5 EUR"), None, None, None)],
        [month("5 EUR", provider="infobip")],
    ],
)
def test_without_an_unscoped_month_or_total_nothing_is_bought(tmp_path: Path, limits: list[Budget]) -> None:
    """Consent alone buys nothing: a ceiling over everything must be set."""
    bench = Bench(tmp_path, month("1 EUR"))
    bench.allow(*limits)
    bought, (refused,) = bench.reserve(bench.batch(bench.numbers(1), "0.00 EUR"))
    assert not bought
    assert "no month or total budget" in refused.reason


def test_a_budget_is_not_consent(tmp_path: Path) -> None:
    """Under any limit nothing is bought without an approval or the unattended allowance, and the reason says which."""
    bench = Bench(tmp_path, month("9 EUR"), unattended="0 EUR")
    batch = bench.batch(bench.numbers(1))
    assert _refusal(bench, batch) == (
        "awaiting_approval", "not approved, and approval.unattended is 0: ringfence enrich --yes",
    )  # fmt: skip
    unapproved = bench.batch(batch.subjects, consent=approval_id("quote-1"))
    assert _refusal(bench, unapproved) == ("awaiting_approval", "not approved: ringfence approve quote-1")
    assert bench.used() == []


@pytest.mark.parametrize("price", ["0.01 USD", "0.000000001 USD"])
def test_a_foreign_price_is_refused(tmp_path: Path, price: str) -> None:
    """A price in another currency than the cap's cannot be compared, so nothing is bought at it."""
    bench = Bench(tmp_path)
    assert _refusal(bench, bench.batch(bench.numbers(1), price))[1].endswith("is no rate: state it in USD")


def test_what_is_free_is_counted_in_its_own_currency(tmp_path: Path) -> None:
    """Something free may be bought under a cap of another currency; a surprise bill never mixes the two."""
    bench = Bench(tmp_path, month("0 EUR"), unattended="0 EUR")
    attempt = bench.sent(2, "0.00 USD")
    bench.settle(attempt, CENT)
    query = "SELECT DISTINCT currency, held, spent, overrun FROM counter"
    assert bench.rows(query) == [("USD", 0, 2 * CENT, 2 * CENT)]
    assert bench.broken() == []


def test_a_free_lookup_needs_no_room(tmp_path: Path) -> None:
    """At price zero everything fits, even under caps that are used up; each attempt still counts in every budget."""
    bench = Bench(tmp_path, month("0.01 EUR"), unattended="0.01 EUR")
    bench.sent(1)
    assert len(bench.sent(500, "0.00 EUR").numbers) == 500
    bench.allow(month("0.00 EUR"))
    bench.sent(1, "0.00 EUR")
    assert [row[1] for row in bench.used()] == [CENT]
    assert bench.broken() == []


def test_a_cap_below_what_is_spent_buys_nothing_more(tmp_path: Path) -> None:
    """A cap that is lowered beneath the spending stops purchases, takes nothing back, and opens again when raised."""
    bench = Bench(tmp_path, month("1 EUR"))
    bench.settle(bench.sent(50), CENT)
    bench.sent(10)
    bench.allow(month("0.10 EUR"))
    assert _refusal(bench, bench.batch(bench.numbers(1)))[1] == "the cap of 0.10 EUR a month is reached"
    assert [row[1:] for row in bench.used()] == [(10 * CENT, 50 * CENT, 0)]
    bench.allow(month("0.61 EUR"))
    ((attempt,), _) = bench.reserve(bench.batch(bench.numbers(5)))
    assert len(attempt.numbers) == 1
    assert bench.broken() == []


def test_a_new_window_is_empty_and_old_attempts_stay_in_theirs(tmp_path: Path) -> None:
    """After midnight the day's cap is whole again; what was reserved before is settled in the day it was reserved."""
    bench = Bench(tmp_path, month("1 EUR"), limit("day", Money.parse("0.02 EUR"), None, None, None))
    bench.now = micros("2026-11-30T22:59:59")
    attempt = bench.sent(2)
    assert _refusal(bench, bench.batch(bench.numbers(1)))[0] == "deferred_budget"
    bench.now += SECOND
    bench.sent(2)
    bench.settle(attempt, CENT)
    assert bench.used("limit/day") == [("2026-11-30", 0, 2 * CENT, 0), ("2026-12-01", 2 * CENT, 0, 0)]
    assert [row[0] for row in bench.used()] == ["2026-11", "2026-12"]
    assert bench.broken() == []


def test_a_clock_that_is_set_back_opens_no_window_again(tmp_path: Path) -> None:
    """What is bought then counts in both days, and needs room in both; a clock that was days ahead was wrong before."""
    bench = Bench(tmp_path, month("9 EUR"), limit("day", Money.parse("0.05 EUR"), None, None, None))
    bench.sent(2)
    bench.now += DAY
    bench.sent(1)
    bench.now -= DAY
    bench.sent(3)
    assert [row[1] for row in bench.used("limit/day")] == [5 * CENT, 4 * CENT]
    assert _refusal(bench, bench.batch(bench.numbers(1)))[1] == "the cap of 0.05 EUR a day is reached"
    bench.now += DAY
    bench.sent(1)
    bench.now -= 2 * DAY
    assert _refusal(bench, bench.batch(bench.numbers(1)))[1] == "the cap of 0.05 EUR a day is reached"
    bench.now -= 2 * DAY
    bench.sent(5)
    assert bench.broken() == []


@pytest.mark.parametrize("window", ["month", "total"])
def test_a_cap_in_another_currency_does_not_begin_at_nothing(tmp_path: Path, window: str) -> None:
    """What was bought in its window before counts in no currency that it is in now: nothing more is bought in it."""
    caps = {money: limit(window, Money.parse(f"1 {money}"), None, None, None) for money in ("EUR", "USD")}
    bench = Bench(tmp_path, caps["EUR"])
    bench.sent(90)
    bench.allow(caps["USD"], unattended="9 USD")
    status, why = _refusal(bench, bench.batch(bench.numbers(1), "0.01 USD"))
    assert status == "deferred_budget"
    assert why.startswith("0.90 EUR were held and spent under the ")
    assert "caps are not converted: set currency back to EUR, or " in why
    bench.sent(1, "0 USD")
    bench.now += 40 * DAY
    if window == "month":
        bench.sent(90, "0.01 USD")
    else:
        assert _refusal(bench, bench.batch(bench.numbers(1), "0.01 USD"))[0] == "deferred_budget"
    assert bench.broken() == []


def test_a_quote_budget_is_counted_by_quote(tmp_path: Path) -> None:
    """A cap a quote is whole again for the next quote."""
    bench = Bench(tmp_path, month("1 EUR"), limit("quote", Money.parse("0.02 EUR"), None, None, None))
    for quote in ("quote-1", "quote-2"):
        ((attempt,), _) = bench.reserve(bench.batch(bench.numbers(5), quote_id=quote))
        assert len(attempt.numbers) == 2
    assert [row[0] for row in bench.used("limit/quote")] == ["quote-1", "quote-2"]


def test_the_unattended_allowance_is_counted_by_local_day(tmp_path: Path) -> None:
    """What may be spent unattended is a sum a day; an approved quote does not use it up."""
    bench = Bench(tmp_path, month("1 EUR"), unattended="0.02 EUR")
    _approved(bench, "approved-1", 5)
    bench.sent(2)
    status, reason = _refusal(bench, bench.batch(bench.numbers(1)))
    assert (status, reason) == ("awaiting_approval", "the unattended allowance of 0.02 EUR a day is used up")
    bench.sent(2, quote_id="approved-1", consent=approval_id("approved-1"))
    assert [row[1] for row in bench.used(UNATTENDED)] == [2 * CENT]
    bench.now += DAY
    bench.sent(2)
    assert [row[1] for row in bench.used(UNATTENDED)] == [2 * CENT, 2 * CENT]


def test_runs_on_one_quote_share_its_approval(tmp_path: Path) -> None:
    """An approval is spent once, whoever spends it; approving again moves its cap and keeps what was spent."""
    bench = Bench(tmp_path, month("1 EUR"), unattended="0 EUR")
    quote = _approved(bench, "q", 9, "0.03 EUR")
    consent = {"quote_id": quote, "consent": approval_id(quote)}
    bench.settle(bench.sent(2, **consent), CENT)
    ((attempt,), (refused,)) = bench.reserve(bench.batch(bench.numbers(2), **consent))
    assert (len(attempt.numbers), refused.reason) == (1, "the approval of 0.03 EUR is used up")
    approve(bench.ledger, quote, Money.parse("0.05 EUR"), who="ann", why="more")
    ((attempt,), _) = bench.reserve(bench.batch(bench.numbers(9), **consent))
    assert len(attempt.numbers) == 2
    assert [row[1:] for row in bench.used(approval_id(quote))] == [(3 * CENT, 2 * CENT, 0)]


def test_an_approval_ends_with_its_quote(tmp_path: Path) -> None:
    """From the moment that the quote expires nothing more is reserved under its approval, also in a running run."""
    bench = Bench(tmp_path, unattended="0 EUR")
    quote = _approved(bench, "q", 9)
    consent = {"quote_id": quote, "consent": approval_id(quote)}
    bench.now += DAY - 1
    bench.sent(1, **consent)
    bench.now += 1
    assert _refusal(bench, bench.batch(bench.numbers(1), **consent))[0] == "awaiting_approval"
    with bench.ledger.store.read() as connection:
        assert approved(connection, bench.now) == []
    with pytest.raises(QuoteError, match="has expired"):
        approve(bench.ledger, quote, None, who="ann", why="late")


@pytest.mark.parametrize(("up_to", "sentence"), [("1 USD", "in that currency"), ("-1 EUR", "must not be negative")])
def test_an_approval_that_means_nothing_is_refused(tmp_path: Path, up_to: str, sentence: str) -> None:
    """An approval in another currency, or of a negative amount, changes nothing."""
    bench = Bench(tmp_path, unattended="0 EUR")
    _approved(bench, "q", 3, "0.01 EUR")
    with pytest.raises(QuoteError, match=sentence):
        approve(bench.ledger, "q", Money.parse(up_to), who="ann", why="odd")
    with pytest.raises(QuoteError, match="there is no quote"):
        approve(bench.ledger, "unknown", None, who="ann", why="odd")
    assert bench.rows("SELECT cap FROM budget WHERE budget_id = 'approval:q'") == [(CENT,)]


def test_an_approval_of_nothing_withdraws_one_that_stands(tmp_path: Path) -> None:
    """An approval of 0 ends the one before it, and is refused where there is none."""
    bench = Bench(tmp_path, unattended="0 EUR")
    nothing = Money.parse("0 EUR")
    _approved(bench, "q", 9)
    bench.sent(1, quote_id="q", consent=approval_id("q"))
    assert approve(bench.ledger, "q", nothing, who="ann", why="stop") == nothing
    assert _refusal(bench, bench.batch(bench.numbers(1), quote_id="q", consent=approval_id("q")))[0] == (
        "awaiting_approval"
    )
    with pytest.raises(QuoteError, match="is not approved; name an amount above 0"):
        approve(bench.ledger, "q", nothing, who="ann", why="again")


def test_a_number_in_the_reason_of_an_approval_is_masked(tmp_path: Path) -> None:
    """What a person writes into the append-only journal cannot put a phone number there for ever."""
    bench = Bench(tmp_path)
    _approved(bench, "q", 1, why="asked by +31612345678")
    told = bench.rows("SELECT why FROM journal WHERE event = 'quote_approved' UNION SELECT why FROM approval")
    assert told
    assert not any("12345" in str(why) for (why,) in told)
    assert bench.broken() == []


@pytest.mark.parametrize("window", ["day", "month", "total", "quote"])
def test_a_new_limit_counts_what_its_window_has_cost(tmp_path: Path, window: str) -> None:
    """A limit that is added, or comes back, in the middle of its window counts what was held and spent before."""
    bench = Bench(tmp_path, limit("total", Money.parse("9 EUR"), None, None, None))
    new = limit(window, Money.parse("0.12 EUR"), "infobip", None, None)
    bench.settle(bench.sent(2, quote_id="quote-0"), CENT)
    bench.now += 40 * DAY
    bench.settle(bench.sent(3), 2 * CENT)
    doubtful = bench.sent(1)
    bench.sent(5, provider="vonage")
    counted = 9 if window == "total" else 7
    for _ in range(2):
        bench.allow(limit("total", Money.parse("9 EUR"), None, None, None), new)
        ((attempt,), _) = bench.reserve(bench.batch(bench.numbers(9)))
        assert len(attempt.numbers) == 12 - counted
        assert bench.used(new.budget_id)[0][1:] == ((13 - counted) * CENT, (counted - 1) * CENT, 3 * CENT)
        bench.move(Void(attempt.attempt_id, "free"))
        bench.allow(limit("total", Money.parse("9 EUR"), None, None, None))
    bench.sent(1)
    bench.allow(limit("total", Money.parse("9 EUR"), None, None, None), new)
    ((attempt,), _) = bench.reserve(bench.batch(bench.numbers(9)))
    assert len(attempt.numbers) == 12 - counted - 1, "bought while the limit was away"
    bench.settle(doubtful, CENT)
    assert bench.broken() == []


@pytest.mark.parametrize("window", ["day", "month", "unattended"])
@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(ZONES), st.integers(1, 60)), min_size=2, max_size=7))
@example([(0, "UTC", 99), (0, "Asia/Kathmandu", 99)])
@example([(0, "Asia/Kathmandu", 30), (1, "UTC", 30), (1, "Asia/Kathmandu", 30), (0, "UTC", 99)])
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_another_time_zone_opens_no_second_window(
    tmp_path_factory: pytest.TempPathFactory, window: str, steps: list[tuple[int, str, int]]
) -> None:
    """By whichever zone's calendar: what a day or month has cost never passes its cap, and a quote sees the same."""
    cap, kind = Money.parse("0.90 EUR"), "day" if window == "unattended" else window
    limits = [limit("total", Money.parse("99 EUR"), None, None, None)]
    limits += [] if window == "unattended" else [limit(window, cap, None, None, None)]
    allowance = str(cap) if window == "unattended" else FREE_HAND
    bench = Bench(tmp_path_factory.mktemp("zone"), *limits, unattended=allowance)
    bench.now = micros("2025-11-30T17:00:00")
    cost: list[tuple[int, int]] = []
    for hours, name, wanted in steps:
        bench.now += hours * 3600 * SECOND
        bench.zone = ZoneInfo(name)
        with bench.ledger.store.read() as connection:
            seen, _, _ = Room(connection, bench.now, bench.zone).admit(bench.batch(()).purchase, wanted)
        bought, _ = bench.reserve(bench.batch(bench.numbers(wanted)))
        assert sum(len(attempt.numbers) for attempt in bought) == seen
        for attempt in bought:
            cost.append((bench.now, len(attempt.numbers) * CENT))
            if wanted % 2:
                bench.settle(attempt, CENT)
        now = window_start(kind, bench.now, bench.zone, "")
        in_window = sum(each for at, each in cost if window_start(kind, at, bench.zone, "") == now)
        assert not seen or in_window <= cap.amount
        if len({name for _, name, _ in steps}) == 1:
            assert seen == wanted or in_window == cap.amount
    assert bench.broken() == []


def test_the_allowance_of_another_zone_counts_only_what_was_bought_unattended(tmp_path: Path) -> None:
    """A day that begins with a change of zone counts for the allowance what the allowance paid, no approved quote."""
    bench = Bench(tmp_path, month("9 EUR"), unattended="0.05 EUR")
    bench.now = micros("2025-11-21T20:00:00")
    bench.zone = ZoneInfo("UTC")
    _approved(bench, "q", 9)
    bench.sent(7, quote_id="q", consent=approval_id("q"))
    bench.sent(3)
    bench.zone = ZoneInfo("Asia/Tokyo")
    ((attempt,), _) = bench.reserve(bench.batch(bench.numbers(9)))
    assert len(attempt.numbers) == 2
    assert [row[:2] for row in bench.used(UNATTENDED)] == [("2025-11-21", 3 * CENT), ("2025-11-22", 5 * CENT)]
    assert [row[1] for row in bench.used(approval_id("q"))] == [7 * CENT]
    assert bench.broken() == []


def test_an_approval_counts_only_what_was_bought_under_it(tmp_path: Path) -> None:
    """What was bought of a quote unattended does not use up the approval that comes after it."""
    bench = Bench(tmp_path)
    _approved(bench, "q", 9)
    bench.sent(3, quote_id="q")
    bench.sent(1, quote_id="q", consent=approval_id("q"))
    assert [row[1] for row in bench.used(approval_id("q"))] == [CENT]


def test_every_change_of_a_budget_is_journalled_once(tmp_path: Path) -> None:
    """Budgets follow the configuration: what is set, moved or removed is journalled, what stays is not."""
    bench = Bench(tmp_path, month("1 EUR"), month("2 EUR", provider="vonage"))

    def told() -> list[tuple[object, ...]]:
        return bench.rows("SELECT event, why FROM journal WHERE event LIKE 'budget_%' ORDER BY seq")[3:]

    bench.allow(month("1 EUR"), month("2 EUR", provider="vonage"))
    assert told() == []
    bench.allow(month("3 EUR"))
    assert told() == [
        ("budget_set", "limit/month 3.00 EUR"),
        ("budget_removed", "limit/month/provider=vonage 2.00 EUR"),
    ]
    bench.sent(1, provider="vonage")
    bench.allow(month("3 EUR"), month("0.01 EUR", provider="vonage"))
    assert told()[2:] == [("budget_set", "limit/month/provider=vonage 0.01 EUR")]


def _refusal(bench: Bench, batch: object) -> tuple[str, str]:
    bought, (refused,) = bench.reserve(batch)  # type: ignore[arg-type]
    assert not bought
    return refused.status, refused.reason


def _approved(bench: Bench, quote_id: str, count: int, up_to: str | None = None, why: str = "yes") -> str:
    found = bench.numbers(count)
    line = Line(
        provider="infobip",
        product="query",
        country="NL",
        source="crm",
        facts=1,
        unit_price=Money(CENT, "EUR"),
        subjects=found,
        ranks=found,
    )
    quote = Quote(
        quote_id=quote_id,
        created_at=bench.now,
        expires_at=bench.now + DAY,
        ledger_seq=0,
        launch_id="launch-1",
        summary={},
        lines=[line],
    )
    with bench.ledger.store.write() as connection:
        save(connection, quote)
    bench.known(quote_id)
    approve(bench.ledger, quote_id, Money.parse(up_to) if up_to else None, who="ann", why=why)
    return quote_id
