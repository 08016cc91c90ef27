"""When a fact is due: the rule, case by case, and that it never asks twice without time passing."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.config.scalars import ONCE
from ringfence.config.sections import Privacy
from ringfence.lake.columns import FACTS, PHONE_FACTS, UTC_TIME
from ringfence.lookups.due import BIT, bits, due
from ringfence.providers.lookup import Fact

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAYS = 86_400
PHONE = "+31612000000"
# The facts that Infobip's query answers.
QUERY = bits(["carrier", "ported", "validity", "reachability", "roaming"])


def facts_of(mask: int) -> frozenset[str]:
    """The facts of a mask."""
    return frozenset(fact for fact, bit in BIT.items() if mask & bit)


def ask(
    want: dict[str, int],
    *,
    seen: dict[str, float] | None = None,
    asked: list[tuple[float, int]] | None = None,
    tick: float | None = None,
    country: str | None = "NL",
    privacy: Privacy | None = None,
) -> frozenset[Fact]:
    """The due facts of one number; `seen` and `asked` in days ago, `tick` in days from now."""
    wanted = pl.DataFrame(
        [{"phone_e164": PHONE, "country": country, **{f"want_{fact}": want.get(fact) for fact in FACTS}}],
        schema={"phone_e164": pl.String, "country": pl.String, **{f"want_{fact}": pl.Int64 for fact in FACTS}},
    )
    times = {f"{fact}_observed_at": NOW - timedelta(days=days) for fact, days in (seen or {}).items()}
    known = pl.DataFrame([{"phone_e164": PHONE, **times}] if seen else [], schema=PHONE_FACTS.schema)
    before = pl.DataFrame(
        [(PHONE, mask, NOW - timedelta(days=days)) for days, mask in asked or []],
        schema={"phone_e164": pl.String, "facts": pl.Int64, "asked_at": UTC_TIME},
        orient="row",
    )
    next_tick = None if tick is None else NOW + timedelta(days=tick)
    frame = due(wanted, known, before, now=NOW, next_tick=next_tick, privacy=privacy or Privacy())
    assert frame.height == 1
    return facts_of(frame["due"].item())


MONTHLY = {"carrier": 30 * DAYS}
CARRIER = {Fact.CARRIER}
CASES = {
    "never asked": (ask(MONTHLY), CARRIER),
    "known and young": (ask(MONTHLY, seen={"carrier": 29}, asked=[(29, QUERY)]), set()),
    "known and old": (ask(MONTHLY, seen={"carrier": 31}, asked=[(31, QUERY)]), CARRIER),
    "an unknown is an answer too": (ask(MONTHLY, asked=[(29, QUERY)]), set()),
    "an unknown grows old too": (ask(MONTHLY, asked=[(31, QUERY)]), CARRIER),
    "another fact was asked": (ask(MONTHLY, asked=[(1, bits(["line_type"]))]), CARRIER),
    "the newest asking counts": (ask(MONTHLY, asked=[(400, QUERY), (3, QUERY)]), set()),
    "seen in an old reply, asked lately": (ask(MONTHLY, seen={"carrier": 40}, asked=[(2, QUERY)]), set()),
    "known without asking": (ask(MONTHLY, seen={"carrier": 3}), set()),
    "once, and known for ten years": (ask({"carrier": ONCE}, seen={"carrier": 3650}, asked=[(3650, QUERY)]), set()),
    "once, asked ten years ago and not answered": (ask({"carrier": ONCE}, asked=[(3650, QUERY)]), set()),
    "would expire before the next tick": (ask(MONTHLY, seen={"carrier": 28}, asked=[(28, QUERY)], tick=7), CARRIER),
    "lasts until the next tick": (ask(MONTHLY, seen={"carrier": 20}, asked=[(20, QUERY)], tick=7), set()),
    "an unknown would expire too": (ask(MONTHLY, asked=[(28, QUERY)], tick=7), CARRIER),
    "within half of its time nothing is asked": (ask({"carrier": DAYS}, asked=[(0.4, QUERY)], tick=7), set()),
    "after half of its time it is": (ask({"carrier": DAYS}, asked=[(0.6, QUERY)], tick=7), CARRIER),
    "only what is old": (
        ask({**MONTHLY, "validity": 90 * DAYS}, seen={"carrier": 31, "validity": 31}, asked=[(31, QUERY)]),
        CARRIER,
    ),
    "only what is wanted": (ask({"line_type": DAYS}, seen={"carrier": 400}), {Fact.LINE_TYPE}),
    "roaming is forbidden by default": (ask({"roaming": DAYS}), set()),
    "roaming is let in": (ask({"roaming": DAYS}, privacy=Privacy(allow={"roaming": ["NL"]})), {Fact.ROAMING}),
    "roaming is let in elsewhere": (ask({"roaming": DAYS}, privacy=Privacy(allow={"roaming": ["DE"]})), set()),
    "reachability is shut out": (ask({"reachability": DAYS}, privacy=Privacy(forbid={"reachability": ["NL"]})), set()),
    "reachability is shut out elsewhere": (
        ask({"reachability": DAYS}, privacy=Privacy(forbid={"reachability": ["CH"]})),
        {Fact.REACHABILITY},
    ),
    "a country that nobody knows": (ask({"roaming": DAYS, **MONTHLY}, country=None), CARRIER),
}


@pytest.mark.parametrize(("found", "expected"), CASES.values(), ids=CASES)
def test_a_fact_is_due_by_age_asking_and_schedule(found: frozenset[Fact], expected: set[Fact]) -> None:
    """A fact is due when no known answer and no asking is younger than its time to live, at the tick at hand."""
    assert found == expected


days = st.floats(0, 4000)
wants = st.dictionaries(st.sampled_from(FACTS), st.integers(1, 400).map(lambda each: each * DAYS))


@given(
    wants, st.dictionaries(st.sampled_from(FACTS), days), st.lists(st.tuples(days, st.just(QUERY))), st.none() | days
)
def test_what_was_just_asked_is_never_due(
    want: dict[str, int], seen: dict[str, float], asked: list[tuple[float, int]], tick: float | None
) -> None:
    """Whatever is known and scheduled: once everything due was asked, nothing is due at the same moment."""
    first = ask(want, seen=seen, asked=asked, tick=tick)
    assert ask(want, seen=seen, asked=[*asked, (0, bits(first))], tick=tick) == set()


@given(st.frozensets(st.sampled_from(list(Fact))))
def test_a_set_of_facts_survives_its_bits(facts: frozenset[Fact]) -> None:
    """The integer that the ledger keeps stands for exactly these facts."""
    assert facts_of(bits(facts)) == facts
