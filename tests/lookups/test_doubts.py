"""What is in doubt by age: how much, what happens to it by itself, and what a person has to find out."""

from pathlib import Path

import pytest

from ringfence.config.model import Config
from ringfence.lookups.doubts import outlook
from ringfence.money.amount import Money
from ringfence.money.health import doubts
from ringfence.money.moves import Doubt
from ringfence.providers.registry import providers
from tests.money.bench import SECOND, Bench

HOUR = 3600 * SECOND


def doubtful(bench: Bench, count: int, **changes: str) -> None:
    """One attempt of so many numbers whose reply was lost."""
    bench.move(Doubt(bench.sent(count, **changes).attempt_id, "no whole reply"))


def config(**in_doubt: str) -> Config:
    """A configuration of two providers."""
    each = {"infobip": {"products": ["query"]}, "messente": {"products": ["hlr_sync"]}}
    return Config.model_validate({"mode": "simulate", "providers": each, "in_doubt": in_doubt})


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (0, "under_an_hour"),
        (3_599, "under_an_hour"),
        (3_600, "under_a_day"),
        (86_399, "under_a_day"),
        (86_400, "under_a_week"),
        (7 * 86_400 - 1, "under_a_week"),
        (7 * 86_400, "a_week_or_more"),
    ],
)
def test_an_age_is_of_one_class(tmp_path: Path, seconds: int, age: str) -> None:
    """From the moment it was reserved, to the second; numbers and money of a class add up to the whole."""
    bench = Bench(tmp_path)
    doubtful(bench, 3)
    bench.now += seconds * SECOND
    bench.sent(5)
    found = doubts(bench.ledger)
    parts = found.by_age()
    assert {name: part.numbers for name, part in parts.items() if part.every} == {age: 3}
    assert found.held() == parts[age].held() == [Money.parse("0.03 EUR")]
    assert len(parts) == 4
    assert found.oldest == seconds


def test_nothing_in_doubt_is_nothing_to_say(tmp_path: Path) -> None:
    """What is out, awaited or final is no doubt."""
    bench = Bench(tmp_path)
    bench.sent(2)
    bench.settle(bench.sent(1), 1)
    assert outlook(config(), doubts(bench.ledger)) is None


def test_what_happens_by_itself_and_what_a_person_must_do(tmp_path: Path) -> None:
    """Who can be asked is asked, all count as spent in time, and whoever cannot be asked is a person's."""
    bench = Bench(tmp_path)
    doubtful(bench, 3)
    doubtful(bench, 2, provider="messente", product="hlr_sync")
    doubtful(bench, 1, provider="gone", product="away")
    bench.now += 50 * HOUR
    found = outlook(config(), doubts(bench.ledger))
    assert found is not None
    assert found.told == "3 requests about 6 numbers are in doubt and hold 0.06 EUR, the oldest for 2 d 2 h"
    assert found.by_itself[-1].endswith("after 7 d (in_doubt.assume_billed_after), the first in 4 d 22 h")
    waiting = {sentence.split()[0]: sentence for sentence in found.by_a_person}
    assert {"messente", "gone"} <= waiting.keys()
    assert "messente is not asked about 2 of them: compare with its bill" in waiting["messente"]
    how = providers()["infobip"].products["query"].traced
    asked = how is not None and how.until > 50 * 3600
    assert ("infobip" not in waiting) == asked == any("asks infobip about 3" in each for each in found.by_itself)
    late = outlook(config(assume_billed_after="1d"), doubts(bench.ledger))
    assert "with its next run" in str(late)
