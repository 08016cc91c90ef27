"""When a fact is due: the rule, case by case, and that it never asks twice without time passing."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.config.model import Config
from ringfence.config.scalars import ONCE
from ringfence.config.sections import Privacy
from ringfence.lake.columns import FACTS, PHONE_FACTS, UTC_TIME
from ringfence.lookups.due import BIT, bits, due
from ringfence.lookups.due_now import next_tick
from ringfence.providers.lookup import Fact
from tests.sizes import share

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
        [(PHONE, mask, NOW - timedelta(days=days), 0) for days, mask in asked or []],
        schema={"phone_e164": pl.String, "facts": pl.Int64, "asked_at": UTC_TIME, "step": pl.Int64},
        orient="row",
    )
    next_tick = None if tick is None else NOW + timedelta(days=tick)
    frame = due(wanted, known, before, now=NOW, next_tick=next_tick, privacy=privacy or Privacy())
    assert frame.height == 1
    return facts_of(frame["due_0"].item())


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


def masks(
    want: dict[str, int],
    asked: list[tuple[float, int, int]],
    *,
    steps: int,
    seen: dict[str, float] | None = None,
    validity: str = "unknown",
    told: dict[str, float] | None = None,
    unknown_for: int | None = None,
) -> list[frozenset[str]]:
    """What is due of one number at each step; `asked` with the step at which, `told` when answers last told it."""
    wanted = pl.DataFrame(
        [{"phone_e164": PHONE, "country": "NL", **{f"want_{fact}": want.get(fact) for fact in FACTS}}],
        schema={"phone_e164": pl.String, "country": pl.String, **{f"want_{fact}": pl.Int64 for fact in FACTS}},
    )
    times = {f"{fact}_observed_at": NOW - timedelta(days=days) for fact, days in (seen or {}).items()}
    known = pl.DataFrame([{"phone_e164": PHONE, "validity": validity, **times}], schema=PHONE_FACTS.schema)
    before = pl.DataFrame(
        [(PHONE, mask, NOW - timedelta(days=days), step) for days, mask, step in asked],
        schema={"phone_e164": pl.String, "facts": pl.Int64, "asked_at": UTC_TIME, "step": pl.Int64},
        orient="row",
    )
    answers = pl.DataFrame(
        [{"phone_e164": PHONE, **{f"told_{fact}": NOW - timedelta(days=days) for fact, days in (told or {}).items()}}],
        schema={"phone_e164": pl.String, **{f"told_{fact}": UTC_TIME for fact in FACTS}},
    )
    frame = due(
        wanted,
        known,
        before,
        now=NOW,
        next_tick=None,
        privacy=Privacy(),
        steps=steps,
        told=answers,
        unknown_for=unknown_for,
    )
    return [facts_of(frame[f"due_{step}"].item()) for step in range(steps)]


BIT_C = BIT["carrier"]
STEPS = {
    "nobody was asked": (masks(MONTHLY, [], steps=3), [CARRIER, CARRIER, CARRIER]),
    "the first was asked": (masks(MONTHLY, [(5, BIT_C, 0)], steps=3), [set(), CARRIER, CARRIER]),
    "a later one was asked": (masks(MONTHLY, [(5, BIT_C, 1)], steps=3), [set(), set(), CARRIER]),
    "the last was asked": (masks(MONTHLY, [(5, BIT_C, 2)], steps=3), [set(), set(), set()]),
    "the last was asked long ago": (
        masks(MONTHLY, [(31, BIT_C, 2), (5, BIT_C, 0)], steps=3),
        [set(), CARRIER, CARRIER],
    ),
    "the first has told it": (masks(MONTHLY, [(5, BIT_C, 0)], steps=2, seen={"carrier": 5}), [set(), set()]),
    "the first has said that there is no such number": (
        masks(MONTHLY, [(5, BIT["validity"], 0)], steps=2, seen={"validity": 5}, validity="invalid"),
        [set(), set()],
    ),
    "that was too long ago": (
        masks(MONTHLY, [(31, QUERY, 0)], steps=2, seen={"validity": 31}, validity="invalid"),
        [CARRIER, CARRIER],
    ),
    "unknown, for a week": (masks(MONTHLY, [(6, BIT_C, 0)], steps=1, unknown_for=7 * DAYS), [set()]),
    "unknown, for longer than that": (masks(MONTHLY, [(8, BIT_C, 0)], steps=1, unknown_for=7 * DAYS), [CARRIER]),
    "known then, and too old": (
        masks(
            {"carrier": DAYS}, [(2, BIT_C, 0)], steps=1, seen={"carrier": 2}, told={"carrier": 2}, unknown_for=7 * DAYS
        ),
        [CARRIER],
    ),
    "known before, and unknown when last asked": (
        masks(
            {"carrier": DAYS}, [(2, BIT_C, 0)], steps=1, seen={"carrier": 9}, told={"carrier": 9}, unknown_for=7 * DAYS
        ),
        [set()],
    ),
}


@pytest.mark.parametrize(("found", "expected"), STEPS.values(), ids=STEPS)
def test_a_fact_is_due_at_the_steps_behind_the_last_that_was_asked(
    found: list[set[str]], expected: list[set[str]]
) -> None:
    """Due is what nobody told, at the steps of which neither itself nor a later one was asked lately."""
    assert found == expected


askings = st.lists(st.tuples(days, st.integers(1, 63), st.integers(0, 2)), max_size=5)


@settings(max_examples=share(40), deadline=None)
@given(wants, askings, st.none() | st.integers(1, 60).map(lambda each: each * DAYS))
def test_a_step_that_was_just_asked_leaves_only_later_ones(
    want: dict[str, int], asked: list[tuple[float, int, int]], unknown_for: int | None
) -> None:
    """Whatever was asked before: what is due at a step is due at later ones too, and not any more once it was asked."""
    before = masks(want, asked, steps=3, unknown_for=unknown_for)
    assert before[0] <= before[1] <= before[2]
    for step in range(3):
        after = masks(want, [*asked, (0, bits(before[step]), step)], steps=3, unknown_for=unknown_for)
        assert not any(after[: step + 1])
        assert after[step + 1 :] == before[step + 1 :]


ZONES = st.sampled_from(["Europe/Amsterdam", "America/New_York", "Pacific/Auckland", "UTC"])


@settings(max_examples=share(16), deadline=None)
@given(
    ZONES,
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),  # noqa: DTZ001 - a day of a calendar
    st.sampled_from(["0 5 * * *", "0 * * * *", "30 2 * * *", "15 */6 * * *"]),
    st.lists(st.integers(1, 3000), min_size=20, max_size=20),
)
def test_a_daily_want_is_bought_daily(zone: str, begin: datetime, schedule: str, seconds: list[int]) -> None:
    """Run by run through a fortnight, with answers up to 50 minutes after each tick, and clocks that are changed.

    There is one purchase for every local day, never none for two days, and never two within half a day.
    """
    config = Config.model_validate({"mode": "simulate", "timezone": zone, "schedule": schedule})
    want = {"reachability": DAYS}
    moment, bought = begin.replace(tzinfo=UTC), []
    end = moment + timedelta(days=14)
    while (moment := next_tick(config, moment) or end) < end:
        # Dagster starts a run some seconds after its tick.
        now = moment + timedelta(seconds=seconds[len(bought) % 20] % 30)
        if not bought or ask_at(want, bought[-1], now, next_tick(config, now)):
            bought.append(now + timedelta(seconds=seconds[-len(bought) % 20]))
    gaps = [after - before for before, after in pairwise(bought)]
    assert all(timedelta(hours=12) < gap <= timedelta(hours=26) for gap in gaps)
    assert len(bought) >= 13


def ask_at(want: dict[str, int], last: datetime, now: datetime, tick: datetime | None) -> bool:
    """Whether anything is due of a number that was asked, and answered, once before."""
    wanted = pl.DataFrame(
        [{"phone_e164": PHONE, "country": "NL", **{f"want_{fact}": want.get(fact) for fact in FACTS}}],
        schema={"phone_e164": pl.String, "country": pl.String, **{f"want_{fact}": pl.Int64 for fact in FACTS}},
    )
    times = {f"{fact}_observed_at": last for fact in want}
    known = pl.DataFrame([{"phone_e164": PHONE, **times}], schema=PHONE_FACTS.schema)
    asked = pl.DataFrame(
        [(PHONE, bits(want), last, 0)],
        schema={"phone_e164": pl.String, "facts": pl.Int64, "asked_at": UTC_TIME, "step": pl.Int64},
        orient="row",
    )
    return bool(due(wanted, known, asked, now=now, next_tick=tick, privacy=Privacy())["due_0"].item())
