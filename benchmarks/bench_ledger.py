"""The ledger against its floor: attempts a second, beside a bare file that is fsynced as often, in the same run.

What is compared. The floor appends to one file, for each attempt, what was asked and then what came back, and syncs
after each: two syncs an attempt. The ledger does for each attempt all that the spend loop has it do, in as many durable
commits: one in which the attempt before is settled, switch and pace are looked at, money is held under two budgets, the
attempt is marked sent and the progress is written; and one that keeps its reply. With ten attempts in flight ten share
each commit; the floor stays as it is.

Both write to the same folder in turns of ten attempts, so that whatever else the machine does hits both alike, and a
round is long enough that the ledger's log is folded into its file within it. The ratio is that of the seconds of a
round. Usage: python benchmarks/bench_ledger.py [rounds]
"""

import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from ringfence.config.sections import Privacy
from ringfence.http.client import Client
from ringfence.http.exchange import Reply
from ringfence.lookups.desk import Desk
from ringfence.lookups.lane import Lane
from ringfence.lookups.spend import Turn, _commit
from ringfence.money import ledger as ledgers
from ringfence.money import quotes
from ringfence.money.amount import Money
from ringfence.money.batch import Batch
from ringfence.money.budget import UNATTENDED, Budget, limit, sync
from ringfence.money.heard import Heard
from ringfence.money.moves import Answered, Settle
from ringfence.money.quotes import Quote
from ringfence.money.reserve import Owner, Reserved
from ringfence.money.workers import working
from ringfence.providers.registry import provider

ROUNDS = 9
TURNS = 20
TURN = 10
PRICE = Money(2_000_000, "EUR")
GOALS = {1: 0.6, 10: 4.0}
# What a provider says of a number, about as long as Infobip does.
RESULT = (
    '{"to":"%s","mccMnc":"20416","imsi":null,"originalNetwork":{"networkPrefix":"6%03d","countryPrefix":"31",'
    '"networkName":"T-Mobile (Netherlands)","countryName":"Netherlands"},"ported":%s,"portedNetwork":null,'
    '"roaming":false,"status":{"groupId":2,"groupName":"UNDELIVERABLE","id":9,"name":"UNDELIVERABLE_NOT_DELIVERED",'
    '"description":"Message sent not delivered"},"error":{"groupId":1,"groupName":"HANDSET_ERRORS","id":%d}}'
)


def main() -> None:
    """Measure attempts of one, ten and a hundred numbers, alone and ten in flight."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    for numbers in (1, 10, 100):
        for group, goal in GOALS.items():
            _measure(rounds, numbers, group, goal)


def _measure(rounds: int, numbers: int, group: int, goal: float) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        books = Books(folder / "home", numbers, (rounds + 1) * TURNS * TURN, stack)
        floor = Floor(stack.enter_context((folder / "floor").open("ab", buffering=0)).fileno(), books.batches)
        _round(floor, books, group)
        found = [_round(floor, books, group) for _ in range(rounds)]
    ratios = [bare[0] / kept[0] for bare, kept in found]
    walls, cpus = ([statistics.median(each[side][what] for each in found) for side in (0, 1)] for what in (0, 1))
    print(
        f"{numbers:>3} numbers an attempt, {group:>2} in flight: {statistics.median(ratios):.2f}x the floor "
        f"({min(ratios):.2f} to {max(ratios):.2f}; goal {goal}x); ms an attempt, floor and ledger: "
        f"wall {walls[0]:.3f} {walls[1]:.3f}, CPU {cpus[0]:.3f} {cpus[1]:.3f}"
    )


def _round(floor: "Floor", books: "Books", group: int) -> list[tuple[float, float]]:
    """Wall and CPU milliseconds an attempt, of the floor and of the ledger."""
    sums = [[0.0, 0.0], [0.0, 0.0]]
    for _ in range(TURNS):
        for side in (0, 1):
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(TURN if side == 0 else TURN // group):
                floor.attempt() if side == 0 else books.turn(group)
            sums[side][0] += time.perf_counter() - wall
            sums[side][1] += time.process_time() - cpu
    return [(wall / TURNS / TURN * 1e3, cpu / TURNS / TURN * 1e3) for wall, cpu in sums]


class Floor:
    """A bare file."""

    def __init__(self, file: int, batches: list[Batch]) -> None:
        self._file = file
        self._asked = [repr(batch).encode() for batch in batches[:1]]
        self._reply = reply(batches[0])

    def attempt(self) -> None:
        """What was asked, synced, and what came back, synced."""
        for line in (self._asked[0], self._reply):
            os.write(self._file, line)
            os.fsync(self._file)


class Books:
    """A ledger, and a run on it that buys from nobody: its transactions are those of the spend loop."""

    def __init__(self, home: Path, numbers: int, attempts: int, stack: ExitStack) -> None:
        self.ledger = ledgers.create(home, mode="simulate")
        self.batches = _batches(self.ledger, numbers, attempts)
        self._next = iter(self.batches)
        self._reply = Reply(200, {"content-type": "application/json"}, reply(self.batches[0]))
        lane = Lane(provider("infobip"), "", "", {}, cast("Client", None), in_flight=10, per_second=10**6)
        self._desk = Desk(
            ledger=self.ledger,
            owner=Owner("", "launch", ZoneInfo("Europe/Amsterdam")),
            worker=stack.enter_context(working(self.ledger, "launch")),
            lanes={"infobip": lane},
            privacy=Privacy(),
            currency="EUR",
        )
        self._desk.owner.worker_id = self._desk.worker.worker_id
        self._out: list[Reserved] = []

    def turn(self, group: int) -> None:
        """Settle the attempts before, send so many more, and keep their replies."""
        decided = Turn(moves=[_settled(each) for each in self._out])
        self._desk.lanes["infobip"].heard += [Heard(each.at, "well") for each in self._out]
        self._out = _commit(self._desk, decided, [next(self._next) for _ in range(group)])
        assert len(self._out) == group
        _commit(self._desk, Turn(arrived=[(each, self._reply) for each in self._out]), [])


def _settled(attempt: Reserved) -> Settle:
    answers = [Answered(subject, "complete", PRICE.amount) for subject in attempt.numbers]
    return Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered")


def reply(batch: Batch) -> bytes:
    """A reply of the length that a provider's has, no easier to compress."""
    results = (RESULT % (f"316120{n:05d}", n * 7919 % 1000, ("true", "false")[n % 2], n % 30) for n in batch.subjects)
    return f'{{"results":[{",".join(results)}]}}'.encode()


def _batches(ledger: ledgers.Ledger, numbers: int, attempts: int) -> list[Batch]:
    phones = [f"+3161{number:07d}" for number in range(attempts * numbers)]
    ids = tuple(quotes.subjects(ledger, phones).values())
    at = ledger.store.clock()
    with ledger.store.write() as connection:
        quotes.save(
            connection,
            Quote(
                quote_id="quote",
                created_at=at,
                expires_at=at + 10**12,
                ledger_seq=0,
                launch_id="launch",
                summary={},
                lines=(),
            ),
        )
        caps = [limit("month", Money(10**15, "EUR"), None, None, None), Budget(UNATTENDED, "day", Money(10**15, "EUR"))]
        sync(connection, caps, at, "bench")
    return [
        Batch(
            quote_id="quote",
            ledger_seq=0,
            consent=UNATTENDED,
            provider="infobip",
            product="query",
            answers=1,
            facts=1,
            unit_price=PRICE,
            subjects=ids[start : start + numbers],
            country="NL",
            source="crm",
        )
        for start in range(0, len(ids), numbers)
    ]


if __name__ == "__main__":
    main()
