"""Merging answers: which one stands, and when it changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ringfence.lake.columns import FACTS, PHONE_CHANGES, PHONE_FACTS
from ringfence.lake.tables import frame_of
from ringfence.lookups.merge import BASES, phone_changes, phone_facts
from tests.sizes import share

START = datetime(2026, 1, 1, tzinfo=UTC)
PHONE = "+31612000000"


def day(number: int) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=number)


def answer(seq: int, at: int, phone: str = PHONE, **values: Any) -> dict[str, Any]:
    """A row of `lookups`; what is not given is unknown."""
    unknown = dict.fromkeys(("validity", "reachability", "ported", "roaming", "line_type"), "unknown")
    return {
        **unknown,
        "phone_e164": phone,
        "bucket": 3,
        "country": "NL",
        "validity_basis": "none",
        "origin": "simulated",
        "provider": "infobip",
        "lookup_id": f"lookup-{seq}",
        "observed_at": day(at),
        "settled_seq": seq,
        **values,
    }


def facts(*rows: dict[str, Any]) -> dict[str, Any]:
    """The one wide row of these answers."""
    return phone_facts(frame_of("lookups", rows)).row(0, named=True)


def changes(*rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The changes of these answers: fact, old, new, and between which days."""
    frame = phone_changes(frame_of("lookups", rows))
    columns = ["fact", "old_value", "new_value", "last_seen_old_at", "first_seen_new_at"]
    return frame.select(columns).rows()


def test_basis_beats_newness() -> None:
    """What a network said stands over a newer inference, and an inference over a newer numbering plan."""
    said = answer(1, 0, validity="valid", validity_basis="network", ported="not_ported")
    inferred = answer(2, 9, validity="likely_invalid", validity_basis="inferred", ported="likely_ported")
    planned = answer(3, 20, validity="invalid", validity_basis="numbering_plan")
    found = facts(said, inferred, planned)
    assert (found["validity"], found["validity_basis"], found["validity_lookup_id"]) == ("valid", "network", "lookup-1")
    assert (found["ported"], found["ported_basis"]) == ("not_ported", "network")
    assert facts(inferred, planned)["validity"] == "likely_invalid"


def test_the_newest_of_one_basis_stands() -> None:
    """Within a basis the newest observation wins, and of one moment the later settlement."""
    old = answer(9, 0, reachability="absent")
    new = answer(2, 5, reachability="reachable")
    same = answer(3, 5, reachability="undeliverable")
    assert facts(old, new)["reachability"] == "reachable"
    found = facts(same, old, new)
    assert (found["reachability"], found["reachability_observed_at"]) == ("undeliverable", day(5))


def test_unknown_never_overwrites_known() -> None:
    """A newer unknown changes neither the value nor its time, and makes no change."""
    known = answer(1, 0, validity="valid", validity_basis="network", current_carrier_name="KPN")
    found = facts(known, answer(2, 9))
    assert (found["validity"], found["validity_observed_at"]) == ("valid", day(0))
    assert (found["current_carrier_name"], found["carrier_lookup_id"]) == ("KPN", "lookup-1")
    assert changes(known, answer(2, 9)) == []


def test_only_unknown_is_unknown_and_has_no_source() -> None:
    """A number that nobody knew anything of has a row that says so, with no provider and no time."""
    found = facts(answer(1, 0), answer(2, 1))
    assert (found["validity"], found["validity_basis"], found["validity_provider"]) == ("unknown", "none", None)
    assert (found["carrier_observed_at"], found["content_changed_at"]) == (None, None)
    assert found["first_seen_at"] == day(0)


def test_values_of_two_answers_are_never_mixed() -> None:
    """A carrier is taken from one answer whole: the newer name does not keep the older code.

    The original carrier is a value of its own, which a newer answer without it does not take away.
    """
    whole = answer(1, 0, current_carrier_name="KPN", current_carrier_mccmnc="20408", original_carrier_name="Odido")
    named = answer(2, 1, current_carrier_name="Vodafone")
    found = facts(whole, named)
    assert found["current_carrier_name"] == "Vodafone"
    assert (found["current_carrier_mccmnc"], found["original_carrier_name"]) == (None, "Odido")


def test_the_original_carrier_alone_is_no_carrier() -> None:
    """Who had the number first, or only a country, says nothing of who has it now: unknown, due again, no change."""
    rows = [answer(1, 0, original_carrier_name="KPN"), answer(2, 5, current_carrier_country="NL")]
    found = facts(*rows)
    assert (found["carrier_observed_at"], found["carrier_basis"], found["current_carrier_country"]) == (
        None,
        "none",
        None,
    )
    assert found["original_carrier_name"] == "KPN"
    known = answer(3, 7, current_carrier_mccmnc="20404", original_carrier_name="Odido")
    assert changes(*rows, known) == []
    assert facts(*rows, known)["original_carrier_name"] == "Odido"


