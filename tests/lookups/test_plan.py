"""From a quote to batches, and what the budgets leave of them."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ringfence.config.model import Config
from ringfence.config.rate_card import Row
from ringfence.config.rates import Rates
from ringfence.lookups.plan import limits_of, narrowed_to, outdated, plan, preview
from ringfence.lookups.routes import Market
from ringfence.money import approvals, budget, ledger, quotes
from ringfence.money.amount import Money
from ringfence.money.quotes import Line, Quote

CENT = Money(10_000_000, "EUR")
TODAY = date(2026, 11, 21)


def config(*budgets: dict[str, str], **provider: Any) -> Config:
    """A configuration with these budgets."""
    crm = {"warehouse": "csv:///a.csv", "key": "id", "phones": "p", "want": {"carrier": "monthly"}}
    infobip = {"products": "query", "price": {"query": "0.01 EUR"}, **provider}
    return Config.model_validate(
        {
            "mode": "simulate",
            "sources": {"crm": crm, "shop": crm},
            "providers": {"infobip": infobip},
            "budgets": [{"window": "month", "cap": "500 EUR"}, *budgets],
        }
    )


def market(setting: Config, *rows: Row) -> Market:
    """What may be bought today under a configuration, with a rate card of these rows."""
    return Market(setting, Rates(setting, "prices.csv", rows), TODAY)


def quoted(*lines: Line, quote_id: str = "q") -> Quote:
    """A quote of these lines."""
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    return Quote(
        quote_id=quote_id,
        created_at=now,
        expires_at=now + quotes.DAY,
        ledger_seq=0,
        launch_id="one",
        summary={"currency": "EUR"},
        lines=lines,
    )


def line(subjects: dict[int, int], country: str = "NL", source: str = "crm", facts: int = 1, price=CENT) -> Line:
    """A line; `subjects` are given with their ranks."""
    return Line(
        provider="infobip",
        product="query",
        country=country,
        source=source,
        facts=facts,
        unit_price=price,
        subjects=tuple(subjects),
        ranks=tuple(subjects.values()),
    )


LINES = st.lists(
    st.tuples(
        st.sampled_from(["NL", "DE", "GB"]),
        st.sampled_from(["crm", "shop"]),
        st.sampled_from([1, 3]),
        st.just(CENT),
        st.integers(1, 7),
    ),
    unique_by=lambda each: each[:4],
    max_size=8,
)


@given(LINES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_batches_are_alike_within_and_hold_every_number_once(drawn, random, size) -> None:
    """A batch has one price, one set of facts, one country and one source, and is never over its size."""
    total = sum(each[4] for each in drawn)
    ranks = random.sample(range(total), total)
    subjects = itertools.count()
    lines, home, rank = [], {}, {}
    for country, source, facts, price, count in drawn:
        members = {next(subjects): ranks.pop() for _ in range(count)}
        home.update(dict.fromkeys(members, (country, source, facts, price)))
        rank.update(members)
        lines.append(line(members, country, source, facts, price))
    batches = plan(market(config(batch=str(size))), quoted(*lines), lines, "consent")
    assert sorted(subject for batch in batches for subject in batch.subjects) == sorted(home)
    for batch in batches:
        assert 1 <= len(batch.subjects) <= size
        for subject in batch.subjects:
            country, source, facts, price = home[subject]
            assert (batch.facts, batch.unit_price, batch.country, batch.source) == (facts, price, country, source)
    firsts = [rank[batch.subjects[0]] for batch in batches]
    assert firsts == sorted(firsts)
    assert all(rank[a] < rank[b] for batch in batches for a, b in itertools.pairwise(batch.subjects))


def test_no_batch_is_larger_than_the_provider_allows() -> None:
    """A configured batch may be as large as the provider's limit of 1,000 numbers; without one, its default holds."""
    members = {subject: subject for subject in range(1200)}
    lines = [line(members)]
    large = plan(market(config(batch="1000")), quoted(*lines), lines, "c")
    assert [len(batch.subjects) for batch in large] == [1000, 200]
    assert {len(batch.subjects) for batch in plan(market(config()), quoted(*lines), lines, "c")} == {250, 200}


