"""What was paid for in vain: it counts as asked until its time to live ends, or is bought again where wanted."""

import pytest

from ringfence.lookups.recover import assume_billed
from ringfence.lookups.replies import answered
from ringfence.lookups.serve import serve
from ringfence.money.approvals import approve
from ringfence.money.decide import Decision, decide
from tests.lookups.conftest import Build, House, numbers
from tests.lookups.test_serve import ask

TWICE = [{"when": {"nth": place}, "fault": "not_http"} for place in (1, 2)]
LOST = {"when": {"nth": 2}, "fault": "not_http"}


@pytest.fixture
def house(build: Build) -> House:
    """Six numbers, of which two were sent and came back as nothing that can be read."""
    made = build(numbers("NL", 6), LOST)
    made.run()
    assert len(made.attempts("in_doubt")) == 1
    return made


def shown(house: House) -> set[tuple[str, str | None]]:
    """Status and reason of the facts that nobody knows."""
    house.publish()
    which = "value = 'unknown' AND fact = 'validity' AND answer_status <> 'provider_failed'"
    query = f"SELECT answer_status, answer_reason FROM phone_facts WHERE {which}"
    return {(row.answer_status, row.answer_reason) for row in ask(serve(house.setup, house.ledger, house.lake), query)}


def lose(house: House, by: str) -> None:
    """Count what is in doubt as paid, as a person or as time does."""
    (lost,) = house.attempts("in_doubt")
    if by == "time":
        assert assume_billed(house.ledger, -1) == 1
    else:
        decide(house.ledger, lost["attempt_id"], Decision(who="ann", because="invoice"), answered)


@pytest.mark.parametrize("by", ["time", "person"])
def test_what_was_paid_in_vain_is_bought_again_only_where_that_is_wanted(house: House, by: str) -> None:
    """By default it is not due; with repay_lost it is quoted, bought once, and then known."""
    lose(house, by)
    assert shown(house) == {("no_data", "paid_lost")}
    assert house.quote("two").numbers == 0
    month = house.quote("three").summary["steady_month"]
    house.change(in_doubt={"repay_lost": True})
    assert shown(house) == {("awaiting_approval", "not quoted yet")}
    made = house.quote("four")
    assert (made.numbers, made.summary["steady_month"]) == (2, month)
    assert house.run("five").numbers == 2
    assert shown(house) == set()
    assert house.run("six").numbers == 0
    assert len(house.requests()) == 4


def test_what_was_paid_in_vain_is_due_when_its_time_to_live_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a day before, and then without `repay_lost` too."""
    lose(house, "time")
    house.publish()
    clock = house.ledger.store.clock
    for days, due in ((29, 0), (31, 6)):
        monkeypatch.setattr(house.ledger.store, "clock", lambda days=days: clock() + days * 86_400_000_000)
        assert house.quote(f"after {days} days").numbers == due


def test_a_quote_from_before_the_loss_buys_nothing_again(build: Build) -> None:
    """What was counted as lost after a quote was computed was asked since: the reservation drops it."""
    house = build(numbers("NL", 2), *TWICE, in_doubt={"repay_lost": True})
    house.run("one")
    lose(house, "time")
    house.publish()
    older = house.quote("two")
    house.run("three")
    lose(house, "time")
    approve(house.ledger, older.quote_id, None, who="ann", why="late")
    assert older.numbers == 2
    assert house.buy("four", quote_id=older.quote_id).numbers == 0
    assert len(house.requests()) == 2


def test_what_is_lost_again_is_due_again_and_an_answer_ends_it(build: Build) -> None:
    """Each loss is paid once more, and the first answer ends it: its asking counts like any other."""
    house = build(numbers("NL", 2), *TWICE, in_doubt={"repay_lost": True})
    for launch in ("one", "two"):
        house.run(launch)
        lose(house, "time")
        house.publish()
    assert house.run("three").numbers == 2
    with house.ledger.store.read() as connection:
        assert set(connection.exec_driver_sql("SELECT lost FROM asked").scalars()) == {0}
    assert house.quote("four").numbers == 0
