"""`ledger check` is not blind: every invariant reports when its rule is broken by hand."""

import sqlite3
from pathlib import Path

import pytest

from ringfence.money.invariants import QUERIES, violations
from ringfence.money.ledger import write_journal
from ringfence.money.moves import Answered, Doubt, Settle, Void
from tests.money.bench import Bench

DAMAGE = [
    ("I1", "UPDATE counter SET held = held + 1"),
    ("I1", "UPDATE counter SET spent = spent + 1"),
    ("I1", "UPDATE counter SET overrun = overrun + 1"),
    ("I1", "UPDATE hold SET held = held + 1 WHERE attempt_id = '{sent}'"),
    ("I1", "UPDATE hold SET actual = 7 WHERE attempt_id = '{settled}'"),
    ("I1", "UPDATE attempt SET actual = actual + 1 WHERE attempt_id = '{settled}'"),
    ("I1", "DELETE FROM hold WHERE attempt_id = '{voided}'"),
    ("I1", "UPDATE attempt SET rate = '0.93 EUR' WHERE attempt_id = '{foreign}'"),
    ("I1", "UPDATE attempt SET rate = '0.92 GBP' WHERE attempt_id = '{foreign}'"),
    ("I1", "UPDATE attempt SET rate = NULL WHERE attempt_id = '{foreign}'"),
    ("I1", "UPDATE attempt SET rate = '0.92 EUR' WHERE attempt_id = '{settled}'"),
    ("I1", "UPDATE hold SET held = held - 1 WHERE attempt_id = '{foreign}'"),
    ("I1", "UPDATE hold SET actual = actual - 1 WHERE attempt_id = '{foreign}'"),
    ("I2", "UPDATE journal SET caps = '[{{\"counter\":1,\"cap\":9,\"after\":10}}]' WHERE attempt_id = '{sent}'"),
    ("I3", "UPDATE journal SET held = held - 1 WHERE attempt_id = '{sent}' AND event = 'reserved'"),
    ("I3", "UPDATE journal SET spent = spent + 1 WHERE attempt_id = '{settled}' AND event = 'settled'"),
    ("I3", "UPDATE journal SET overrun = overrun + 1 WHERE attempt_id = '{settled}' AND event = 'settled'"),
    ("I3", "UPDATE journal SET held = held - 1 WHERE attempt_id = '{foreign}' AND event = 'reserved'"),
    ("I3", "UPDATE journal SET spent = spent + 1 WHERE attempt_id = '{foreign}' AND event = 'settled'"),
    ("I3", "UPDATE journal SET overrun = overrun + 1 WHERE attempt_id = '{foreign}' AND event = 'settled'"),
    ("I3", "DELETE FROM journal WHERE attempt_id = '{short}' AND event = 'residue_given'"),
    ("I4", "DELETE FROM claim WHERE attempt_id = '{sent}'"),
    ("I4", "UPDATE claim SET attempt_id = '{settled}' WHERE attempt_id = '{residue}'"),
    ("I4", "INSERT INTO claim SELECT max(subject_id) + 1, '{voided}' FROM claim"),
    ("I4", "UPDATE attempt SET subjects = (SELECT max(subjects) FROM attempt WHERE state = 'sent')"),
    ("I5", "DELETE FROM reply WHERE attempt_id = '{settled}'"),
    ("I5", "UPDATE attempt SET evidence = NULL WHERE attempt_id = '{settled}'"),
    ("I5", "UPDATE reply SET complete = 0 WHERE attempt_id = '{settled}'"),
    ("I7", "INSERT INTO journal (at, attempt_id, event, who) VALUES (1, '{sent}', 'sent', 'hand')"),
    ("I7", "INSERT INTO journal (at, attempt_id, event, who) VALUES (1, '{settled}', 'voided', 'hand')"),
    ("I8", "DELETE FROM journal WHERE attempt_id = '{settled}' AND event = 'sent'"),
    ("I9", "UPDATE attempt SET retry_of = '{doubtful}' WHERE attempt_id = '{sent}'"),
    ("I10", "DELETE FROM subject WHERE subject_id IN (SELECT subject_id FROM claim WHERE attempt_id = '{doubtful}')"),
    ("I11", "INSERT INTO journal (at, event, who, why) VALUES (1, 'note', 'hand', 'ask +31612345678 again')"),
    ("I11", "UPDATE attempt SET evidence = 'no result for +31612345678' WHERE attempt_id = '{doubtful}'"),
    ("I11", "INSERT INTO journal (at, event, who, why) VALUES (1, 'note', 'hand', 'ask 31612345678, then 1.00 EUR')"),
    ("I11", "UPDATE attempt SET evidence = 'to=493012345' WHERE attempt_id = '{doubtful}'"),
    ("I11", "INSERT INTO approval SELECT 'quote-1', 1, 1, 1, 'EUR', 'ada', '(0031612345678)'"),
    ("I11", "INSERT INTO deferral SELECT 1, 'quote-1', 1, 's', '+4930123456', x''"),
]  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, dict[str, str]]:
    """A ledger with an attempt of every kind, and their ids."""
    bench = Bench(tmp_path_factory.mktemp("sound"))
    settled, short, doubtful, voided = (bench.sent(2) for _ in range(4))
    sent = bench.reserve(bench.batch(bench.numbers(2)))[0][0]
    foreign = bench.sent(3, "0.0003 USD", rate="0.92 EUR")
    bench.settle(settled, 20_000_000)
    bench.settle(foreign, 700_000)
    bench.reply(short.attempt_id)
    answers = [Answered(next(iter(short.numbers)), "complete", 1)]
    bench.move(
        Settle(attempt_id=short.attempt_id, answers=answers, evidence="answered"),
        Doubt(doubtful.attempt_id, "no reply"),
        Void(voided.attempt_id, "never sent"),
    )
    (residue,) = bench.rows("SELECT attempt_id FROM attempt WHERE residue_of IS NOT NULL")[0]
    ids = {"settled": settled, "short": short, "doubtful": doubtful, "voided": voided, "sent": sent}
    ids["foreign"] = foreign
    return bench, {**{name: attempt.attempt_id for name, attempt in ids.items()}, "residue": str(residue)}


