"""What is open, as an operator sees and decides it: what comes by itself is told, every decision is on the books."""

import json
from typing import Any

import pytest

from ringfence.money.schema import JOURNAL
from ringfence.money.who import who
from tests.cli.test_operations import Type, _type
from tests.lookups.conftest import Build, House, build, numbers

__all__ = ["_type", "build"]


@pytest.fixture
def doubtful(build: Build) -> House:
    """A house with three attempts in doubt."""
    rules = [{"when": {"nth": place}, "fault": "drop_unanswered"} for place in (1, 3, 5)]
    house = build(numbers("NL", 12), *rules)
    house.run()
    assert len(house.attempts("in_doubt")) == 3
    return house


def journal(house: House) -> list[tuple[str, str, str]]:
    """Which attempts somebody has decided, by whom and why."""
    query = JOURNAL.select().where(JOURNAL.c.event.in_(("settled", "voided")), JOURNAL.c.why.contains(" decided: "))
    with house.ledger.store.read() as connection:
        return [(row.attempt_id, row.who, row.why) for row in connection.execute(query.order_by(JOURNAL.c.seq))]


def test_what_comes_by_itself_is_told_of_each(doubtful: House, type_: Type) -> None:
    """Each doubt says from when its provider is asked about it, and when it counts as spent."""
    rows: list[dict[str, Any]] = json.loads(type_(doubtful, "attempts", "--format", "json").out)["rows"]
    assert len(rows) == 3
    for row in rows:
        assert row["next"].startswith("is asked about from 20")
        assert "; counts as spent from 20" in row["next"]


@pytest.mark.parametrize("decision", ["--voided", "list"])
def test_a_decision_about_many_is_journalled_for_each(doubtful: House, type_: Type, decision: str) -> None:
    """Who, and why, stand beside every attempt that one command has decided, without a number in it."""
    phone = numbers("NL", 1)[0]
    said = ["--voided"] if decision == "--voided" else ["--settled", decision]
    command = ["attempts", "decide", "--provider", "infobip", "--before", "2100-01-01T00:00"]
    assert type_(doubtful, *command, *said, "--because", f"outage, ask {phone}").code == 0
    decided = journal(doubtful)
    assert len(decided) == 3
    assert {name for _, name, _ in decided} == {who()}
    assert all("decided: outage, ask +31" in why and phone[3:] not in why for _, _, why in decided)
    assert {row["attempt_id"] for row in doubtful.attempts("in_doubt")} == set()
    assert doubtful.spent() == (6 if decision == "--voided" else 12) * 10_000_000
