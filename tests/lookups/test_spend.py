"""Spending against the simulator: exact money, limits that change on the way, runs that are stopped in the middle."""

import os
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as time_of_day

import pytest
from sqlalchemy import select

from ringfence.errors import LedgerError, MoneyError, SecretMissingError
from ringfence.http.exchange import Exchange
from ringfence.lookups import buy as buying
from ringfence.lookups import lane
from ringfence.lookups import spend as spending
from ringfence.lookups.buy import Order, buy
from ringfence.lookups.desk import Desk
from ringfence.money import approvals
from ringfence.money.amount import Money
from ringfence.money.invariants import violations
from ringfence.money.reserve import Reserved
from ringfence.money.schema import BUDGET, REPLY
from ringfence.money.workers import Worker, working
from ringfence.providers.registry import provider
from tests.lookups.conftest import House

CENT = 10_000_000
SECOND = 1_000_000
CARD = "provider,product,country,price,currency,valid_from,valid_to"


@contextmanager
def meanwhile(condition: Callable[[], object], act: Callable[[], object]) -> Iterator[None]:
    """Act from another thread as soon as a condition holds."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if condition():
                act()
                return
            time.sleep(0.002)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def caps(house: House) -> set[int]:
    """The caps of the budgets in force, in nanos."""
    with house.ledger.store.read() as connection:
        return set(connection.scalars(select(BUDGET.c.cap).where(BUDGET.c.active == 1)))


def test_a_clean_run_equals_its_bill(build, numbers) -> None:
    """Every number is asked once, each amount agrees to the nano, and a second run asks nothing."""
    phones = [*numbers("NL", 21), *numbers("DE", 12)]
    house = build([*phones, *phones[:5], "no number"], provider={"batch": "4", "in_flight": "3"})
    bought = house.run()
    assert (bought.numbers, bought.spent, bought.in_doubt, bought.left) == (33, 33 * CENT, 0, 0)
    assert bought.why_not == "everything that was quoted was bought"
    assert house.spent() == house.charged() == 33 * CENT
    assert sorted(row["number"] for row in house.charges()) == sorted(phones)
    assert [len(row["numbers"]) for row in house.requests()].count(4) == 8
    before = house.lake.read("phone_facts").sort("phone_e164")
    assert house.run("two").numbers == 0
    assert len(house.requests()) == 9
    assert house.lake.read("phone_facts").sort("phone_e164").equals(before)
    house.check()


LIMITS = {
    "a cap": ({"budgets": [{"window": "month", "cap": "0.05 EUR"}]}, {}, {}, 5, "the cap of 0.05 EUR a month"),
    "a cap below a price": ({"budgets": [{"window": "total", "cap": "0.0099 EUR"}]}, {}, {}, 0, "the cap of 0.0099"),
    "a cap of a country": (
        {"budgets": [{"window": "month", "cap": "9 EUR"}, {"window": "day", "cap": "0.02 EUR", "country": "DE"}]},
        {},
        {},
        8,
        "the cap of 0.02 EUR a day (country DE)",
    ),
    "no budget": ({"budgets": []}, {}, {}, 0, "no month or total budget is set"),
    "a cap in dollars": ({"budgets": [{"window": "month", "cap": "5 USD"}]}, {}, {}, 0, "no rate"),
    "max_spend": ({}, {}, {"max_spend": Money(7 * CENT, "EUR")}, 7, "max_spend of this run"),
    "an odd max_spend": ({}, {}, {"max_spend": Money(7 * CENT + 9_999_999, "EUR")}, 7, "max_spend of this run"),
    "a limit": ({}, {"numbers": 5}, {}, 5, "everything that was quoted was bought"),
    "a country": ({}, {"countries": ["DE"]}, {}, 6, "everything that was quoted was bought"),
    "no source": ({}, {"sources": ["others"]}, {}, 0, "nothing is due"),
}


@pytest.mark.parametrize(("sections", "narrow", "order", "expected", "sentence"), LIMITS.values(), ids=LIMITS)
def test_a_limit_is_met_to_the_number(build, numbers, sections, narrow, order, expected, sentence) -> None:
    """As many numbers are bought as a limit has money for, to the last one, and a sentence says which limit it was."""
    house = build([*numbers("NL", 6), *numbers("DE", 6)], provider={"batch": "4", "in_flight": "2"}, **sections)
    made = house.quote(**narrow)
    if made.numbers:
        approvals.approve(house.ledger, made.quote_id, None, who="test", why="test")
    bought = house.buy(**order)
    assert bought.numbers == len(house.charges()) == expected
    assert bought.left == made.numbers - expected
    assert sentence in bought.why_not
    house.check()


def test_a_budget_is_no_consent(build, numbers) -> None:
    """Without approval and allowance nothing is bought; with an allowance a day as much as it, then nothing more."""
    house = build(numbers("NL", 8))
    house.quote("one")
    assert house.buy("one").numbers == 0
    assert "approval.unattended is 0" in house.buy("one").why_not
    house.change(approval={"unattended": "0.03 EUR/day"})
    house.quote("two")
    assert house.buy("two").numbers == 3
    house.quote("three")
    assert house.buy("three").numbers == 0
    assert "the unattended allowance of 0.03 EUR a day is used up" in house.buy("three").why_not
    house.check()


def test_an_approval_is_spent_by_all_its_runs_together(build, numbers) -> None:
    """Two runs at once on one approved quote buy no number twice and stay below what was approved."""
    house = build(numbers("NL", 60), latency=0.01, provider={"in_flight": "3"})
    made = house.quote()
    approvals.approve(house.ledger, made.quote_id, Money(41 * CENT, "EUR"), who="test", why="test")
    runs = [threading.Thread(target=house.buy, args=(name,)) for name in ("left", "right")]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(house.charges()) == 41
    assert {row["launch_id"] for row in house.attempts("settled")} == {"left", "right"}
    house.check()


def test_a_limit_in_another_currency_buys_nothing(build, numbers) -> None:
    """Dollars are not compared with euros: the run is refused before anything is sent."""
    house = build(numbers("NL", 4))
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    with pytest.raises(MoneyError, match=r"max_spend of 5\.00 USD cannot be compared with prices in EUR"):
        house.buy(max_spend=Money(5 * 10**9, "USD"))
    assert house.requests() == house.attempts() == []


def test_what_cannot_be_bought_with_is_refused_before_anything_is_sent(build, numbers) -> None:
    """A missing credential, and a configuration of another mode than the ledger's, end a run with nothing reserved."""
    house = build(numbers("NL", 4))
    (house.path.parent / ".env").unlink()
    with pytest.raises(SecretMissingError, match="INFOBIP_API_KEY"):
        house.run()
    house.change(mode="live")
    with pytest.raises(LedgerError, match="is a ledger for mode simulate, the configuration says live"):
        house.buy()
    assert house.requests() == house.attempts() == []


