"""Stored replies, read again by other parsers: what would change is shown, no money moves, and nothing is lost."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import delete, select

from ringfence.lake.tables import Lake
from ringfence.lake.views import checks
from ringfence.lookups import parsers, publish, rows
from ringfence.lookups.recover import read_again, readable
from ringfence.lookups.reparse import Change, reparse, republish
from ringfence.lookups.replies import answered
from ringfence.lookups.serve import serve
from ringfence.money.decide import Decision, decide
from ringfence.money.schema import REPLY, SUBJECT
from ringfence.numbers.phone import Phone
from ringfence.providers.infobip import Infobip
from ringfence.providers.lookup import Basis, Billed, Lookup, Validity
from ringfence.providers.provider import Parsed

PARSE = Infobip.parse


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Parsed], Parsed]], None]:
    """Put another parser in the place of Infobip's: a function of what that one reads."""

    def put(change: Callable[[Parsed], Parsed]) -> None:
        monkeypatch.setattr(
            Infobip, "parse", lambda self, product, reply, asked: change(PARSE(self, product, reply, asked))
        )
        monkeypatch.setattr(rows, "parser_version", lambda: "another")

    return put


def each(change: Callable[[Lookup], Lookup | None]) -> Callable[[Parsed], Parsed]:
    """A parser that reads each answer otherwise; None leaves it out."""

    def changed(parsed: Parsed) -> Parsed:
        lookups = [one for one in map(change, parsed.lookups) if one]
        gone = [one.phone for one in parsed.lookups if one.phone not in {each.phone for each in lookups}]
        return replace(parsed, lookups=lookups, missing=[*parsed.missing, *gone])

    return changed


def broken(_: Parsed) -> Parsed:
    """A parser with a defect."""
    raise KeyError("results")


def certain(house) -> list[str]:
    """The numbers that are valid by the network."""
    known = house.lookups().filter((pl.col("validity") == "valid") & (pl.col("validity_basis") == "network"))
    return sorted(known["phone_e164"])


def doubted(one: Lookup) -> Lookup:
    """Where the network said valid, only an inference of it."""
    if one.validity is Validity.VALID:
        return replace(one, validity=Validity.LIKELY_VALID, validity_basis=Basis.INFERRED)
    return one


def again(house) -> None:
    """Reparse, and publish."""
    republish(house.lake, reparse(house.ledger, house.lake))
    publish.publish_facts(house.lake)


def sound(house) -> None:
    """The ledger holds, every relation is served, and every check of it holds."""
    house.check()
    path = serve(house.setup, house.ledger, house.lake)
    assert {each.name: each.rows for each in checks(path) if each.rows} == {}


def test_the_same_parsers_change_nothing(build, numbers) -> None:
    """Reading again what was read is the same, also of residues, and a preview writes nothing."""
    house = build(numbers("NL", 9), {"when": {"nth": 2}, "fault": "one_missing"})
    house.run()
    files = {name: house.lake.files(name) for name in ("lookups", "phone_facts")}
    found = reparse(house.ledger, house.lake)
    assert (found.read, found.unread, found.differs, found.prices) == (house.lookups().height, 0, False, [])
    assert files == {name: house.lake.files(name) for name in files}


def test_what_another_parser_reads_is_shown_and_then_published(build, numbers, parser) -> None:
    """Changes are counted value by value; published they replace the rows, their version and what follows of them."""
    house = build(numbers("NL", 30))
    house.run()
    before, spent = house.lookups(), house.spent()
    valid = certain(house)
    assert valid
    parser(each(doubted))
    found = reparse(house.ledger, house.lake)
    assert Change("infobip", "validity", "valid", "likely_valid", len(valid)) in found.changes
    assert {change.column for change in found.changes} == {"validity", "validity_basis"}
    assert_frame_equal(house.lookups(), before)
    again(house)
    assert certain(house) == []
    assert set(house.lookups()["parser_version"]) == {"another"}
    told = house.lake.read("phone_facts").filter(pl.col("phone_e164").is_in(valid))
    assert set(told["validity"]) == {"likely_valid"}
    same = ["lookup_id", "attempt_id", "cost_net", "cost_basis", "billed", "settled_seq", "answered_at"]
    assert_frame_equal(house.lookups().select(same), before.select(same), check_row_order=False)
    assert house.spent() == spent
    assert reparse(house.ledger, house.lake).differs is False
    assert house.publish() == 0
    sound(house)


