"""From the ledger to the lake exactly once, whatever happens between the two, and what it is said to have cost."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ringfence.errors import RingfenceError
from ringfence.lake import tables
from ringfence.lake.tables import Lake
from ringfence.lookups import publish
from ringfence.lookups.costs import costs
from ringfence.lookups.recover import assume_billed
from ringfence.money import approvals
from ringfence.money import ledger as ledgers

CENT = 10_000_000
DAY = 86_400_000_000


def bought(build, phones, *rules, **sections):
    """A house that has bought these numbers and published nothing."""
    house = build(phones, *rules, **sections)
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    house.buy()
    return house


def in_days(house, days: int):
    """The same house, so many days later."""
    late = ledgers.open_ledger(house.lake.home, lambda: time.time_ns() // 1000 + days * DAY)
    return replace(house, ledger=late)


def same_as_the_ledger(house) -> None:
    """Each settled attempt has one row a number in the lake, and they cost what it cost."""
    rows = house.lookups()
    assert rows.select("attempt_id", "phone_e164").is_unique().all()
    assert rows["lookup_id"].is_unique().all()
    found = {
        attempt_id: (count, int(net.scaleb(9)))
        for attempt_id, count, net in rows.group_by("attempt_id").agg(pl.len(), pl.col("cost_net").sum()).iter_rows()
    }
    assert found == {row["attempt_id"]: (row["numbers"], row["actual"]) for row in house.attempts("settled")}
    assert house.lake.settled_seq() == house.ledger.settled_seq()


def test_publishing_twice_appends_once(build, numbers) -> None:
    """The second publication finds nothing to do, and neither table changes."""
    house = bought(build, numbers("NL", 9), {"when": {"nth": 2}, "fault": "one_missing"})
    assert house.publish() == 8
    before = [house.lake.files(name) for name in ("lookups", "phone_facts", "phone_changes")]
    assert house.publish() == 0
    assert publish.publish_facts(house.lake) == []
    assert before == [house.lake.files(name) for name in ("lookups", "phone_facts", "phone_changes")]
    same_as_the_ledger(house)


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_crash_at_a_commit_of_the_lake_loses_and_doubles_nothing(build, numbers, monkeypatch, written) -> None:
    """Stopped right before or after any commit, the next publication goes on where the lake is."""
    house = bought(build, numbers("NL", 12))
    monkeypatch.setattr(publish, "FLUSH", 2)
    monkeypatch.setattr(publish, "ROWS", 1)
    append, overwrite = Lake.append_settled, Lake.overwrite

    def stopped(write):
        def broken(self, *args) -> None:
            if written:
                write(self, *args)
            raise KeyboardInterrupt

        return broken

    appended = []
    for _ in range(3):
        monkeypatch.setattr(Lake, "append_settled", stopped(append))
        with pytest.raises(KeyboardInterrupt):
            publish.publish_settled(house.ledger, house.lake)
        monkeypatch.setattr(Lake, "append_settled", append)
        appended.append(house.lookups().height)
    assert appended == ([4, 8, 12] if written else [0, 0, 0])
    publish.publish_settled(house.ledger, house.lake)
    same_as_the_ledger(house)
    monkeypatch.setattr(Lake, "overwrite", stopped(overwrite))
    with pytest.raises(KeyboardInterrupt):
        publish.publish_facts(house.lake)
    monkeypatch.setattr(Lake, "overwrite", overwrite)
    publish.publish_facts(house.lake)
    assert sorted(house.lake.read("phone_facts")["phone_e164"]) == numbers("NL", 12)


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_crash_at_any_single_write_of_the_lake_loses_and_doubles_nothing(
    build, numbers, monkeypatch, written
) -> None:
    """Rows and the settlement that they reach are one write: stopped at the n-th, for every n, all is there once."""
    house = bought(build, numbers("NL", 12))
    monkeypatch.setattr(publish, "FLUSH", 2)
    monkeypatch.setattr(publish, "ROWS", 1)
    write = tables._written
    stops = 0

    def stopped(*args, **how) -> None:
        if written:
            write(*args, **how)
        raise KeyboardInterrupt

    for nth in range(9):
        left = iter([write] * (nth % 2) + [stopped])
        monkeypatch.setattr(tables, "_written", lambda *args, steps=left, **how: next(steps)(*args, **how))
        try:
            publish.publish_settled(house.ledger, house.lake)
        except KeyboardInterrupt:
            stops += 1
        assert house.lookups()["lookup_id"].is_unique().all()
    assert stops >= 2
    monkeypatch.setattr(tables, "_written", write)
    publish.publish_settled(house.ledger, house.lake)
    same_as_the_ledger(house)


def test_publishers_at_once_append_once(build, numbers, monkeypatch) -> None:
    """Four publishers beside a running purchase leave each answer in the lake once."""
    monkeypatch.setattr(publish, "FLUSH", 3)
    monkeypatch.setattr(publish, "ROWS", 1)
    house = build(numbers("NL", 60), latency=0.01, provider={"in_flight": "3"})
    approvals.approve(house.ledger, house.quote().quote_id, None, who="test", why="test")
    over = threading.Event()
    appended: list[int] = []

    def publisher() -> None:
        lake = Lake(house.lake.home, house.ledger.ledger_id)
        while not over.is_set():
            appended.append(publish.publish_settled(house.ledger, lake))

    threads = [threading.Thread(target=publisher) for _ in range(4)]
    for thread in threads:
        thread.start()
    house.buy()
    over.set()
    for thread in threads:
        thread.join()
    appended.append(publish.publish_settled(house.ledger, house.lake))
    assert sum(appended) == 60
    same_as_the_ledger(house)


def test_what_nobody_asked_for_is_never_published(build, numbers) -> None:
    """A result about another number is kept in the raw reply and reaches no table."""
    phones = numbers("NL", 4)
    house = bought(build, phones, {"when": "always", "fault": "one_unasked"})
    house.publish()
    assert sorted(house.lookups()["phone_e164"]) == sorted(house.lake.read("phone_facts")["phone_e164"]) == phones


def test_an_old_doubt_is_spent_and_makes_no_row(build, numbers) -> None:
    """After its time a doubt counts as paid and lost: no answer, no end of publishing, and not asked again at once."""
    house = bought(build, numbers("NL", 2), {"when": "always", "fault": "status", "status": 500})
    later = in_days(house, 8)
    assert assume_billed(later.ledger, 7 * 86_400) == 1
    assert assume_billed(later.ledger, 7 * 86_400) == 0
    assert house.spent() == 2 * CENT
    assert later.publish() == 0
    assert later.lake.settled_seq() == later.ledger.settled_seq() == 1
    assert later.quote("two").numbers == 0
    assert in_days(house, 40).quote("three").numbers == 2
    later.check()


def test_a_later_answer_follows_the_earlier_one(build, numbers) -> None:
    """When validity is old it is bought again: both answers stay, the newer one stands, nothing is said to change."""
    phones = numbers("NL", 10)
    house = bought(build, phones)
    house.publish()
    assert in_days(house, 29).quote("soon").numbers == 0
    later = in_days(house, 31)
    later.run("later")
    assert later.lookups().height == 20
    facts = later.lake.read("phone_facts")
    assert sorted(facts["phone_e164"]) == phones
    known = facts.filter(pl.col("validity") != "unknown")
    assert known["validity_observed_at"].min() > datetime.now(UTC) + timedelta(days=30)
    assert later.lake.read("phone_changes").height == 0
    same_as_the_ledger(later)


@pytest.mark.parametrize("by", [["country"], ["source"], ["provider", "day"], ["country", "quote", "product"], []])
def test_costs_add_up_however_they_are_grouped(build, numbers, by) -> None:
    """The rows of any grouping sum to the totals, and these to the ledger and the bill."""
    phones = [*numbers("NL", 7), *numbers("DE", 6), *numbers("GB", 5)]
    house = bought(build, phones, {"when": {"nth": 2}, "fault": "drop_in_body"}, provider={"batch": "4"})
    house.publish()
    found = costs(house.setup, house.ledger, house.lake, by=by)
    (total,) = found["totals"]
    assert (total["spent"], total["held"], total["in_doubt"]) == ("0.140000000", "0.040000000", "0.040000000")
    for column in ("spent", "held", "in_doubt", "refunded"):
        assert sum(Decimal(row[column]) for row in found["rows"]) == Decimal(total[column])
    assert sum(row["numbers"] for row in found["rows"]) == 18
    if by == ["country"]:
        assert {row["country"]: row["numbers"] for row in found["rows"]} == {"NL": 7, "DE": 6, "GB": 5}


def test_costs_are_not_grouped_by_what_does_not_exist(build, numbers) -> None:
    """An unknown key is refused with the keys that there are."""
    house = build(numbers("NL", 1))
    with pytest.raises(RingfenceError, match="not by 'colour'"):
        costs(house.setup, house.ledger, house.lake, by=["colour"])
