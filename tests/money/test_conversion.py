"""Converting never makes money of nothing nor loses any: always up, by less than a nano, and parts add up."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.lookups.replies import answered
from ringfence.money.amount import LARGEST, Money, nanos
from ringfence.money.conversion import converted, cost, counted, held_for
from ringfence.money.decide import Decision, decide
from ringfence.money.moves import Answered, Settle, Void
from ringfence.money.sums import by_quote, of_launch
from tests.money.bench import Bench, month

amounts = st.integers(0, LARGEST)
rates = st.integers(1, 10**13).map(lambda rate: str(Money(rate, "EUR")))


@given(amounts, rates)
def test_a_conversion_is_up_by_less_than_a_nano(amount: int, rate: str) -> None:
    """Exactly the least whole number of nanos that is enough."""
    exact = amount * nanos(rate.removesuffix(" EUR"))
    assert exact <= converted(amount, rate) * 10**9 < exact + 10**9


@given(st.lists(amounts, min_size=1, max_size=9), st.integers(0, 10**9), rates)
def test_what_is_held_is_enough_for_what_is_spent(parts: list[int], more: int, rate: str) -> None:
    """If no number costs more than its price, the whole costs no more than what its numbers held."""
    price = max(parts) + more
    assert converted(sum(parts), rate) <= held_for(len(parts) * price, price, rate)


@given(st.integers(1, 10**12), st.integers(0, 500), st.integers(0, 500), rates)
def test_the_parts_of_an_attempt_hold_what_it_held(price: int, one: int, other: int, rate: str) -> None:
    """However it is split by numbers, to the nano; without a rate nothing is converted."""
    assert held_for((one + other) * price, price, rate) == held_for(one * price, price, rate) + held_for(
        other * price, price, rate
    )
    assert held_for(one * price, price, None) == one * price
    assert cost(Money(price, "USD"), None) == Money(price, "USD")
    assert cost(Money(price, "USD"), rate) == Money(converted(price, rate), "EUR")
    assert (counted("USD", None), counted("USD", rate)) == ("USD", "EUR")


def test_a_foreign_purchase_counts_in_the_currency_of_the_caps(tmp_path: Path) -> None:
    """The attempt is in dollars, its holds and counters in euros; the cap admits what fits at the converted price."""
    bench = Bench(tmp_path, month("0.05 EUR"))
    batch = bench.batch(bench.numbers(9), "0.01 USD", rate="0.92 EUR", terms='[["","no_data",1]]')
    ((attempt,), (refused,)) = bench.reserve(batch)
    assert (len(attempt.numbers), len(refused.subjects), attempt.held) == (5, 4, 46_000_000)
    query = "SELECT currency, unit_price, held, rate, terms FROM attempt"
    assert bench.rows(query) == [("USD", 10_000_000, 50_000_000, "0.92 EUR", '[["","no_data",1]]')]
    assert bench.rows("SELECT DISTINCT currency, held FROM counter") == [("EUR", 46_000_000)]
    assert bench.rows("SELECT held FROM journal WHERE event = 'reserved'") == [(50_000_000,)]
    first = list(attempt.numbers)[:2]
    bench.reply(attempt.attempt_id)
    answers = [Answered(subject, "complete", 9_999_999) for subject in first]
    bench.move(Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered"))
    # 0.019999998 USD are 0.01839999816 EUR, of which the last nano is counted whole.
    assert [row[1:] for row in bench.used()] == [(27_600_000, 18_399_999, 0)]
    assert bench.rows("SELECT state, rate, terms FROM attempt WHERE residue_of IS NOT NULL") == [
        ("in_doubt", "0.92 EUR", '[["","no_data",1]]')
    ]
    with bench.ledger.store.read() as connection:
        assert of_launch(connection, "launch-1") == by_quote(connection)["quote-1"] == (18_399_999, 27_600_000)
    assert bench.broken() == []


@pytest.mark.parametrize("how", ["settled", "voided", "at its price"])
def test_a_person_decides_in_the_currency_of_the_bill(tmp_path: Path, how: str) -> None:
    """What the invoice says is entered as it is and counted at the frozen rate."""
    bench = Bench(tmp_path)
    attempt = bench.sent(3, "0.01 USD", rate="0.333333333 EUR")
    bench.move(Settle(attempt_id=attempt.attempt_id, answers=[], evidence="nothing in it"))
    said = {"settled": {"cost": Money(10_000_001, "USD")}, "voided": {"voided": True}, "at its price": {}}[how]
    decide(bench.ledger, attempt.attempt_id, Decision(who="ada", because="invoice", **said), answered)
    spent = {"settled": 3_333_334, "voided": 0, "at its price": 10_000_000}[how]
    assert [row[1:] for row in bench.used()] == [(0, spent, 0)]
    assert bench.broken() == []


def test_a_limit_that_is_new_counts_foreign_purchases_too(tmp_path: Path) -> None:
    """What was bought before a cap was set counts at its own rate; purchases that count elsewhere do not."""
    bench = Bench(tmp_path)
    bench.settle(bench.sent(2, "0.01 USD", rate="0.5 EUR"), 9_999_999)
    bench.sent(1, "0.01 USD", rate="0.25 EUR")
    bench.move(Void(bench.sent(1, "9 USD", rate="0.25 EUR").attempt_id, "free"))
    bench.sent(1, "0.00 USD")
    bench.allow(month("9 EUR"), month("0.03 EUR", provider="infobip"))
    ((attempt,), (refused,)) = bench.reserve(bench.batch(bench.numbers(9), "0.01 USD", rate="0.9 EUR"))
    assert (len(attempt.numbers), len(refused.subjects)) == (1, 8)
    assert [row[1:] for row in bench.used("limit/month/provider=infobip")] == [(11_500_000, 9_999_999, 0)]
    assert bench.broken() == []