def test_another_price_is_shown_and_not_booked(build, numbers, parser) -> None:
    """What was settled stays settled: rows, sums and the ledger are as they were."""
    house = build(numbers("NL", 6))
    house.run()
    before = house.lookups()
    parser(each(lambda one: replace(one, price=50_000_000, currency="EUR", billed=Billed.YES)))
    found = reparse(house.ledger, house.lake)
    assert found.prices == [Change("infobip", "cost_net", "0.010000000", "0.050000000", 6)]
    assert not found.differs
    again(house)
    assert_frame_equal(house.lookups().drop("parser_version"), before.drop("parser_version"), check_row_order=False)
    sound(house)


def test_an_answer_that_is_no_longer_found_vanishes_and_may_come_back(build, numbers, parser) -> None:
    """Its money is then nobody's, and the sums hold; with the first parser it appears again."""
    phones = numbers("NL", 8)
    house = build(phones)
    house.run()
    parser(each(lambda one: None if one.phone == Phone(phones[3]) else one))
    found = reparse(house.ledger, house.lake)
    assert (dict(found.appear), dict(found.vanish), found.read) == ({}, {"infobip": 1}, 7)
    again(house)
    assert phones[3] not in set(house.lookups()["phone_e164"])
    assert phones[3] not in set(house.lake.read("phone_facts")["phone_e164"])
    sound(house)
    parser(lambda parsed: parsed)
    assert dict(reparse(house.ledger, house.lake).appear) == {"infobip": 1}
    again(house)
    assert sorted(house.lookups()["phone_e164"]) == phones
    assert house.lookups().filter(pl.col("phone_e164") == phones[3])["cost_net"].to_list() == [Decimal(0)]
    sound(house)


def test_what_a_parser_cannot_read_any_more_stays(build, numbers, parser, caplog) -> None:
    """A defect of a newer parser takes no answer away."""
    house = build(numbers("NL", 6))
    house.run()
    before = house.lookups()
    parser(broken)
    found = reparse(house.ledger, house.lake)
    assert (found.read, found.unread, found.differs) == (0, 6, False)
    again(house)
    assert_frame_equal(house.lookups(), before, check_row_order=False)


def test_replies_and_numbers_that_are_gone_leave_their_answers(build, numbers, parser) -> None:
    """What retention or an erasure took from the ledger is not read again, and the others keep their ids."""
    phones = numbers("NL", 6)
    house = build(phones, provider={"batch": "3"})
    house.run()
    first, second = (row["attempt_id"] for row in house.attempts())
    ids = {row["phone_e164"]: row["lookup_id"] for row in house.lookups().iter_rows(named=True)}
    with house.ledger.store.write() as connection:
        connection.execute(delete(REPLY).where(REPLY.c.attempt_id == first))
        erased = house.lookups().filter(pl.col("attempt_id") == second).sort("lookup_id")["phone_e164"][0]
        connection.execute(delete(SUBJECT).where(SUBJECT.c.phone_e164 == erased))
    parser(each(doubted))
    found = reparse(house.ledger, house.lake)
    assert (found.read, dict(found.vanish), dict(found.appear)) == (2, {}, {})
    again(house)
    assert {row["phone_e164"]: row["lookup_id"] for row in house.lookups().iter_rows(named=True)} == ids
    versions = dict(house.lookups().group_by("parser_version").len().iter_rows())
    assert versions == {"another": 2, parsers.parser_version(): 4}


def test_an_answer_that_was_decided_as_lost_appears_without_a_cost(build, numbers, parser) -> None:
    """A person counted it as paid; a parser that reads it adds what it says, and no second cost."""
    house = build(numbers("NL", 2))
    parser(broken)
    house.run()
    (attempt,) = house.attempts("in_doubt")
    decide(house.ledger, attempt["attempt_id"], Decision(who="ada", because="invoice"), answered)
    house.publish()
    assert house.lookups().height == 0
    parser(lambda parsed: parsed)
    assert dict(reparse(house.ledger, house.lake).appear) == {"infobip": 2}
    again(house)
    assert (house.lookups()["cost_net"].sum(), house.spent()) == (Decimal(0), 20_000_000)
    sound(house)


