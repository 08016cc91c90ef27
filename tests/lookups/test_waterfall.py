"""Waterfalls: what the first provider leaves unknown is bought from the next, within the approval, and never twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ringfence.cli.context import Home
from ringfence.cli.output import Format
from ringfence.cli.quote import print_quote, quote_json
from ringfence.lookups.buy import open_for_spending
from ringfence.lookups.due import BIT
from ringfence.lookups.due_now import due_now
from ringfence.lookups.quote import judged
from ringfence.lookups.routes import Market
from ringfence.lookups.serve import serve
from ringfence.lookups.shares import ENOUGH
from ringfence.lookups.steps import names
from ringfence.money import approvals, quotes, switch
from ringfence.money.amount import Money, nanos
from ringfence.money.schema import APPROVAL, ASKED, DEFERRAL
from ringfence.simulator.server import Settings, running
from tests.lookups.conftest import TRUST, House, numbers
from tests.sizes import share

SILENT = {"fault": "unknown_status"}
ALWAYS = {"when": "always", **SILENT}
FIRST, SECOND = 10_000_000, 2_000_000


@dataclass
class Pair:
    """A house that asks Infobip first and Messente then, and where Messente is."""

    house: House
    url: str

    def charges(self) -> list[dict[str, str]]:
        """What Messente has charged."""
        rows: list[dict[str, str]] = httpx.get(f"{self.url}/_simulator/charges", verify=TRUST).json()["charges"]
        return rows

    def asked(self) -> list[str]:
        """The numbers that Messente was asked about, in their order."""
        return [row["number"] for row in self.charges()]

    def check(self) -> None:
        """The books hold what both have charged, and neither was asked twice about a number."""
        both = [*self.house.charges(), *self.charges()]
        assert sum(nanos(row["amount"]) for row in both) == self.house.spent()
        for rows in (self.house.charges(), self.charges()):
            assert len({row["number"] for row in rows}) == len(rows)


@pytest.fixture
def pair(build: Any, tmp_path: Path) -> Iterator[Callable[..., Pair]]:
    """Make a pair: numbers, the rules of Infobip's scenario, those of Messente's, and sections of the configuration."""
    with ExitStack() as stack:

        def make(phones: list[str], *first: dict[str, Any], second: tuple[Any, ...] = (), **sections: Any) -> Pair:
            scenario = tmp_path / f"second{len(list(tmp_path.iterdir()))}.yaml"
            scenario.write_text(json.dumps(second))
            url = stack.enter_context(running(Settings(provider="messente", scenario=str(scenario))))["messente"]
            house = build(phones, *first)
            infobip = json.loads(house.path.read_text())["providers"]["infobip"]
            priced = {"products": ["hlr_sync"], "price": {"hlr_sync": "0.002 EUR"}, "base_url": url}
            secrets = "MESSENTE_API_USERNAME=user-of-a-test\nMESSENTE_API_PASSWORD=key-of-a-test\n"
            env = house.path.parent / ".env"
            env.write_text(env.read_text() + secrets)
            both = {"infobip": infobip, "messente": {**infobip, **priced}}
            house.change(**{"providers": both, "routes": {"default": ["infobip", "messente"]}, **sections})
            return Pair(house, url)

        yield make


def test_what_the_first_leaves_unknown_is_asked_of_the_second(pair) -> None:
    """In one run, and only those numbers: what the first has told is not paid for again, then or in the next run."""
    both = pair(numbers("NL", 6), {"when": {"nth": 2}, **SILENT})
    bought = both.house.run()
    silent = {row["number"] for row in both.house.charges()[2:4]}
    first = both.house.lookups().filter(pl.col("provider") == "infobip", pl.col("validity") != "invalid")
    unknown = first.filter((pl.col("validity") == "unknown") | (pl.col("reachability") == "unknown"))
    assert silent <= set(both.asked()) == set(unknown["phone_e164"])
    assert (bought.left, bought.spent) == (0, 6 * FIRST + unknown.height * SECOND)
    assert bought.why_not == "everything that was quoted was bought"
    facts = both.house.lake.read("phone_facts").filter(pl.col("phone_e164").is_in(list(silent)))
    assert set(facts["validity_provider"].drop_nulls()) == {"messente"}
    assert both.house.quote("two").numbers == 0
    both.check()
    both.house.check()


def test_the_second_is_not_asked_what_the_first_has_told(pair) -> None:
    """Where every first answer suffices, only its price is paid."""
    both = pair(numbers("NL", 4))
    bought = both.house.run()
    unknown = both.house.lake.read("phone_facts").filter(pl.col("reachability") == "unknown").height
    assert len(both.asked()) <= unknown
    assert bought.spent == 4 * FIRST + len(both.asked()) * SECOND


def test_what_both_leave_unknown_is_not_asked_again(pair) -> None:
    """Once the last step was asked, the same unknown waits until its time to live is up."""
    both = pair(numbers("NL", 4), ALWAYS, second=(ALWAYS,))
    both.house.run()
    assert len(both.asked()) == 4
    for launch in ("two", "three"):
        assert both.house.run(launch).spent == 0
    both.check()


def test_an_approval_for_the_first_step_buys_the_first_step(pair) -> None:
    """Money that suffices for the first answers is spent on them; the next run goes on where it ended."""
    both = pair(numbers("NL", 4), ALWAYS)
    made = both.house.quote()
    assert (made.numbers, made.total) == (4, Money(4 * (FIRST + SECOND), "EUR"))
    open_for_spending(both.house.setup, both.house.ledger)
    approvals.approve(both.house.ledger, made.quote_id, Money(4 * FIRST, "EUR"), who="test", why="test")
    bought = both.house.buy()
    assert (bought.numbers, bought.left, both.asked()) == (4, 4, [])
    assert "the approval of 0.04 EUR is used up" in bought.why_not
    with both.house.ledger.store.read() as connection:
        assert {row.status for row in connection.execute(select(DEFERRAL))} == {"awaiting_approval"}
    both.house.publish()
    # The same quote goes on with more money, and a new one asks the second alone.
    again = both.house.quote("two")
    assert [(line.provider, line.step) for line in again.lines] == [("messente", 0)]
    approvals.approve(both.house.ledger, made.quote_id, None, who="test", why="more")
    assert both.house.buy("three").spent == 4 * SECOND
    assert len(both.asked()) == 4
    both.check()


def test_who_was_not_asked_first_is_not_asked_second(pair) -> None:
    """A first step that failed, or that there was no money for, is no answer: nothing is bought at the next one."""
    both = pair(numbers("NL", 4), {"when": "always", "fault": "status", "status": 403})
    bought = both.house.run()
    assert (bought.spent, bought.numbers, both.asked()) == (0, 0, [])
    assert bought.left == 4


def test_a_number_that_is_invalid_goes_no_further(pair) -> None:
    """What the first rejects is not asked of the second, in this run or the next, whatever else is wanted of it."""
    both = pair(numbers("GB", 120))
    both.house.run()
    facts = both.house.lake.read("phone_facts")
    invalid = facts.filter(pl.col("validity") == "invalid")["phone_e164"].to_list()
    assert invalid
    assert not set(invalid) & set(both.asked())
    assert both.house.quote("two").numbers == 0


def test_a_quote_says_what_each_step_costs(pair, capsys) -> None:
    """Low is the first answers, max every step for every number; expected by assumption, later by what was seen."""
    phones = numbers("NL", ENOUGH + 20)
    both = pair(phones, {"when": {"every": 2}, **SILENT})
    home = Home(both.house.setup, both.house.ledger, both.house.lake)
    open_for_spending(both.house.setup, both.house.ledger)
    made = both.house.quote(numbers=40)
    assert [(line.step, line.provider, len(line.subjects)) for line in made.lines] == [
        (0, "infobip", 40),
        (1, "messente", 40),
    ]
    money = {name: made.summary[name] for name in ("low", "expected", "max", "first_run")}
    most = 40 * (FIRST + SECOND)
    assert money == {"low": 40 * FIRST, "expected": 40 * FIRST + 10 * SECOND, "max": most, "first_run": most}
    assert "in 25 % of its answers (assumed: it has given fewer than 100 so far)" in made.summary["expected_notes"][0]
    told = quote_json(home, made)
    assert (told["numbers"]["quoted"], told["within_budgets"], told["deferred"]) == (40, 40, 0)
    print_quote(home, made, Format.TABLE)
    shown = capsys.readouterr().out
    assert "due: 40 numbers, low 0.40 EUR, expected 0.42 EUR, max 0.48 EUR" in shown
    assert "if still unknown" in shown
    with both.house.ledger.store.read() as connection:
        assert quotes.load(connection, made.quote_id) == made
    both.house.run("two", numbers=ENOUGH)
    left = both.house.lookups().filter(pl.col("provider") == "infobip", pl.col("validity") == "unknown").height
    assert left
    later = both.house.quote("three")
    assert "(as in 100 so far)" in later.summary["expected_notes"][0]
    assert later.summary["low"] == 20 * FIRST
    assert later.summary["expected"] >= 20 * FIRST + 20 * SECOND * left // 100


def test_a_budget_for_the_first_step_does_not_refuse_it(pair) -> None:
    """What may be bought later takes no room before it is certain."""
    both = pair(numbers("NL", 4), budgets=[{"window": "month", "cap": "0.04 EUR"}])
    open_for_spending(both.house.setup, both.house.ledger)
    home = Home(both.house.setup, both.house.ledger, both.house.lake)
    made = both.house.quote()
    assert quote_json(home, made)["within_budgets"] == 4
    assert both.house.run("two").numbers >= 4


def test_who_is_stopped_is_passed_over_and_named(pair) -> None:
    """The next of the list is asked in place of a provider that somebody has stopped, and the quote says so."""
    both = pair(numbers("NL", 3))
    switch.stop(both.house.ledger, "infobip", who="anna", why="a test")
    made = both.house.quote()
    assert [(line.provider, line.step) for line in made.lines] == [("messente", 0)]
    assert any(each.startswith("infobip was stopped by anna") for each in made.summary["warnings"])


def test_two_products_of_one_set_are_asked_one_after_another(build) -> None:
    """Each for its own facts, one claim of a number at a time, and both in one run; the number is counted once."""
    want = {"carrier": "monthly", "line_type": "monthly", "reachability": "monthly", "validity": "monthly"}
    source = {"warehouse": "csv:///phones.csv", "key": "id", "phones": "phone", "want": want}
    three = {"products": ["basic", "standard", "advanced"], "batch": "1"}
    price = {"basic": "0 EUR", "standard": "0.005 EUR", "advanced": "0.04 EUR"}
    house = build(numbers("NL", 3), vendor="vonage", provider={**three, "price": price}, sources={"people": source})
    made = house.quote()
    assert [(line.product, line.step) for line in made.lines] == [("basic", 0), ("advanced", 0)]
    assert (made.numbers, made.summary["numbers"]["quoted"]) == (3, 3)
    assert not made.lines[0].facts & made.lines[1].facts
    assert house.run().lookups == 6
    assert [row["product"] for row in house.attempts("settled")] == ["basic"] * 3 + ["advanced"] * 3
    assert house.quote("two").numbers == 0


def shown(house: House) -> dict[tuple[str, str], list[Any]]:
    """What the served file says of each number and fact: status, reason, and when it may be asked again."""
    path = serve(house.setup, house.ledger, house.lake)
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            "SELECT phone_e164, fact, answer_status, answer_reason, next_attempt_at FROM phone_facts"
        ).fetchall()
    return {(phone, fact): told for phone, fact, *told in rows}


def agree(house: House) -> None:
    """What is served as due is what a quote finds due, fact by fact."""
    at = house.ledger.store.clock()
    _, frame = due_now(house.setup.config, house.ledger, house.lake, at)
    wanted, _ = judged(frame, Market.of(house.setup, at))
    due = {
        (phone, fact)
        for phone, mask in wanted.filter(~pl.col("claimed")).select("phone_e164", "due").iter_rows()
        for fact in names(mask)
    }
    waiting = {"awaiting_approval", "deferred_budget", "no_route"}
    assert {key for key, (status, *_) in shown(house).items() if status in waiting} == due


def test_what_is_served_follows_the_steps(pair) -> None:
    """Unknown at the first step is due still; unknown at the last waits; a number that is invalid waits as a whole."""
    source = {"warehouse": "csv:///phones.csv", "key": "id", "phones": "phone"}
    want = {"validity": "monthly", "reachability": "monthly"}
    both = pair(numbers("NL", 6), {"when": {"nth": 2}, **SILENT}, sources={"people": {**source, "want": want}})
    house = both.house
    house.change(routes={"default": ["infobip"]})
    agree(house)
    house.run()
    agree(house)
    silent = [row["number"] for row in house.charges()[2:4]]
    assert {shown(house)[phone, "validity"][0] for phone in silent} == {"no_data"}
    house.change(routes={"default": ["infobip", "messente"]})
    agree(house)
    waits = [shown(house)[phone, "validity"][:2] for phone in silent]
    assert waits == [["awaiting_approval", "not quoted yet"]] * 2
    house.run("two")
    agree(house)
    # What is wanted beside it of a number that is invalid is not asked for either.
    more = {"people": {**source, "want": {**want, "line_type": "monthly", "carrier": "monthly"}}}
    house.change(sources=more, unknown_for="3d")
    house.read_sources()
    agree(house)
    facts = house.lake.read("phone_facts")
    for phone in facts.filter(pl.col("validity") == "invalid")["phone_e164"]:
        assert shown(house)[phone, "line_type"][:2] == ["no_data", "the number is invalid"]


def test_an_unknown_is_asked_again_after_its_own_time(pair) -> None:
    """`unknown_for` shortens and lengthens the wait of what stayed unknown, and of nothing else."""
    both = pair(numbers("NL", 4), {"when": {"nth": 1}, **SILENT}, routes={"default": ["infobip"]})
    house = both.house
    house.run()
    unknown = {row["number"] for row in house.charges()[:2]}
    now = house.ledger.store.clock

    def due(days: int) -> set[str]:
        at = now() + days * quotes.DAY
        _, frame = due_now(house.setup.config, house.ledger, house.lake, at)
        return set(frame.filter(pl.col("due_0").and_(BIT["validity"]) != 0)["phone_e164"])

    assert (due(29), len(due(31))) == (set(), 4)
    house.change(unknown_for="7d")
    assert (due(6), due(8) >= unknown, len(due(8)) < 4, len(due(31))) == (set(), True, True, 4)
    house.change(unknown_for="90d")
    assert due(31)
    assert not due(31) & unknown
    assert len(due(91)) == 4


RULES = st.lists(
    st.sampled_from(["unknown_status", "one_missing", "drop_unread", "internal_error", "throttled"]).flatmap(
        lambda fault: st.integers(1, 6).map(lambda nth: {"when": {"nth": nth}, "fault": fault})
    ),
    max_size=4,
)


@settings(max_examples=share(16), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RULES, RULES, st.lists(st.none() | st.integers(0, 60), min_size=1, max_size=3))
def test_no_sequence_of_runs_asks_twice_or_passes_an_approval(pair, first, second, consents) -> None:
    """Whatever fails and whatever was approved: each asks once about a number, and a quote costs at most its approval.

    Approvals are in thousandths of an EUR, None is the most that a quote can cost.
    """
    both = pair(numbers("NL", 5), *first, second=tuple(second))
    house = both.house
    for place, approved in enumerate(consents):
        launch = f"run {place}"
        house.publish()
        made = house.quote(launch)
        if made.numbers and approved != 0:
            open_for_spending(house.setup, house.ledger)
            up_to = None if approved is None else Money(approved * 1_000_000, "EUR")
            approvals.approve(house.ledger, made.quote_id, up_to, who="test", why="test")
        house.buy(launch)
        house.publish()
    house.check()
    with house.ledger.store.read() as connection:
        caps = {row.quote_id: row.cap for row in connection.execute(select(APPROVAL))}
        seen = connection.execute(select(ASKED.c.subject_id, ASKED.c.product)).all()
    for quote_id, cap in caps.items():
        mine = [row for row in house.attempts() if row["quote_id"] == quote_id]
        assert sum((row["actual"] or 0) + (row["held"] if row["actual"] is None else 0) for row in mine) <= cap
    for rows in (house.charges(), both.charges()):
        assert len({row["number"] for row in rows}) == len(rows)
    assert len(set(seen)) == len(seen)
    agree(house)
