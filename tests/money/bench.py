"""A ledger on disk with a clock that the test turns, and short ways to do to it what a run does."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from ringfence.money.amount import Money
from ringfence.money.batch import Batch, Refused
from ringfence.money.budget import UNATTENDED, Budget, limit, sync
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger, create, open_ledger
from ringfence.money.moves import Answered, Move, Settle, Stored, apply, keep_replies
from ringfence.money.quotes import DAY, Quote, save, subjects
from ringfence.money.reserve import Owner, Reserved, reserve
from ringfence.money.store import FILE_NAME

SECOND = 1_000_000
NOON = 1_763_726_400 * SECOND  # 2025-11-21 12:00 UTC
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FREE_HAND = "1000000 EUR"


def month(cap: str, provider: str | None = None, country: str | None = None, source: str | None = None) -> Budget:
    """A monthly limit."""
    return limit("month", Money.parse(cap), provider, country, source)


class Bench:
    """One ledger, one worker, one quote unless told otherwise."""

    def __init__(self, home: Path, *limits: Budget, unattended: str = FREE_HAND) -> None:
        # Closed at once: while a connection of it lives on, SQLite keeps the log beside the file.
        create(home, mode="simulate").store.close()
        self.now = NOON
        self.ledger = open_ledger(home, clock=lambda: self.now)
        self.zone = AMSTERDAM
        self._quotes: set[str] = set()
        self._made = 0
        self.allow(*(limits or (month(FREE_HAND),)), unattended=unattended)

    def allow(self, *limits: Budget, unattended: str = FREE_HAND) -> None:
        """Make these the budgets of the configuration."""
        consent = Budget(UNATTENDED, "day", Money.parse(unattended))
        with self.ledger.store.write() as connection:
            sync(connection, [*limits, consent], self.now, "test")

    def numbers(self, count: int) -> tuple[int, ...]:
        """Subjects that no batch has asked for."""
        phones = [f"+3161{self._made + each:07d}" for each in range(count)]
        self._made += count
        return tuple(subjects(self.ledger, phones).values())

    def batch(self, asked: Sequence[int], price: str = "0.01 EUR", **changes: object) -> Batch:
        """A batch of the quote, computed at this moment unless `ledger_seq` says otherwise."""
        values: dict[str, object] = {
            "quote_id": "quote-1",
            "ledger_seq": self.ledger.settled_seq(),
            "consent": UNATTENDED,
            "provider": "infobip",
            "product": "query",
            "answers": 0b111,
            "facts": 0b1,
            "unit_price": Money.parse(price),
            "subjects": tuple(asked),
            "country": "NL",
            "source": "crm",
            **changes,
        }
        self._quote(str(values["quote_id"]))
        return Batch(**values)  # type: ignore[arg-type]

    def reserve(self, *batches: Batch, worker: str = "worker-1") -> tuple[list[Reserved], list[Refused]]:
        """The reserving transaction."""
        with self.ledger.store.write() as connection:
            return reserve(connection, self.ledger, Owner(worker, "launch-1", self.zone), batches)

    def sent(self, count: int, price: str = "0.01 EUR", **changes: object) -> Reserved:
        """One attempt of so many new numbers, sent."""
        ((attempt,), refused) = self.reserve(self.batch(self.numbers(count), price, **changes))
        assert not refused
        return attempt

    def move(self, *moves: Move) -> int:
        """The deciding transaction."""
        with self.ledger.store.write() as connection:
            return apply(connection, self.ledger, moves, "worker-1")

    def reply(self, attempt_id: str, body: bytes = b"{}") -> None:
        """Keep a reply, durably."""
        with self.ledger.store.write() as connection:
            keep_replies(connection, self.ledger, [Stored(attempt_id, "response", 200, {}, body, complete=True)])

    def settle(self, attempt: Reserved, price: int, outcome: str = "complete", *, billed: bool = True) -> int:
        """Keep a reply that answers every number at this price in nanos, and settle by it."""
        self.reply(attempt.attempt_id)
        answers = [Answered(subject, outcome, price, billed) for subject in attempt.numbers]
        return self.move(Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered"))

    def rows(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """What SQL says of the ledger."""
        with self.ledger.store.read() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def state(self, attempt_id: str) -> object:
        """The state of an attempt."""
        return self.rows("SELECT state FROM attempt WHERE attempt_id = :id", id=attempt_id)[0][0]

    def used(self, budget_id: str = "limit/month") -> list[tuple[object, ...]]:
        """Window, held, spent and overrun of a budget, by window."""
        query = "SELECT window_start, held, spent, overrun FROM counter WHERE budget_id = :id ORDER BY window_start"
        return self.rows(query, id=budget_id)

    def broken(self) -> list[str]:
        """The names of the invariants that do not hold."""
        with self.ledger.store.read() as connection:
            return [violation.invariant for violation in violations(connection)]

    def copy(self, home: Path) -> Ledger:
        """The same ledger in another home."""
        with (
            closing(sqlite3.connect(self.ledger.store.path)) as here,
            closing(sqlite3.connect(home / FILE_NAME)) as there,
        ):
            here.backup(there)
        return open_ledger(home)

    def known(self, quote_id: str) -> None:
        """Leave this quote alone: the test has saved it."""
        self._quotes.add(quote_id)

    def _quote(self, quote_id: str) -> None:
        if quote_id in self._quotes:
            return
        self._quotes.add(quote_id)
        quote = Quote(
            quote_id=quote_id,
            created_at=self.now,
            expires_at=self.now + DAY,
            ledger_seq=0,
            launch_id="launch-1",
            summary={},
            lines=(),
        )
        with self.ledger.store.write() as connection:
            save(connection, quote)
