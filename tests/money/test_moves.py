"""What becomes of attempts: a machine of all moves against a small model of the money, and the single facts."""

import tempfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ringfence.money.amount import Money, nanos
from ringfence.money.budget import limit
from ringfence.money.moves import Answered, Doubt, Settle, Stored, Void, keep_replies
from tests.money.bench import DAY, Bench, month
from tests.sizes import share

CENT = nanos("0.01")
# What a dollar is worth in EUR; None buys in EUR.
RATES = [None, None, "0.92 EUR", "1.333333333 EUR", "0.000000001 EUR"]
LIMITS = {"limit/month": "%Y-%m", "limit/day": "%Y-%m-%d", "limit/total": ""}


@dataclass
class Known:
    """An attempt as the model knows it: nanos of the budgets held while it is open, spent after it was settled.

    `price` is in the provider's currency, `cost` in that of the budgets.
    """

    numbers: list[int]
    price: int
    cost: int
    rate: Fraction
    at: int
    worker: str
    state: str = "sent"
    held: int = 0
    spent: int = 0


class Books(RuleBasedStateMachine):
    """Everything that can happen to attempts, in any order; the model knows only additions."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.caps = {"limit/month": 40 * CENT, "limit/day": 25 * CENT, "limit/total": 90 * CENT}
        self.bench = Bench(Path(self.home.name), *self._limits())
        self.known: dict[str, Known] = {}
        self.overrun = 0

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.bench.ledger.store.engine.dispose()
        self.home.cleanup()

    @rule(
        count=st.integers(1, 9),
        cents=st.sampled_from([0, 1, 1, 3]),
        worker=st.sampled_from("ab"),
        written=st.sampled_from(RATES),
    )
    def reserve(self, count: int, cents: int, worker: str, written: str | None) -> None:
        """A reservation gets exactly what the tightest cap leaves room for, in the currency of the caps."""
        rate = Fraction((written or "1 EUR").split()[0])
        price = ceil(cents * CENT * rate)
        free = min(cap - self._used(name, self.bench.now) for name, cap in self.caps.items())
        fits = count if price == 0 else max(0, min(count, free // price))
        native = f"0.0{cents} {'USD' if written else 'EUR'}"
        batch = self.bench.batch(self.bench.numbers(count), native, rate=written)
        bought, refused = self.bench.reserve(batch, worker=worker)
        assert sum(len(attempt.numbers) for attempt in bought) == fits
        assert sum(len(each.subjects) for each in refused) == count - fits
        for attempt in bought:
            assert attempt.held == fits * price
            known = Known(list(attempt.numbers), cents * CENT, price, rate, self.bench.now, worker, held=fits * price)
            self.known[attempt.attempt_id] = known
            for name, cap in self.caps.items():
                assert price == 0 or self._used(name, self.bench.now) <= cap

    @precondition(lambda self: self.known)
    @rule(data=st.data(), keep=st.integers(0, 9), share=st.sampled_from([0, 50, 100, 100, 130]))
    def settle(self, data: st.DataObject, keep: int, share: int) -> None:
        """A reply answers all or some, for less or more than was held; on a final attempt it changes nothing."""
        attempt_id, attempt = self._any(data)
        self.bench.reply(attempt_id)
        answered = attempt.numbers[:keep]
        price = (attempt.price or CENT) * share // 100
        answers = [Answered(subject, "complete", price) for subject in answered]
        made = self.bench.move(Settle(attempt_id=attempt_id, answers=answers, evidence="answered"))
        if attempt.state in ("settled", "voided") or (not answered and attempt.state == "in_doubt"):
            assert made == 0
            return
        if not answered:
            attempt.state = "in_doubt"
            return
        missing = attempt.numbers[keep:]
        if missing:
            self._residue(attempt, missing)
        spent = ceil(len(answered) * price * attempt.rate)
        self.overrun += max(0, spent - len(answered) * attempt.cost)
        attempt.numbers, attempt.state, attempt.held, attempt.spent = answered, "settled", 0, spent

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        """Evidence that nothing was paid gives back what is held, once."""
        attempt_id, attempt = self._any(data)
        made = self.bench.move(Void(attempt_id, "documented as free"))
        assert made == (attempt.state in ("sent", "in_doubt"))
        if made:
            attempt.state, attempt.held = "voided", 0

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def doubt(self, data: st.DataObject) -> None:
        """A doubt moves no money and is said once."""
        attempt_id, attempt = self._any(data)
        made = self.bench.move(Doubt(attempt_id, "no whole reply"), Doubt(attempt_id, "again"))
        assert made == (attempt.state == "sent")
        if made:
            attempt.state = "in_doubt"

    @rule(worker=st.sampled_from("ab"))
    def die(self, worker: str) -> None:
        """What a dead worker had out is in doubt, and keeps its money."""
        out = [(key, each) for key, each in self.known.items() if each.worker == worker and each.state == "sent"]
        assert self.bench.move(*(Doubt(key, "the process is gone") for key, _ in out)) == len(out)
        for _, attempt in out:
            attempt.state = "in_doubt"

    @rule(name=st.sampled_from(sorted(LIMITS)), cents=st.integers(0, 120))
    def move_a_cap(self, name: str, cents: int) -> None:
        """A cap may be set to anything, also below what is used, and a limit may be new."""
        self.caps[name] = cents * CENT
        self.bench.allow(*self._limits())

    @rule()
    def drop_or_restore_the_day(self) -> None:
        """A limit that comes back counts what was bought in its window while it was away."""
        if self.caps.pop("limit/day", None) is None:
            self.caps["limit/day"] = 25 * CENT
        self.bench.allow(*self._limits())

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        """Days pass."""
        self.bench.now += days * DAY

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def want_again(self, data: st.DataObject) -> None:
        """A number that is out is not reserved a second time."""
        _, attempt = self._any(data)
        if attempt.state in ("sent", "in_doubt"):
            assert self.bench.reserve(self.bench.batch(attempt.numbers, "0.00 EUR")) == ([], [])

    @invariant()
    def the_books_are_sound(self) -> None:
        """No invariant of the ledger is broken."""
        assert self.bench.broken() == []

    @invariant()
    def the_model_agrees(self) -> None:
        """Held, spent and overrun of every window are what the model adds up; so are the states."""
        for name, form in LIMITS.items():
            expected: dict[object, tuple[int, int]] = {}
            for attempt in self.known.values():
                start = self._start(form, attempt.at)
                held, spent = expected.get(start, (0, 0))
                expected[start] = (held + attempt.held, spent + attempt.spent)
            seen = {row[0]: row[1:3] for row in self.bench.used(name) if "until" not in str(row[0])}
            assert seen == {start: expected[start] for start in seen}
            assert name == "limit/day" or seen == expected
        assert sum(int(str(row[3])) for row in self.bench.used("limit/total")) == self.overrun
        found = dict(self.bench.rows("SELECT attempt_id, state FROM attempt"))
        assert found == {key: attempt.state for key, attempt in self.known.items()}

    def _any(self, data: st.DataObject) -> tuple[str, Known]:
        attempt_id = data.draw(st.sampled_from(list(self.known)))
        return attempt_id, self.known[attempt_id]

    def _residue(self, attempt: Known, missing: list[int]) -> None:
        (new,) = {str(each) for (each,) in self.bench.rows("SELECT attempt_id FROM attempt")} - set(self.known)
        held = len(missing) * attempt.cost
        same = (attempt.price, attempt.cost, attempt.rate, attempt.at, attempt.worker)
        self.known[new] = Known(missing, *same, "in_doubt", held)

    def _limits(self) -> list[object]:
        return [limit(name.partition("/")[2], Money(cap, "EUR"), None, None, None) for name, cap in self.caps.items()]

    def _used(self, name: str, at: int) -> int:
        start = self._start(LIMITS[name], at)
        mine = [each for each in self.known.values() if self._start(LIMITS[name], each.at) == start]
        return sum(each.held + each.spent for each in mine)

    @staticmethod
    def _start(form: str, at: int) -> str:
        # The bench's clock stands at noon UTC, which is the same day in Amsterdam.
        return datetime.fromtimestamp(at // 1_000_000, UTC).strftime(form)


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=share(30), stateful_step_count=25, deadline=None)


def test_an_overrun_is_counted_and_stops_purchases(tmp_path: Path) -> None:
    """A bill above what was held is spent in full and counted as overrun; the budget it passed buys nothing more."""
    bench = Bench(tmp_path, month("0.03 EUR"))
    bench.settle(bench.sent(2), 5 * CENT)
    assert [row[1:] for row in bench.used()] == [(0, 10 * CENT, 8 * CENT)]
    bought, (refused,) = bench.reserve(bench.batch(bench.numbers(1)))
    assert (bought, refused.status) == ([], "deferred_budget")
    assert bench.broken() == []


def test_a_residue_of_a_residue_belongs_to_what_was_sent(tmp_path: Path) -> None:
    """However often a reply leaves numbers out, the rest belongs to the attempt that was sent and has its replies."""
    bench = Bench(tmp_path)
    sent = bench.sent(3)
    bench.reply(sent.attempt_id)
    attempt_id = sent.attempt_id
    for subject in sent.numbers:
        bench.move(Settle(attempt_id=attempt_id, answers=[Answered(subject, "complete", CENT)], evidence="answered"))
        left = bench.rows("SELECT attempt_id, residue_of, held FROM attempt WHERE state = 'in_doubt'")
        if left:
            attempt_id, residue_of, _ = (str(each) for each in left[0])
            assert residue_of == sent.attempt_id
    assert bench.rows("SELECT state, held, actual, numbers FROM attempt") == [("settled", CENT, CENT, 1)] * 3
    assert bench.rows("SELECT * FROM claim") == []
    assert bench.broken() == []


def test_settlements_are_numbered_without_gaps(tmp_path: Path) -> None:
    """Each settlement gets the next number, voids and doubts none, so that the lake can ask for what is new."""
    bench = Bench(tmp_path)
    first, second, third, fourth = (bench.sent(1) for _ in range(4))
    bench.settle(first, 1)
    bench.move(
        Void(second.attempt_id, "free"),
        Settle(attempt_id=third.attempt_id, answers=[], evidence="nothing in it"),
        Settle(
            attempt_id=fourth.attempt_id,
            answers=[Answered(subject, "no_data", 0) for subject in fourth.numbers],
            evidence="paid_lost: told so",
            request_ref="ref-4",
        ),
    )
    assert bench.state(third.attempt_id) == "in_doubt"
    query = "SELECT settled_seq, request_ref, hex(outcomes) FROM attempt WHERE state = 'settled' ORDER BY 1"
    assert bench.rows(query) == [(1, None, "00"), (2, "ref-4", "02")]
    assert bench.ledger.settled_seq() == 2


def test_an_answer_about_somebody_else_settles_nothing(tmp_path: Path) -> None:
    """A decision that names only numbers that were not asked is a doubt: it spends nothing and frees nothing."""
    bench = Bench(tmp_path)
    attempt, other = bench.sent(1), bench.numbers(1)
    strange = [Answered(other[0], "complete", 99 * CENT)]
    assert bench.move(Settle(attempt_id=attempt.attempt_id, answers=strange, evidence="e")) == 1
    assert bench.state(attempt.attempt_id) == "in_doubt"
    assert bench.used()[0][1:] == (CENT, 0, 0)


def test_the_first_of_two_moves_in_one_transaction_counts(tmp_path: Path) -> None:
    """Within a transaction an attempt is moved once, so that no money moves twice."""
    bench = Bench(tmp_path)
    attempt = bench.sent(1)
    assert bench.move(Void(attempt.attempt_id, "free"), Void(attempt.attempt_id, "free")) == 1
    assert bench.used()[0][1:] == (0, 0, 0)
    assert bench.broken() == []


@pytest.mark.parametrize("final", ["settled", "voided"])
def test_a_late_reply_is_kept_and_changes_no_final_state(tmp_path: Path, final: str) -> None:
    """Storing is never refused, also after the end; the same bytes are kept once, other bytes beside them."""
    bench = Bench(tmp_path)
    attempt = bench.sent(1)
    if final == "settled":
        bench.settle(attempt, CENT)
    else:
        bench.move(Void(attempt.attempt_id, "free"))
    for body in (b"late", b"late", b"later"):
        bench.reply(attempt.attempt_id, body)
    before = bench.used()
    late = [Answered(subject, "complete", 9 * CENT) for subject in attempt.numbers]
    assert bench.move(Settle(attempt_id=attempt.attempt_id, answers=late, evidence="late")) == 0
    assert bench.state(attempt.attempt_id) == final
    assert bench.used() == before
    assert bench.rows("SELECT count(*) FROM reply")[0][0] == (3 if final == "settled" else 2)


def test_a_reply_is_kept_whole_and_without_an_unkeyed_digest(tmp_path: Path) -> None:
    """The bytes come back as they came in, compressed; two ledgers give the same bytes different digests."""
    body = b'{"results":[{"to":"31612345678"}]}' * 100
    macs = set()
    for name in ("one", "two"):
        bench = Bench(tmp_path / name)
        attempt = bench.sent(1)
        with bench.ledger.store.write() as connection:
            keep_replies(
                connection, bench.ledger, [Stored(attempt.attempt_id, "response", 200, {"date": "x"}, body, False)]
            )
        ((stored, mac, headers, complete),) = bench.rows("SELECT body, mac, headers, complete FROM reply")
        macs.add(mac)
        assert zlib.decompress(bytes(stored)) == body  # type: ignore[arg-type]
        assert len(bytes(stored)) < len(body) / 10  # type: ignore[arg-type]
        assert (headers, complete) == ('{"date": "x"}', 0)
    assert len(macs) == 2
