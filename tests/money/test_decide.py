"""What a person decides about open attempts: exact money, no state that may not be, and every invariant afterwards."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import update

from ringfence.errors import MoneyError, RingfenceError
from ringfence.lake import views
from ringfence.lookups.recover import assume_billed
from ringfence.lookups.replies import answered
from ringfence.lookups.serve import serve
from ringfence.money import switch
from ringfence.money.amount import LARGEST, Money
from ringfence.money.decide import Decision, decide, decide_all, open_attempts, shares
from ringfence.money.moves import Answered, Doubt, Settle
from ringfence.money.reserve import Reserved
from ringfence.money.schema import ATTEMPT
from tests.lookups.conftest import Build, build, numbers
from tests.lookups.test_serve import ask
from tests.lookups.test_spend import _reporting
from tests.money.bench import SECOND, Bench
from tests.sizes import share

__all__ = ["build"]
CENT = 10_000_000


def billed(cost: str | None) -> Decision:
    """Somebody has found it on the invoice; without an amount, at list price."""
    return Decision(who="ada", because="on the invoice", cost=Money.parse(cost) if cost else None)


# What looks like numbers, ids, times and amounts of money, and what is none.
REASONS = st.text("+0123456789 .,-:/TZabcEUR\u0663")
VOIDED = Decision(who="ada", because="not on the invoice", voided=True)


def doubtful(bench: Bench, count: int, **changes: object) -> Reserved:
    """An attempt of unknown outcome."""
    attempt = bench.sent(count, **changes)  # type: ignore[arg-type]
    bench.move(Doubt(attempt.attempt_id, "no whole reply"))
    return attempt


class Decisions(RuleBasedStateMachine):
    """Attempts come to be in doubt in every way, and people decide them in any order, rightly and wrongly."""

    def __init__(self) -> None:
        super().__init__()
        self.home = TemporaryDirectory()
        self.bench = Bench(Path(self.home.name))
        self.open: dict[str, int] = {}
        self.sent: dict[str, Reserved] = {}
        self.final: list[str] = []
        self.spent = 0
        self.cost: dict[str, int] = {}

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.bench.ledger.store.engine.dispose()
        self.home.cleanup()

    @rule(count=st.integers(1, 5), price=st.sampled_from(["0.01 EUR", "0.000000007 EUR", "0.00 EUR"]))
    def send(self, count: int, price: str) -> None:
        """A request goes out."""
        attempt = self.bench.sent(count, price)
        self.sent[attempt.attempt_id] = attempt

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), state=st.sampled_from(["in_doubt", "awaiting"]))
    def lose(self, data: st.DataObject, state: str) -> None:
        """Its reply does not come, or later."""
        attempt = self.sent.pop(data.draw(st.sampled_from(sorted(self.sent))))
        with self.bench.ledger.store.write() as connection:
            changed = update(ATTEMPT).where(ATTEMPT.c.attempt_id == attempt.attempt_id)
            connection.execute(changed.values(state=state, evidence="no whole reply"))
        self.open[attempt.attempt_id] = attempt.held

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def answer_in_part(self, data: st.DataObject) -> None:
        """Only the first of its numbers is answered; the others go on in doubt."""
        attempt = self.sent.pop(data.draw(st.sampled_from(sorted(self.sent))))
        price = attempt.batch.unit_price.amount
        self.bench.reply(attempt.attempt_id)
        answers = [Answered(next(iter(attempt.numbers)), "complete", price)]
        self.bench.move(Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered"))
        self.spent += price
        self.final.append(attempt.attempt_id)
        for residue, held in self.bench.rows(
            "SELECT attempt_id, held FROM attempt WHERE residue_of = :id", id=attempt.attempt_id
        ):
            self.open[str(residue)] = int(str(held))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), cost=st.none() | st.integers(0, 6 * CENT), voided=st.booleans(), because=REASONS)
    def decide_one(self, data: st.DataObject, cost: int | None, voided: bool, because: str) -> None:  # noqa: FBT001
        """A person decides one of them."""
        attempt_id = data.draw(st.sampled_from(sorted(self.open)))
        amount = None if cost is None or voided else Money(cost, "EUR")
        done = decide(
            self.bench.ledger, attempt_id, Decision(who="ada", because=because, cost=amount, voided=voided), answered
        )
        held = self.open.pop(attempt_id)
        self.cost[attempt_id] = 0 if voided else held if cost is None else cost
        self.spent += self.cost[attempt_id]
        self.final.append(attempt_id)
        assert done.attempts == 1

    @rule(voided=st.booleans())
    def decide_the_rest(self, voided: bool) -> None:  # noqa: FBT001
        """A person decides everything of the provider at once."""
        self.bench.now += SECOND
        decision = VOIDED if voided else billed(None)
        done = decide_all(self.bench.ledger, "infobip", self.bench.now, decision, answered)
        assert done.attempts == len(self.open)
        self.spent += 0 if voided else sum(self.open.values())
        self.final += self.open
        self.open.clear()

    @rule()
    def give_up_waiting(self) -> None:
        """Time counts as spent what is in doubt, and leaves alone what is awaited."""
        self.bench.now += SECOND
        awaiting = {str(row[0]) for row in self.bench.rows("SELECT attempt_id FROM attempt WHERE state = 'awaiting'")}
        given_up = self.open.keys() - awaiting
        assert assume_billed(self.bench.ledger, 0) == len(given_up)
        self.spent += sum(self.open.pop(attempt_id) for attempt_id in given_up)
        self.final += given_up

    @precondition(lambda self: self.final or self.sent)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """What is final, or out, is not decided."""
        attempt_id = data.draw(st.sampled_from(sorted([*self.final, *self.sent])))
        with pytest.raises(RingfenceError):
            decide(self.bench.ledger, attempt_id, VOIDED, answered)

    @invariant()
    def the_books_are_right(self) -> None:
        """Every invariant holds, and held and spent are what the decisions say."""
        assert self.bench.broken() == []
        held = sum(self.open.values()) + sum(each.held for each in self.sent.values())
        used = self.bench.used()
        assert [row[1:3] for row in used] in ([], [(held, self.spent)])


TestDecisions = Decisions.TestCase
TestDecisions.settings = settings(max_examples=share(20), stateful_step_count=20, deadline=None)


@given(st.integers(0, LARGEST), st.integers(1, 1000))
def test_an_amount_is_shared_without_loss(amount: int, count: int) -> None:
    """The parts add up to the nano, and none is more than a nano larger than another."""
    parts = shares(amount, count)
    assert (len(parts), sum(parts)) == (count, amount)
    assert max(parts) - min(parts) <= 1


def test_a_decision_is_journalled_and_frees_or_keeps(tmp_path: Path) -> None:
    """Who and why stand in the journal, numbers masked; voided numbers may be bought at once, settled ones not."""
    bench = Bench(tmp_path)
    settled, voided = doubtful(bench, 3), doubtful(bench, 2)
    before = bench.ledger.settled_seq()
    told = Decision(who="ada", because="invoice of +31612345678", cost=Money.parse("0.010000001 EUR"))
    done = decide(bench.ledger, settled.attempt_id, told, answered)
    assert (done.attempts, done.numbers, list(done.amounts)) == (1, 3, [Money(CENT + 1, "EUR")])
    assert list(decide(bench.ledger, voided.attempt_id, VOIDED, answered).amounts) == [Money(2 * CENT, "EUR")]
    assert bench.rows("SELECT event, who, why, spent, held FROM journal WHERE who = 'ada' ORDER BY seq") == [
        ("settled", "ada", "paid_lost: ada decided: invoice of +31*****678", CENT + 1, -3 * CENT),
        ("voided", "ada", "ada decided: not on the invoice", 0, -2 * CENT),
    ]
    numbers = [*settled.numbers, *voided.numbers]
    ((again,), _) = bench.reserve(bench.batch(numbers, ledger_seq=before))
    assert list(again.numbers) == list(voided.numbers)
    assert bench.broken() == []


def test_only_what_may_be_decided_is(tmp_path: Path) -> None:
    """Each mistake is one sentence, and changes nothing."""
    bench = Bench(tmp_path)
    out, doubt, gone = bench.sent(1), doubtful(bench, 1), doubtful(bench, 1)
    decide(bench.ledger, gone.attempt_id, VOIDED, answered)
    before = bench.used()
    for attempt_id, decision, sentence in (
        ("nonsense", VOIDED, "there is no attempt 'nonsense'"),
        (out.attempt_id, VOIDED, "is out now and its reply may come"),
        (gone.attempt_id, billed(None), "is voided already"),
        (doubt.attempt_id, billed("0.01 USD"), "is booked in EUR: say what 0.01 USD was in EUR"),
        (doubt.attempt_id, billed("-0.01 EUR"), "less than nothing"),
    ):
        with pytest.raises(RingfenceError, match=sentence):
            decide(bench.ledger, attempt_id, decision, answered)
    assert bench.used() == before
    assert bench.state(doubt.attempt_id) == "in_doubt"
    with pytest.raises(MoneyError):
        decide(bench.ledger, doubt.attempt_id, billed("0.01 USD"), answered)


def test_a_decision_about_many_takes_only_what_it_names(tmp_path: Path) -> None:
    """What is out, what was asked later and what another provider was asked stay as they are."""
    bench = Bench(tmp_path)
    early, out = doubtful(bench, 2), bench.sent(1)
    other = doubtful(bench, 1, provider="vonage")
    bench.now += SECOND
    late = doubtful(bench, 1)
    done = decide_all(bench.ledger, "infobip", bench.now, billed(None), answered)
    assert (done.attempts, done.numbers, list(done.amounts)) == (1, 2, [Money(2 * CENT, "EUR")])
    with bench.ledger.store.read() as connection:
        left = [row["attempt_id"] for row in open_attempts(connection)]
    assert (set(left[:2]), left[2]) == ({out.attempt_id, other.attempt_id}, late.attempt_id)
    assert bench.state(early.attempt_id) == "settled"
    assert decide_all(bench.ledger, "infobip", bench.now, billed(None), answered).attempts == 0
    assert bench.broken() == []


def test_a_decided_bill_above_the_price_is_an_overrun_and_stops_the_provider(tmp_path: Path) -> None:
    """What somebody found on the invoice counts as what a reply says: in full, as overrun, and with a stop."""
    bench = Bench(tmp_path)
    decide(bench.ledger, doubtful(bench, 2).attempt_id, billed("0.02 EUR"), answered)
    with bench.ledger.store.read() as connection:
        assert switch.stops(connection) == {}
    decide(bench.ledger, doubtful(bench, 2).attempt_id, billed("0.05 EUR"), answered)
    assert bench.used()[0][1:] == (0, 7 * CENT, 3 * CENT)
    with bench.ledger.store.read() as connection:
        assert "billed 0.025 EUR for a number" in switch.stops(connection)["infobip"]
    assert bench.broken() == []


@pytest.mark.parametrize("cost", [None, "0.00 EUR", "0.025 EUR", "time"])
def test_a_decision_is_served_to_the_nano(build: Build, cost: str | None) -> None:
    """Once published, the numbers are shown as paid in vain, the costs by number add up, and every check holds."""
    house = build(numbers("NL", 6), {"when": {"nth": 2}, "fault": "not_http"})
    house.run()
    (lost,) = house.attempts("in_doubt")
    if cost == "time":
        cost, basis = None, "list_price"
        assert assume_billed(house.ledger, -1) == 1
    else:
        basis = "decided"
        decide(house.ledger, lost["attempt_id"], billed(cost), answered)
    assert house.run("two").numbers == 0
    assert house.publish() == 0
    path = serve(house.setup, house.ledger, house.lake)
    expected = 2 * CENT if cost is None else Money.parse(cost).amount
    costs = ask(path, "SELECT * FROM lookup_costs WHERE attempt_id = ? AND entry_type = 'settle'", lost["attempt_id"])
    assert [int(row.amount.scaleb(9)) for row in costs] == shares(expected, 2)
    assert {row.basis for row in costs} == {basis}
    mine = "SELECT DISTINCT answer_status, answer_reason FROM phone_facts WHERE phone_e164 IN (?, ?)"
    assert [vars(row) for row in ask(path, mine, *(row.phone_e164 for row in costs))] == [
        {"answer_status": "no_data", "answer_reason": "paid_lost"}
    ]
    assert [each.name for each in views.checks(path) if each.rows] == []


def test_an_answer_that_can_be_read_after_all_is_kept(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply in another currency was in doubt for its price: decided, it is published, and costs nothing more."""
    _reporting(monkeypatch, CENT, "USD")
    house = build(numbers("NL", 2))
    house.run()
    decide(house.ledger, house.attempts()[0]["attempt_id"], billed("0.03 EUR"), answered)
    assert house.publish() == 2
    path = serve(house.setup, house.ledger, house.lake)
    (costs,) = ask(path, "SELECT sum(amount) AS spent FROM lookup_costs WHERE entry_type = 'settle'")
    assert costs.spent.scaleb(9) == 3 * CENT
    known = ask(path, "SELECT * FROM phone_facts WHERE fact = 'validity' AND value <> 'unknown'")
    assert {row.answer_status for row in known} == {"answered"}
    assert [each.name for each in views.checks(path) if each.rows] == []
