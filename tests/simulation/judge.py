"""Who judges a simulation while it runs: after every commit, at every request and at every charge.

The invariants are the product's own queries, prepared once on a connection of their own; the money is held against the
providers' bill.
"""

import sqlite3
from typing import TYPE_CHECKING

from ringfence.money.invariants import QUERIES, names_a_number, teach, violations
from ringfence.money.states import OPEN
from ringfence.money.store import unpack

if TYPE_CHECKING:
    from tests.simulation.world import World

_NEW = "SELECT seq, event, attempt_id, held, spent, overrun, caps, who, why FROM journal WHERE seq > ? ORDER BY seq"
_RESERVED = """SELECT k.budget_id, c.value ->> 'cap' FROM json_each(?) c
    JOIN counter k ON k.counter_id = c.value ->> 'counter'"""
_BOOKED = f"SELECT coalesce(sum(CASE WHEN state IN {OPEN} THEN held ELSE coalesce(actual, 0) END), 0) FROM attempt"
_OPEN = f"SELECT attempt_id, subjects FROM attempt WHERE state IN {OPEN}"
_USED = """SELECT c.budget_id, c.window_start, c.held + c.spent - c.overrun FROM counter c"""
_STOPPED = """SELECT 1 FROM attempt a JOIN switch s ON s.provider IN ('', a.provider, a.provider || '|bill')
    WHERE a.attempt_id = ?"""
_LEAVES = """SELECT a.state, a.numbers, (SELECT count(*) FROM claim c WHERE c.attempt_id = a.attempt_id)
    FROM attempt a WHERE a.attempt_id = ?"""


class Judge:
    """Finds what must never be; `found` are sentences, the first of which is what went wrong first."""

    def __init__(self, world: "World", connection: sqlite3.Connection) -> None:
        self.found: list[str] = []
        self.transactions = 0
        self._world = world
        self._sql = connection
        self._seq = 0
        # The highest cap that each budget has had: what was bought below it stays bought when it is lowered.
        self.caps: dict[str, int] = {}
        teach(connection)

    def break_(self, what: str) -> None:
        """Note what must never be."""
        self._world.note("broken", what)
        self.found.append(what)

    def committed(self, name: str) -> bool:
        """Look at the ledger after a commit; whether it has marked anything as sent."""
        self.transactions += 1
        sends = False
        for seq, *entry in self._sql.execute(_NEW, (self._seq,)).fetchall():
            self._seq = seq
            sends = sends or entry[0] == "sent"
            if entry[0] == "reserved":
                self._obeys(entry[1], entry[5])
            if entry[0] == "sent" and self._sql.execute(_STOPPED, (entry[1],)).fetchone():
                self.break_(f"stop: attempt {entry[1]} was reserved while its provider is stopped")
            self._world.note(name, *entry)
            if entry[-1] and names_a_number(entry[-1]):
                self.break_(f"I11: a number stands in entry {seq} of the journal")
        for budget_id, cap in self._sql.execute("SELECT budget_id, cap FROM budget").fetchall():
            self.caps[budget_id] = max(cap, self.caps.get(budget_id, 0))
        self._invariants()
        for budget_id, window, used in self._sql.execute(_USED).fetchall():
            if used > self.caps[budget_id]:
                self.break_(
                    f"I2: {budget_id} in '{window}' holds and has spent {used}, its cap was {self.caps[budget_id]}"
                )
        self.billed()
        return sends

    def _obeys(self, attempt_id: str, caps: str) -> None:
        """A cap that was lowered takes effect with the next reservation, whoever makes it."""
        now = self._world.caps()
        for budget_id, cap in self._sql.execute(_RESERVED, (caps,)).fetchall():
            if cap > now.get(budget_id, cap):
                self.break_(
                    f"P1: attempt {attempt_id} was let through by {budget_id} at {cap}, its cap is {now[budget_id]}"
                )

    def billed(self) -> None:
        """P3: whatever was charged is spent or held."""
        charged = self._world.charged()
        booked = self.booked()
        if charged > booked and charged - self._unseen() > booked:
            self.break_(f"P3: {charged} was charged, {booked} is spent or held")

    def booked(self) -> int:
        """What the ledger has spent and holds, in nanos."""
        return int(self._sql.execute(_BOOKED).fetchone()[0])

    def open(self) -> int:
        """How many attempts are not decided."""
        return len(self._sql.execute(_OPEN).fetchall())

    def stopped(self) -> bool:
        """Whether somebody has stopped anything."""
        return self._sql.execute("SELECT 1 FROM switch").fetchone() is not None

    def waits(self, attempt_id: str) -> bool:
        """Whether an attempt is open."""
        return any(row[0] == attempt_id for row in self._sql.execute(_OPEN))

    def left(self, attempt_id: str) -> None:
        """P2 and P5, when a first byte leaves: the attempt is durably sent, and alone asks about its numbers."""
        if self._world.wire.sent[attempt_id] > 1:
            self.break_(f"P2: attempt {attempt_id} was sent twice")
        row = self._sql.execute(_LEAVES, (attempt_id,)).fetchone()
        if row is None or row[0] != "sent":
            self.break_(f"P2: a request left for attempt {attempt_id}, which is {row and row[0]}")
        elif row[1] != row[2]:
            self.break_(f"P5: attempt {attempt_id} asks about {row[1]} numbers and has claimed {row[2]}")

    def whole(self) -> None:
        """The product's own judgement, as `ledger check` gives it."""
        with self._world.ground.ledger.store.read() as connection:
            for each in violations(connection):
                self.break_(f"{each.invariant}: {each.meaning} ({each.row})")

    def _invariants(self) -> None:
        for name, (meaning, query) in QUERIES.items():
            row = self._sql.execute(query).fetchone()
            if row is not None:
                self.break_(f"{name}: {meaning} ({row[0]})")
        claims: dict[str, set[int]] = {}
        for subject, attempt_id in self._sql.execute("SELECT subject_id, attempt_id FROM claim").fetchall():
            claims.setdefault(attempt_id, set()).add(subject)
        for attempt_id, packed in self._sql.execute(_OPEN).fetchall():
            if claims.pop(attempt_id, set()) != set(unpack(packed)):
                self.break_(f"I4: open attempt {attempt_id} does not claim each of its numbers")
        if claims:
            self.break_(f"I4: final attempts claim numbers: {sorted(claims)}")

    def _unseen(self) -> int:
        """What was billed above the price in use by requests whose replies nobody has read: nobody can know of it."""
        read = {
            row[0]
            for row in self._sql.execute(
                "SELECT attempt_id FROM attempt WHERE state = 'settled' AND evidence NOT LIKE 'paid_lost:%'"
            )
        }
        return sum(
            one.amount - sum(one.listed.values()) for one in self._world.vendors.bill if one.attempt_id not in read
        )