def test_a_sound_ledger_breaks_nothing(sound: tuple[Bench, dict[str, str]]) -> None:
    """A ledger with attempts in every state, a residue and an overrun breaks no invariant."""
    bench, _ = sound
    assert bench.broken() == []
    states = {state for (state,) in bench.rows("SELECT DISTINCT state FROM attempt")}
    assert states == {"sent", "in_doubt", "settled", "voided"}


@pytest.mark.parametrize(("invariant", "damage"), DAMAGE)
def test_each_invariant_sees_its_damage(
    tmp_path: Path, sound: tuple[Bench, dict[str, str]], invariant: str, damage: str
) -> None:
    """With triggers and constraints out of the way, every damage is reported under its invariant, without a number."""
    bench, ids = sound
    copy = bench.copy(tmp_path)
    with sqlite3.connect(copy.store.path) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("PRAGMA ignore_check_constraints = ON")
        assert raw.execute(damage.format(**ids)).rowcount > 0
    raw.close()
    with copy.store.read() as connection:
        found = violations(connection)
    assert invariant in [violation.invariant for violation in found]
    assert not any("+316" in violation.row or "+493" in violation.row for violation in found)


def test_ids_and_amounts_are_no_numbers(tmp_path: Path) -> None:
    """Texts of the books that hold digits for a reason, in ids and amounts, are sound."""
    bench = Bench(tmp_path)
    for why in (
        "01997f3e-1234-7123-8123-123456789012 up to 123456789.000000001 EUR: spring",
        "0.123456789 EUR",
        "2026",
    ):
        with bench.ledger.store.write() as connection:
            write_journal(connection, 1, "note", who="hand", why=why)
    assert bench.broken() == []


def test_every_query_is_put_to_the_proof() -> None:
    """No invariant is without its planted damage; I6, the primary key of claim, is proved where SQLite refuses it."""
    assert {name for name, _ in DAMAGE} == {*QUERIES, "I4", "I10", "I11"}