def test_a_plan_is_narrowed_to_some_numbers() -> None:
    """Only these subjects are kept, each with its rank, and a line of which nothing is left is gone."""
    lines = narrowed_to([line({1: 0, 2: 1}), line({3: 2}, facts=3)], {2})
    assert [(each.subjects, each.ranks) for each in lines] == [((2,), (1,))]


def test_a_line_of_another_price_or_a_gone_provider_is_outdated() -> None:
    """A quote is for a price of a provider; what is not that any more is named, and planned no more."""
    now = market(config())
    gone = market(config().model_copy(update={"providers": {}}))
    made = quoted(line({1: 0}), line({2: 1}, price=Money(20_000_000, "EUR")))
    assert [batch.subjects for batch, _ in outdated(now, made, made.lines)] == [(2,)]
    assert [batch.subjects for batch in plan(now, made, made.lines, "c")] == [(1,)]
    assert ["not configured any more" in why for _, why in outdated(gone, made, made.lines)] == [True, True]
    assert plan(gone, made, made.lines, "c") == []


def test_a_line_that_could_not_be_answered_is_outdated() -> None:
    """Approved while callbacks could come: without an address for them it would be paid for in vain."""
    alone = config(products=["notify"], price={"notify": "0.01 EUR"})
    made = quoted(replace(line({1: 0}), product="notify"))
    called = alone.callbacks.model_copy(update={"public_url": "https://calls.example.com"})
    reached, alone = (market(each) for each in (alone.model_copy(update={"callbacks": called}), alone))
    assert outdated(reached, made, made.lines) == []
    [(left, why)] = outdated(alone, made, made.lines)
    assert left.subjects == (1,)
    assert why.endswith("but infobip notify answers by callback: set callbacks.public_url")
    assert plan(alone, made, made.lines, "c") == []


def test_a_line_is_held_against_the_price_of_its_country_and_day() -> None:
    """A quote from before a price of one country ended buys the others, and says which price ended."""
    row = Row(2, "infobip", "query", "NL", CENT, date(2026, 1, 1), date(2026, 11, 20))
    today = market(config(), row)
    made = quoted(line({1: 0}), line({2: 1}, country="DE"))
    assert [batch.subjects for batch in plan(today, made, made.lines, "c")] == [(2,)]
    [(left, why)] = outdated(today, made, made.lines)
    assert left.subjects == (1,)
    assert "but the price of infobip query in NL ended on 2026-11-20 (prices.csv line 2)" in why


def test_money_that_is_short_buys_the_first_in_order(tmp_path) -> None:
    """The preview parts a plan where a cap ends, in the order of purchase, and writes nothing."""
    books = ledger.create(tmp_path, mode="simulate")
    ids = quotes.subjects(books, [f"+3161200000{place}" for place in range(6)])
    setting = config({"window": "day", "cap": "0.03 EUR", "country": "NL"}, batch="2")
    members = list(ids.values())
    lines = [
        line({subject: place for place, subject in enumerate(members[:5])}),
        line({members[5]: 9}, country="DE"),
    ]
    made = quoted(*lines)
    with books.store.write() as connection:
        budget.sync(connection, limits_of(setting), books.store.clock(), "test")
        quotes.save(connection, made)
    batches = plan(market(setting), made, made.lines, budget.approval_id("q"))
    assert preview(setting, books, [batches])[0] == []
    would, _ = preview(setting, books, [batches], limits_only=True)
    approvals.approve(books, "q", None, who="test", why="test")
    affordable, left = preview(setting, books, [batches])
    assert affordable == would
    assert [batch.subjects for batch in affordable] == [tuple(members[:2]), (members[2],), (members[5],)]
    assert [(each.subjects, each.status) for each in left] == [
        ((members[3],), "deferred_budget"),
        ((members[4],), "deferred_budget"),
    ]
    assert preview(setting, books, [batches]) == (affordable, left)
    assert all("0.03 EUR a day (country NL) is reached" in each.reason for each in left)
