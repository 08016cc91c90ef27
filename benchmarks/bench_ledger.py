"""The ledger against its floor: attempts a second, beside a bare file that is fsynced as often, in the same run.

Prints ratios only; walls of a shared machine mean nothing by themselves. Usage: python benchmarks/bench_ledger.py
"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from ringfence.money import ledger as ledgers
from ringfence.money import quotes
from ringfence.money.amount import Money
from ringfence.money.batch import Batch
from ringfence.money.budget import UNATTENDED, Budget, limit, sync
from ringfence.money.moves import Answered, Settle, Stored, apply, keep_replies
from ringfence.money.quotes import Line, Quote
from ringfence.money.reserve import Owner, reserve

ROUNDS = 5
ATTEMPTS = 200
NUMBERS = 100
PRICE = Money(2_000_000, "EUR")
BODY = b'{"results":[]}' * 400


def main() -> None:
    """Measure one writer with one and with ten attempts a commit."""
    for group, goal in ((1, 0.6), (10, 4.0)):
        ratios = [1 / (_ledger(group) / _floor(group)) for _ in range(ROUNDS)]
        print(
            f"{group:>2} attempts a commit: {statistics.median(ratios):.2f}x the floor (goal {goal}x), "
            f"{min(ratios):.2f} to {max(ratios):.2f} over {ROUNDS} rounds"
        )


def _floor(group: int) -> float:
    """Seconds an attempt, when each is two lines in a file with an fsync each; the goal of a group is against this."""
    del group
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "floor").open("ab", buffering=0) as file:
        begun = time.perf_counter()
        for _ in range(ATTEMPTS):
            for line in (b"sent\n" * 20, BODY):
                file.write(line)
                os.fsync(file.fileno())
        return (time.perf_counter() - begun) / ATTEMPTS


def _ledger(group: int) -> float:
    """Seconds an attempt of a hundred numbers: reserve and sent in one commit; reply, then settle with the next."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = ledgers.create(Path(folder) / "home", mode="simulate")
        batches = _batches(ledger)
        owner = Owner("worker", "launch", ZoneInfo("UTC"))
        begun = time.perf_counter()
        moves: list[Settle] = []
        for start in range(0, ATTEMPTS, group):
            with ledger.store.write() as connection:
                apply(connection, ledger, moves, "bench")
                out, _ = reserve(connection, ledger, owner, batches[start : start + group])
            with ledger.store.write() as connection:
                keep_replies(
                    connection,
                    ledger,
                    [Stored(each.attempt_id, "response", 200, {}, BODY, complete=True) for each in out],
                )
            moves = [
                Settle(
                    attempt_id=each.attempt_id,
                    answers=[Answered(subject, "complete", PRICE.amount) for subject in each.numbers],
                    evidence="answered",
                )
                for each in out
            ]
        with ledger.store.write() as connection:
            apply(connection, ledger, moves, "bench")
        return (time.perf_counter() - begun) / ATTEMPTS


def _batches(ledger: ledgers.Ledger) -> list[Batch]:
    phones = [f"+3161{number:07d}" for number in range(ATTEMPTS * NUMBERS)]
    ids = tuple(quotes.subjects(ledger, phones).values())
    at = ledger.store.clock()
    line = Line(
        provider="infobip",
        product="query",
        country="NL",
        source="crm",
        facts=1,
        unit_price=PRICE,
        subjects=ids,
        ranks=tuple(range(len(ids))),
    )
    quote = Quote(
        quote_id="quote",
        created_at=at,
        expires_at=at + 10**12,
        ledger_seq=0,
        launch_id="launch",
        summary={},
        lines=[line],
    )
    with ledger.store.write() as connection:
        quotes.save(connection, quote)
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
            subjects=ids[start : start + NUMBERS],
            country="NL",
            source="crm",
        )
        for start in range(0, len(ids), NUMBERS)
    ]


if __name__ == "__main__":
    main()
