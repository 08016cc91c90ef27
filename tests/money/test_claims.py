"""One number is bought once: claims while a lookup is open, and what counts as asked after it."""

from pathlib import Path

import pytest
from sqlalchemy import text

from ringfence.money.batch import Batch
from ringfence.money.moves import Answered, Doubt, Settle, Void
from ringfence.money.still_due import still_due
from tests.money.bench import Bench


def test_a_number_has_one_open_lookup_whoever_the_provider_is(tmp_path: Path) -> None:
    """A number that is out is dropped from every other batch without a word, of another run, quote or provider too."""
    bench = Bench(tmp_path)
    numbers = bench.numbers(3)
    (first, second), refused = bench.reserve(
        bench.batch(numbers[:2]), bench.batch(numbers, provider="vonage", quote_id="quote-2")
    )
    assert (list(first.numbers), list(second.numbers), refused) == ([*numbers[:2]], [numbers[2]], [])
    assert bench.reserve(bench.batch(numbers, provider="messente")) == ([], [])
    assert bench.used()[0][1] == first.held + second.held
    assert bench.broken() == []


def test_a_batch_asks_for_a_number_once(tmp_path: Path) -> None:
    """A number that stands twice in a batch is held, paid and asked once."""
    bench = Bench(tmp_path)
    (number,) = bench.numbers(1)
    ((attempt,), _) = bench.reserve(bench.batch((number, number)))
    assert (list(attempt.numbers), attempt.held) == ([number], 10_000_000)


def test_a_second_quote_for_the_same_number_buys_nothing(tmp_path: Path) -> None:
    """Of two quotes that both hold a number the second drops it, though the first purchase is long settled."""
    bench = Bench(tmp_path)
    numbers = bench.numbers(2)
    first, second = (bench.batch(numbers, quote_id=quote) for quote in ("quote-1", "quote-2"))
    ((attempt,), _) = bench.reserve(first)
    bench.settle(attempt, 1)
    assert bench.reserve(second) == ([], [])
    later = bench.batch(numbers, quote_id="quote-3")
    assert len(bench.reserve(later)[0]) == 1, "a quote that knew of the purchase and wants it again may have it"


def test_a_number_is_dropped_only_when_all_it_is_wanted_for_was_asked(tmp_path: Path) -> None:
    """Asking one fact since the quote does not cover the other; asking both, at two providers, does."""
    bench = Bench(tmp_path)
    numbers = bench.numbers(1)
    wanted = bench.batch(numbers, facts=0b11, answers=0b11)
    bench.settle(bench.reserve(bench.batch(numbers, facts=0b01, answers=0b01))[0][0], 1)
    assert _due(bench, wanted)
    bench.settle(bench.reserve(bench.batch(numbers, facts=0b10, answers=0b10, provider="vonage"))[0][0], 1)
    assert not _due(bench, wanted)


@pytest.mark.parametrize("outcome", ["complete", "partial", "no_data", "rejected_number", "no_coverage", "paid_lost"])
def test_every_answer_counts_as_asked(tmp_path: Path, outcome: str) -> None:
    """Whatever the answer was, and whether it cost something or not, the same quote does not buy it again."""
    bench = Bench(tmp_path)
    batch = bench.batch(bench.numbers(1))
    bench.settle(bench.reserve(batch)[0][0], 0, outcome, billed=False)
    assert not _due(bench, batch)


def test_a_voided_number_is_due_at_once(tmp_path: Path) -> None:
    """What provably cost nothing was not asked: the same quote may buy it again, as a new attempt."""
    bench = Bench(tmp_path)
    batch = bench.batch(bench.numbers(2))
    ((attempt,), _) = bench.reserve(batch)
    bench.move(Void(attempt.attempt_id, "never sent: refused"))
    assert len(_due(bench, bench.batch(batch.subjects, retry_of=attempt.attempt_id))) == 2
    assert bench.broken() == []


def test_a_doubtful_number_stays_claimed(tmp_path: Path) -> None:
    """A number that may have been paid is not bought again, in a doubt or in the residue of a reply."""
    bench = Bench(tmp_path)
    doubtful, short = bench.sent(1), bench.sent(2)
    kept, left = short.numbers
    bench.reply(short.attempt_id)
    answers = [Answered(kept, "complete", 1)]
    bench.move(
        Doubt(doubtful.attempt_id, "no reply"), Settle(attempt_id=short.attempt_id, answers=answers, evidence="e")
    )
    assert bench.reserve(bench.batch([*doubtful.numbers, left])) == ([], [])


def test_an_unbilled_failure_is_due_again_until_the_third_in_a_row(tmp_path: Path) -> None:
    """A failure that cost nothing leaves the number due, twice; the third counts as asked."""
    bench = Bench(tmp_path)
    batch = bench.batch(bench.numbers(1))
    seen = []
    while attempts := bench.reserve(batch)[0]:
        bench.now += 1
        bench.settle(attempts[0], 0, "failed", billed=False)
        seen += bench.rows("SELECT failures, asked_at = :now, seq > 0 FROM asked", now=bench.now)
    assert seen == [(1, 0, 0), (2, 0, 0), (3, 1, 1)]


def test_an_answer_ends_a_row_of_failures(tmp_path: Path) -> None:
    """Failures count in a row: after an answer there are two more chances, and the answer's time is kept."""
    bench = Bench(tmp_path)
    numbers = bench.numbers(1)
    for outcome in ("failed", "failed", "complete", "failed", "failed"):
        if outcome == "complete":
            bench.now += 1
            answered_at = bench.now
        ((attempt,), _) = bench.reserve(bench.batch(numbers))
        bench.settle(attempt, 0, outcome, billed=outcome == "complete")
    assert bench.rows("SELECT failures, asked_at, seq FROM asked") == [(2, answered_at, 3)]


def test_a_billed_failure_counts_as_asked(tmp_path: Path) -> None:
    """A failure that cost money is not paid for again."""
    bench = Bench(tmp_path)
    batch = bench.batch(bench.numbers(1))
    bench.settle(bench.reserve(batch)[0][0], 1, "failed")
    assert not _due(bench, batch)


def test_an_erased_number_is_not_bought(tmp_path: Path) -> None:
    """A number that was erased after the quote is dropped; the others of its batch are bought."""
    bench = Bench(tmp_path)
    erased, kept = bench.numbers(2)
    with bench.ledger.store.write() as connection:
        connection.execute(text("DELETE FROM subject WHERE subject_id = :id"), {"id": erased})
    assert _due(bench, bench.batch((erased, kept))) == [kept]


def _due(bench: Bench, batch: Batch) -> list[int]:
    """What a reservation would take of a batch."""
    with bench.ledger.store.read() as connection:
        [(_, numbers)] = still_due(connection, [batch], ())
        return list(numbers)