def test_a_doubt_that_can_be_read_now_is_settled(build, numbers, parser, caplog) -> None:
    """Only a defect of an earlier parser kept it open: it is told, then settled at what the reply says."""
    house = build(numbers("NL", 2))
    parser(broken)
    house.run()
    assert house.states() == ["in_doubt"]
    parser(lambda parsed: parsed)
    assert len(readable(house.ledger)) == 1
    assert house.states() == ["in_doubt"]
    assert read_again(house.ledger) == 1
    assert house.publish() == 2
    assert (house.spent(), house.held()) == (20_000_000, 0)
    assert read_again(house.ledger) == 0


@pytest.mark.parametrize("table", ["lookups", "phone_changes", "phone_facts"])
def test_a_crash_between_two_commits_is_made_good_by_the_next_run(build, numbers, parser, monkeypatch, table) -> None:
    """Wherever it ends, facts are those of the lookups after whatever publishes next."""
    house = build(numbers("NL", 12))
    house.run()
    parser(each(doubted))
    overwrite = Lake.overwrite

    def stopped(self, name, *args, **more) -> None:
        if name == table:
            raise KeyboardInterrupt
        overwrite(self, name, *args, **more)

    monkeypatch.setattr(Lake, "overwrite", stopped)
    with pytest.raises(KeyboardInterrupt):
        again(house)
    monkeypatch.setattr(Lake, "overwrite", overwrite)
    house.publish()
    published = certain(house)
    assert bool(published) == (table == "lookups")
    facts = house.lake.read("phone_facts").filter(pl.col("validity_basis") == "network")
    assert sorted(facts.filter(pl.col("validity") == "valid")["phone_e164"]) == published
    assert publish.publish_facts(house.lake) == []


def test_answers_that_come_meanwhile_stay(build, numbers, parser) -> None:
    """What was published between the preview and its publication is kept as it is."""
    phones = numbers("NL", 6)
    house = build(phones)
    house.run("one", numbers=4)
    parser(each(doubted))
    found = reparse(house.ledger, house.lake)
    house.run("two")
    republish(house.lake, found)
    publish.publish_facts(house.lake)
    assert sorted(house.lookups()["phone_e164"]) == phones
    assert house.lake.settled_seq() == house.ledger.settled_seq()
    sound(house)


def test_the_version_of_the_parsers_is_theirs(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """It is the same until a source of theirs changes, however little, and names no number."""
    version = parsers.parser_version()
    (tmp_path / "answers.py").write_text("WHOLE = 0\n")
    monkeypatch.setattr(parsers.resources, "files", lambda _: tmp_path)
    parsers.parser_version.cache_clear()
    other = parsers.parser_version()
    (tmp_path / "notes.txt").write_text("no parser")
    parsers.parser_version.cache_clear()
    assert parsers.parser_version() == other
    (tmp_path / "answers.py").write_text("WHOLE = 1\n")
    parsers.parser_version.cache_clear()
    assert len({version, other, parsers.parser_version()}) == 3
    monkeypatch.undo()
    parsers.parser_version.cache_clear()


def test_a_reading_that_costs_more_than_was_settled_is_nobody_s(build, numbers, parser) -> None:
    """Published for the first time by a parser that reads higher prices, the sum is what was settled."""
    house = build(numbers("NL", 4))
    house.run()
    parser(each(lambda one: replace(one, price=50_000_000, currency="EUR", billed=Billed.YES)))
    other = replace(house, lake=Lake(house.lake.home, house.ledger.ledger_id))
    fresh = [
        row
        for group in publish.settled_after(other.ledger, 0)
        for one in group
        for row in rows.booked_rows(other.ledger, one)
    ]
    assert {row["cost_net"] for row in fresh} == {Decimal(0)}
    with house.ledger.store.read() as connection:
        assert connection.scalars(select(REPLY.c.attempt_id)).all()