def test_a_change_lies_between_its_bounds() -> None:
    """A change names both values, the last day of the old one and the first of the new one, also back again."""
    seen = [(0, "reachable"), (3, "reachable"), (5, "absent"), (6, "unknown"), (8, "absent"), (9, "reachable")]
    rows = [answer(seq, at, reachability=value) for seq, (at, value) in enumerate(seen)]
    assert changes(*rows) == [
        ("reachability", "reachable", "absent", day(3), day(5)),
        ("reachability", "absent", "reachable", day(8), day(9)),
    ]
    assert facts(*rows)["content_changed_at"] == day(9)


def test_a_carrier_changes_by_its_code() -> None:
    """A network that is only named differently is the same network."""
    rows = [
        answer(1, 0, current_carrier_name="KPN", current_carrier_mccmnc="20408"),
        answer(2, 1, current_carrier_name="KPN B.V.", current_carrier_mccmnc="20408"),
        answer(3, 2, current_carrier_name="Vodafone", current_carrier_mccmnc="20404"),
    ]
    assert changes(*rows) == [("carrier", "20408", "20404", day(1), day(2))]


values = st.fixed_dictionaries(
    {
        "validity": st.sampled_from(["valid", "likely_valid", "invalid", "unknown"]),
        "validity_basis": st.sampled_from(BASES),
        "reachability": st.sampled_from(["reachable", "absent", "unknown"]),
        "ported": st.sampled_from(["ported", "likely_ported", "unknown"]),
        "current_carrier_name": st.sampled_from(["KPN", "Odido", None]),
        "current_carrier_mccmnc": st.sampled_from(["20408", "20416", None]),
        "current_carrier_country": st.sampled_from(["NL", None]),
        "original_carrier_name": st.sampled_from(["KPN", None]),
        "original_carrier_mccmnc": st.sampled_from(["20408", None]),
    }
)
histories = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([PHONE, "+31612000001"]), values), min_size=1)


@settings(max_examples=share(100))
@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(history: list[Any], random: Any) -> None:
    """Facts and changes are functions of the set of answers."""
    rows = [answer(seq, at, phone, **given) for seq, (at, phone, given) in enumerate(history)]
    shuffled = random.sample(rows, len(rows))
    for merged in (phone_facts, phone_changes):
        left, right = (merged(frame_of("lookups", each)) for each in (rows, shuffled))
        assert_frame_equal(left, right, check_row_order=False)


@settings(max_examples=share(100))
@given(histories)
def test_the_same_answer_twice_is_one_answer(history: list[Any]) -> None:
    """Repeated rows change no fact and make no change."""
    rows = [answer(seq, at, phone, **given) for seq, (at, phone, given) in enumerate(history)]
    for merged in (phone_facts, phone_changes):
        once, twice = (merged(frame_of("lookups", each)) for each in (rows, rows * 2))
        assert_frame_equal(once, twice, check_row_order=False)


@settings(max_examples=share(100))
@given(histories)
def test_every_value_that_stands_is_the_best_one_that_was_said(history: list[Any]) -> None:
    """No other known answer about validity has a better basis, or the same basis and a later observation."""
    rows = [answer(seq, at, phone, **given) for seq, (at, phone, given) in enumerate(history)]
    merged = phone_facts(frame_of("lookups", rows))
    assert sorted(merged["phone_e164"]) == sorted({row["phone_e164"] for row in rows})
    for found in merged.iter_rows(named=True):
        known = [row for row in rows if row["phone_e164"] == found["phone_e164"] and row["validity"] != "unknown"]
        if not known:
            assert found["validity"] == "unknown"
            continue
        best = min(
            known,
            key=lambda row: (BASES.index(row["validity_basis"]), day(0) - row["observed_at"], -row["settled_seq"]),
        )
        assert found["validity_lookup_id"] == best["lookup_id"]
        assert (found["validity"], found["validity_basis"]) == (best["validity"], best["validity_basis"])


@settings(max_examples=share(100))
@given(histories)
def test_a_fact_has_a_time_when_and_only_when_it_has_a_value(history: list[Any]) -> None:
    """What counts as observed, and so as answered and as not due, has a known value, and the other way round."""
    rows = [answer(seq, at, phone, **given) for seq, (at, phone, given) in enumerate(history)]
    for found in phone_facts(frame_of("lookups", rows)).iter_rows(named=True):
        found["carrier"] = found["current_carrier_mccmnc"] or found["current_carrier_name"]
        for fact in FACTS:
            assert (found[f"{fact}_observed_at"] is not None) == (found[fact] not in (None, "unknown")), fact


def sure(value: str) -> str:
    """A value without the mark of an inference."""
    return value.removeprefix("likely_")


