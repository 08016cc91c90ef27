"""Balances against an account that really moves: our own doing never raises an alarm, somebody else's does."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.lookups.replies import answered
from ringfence.money import balance
from ringfence.money.amount import Money, nanos
from ringfence.money.balance import Said, fallen, note
from ringfence.money.crosscheck import hints
from ringfence.money.decide import Decision, decide
from ringfence.money.moves import Answered, Doubt, Settle, Void
from ringfence.money.reserve import Reserved
from tests import figures
from tests.money.bench import SECOND, Bench, month

CENT = nanos("0.01")
DAY = 86_400 * SECOND


class Account:
    """A vendor's account with requests on the way there and back; every reply says what is left at its moment."""

    def __init__(self, bench: Bench, luck: random.Random | None = None) -> None:
        self.bench = bench
        self.left = 100_000 * CENT
        self.luck = luck or random.Random(0)
        self.sent: list[Reserved] = []
        self.back: list[tuple[Reserved, int, int | None]] = []
        self.told: list[str] = []

    def send(self, count: int = 1, price: str = "0.04 EUR") -> Reserved:
        """Reserve and send a request."""
        attempt = self.bench.sent(count, price, provider="vonage", product="advanced")
        self.sent.append(attempt)
        return attempt

    def work(self, attempt: Reserved, *, price: int | None = None, reply: bool = True) -> None:
        """The vendor works on a request: it charges, and its reply, if there is one, is on the way."""
        self.sent.remove(attempt)
        cost = attempt.held if price is None else price
        self.left -= cost
        self.back.append((attempt, cost, self.left if reply else None))

    def take(self, place: int = 0) -> None:
        """A reply arrives: it is settled and its balance noted, in one transaction after another."""
        attempt, cost, left = self.back.pop(place)
        self.bench.now += 2 * SECOND
        if left is None:
            self.bench.move(Doubt(attempt.attempt_id, "no whole reply"))
            return
        self.bench.reply(attempt.attempt_id, attempt.attempt_id.encode())
        each, rest = divmod(cost, len(attempt.numbers))
        amounts = [each + (place < rest) for place in range(len(attempt.numbers))]
        answers = [Answered(one, "complete", amount) for one, amount in zip(attempt.numbers, amounts, strict=True)]
        self.bench.move(Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered"))
        self.hear(Said(attempt.attempt_id, "vonage", Money(left, "EUR")))

    def hear(self, said: Said) -> None:
        """Note a balance."""
        with self.bench.ledger.store.write() as connection:
            self.told += note(connection, self.bench.now, "worker-1", [said])

    def ask(self, count: int = 1) -> None:
        """A whole exchange, undisturbed."""
        self.work(self.send(count))
        self.take(-1)

    def hint(self, attempt: Reserved) -> str | None:
        """What the balances say of a doubt."""
        with self.bench.ledger.store.read() as connection:
            return hints(connection, [attempt.attempt_id]).get(attempt.attempt_id)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account that nobody else has."""
    return Account(Bench(tmp_path, month("1000000 EUR")))


def course(account: Account, moves: int) -> None:
    """Requests of any size that overtake each other on the way there and back, get lost, cost less, or are voided."""
    luck = account.luck
    for _ in range(moves):
        what = luck.random()
        if what < 0.35 or not (account.sent or account.back):
            account.send(luck.randint(1, 5))
        elif what < 0.7 and account.sent:
            attempt = luck.choice(account.sent)
            account.work(attempt, price=luck.choice([None, 0, attempt.held // 2]), reply=luck.random() < 0.85)
        elif what < 0.73 and account.sent:
            attempt = account.sent.pop(luck.randrange(len(account.sent)))
            account.bench.move(Void(attempt.attempt_id, "never sent"))
        elif what < 0.76:
            account.left += luck.randint(0, 50) * CENT
        elif account.back:
            account.take(luck.randrange(len(account.back)))


@pytest.mark.parametrize("courses", [12, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.parametrize("settlements", [3, 1_000])
def test_our_own_requests_raise_no_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, courses: int, settlements: int
) -> None:
    """In any order of replies, with any number of requests out, and whatever is lost: nothing is told."""
    monkeypatch.setattr(balance, "SETTLEMENTS", settlements)
    for seed in range(courses):
        bench = Bench(tmp_path / str(seed), month("1000000 EUR"))
        account = Account(bench, random.Random(seed))
        course(account, 60)
        assert account.told == [], f"seed {seed}"
        bench.ledger.store.close()
    figures.tell("balances", courses=courses)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_what_somebody_else_takes_is_told(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """More than can be our own doing since is missing: it is told once, by at least a part of what was taken."""
    bench = Bench(tmp_path_factory.mktemp("account"), month("1000000 EUR"))
    account = Account(bench, random.Random(seed))
    account.ask()
    account.left -= 10_000 * CENT
    course(account, 30)
    while account.sent:
        account.work(account.sent[0])
    while account.back:
        account.take()
    assert len(account.told) == 1
    (told,) = account.told
    assert "the account at vonage has fallen from 999.96 EUR" in told
    assert "somebody else spends on it, or it bills more than it tells" in told
    with bench.ledger.store.read() as connection:
        assert fallen(connection, bench.now) == account.told
        assert fallen(connection, bench.now + 8 * DAY) == []
    assert bench.broken() == []


def test_a_provider_that_bills_more_than_it_tells(account: Account) -> None:
    """A cent more for each than the reply states adds up until it is more than what may be on its way."""
    account.ask()
    for _ in range(12):
        account.left -= CENT
        account.ask()
    assert len(account.told) >= 1
    assert "more than the ledger can count" in account.told[0]


def test_a_top_up_begins_anew(account: Account) -> None:
    """Money that is paid in hides nothing that is taken after it."""
    account.ask()
    account.left += 5_000 * CENT
    account.ask()
    assert account.told == []
    account.left -= 100 * CENT
    account.ask()
    assert len(account.told) == 1


def test_other_currencies_and_providers_are_other_accounts(account: Account) -> None:
    """What is left elsewhere is held against nothing here."""
    account.ask()
    attempt = account.send()
    for provider, left in (("kpn", "1 EUR"), ("vonage", "1 USD"), ("kpn", "0.50 EUR")):
        account.hear(Said(attempt.attempt_id, provider, Money.parse(left)))
    assert account.told == []


def test_it_is_not_looked_at_at_every_turn(account: Account) -> None:
    """Replies within a second are one: of several the last counts, and the next look is a second later."""
    account.ask()
    account.left -= 100 * CENT
    for count, pause in enumerate((0, SECOND // 2, SECOND)):
        attempt = account.send()
        account.work(attempt)
        account.bench.now += pause
        account.back.pop()
        account.hear(Said(attempt.attempt_id, "vonage", Money(account.left, "EUR")))
        assert len(account.told) == (count == 2)


@pytest.mark.parametrize("charged", [True, False])
def test_a_balance_tells_a_person_what_became_of_a_doubt(account: Account, *, charged: bool) -> None:
    """After a request that was in doubt the balance says whether it was charged, and decides nothing by itself."""
    account.ask(3)
    lost = account.send(2)
    account.work(lost, price=None if charged else 0, reply=False)
    account.take()
    assert account.hint(lost) is None
    account.ask()
    told = account.hint(lost) or ""
    assert ("at least 0.08 EUR" if charged else "nothing") + " of the 0.08 EUR in doubt" in told
    assert account.bench.state(lost.attempt_id) == "in_doubt"
    assert account.bench.broken() == []
    decide(
        account.bench.ledger, lost.attempt_id, Decision(who="ann", because="the balance", voided=not charged), answered
    )
    assert account.hint(lost) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_hint_is_never_wrong(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """With nobody else on the account and no money paid in, what was charged is never called free, nor what was not."""
    bench = Bench(tmp_path_factory.mktemp("hint"), month("1000000 EUR"))
    account = Account(bench, random.Random(seed))
    luck = account.luck
    charged: dict[str, int] = {}
    doubts: list[Reserved] = []
    for _ in range(25):
        what = luck.random()
        if what < 0.45 or not (account.sent or account.back):
            account.send(luck.randint(1, 3))
        elif what < 0.75 and account.sent:
            attempt, lost = luck.choice(account.sent), luck.random() < 0.3
            free = lost and luck.random() < 0.5
            account.work(attempt, price=0 if free else None, reply=not lost)
            if lost:
                doubts.append(attempt)
                charged[attempt.attempt_id] = 0 if free else attempt.held
        elif account.back:
            account.take(luck.randrange(len(account.back)))
    while account.back:
        account.take()
    account.ask()
    told = {attempt.attempt_id: hint for attempt in doubts if (hint := account.hint(attempt))}
    if any("nothing" in hint for hint in told.values()):
        assert not any(charged[each] for each, hint in told.items() if "nothing" in hint)
    for hint in told.values():
        # It speaks of all that was in doubt in between, also of those that have no hint of their own.
        if sums := re.search(r"at least (\S+ EUR) of", hint):
            assert Money.parse(sums[1]).amount <= sum(charged.values())