def test_a_cap_that_is_lowered_in_the_file_holds_at_once(build, numbers) -> None:
    """A running purchase obeys the new cap with its next reservation, although more than it is spent already."""
    house = build(numbers("NL", 60), latency=0.02)
    lower = {"budgets": [{"window": "month", "cap": "0.04 EUR"}]}
    with meanwhile(lambda: len(house.attempts("settled")) >= 3, lambda: house.change(**lower)):
        bought = house.run()
    assert 6 <= bought.numbers < 60
    assert bought.numbers + bought.left == 60
    assert "the cap of 0.04 EUR a month is reached" in bought.why_not
    house.check()


def test_a_broken_file_changes_nothing_on_the_way(build, numbers) -> None:
    """A configuration that cannot be read while a run goes on leaves the caps as they are."""
    house = build(numbers("NL", 20), latency=0.02)
    good = house.path.read_text()
    with meanwhile(lambda: house.attempts("settled"), lambda: house.path.write_text("budgets: [")):
        approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
        assert house.buy().numbers == 20
    house.path.write_text(good)
    house.check()


def test_a_file_that_breaks_after_a_cap_was_lowered_leaves_it_lowered(build, numbers) -> None:
    """What counts while the file cannot be read is what was read of it last, not what the run began with."""
    house = build(numbers("NL", 60), latency=0.02)

    def lower_and_break() -> None:
        house.change(budgets=[{"window": "month", "cap": "0.30 EUR"}])
        while 30 * CENT not in caps(house):
            time.sleep(0.001)
        house.path.write_text("budgets: [")

    good, setup = house.path.read_text(), house.setup
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    with meanwhile(lambda: house.attempts("settled"), lower_and_break):
        assert house.buy().numbers == 30
    with working(house.ledger, "again") as worker:
        assert buy(setup, house.ledger, house.lake, worker, Order("again")).numbers == 0
    house.path.write_text(good)
    assert house.charged() == 30 * CENT
    house.check()