@settings(max_examples=share(100))
@given(histories)
def test_the_last_change_leads_to_what_stands(history: list[Any]) -> None:
    """What changes is what stands: after the last change of a fact its value is the new one, and all are a chain."""
    rows = [answer(seq, at, phone, **given) for seq, (at, phone, given) in enumerate(history)]
    frame = frame_of("lookups", rows)
    changed = phone_changes(frame)
    for found in phone_facts(frame).iter_rows(named=True):
        found["carrier"] = found["current_carrier_mccmnc"] or found["current_carrier_name"]
        for fact in FACTS:
            chain = [
                row
                for row in changed.iter_rows(named=True)
                if (row["phone_e164"], row["fact"]) == (found["phone_e164"], fact)
            ]
            assert all(sure(one["new_value"]) == sure(two["old_value"]) for one, two in pairwise(chain))
            assert all(sure(row["old_value"]) != sure(row["new_value"]) for row in chain)
            assert all(row["last_seen_old_at"] <= row["first_seen_new_at"] for row in chain)
            # A network that is known by its name alone is compared with no other.
            if chain and (fact != "carrier" or found["current_carrier_mccmnc"]):
                assert sure(chain[-1]["new_value"]) == sure(found[fact]), fact


def test_what_changes_within_a_moment_is_a_chain() -> None:
    """Many answers of one moment, each other than the one before: changes follow each other as they were settled."""
    reachable, ported = ("absent", "reachable"), ("ported", "not_ported", "ported")
    said = [
        answer(seq, 0, f"+3161200000{seq % 2}", reachability=reachable[seq // 2 % 2], ported=ported[seq % 3])
        for seq in range(80)
    ]
    found = phone_changes(frame_of("lookups", said)).partition_by("phone_e164", "fact")
    for chain in found:
        assert chain["new_value"].to_list()[:-1] == chain["old_value"].to_list()[1:]
    assert sum(chain.height for chain in found) > 100


def test_a_worse_basis_changes_nothing() -> None:
    """An inference after what the network said is no change, and the network's word after an inference is one."""
    said = answer(1, 0, validity="valid", validity_basis="network")
    inferred = answer(2, 5, validity="likely_invalid", validity_basis="inferred")
    back = answer(3, 9, validity="valid", validity_basis="network")
    assert changes(said, inferred, back) == []
    assert changes(inferred, back) == [("validity", "likely_invalid", "valid", day(5), day(9))]


ORIGINS = st.sampled_from(["simulated", "imported"])


@settings(max_examples=share(100))
@given(histories, st.lists(ORIGINS, min_size=50, max_size=50))
def test_where_an_answer_comes_from_does_not_matter(history: list[Any], origins: list[str]) -> None:
    """Imported and bought answers are equal: only basis and time decide, and the origin is told."""
    rows = [answer(seq, at, phone, **given) for seq, (at, phone, given) in enumerate(history)]
    mixed = [{**row, "origin": origins[place % 50]} for place, row in enumerate(rows)]
    told = [f"{fact}_origin" for fact in FACTS]
    one, other = (phone_facts(frame_of("lookups", each)).sort("phone_e164") for each in (rows, mixed))
    assert_frame_equal(one.drop(told), other.drop(told))
    by_id = {row["lookup_id"]: row["origin"] for row in mixed}
    for found in other.iter_rows(named=True):
        for fact in FACTS:
            assert found[f"{fact}_origin"] == by_id.get(found[f"{fact}_lookup_id"])


@settings(max_examples=share(100))
@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(history: list[Any], random: Any) -> None:
    """Answers of different times may be settled in any order: the same value stands, with the same changes."""
    moments = {}
    for at, phone, told in history:
        moments[at, phone] = told
    arrivals = random.sample(range(len(moments)), len(moments))
    merged = []
    for seqs in (range(len(moments)), arrivals):
        rows = [
            {**answer(seq, at, phone, **told), "lookup_id": f"{phone} {at}"}
            for seq, ((at, phone), told) in zip(seqs, moments.items(), strict=True)
        ]
        frame = frame_of("lookups", rows)
        merged.append((phone_facts(frame).sort("phone_e164"), phone_changes(frame)))
    for one, other in zip(*merged, strict=True):
        assert_frame_equal(one, other)


def test_nothing_makes_nothing() -> None:
    """No answers make no rows, in the tables' own columns."""
    empty = frame_of("lookups", [])
    assert phone_facts(empty).height == phone_changes(empty).height == 0
    assert phone_facts(empty).schema == PHONE_FACTS.schema
    assert phone_changes(empty).schema == PHONE_CHANGES.schema


def test_the_same_network_told_in_two_ways_is_no_change() -> None:
    """A name after a code, or an inference that the network confirms, changes nothing; another code does."""
    coded = answer(1, 0, current_carrier_mccmnc="20408", ported="likely_ported")
    named = answer(2, 5, current_carrier_name="KPN", ported="ported")
    other = answer(3, 9, current_carrier_mccmnc="20416")
    assert changes(coded, named) == []
    assert changes(coded, named, other) == [("carrier", "20408", "20416", day(0), day(9))]