def test_what_could_not_leave_for_long_is_made_anew(build, numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still between reserving and sending would send at a time at which no log is searched."""
    house = build(numbers("NL", 6), provider={"in_flight": "2"})
    store = house.ledger.store
    clock, gone, send = store.clock, [0], spending._send

    async def stand_still(desk: Desk, attempt: Reserved) -> Exchange:
        if not gone[0]:
            gone[0] = 120_000_000
        return await send(desk, attempt)

    monkeypatch.setattr(store, "clock", lambda: clock() + gone[0])
    monkeypatch.setattr(spending, "_send", stand_still)
    monkeypatch.setattr(lane, "PAUSE", 0.01)
    assert house.run().numbers == 6
    assert sum(each["evidence"].startswith("not sent") for each in house.attempts("voided")) == 2
    assert (house.spent(), house.charged()) == (6 * CENT, 6 * CENT)
    house.check()


def test_a_run_that_lost_its_lock_reserves_and_sends_nothing(build, numbers) -> None:
    """With the lock file gone before the start, not one attempt is made, and the sentence says why."""
    house = build(numbers("NL", 6))
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    with working(house.ledger, "one") as worker:
        (house.lake.home / "workers" / f"{worker.worker_id}.lock").unlink()
        bought = buy(house.setup, house.ledger, house.lake, worker, Order("one"))
    assert house.requests() == house.attempts() == []
    assert bought.failed == 6
    assert "has lost its lock file" in bought.why_not


def test_a_lock_that_is_lost_on_the_way_stops_the_run(build, numbers) -> None:
    """After the lock file was removed nothing more is sent, and what was out is settled as it comes back."""
    house = build(numbers("NL", 60), latency=0.02)
    seen = []

    def rob() -> None:
        for lock in (house.lake.home / "workers").iterdir():
            lock.unlink()
        seen.append(len(house.requests()))

    with meanwhile(lambda: len(house.attempts("settled")) >= 2, rob):
        bought = house.run()
    assert len(house.requests()) <= seen[0] + 1 < 30
    assert set(house.states()) <= {"settled", "voided"}
    assert bought.failed == 60 - bought.numbers > 0
    assert "has lost its lock file" in bought.why_not
    house.check()


def test_the_last_check_before_the_first_byte_voids(build, numbers, monkeypatch) -> None:
    """An owner that is fenced out between its reservation and the first byte sends nothing and holds nothing."""
    house = build(numbers("NL", 4))
    answers = iter([True])
    monkeypatch.setattr(Worker, "owns", lambda _: next(answers, False))
    bought = house.run()
    assert house.requests() == []
    assert set(house.states()) == {"voided"}
    assert (bought.spent, bought.in_doubt, bought.failed) == (0, 0, 4)
    house.check()


class StoppedFromOutside(BaseException):
    """What an orchestrator raises from a signal handler of its own."""


def _raise(*_: object) -> None:
    raise StoppedFromOutside


@pytest.mark.parametrize("handler", [signal.default_int_handler, _raise], ids=["ctrl-c", "orchestrator"])
def test_an_interrupted_run_loses_nothing(build, numbers, handler) -> None:
    """What came back is settled, what was out is in doubt, nothing stays sent, and the next run buys the rest."""
    house = build(numbers("NL", 80), latency=0.05, provider={"in_flight": "3"})
    before = signal.signal(signal.SIGINT, handler)
    try:
        with (
            meanwhile(
                lambda: len(house.attempts("settled")) >= 4 and house.attempts("sent"),
                lambda: os.kill(os.getpid(), signal.SIGINT),
            ),
            pytest.raises((KeyboardInterrupt, StoppedFromOutside)),
        ):
            house.run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(house.requests()) < 30
    assert not house.attempts("sent")
    assert len(house.attempts("in_doubt")) <= 3
    assert {row["evidence"] for row in house.attempts("voided")} <= {"never sent: the run was stopped"}
    house.check()
    doubtful = sum(row["numbers"] for row in house.attempts("in_doubt"))
    house.run("two")
    assert house.lookups().height == 80 - doubtful
    assert house.spent() == (80 - doubtful) * CENT
    house.check()


def test_a_defect_of_a_parser_loses_no_paid_answer(build, numbers, monkeypatch) -> None:
    """The reply is on the disk before it is read: once the parser is mended it is settled, and not bought again."""
    house = build(numbers("NL", 6))
    with monkeypatch.context() as patched:
        patched.setattr(type(provider("infobip")), "parse", lambda *_: 1 / 0)
        assert "our parser failed" in house.run().why_not + str(house.attempts()[0]["evidence"])
    assert house.states() == ["in_doubt"] * 3
    assert house.held() == house.charged() == 6 * CENT
    house.check()
    house.run("two")
    assert house.lookups().height == 6
    assert (len(house.requests()), house.spent(), house.held()) == (3, 6 * CENT, 0)
    house.check()


def test_a_reply_is_on_the_disk_before_it_is_read(build, numbers, monkeypatch) -> None:
    """Whoever looks at the ledger while a reply is parsed finds its very bytes in it, committed."""
    house = build(numbers("NL", 6))
    kind = type(provider("infobip"))
    read = kind.parse
    found: list[bool] = []

    def parse(self, product, reply, asked):  # type: ignore[no-untyped-def]
        with house.ledger.store.read() as connection:
            found.append(reply.body in [zlib.decompress(body) for body in connection.scalars(select(REPLY.c.body))])
        return read(self, product, reply, asked)

    monkeypatch.setattr(kind, "parse", parse)
    house.run()
    assert len(found) >= 3
    assert all(found)


def test_a_turn_that_fails_drops_nothing_that_came_back(build, numbers, monkeypatch) -> None:
    """Replies that came while a commit failed, and those that it was to keep, are settled when the run ends by it."""
    late = {"when": {"nth": 2}, "fault": "late", "seconds": 0.5}
    house = build(numbers("NL", 40), late, provider={"in_flight": "3"})
    follow = buying._budgets_follow
    turns = iter(range(100))

    def failing(*arguments):  # type: ignore[no-untyped-def]
        before_turn = follow(*arguments)

        def turn(connection) -> None:  # type: ignore[no-untyped-def]
            before_turn(connection)
            if next(turns) == 1:
                # Long enough for the late one, which is still out, to come back meanwhile.
                time.sleep(1.5)
                raise LedgerError("the disk is full")

        return turn

    monkeypatch.setattr(buying, "_budgets_follow", failing)
    with pytest.raises(LedgerError):
        house.run()
    assert len(house.requests()) >= 2
    assert set(house.states()) == {"settled"}
    assert house.spent() == house.charged()
    house.check()


@pytest.mark.parametrize(("price", "currency", "spent"), [(20_000_000, "EUR", 4 * CENT), (1, "EUR", 2)])
def test_what_a_provider_reports_is_what_is_spent(build, numbers, monkeypatch, price, currency, spent) -> None:
    """A reported price is settled as it is; one above the price in use is an overrun and stops the provider."""
    _reporting(monkeypatch, price, currency)
    house = build(numbers("NL", 6))
    bought = house.run()
    if price > CENT:
        assert len(house.requests()) == 1
        assert "infobip bills more than the price of query" in bought.why_not
    assert house.attempts("settled")[0]["actual"] == spent
    assert int(house.lookups()["cost_net"].sum().scaleb(9)) == house.spent()
    with house.ledger.store.read() as connection:
        assert violations(connection) == []


def test_a_price_in_another_currency_is_in_doubt(build, numbers, monkeypatch) -> None:
    """What is billed in dollars cannot be booked in euros: it is held, not guessed."""
    _reporting(monkeypatch, CENT, "USD")
    house = build(numbers("NL", 2))
    assert house.run().in_doubt == 2 * CENT
    assert "another currency than EUR" in house.attempts()[0]["evidence"]
    house.check()


def _reporting(monkeypatch: pytest.MonkeyPatch, price: int, currency: str) -> None:
    kind = type(provider("infobip"))
    read = kind.parse

    def parse(self, product, reply, asked):  # type: ignore[no-untyped-def]
        parsed = read(self, product, reply, asked)
        return replace(parsed, lookups=[replace(one, price=price, currency=currency) for one in parsed.lookups])

    monkeypatch.setattr(kind, "parse", parse)


def test_a_price_that_changed_since_the_quote_buys_nothing(build, numbers) -> None:
    """An approval is for a price: raised, lowered or gone, the numbers wait for a new quote."""
    house = build(numbers("NL", 4))
    for change in ("0.05 EUR", "0.001 EUR", None):
        house.price("0.01 EUR")
        quote_id = house.quote().quote_id
        approvals.approve(house.ledger, quote_id, None, who="test", why="test")
        house.price(change)
        bought = house.buy(quote_id=quote_id)
        assert (bought.numbers, bought.left) == (0, 4)
        assert "was quoted at 0.01 EUR" in bought.why_not
    assert house.charged() == 0
    house.check()


@contextmanager
def over_midnight(house: House) -> Iterator[tuple[date, float]]:
    """Let it be just before midnight, and just after it from the third answer on: the day that ends, and when."""
    zone, real = house.setup.config.zone, house.ledger.store.clock
    today = datetime.now(zone).date()
    midnight = datetime.combine(today + timedelta(days=1), time_of_day(), zone).timestamp()
    shift = int(midnight * SECOND) - real() - 20 * SECOND
    house.ledger.store.clock = lambda: real() + shift

    def pass_midnight() -> None:
        house.ledger.store.clock = lambda: real() + shift + 40 * SECOND

    with meanwhile(lambda: len(house.attempts("settled")) >= 3, pass_midnight):
        yield today, midnight * SECOND


def test_nothing_is_bought_at_a_price_that_ended_in_the_midst_of_the_run(build, numbers) -> None:
    """Prices are of days: from midnight on the rest waits for a quote at the new one."""
    house = build(numbers("NL", 40), latency=0.02)
    with over_midnight(house) as (today, midnight):
        rows = [f"infobip,query,,0.01,EUR,2026-01-01,{today}", f"infobip,query,,0.05,EUR,{today + timedelta(days=1)},"]
        (house.path.parent / "prices.csv").write_text("\n".join([CARD, *rows]))
        house.price(None)
        house.change(prices="prices.csv")
        bought = house.run()
    assert 6 <= bought.numbers < 40
    assert bought.numbers + bought.left == 40
    assert "was quoted at 0.01 EUR and is 0.05 EUR now" in bought.why_not
    assert max(row["reserved_at"] for row in house.attempts()) < midnight
    house.check()


def test_what_is_bought_after_midnight_is_held_at_the_rate_of_that_day(build, numbers) -> None:
    """A rate is frozen in the transaction that holds the money: an approval by the old one suffices for fewer."""
    house = build(numbers("NL", 40), latency=0.02)
    with over_midnight(house) as (today, midnight):
        rows = [f"USD,0.9,2026-01-01,{today}", f"USD,0.95,{today + timedelta(days=1)},"]
        (house.path.parent / "rates.csv").write_text("\n".join(["currency,rate,valid_from,valid_to", *rows]))
        house.price("0.01 USD")
        house.change(fx="rates.csv")
        bought = house.run()
    assert 36 <= bought.numbers < 40
    assert "the approval of 0.36 EUR is used up" in bought.why_not
    rates = {(row["reserved_at"] >= midnight, row["rate"]) for row in house.attempts("settled")}
    assert rates == {(False, "0.90 EUR"), (True, "0.95 EUR")}
    house.check()


def test_a_cap_that_is_lowered_while_the_run_quotes_holds(build, numbers) -> None:
    """The file counts as it is when buying begins, not as it was when the run began."""
    house = build(numbers("NL", 20), budgets=[{"window": "month", "cap": "9 EUR"}])
    stale = house.setup
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    house.change(budgets=[{"window": "month", "cap": "0.03 EUR"}])
    with working(house.ledger, "one") as worker:
        bought = buy(stale, house.ledger, house.lake, worker, Order("one"))
    assert (bought.numbers, house.charged()) == (3, 3 * CENT)
    house.check()


def test_a_scoped_cap_counts_what_was_bought_before_it_was_set(build, numbers) -> None:
    """A cap of a country that is added later knows the purchases of its window."""
    house = build([*numbers("DE", 6), *numbers("NL", 3)], budgets=[{"window": "month", "cap": "9 EUR"}])
    assert house.run(countries=["DE"], numbers=4).numbers == 4
    house.change(budgets=[{"window": "month", "cap": "9 EUR"}, {"window": "month", "cap": "0.05 EUR", "country": "DE"}])
    bought = house.run("two")
    assert (bought.numbers, bought.left) == (4, 1)
    assert house.charged() == 8 * CENT
    house.check()


def test_the_failure_of_a_provider_is_the_first_reason(build, numbers) -> None:
    """Wrong credentials are told before the approval that would not have sufficed either."""
    house = build(numbers("NL", 6), provider={"batch": "2"})
    (house.path.parent / ".env").write_text("INFOBIP_API_KEY=wrong\n", encoding="utf-8")
    approvals.approve(house.ledger, house.quote().quote_id, Money(2 * CENT, "EUR"), who="test", why="test")
    told = house.buy().why_not
    assert told.startswith("not bought: 2 numbers: ")
    assert "credential" in told.partition(";")[0]
    assert "4 numbers: the approval of 0.02 EUR is used up" in told


def test_what_has_no_route_is_said(build, numbers) -> None:
    """Numbers that are due without a price are not 'nothing due'."""
    house = build(numbers("NL", 3), provider={"price": {}})
    made = house.quote()
    assert (made.numbers, sum(made.summary["no_route"].values())) == (0, 3)
    assert "3 numbers: no price is set" in house.buy().why_not


def test_the_lake_is_fed_while_buying_goes_on(build, numbers, monkeypatch) -> None:
    """A run that is killed after minutes leaves a lake that betrays an older copy of the ledger."""
    monkeypatch.setattr("ringfence.lookups.meanwhile.FLUSH_SECONDS", 0.05)
    house = build(numbers("NL", 40), latency=0.05, provider={"batch": "2", "in_flight": "1"})
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    seen = []
    with meanwhile(lambda: house.lake.settled_seq() and house.held(), lambda: seen.append(True)):
        assert house.buy().numbers == 40
    assert seen
    house.check()


def test_a_narrowed_run_buys_what_an_earlier_approval_covers(build, numbers) -> None:
    """With a limit, numbers of an approved quote are bought under that approval, and no more than the limit."""
    house = build(numbers("NL", 10))
    made = house.quote("before")
    approvals.approve(house.ledger, made.quote_id, None, who="test", why="test")
    house.quote("now", numbers=4)
    assert house.buy("now", narrowed=True).numbers == 4
    assert {row["quote_id"] for row in house.attempts()} == {made.quote_id}
    house.check()


def test_a_quote_of_an_old_price_keeps_back_only_what_is_still_due(build, numbers) -> None:
    """What was bought under a newer quote is not said to be unbought under the older one."""
    house = build(numbers("NL", 6))
    old = house.quote("old")
    approvals.approve(house.ledger, old.quote_id, None, who="test", why="test")
    house.price("0.02 EUR")
    assert house.run("new").numbers == 6
    house.quote("again")
    assert house.buy("again").left == 0
