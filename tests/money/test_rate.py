"""The token bucket: however many take from it and whatever the clock does, the provider's pace holds."""

import sqlite3
from collections import Counter
from functools import partial
from heapq import heappop, heappush
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from ringfence.money.heard import Heard
from ringfence.money.rate import LONGEST, RISE, SLOWEST, Place, give_back, hear, take
from ringfence.money.schema import RATE
from tests.money.bench import SECOND, Bench

STEPS = st.lists(
    st.tuples(st.integers(-3 * SECOND, 3 * SECOND) | st.integers(0, 2000), st.integers(0, 40)), max_size=40
)


def _bucket() -> Connection:
    engine = create_engine("sqlite://")
    RATE.create(engine)
    return engine.connect()


@given(st.integers(1, 30), STEPS)
@settings(max_examples=60, deadline=None)
def test_takers_never_pass_rate_times_time_plus_burst(per_second: int, steps: list[tuple[int, int]]) -> None:
    """In any stretch at most one second's worth is granted beside the rate over its time; backward is no time."""
    with _bucket() as connection:
        at, passed = 10 * SECOND, 0
        # (time passed before, granted before) of every call: a stretch may begin at any of them.
        begins, granted = [], 0
        for step, wanted in steps:
            at, passed = at + step, passed + max(0, step)
            begins.append((passed, granted))
            count, wait = take(connection, "infobip", per_second=per_second, wanted=wanted, at=at)
            granted += count
            assert 0 <= count <= wanted
            assert all((granted - had) * SECOND <= per_second * (passed - since + SECOND) for since, had in begins)
            assert (wait > 0) == (wanted > 0 and count == 0)


@given(st.integers(1, 1000), st.integers(1, 1500))
@settings(max_examples=40, deadline=None)
def test_impatient_takers_get_the_whole_rate(per_second: int, every: int) -> None:
    """Takers that ask more often than a token comes lose nothing to rounding: two seconds give two seconds' worth."""
    every = max(every, 2 * SECOND // 300)
    with _bucket() as connection:
        take(connection, "infobip", per_second=per_second, wanted=per_second, at=0)
        asked = range(every, 2 * SECOND + 1, every)
        granted = sum(take(connection, "infobip", per_second=per_second, wanted=10**6, at=at)[0] for at in asked)
        assert granted == per_second * asked[-1] // SECOND


@given(st.integers(1, 500))
@settings(max_examples=30, deadline=None)
def test_after_the_wait_there_is_a_token(per_second: int) -> None:
    """The seconds to wait that an empty bucket names are enough for one request, and needed."""
    with _bucket() as connection:
        _, none = take(connection, "infobip", per_second=per_second, wanted=per_second, at=0)
        _, wait = take(connection, "infobip", per_second=per_second, wanted=1, at=0)
        assert none == 0
        early, _ = take(connection, "infobip", per_second=per_second, wanted=1, at=int(wait * SECOND * 0.9))
        later, _ = take(connection, "infobip", per_second=per_second, wanted=1, at=int(wait * SECOND) + 1)
        assert (early, later) == (0, 1)


def test_providers_do_not_share_a_bucket_but_processes_do(tmp_path: Path) -> None:
    """The bucket is one row a provider in the ledger file: another connection finds it as it was left."""
    bench = Bench(tmp_path)
    with bench.ledger.store.write() as connection:
        assert take(connection, "infobip", per_second=5, wanted=9, at=bench.now)[0] == 5
        assert take(connection, "vonage", per_second=2, wanted=9, at=bench.now)[0] == 2
    with sqlite3.connect(bench.ledger.store.path) as other:
        left = other.execute("SELECT provider, tokens FROM rate ORDER BY provider").fetchall()
        assert left == [("infobip", 0), ("vonage", 0)]
    other.close()
    with bench.ledger.store.write() as connection:
        assert take(connection, "infobip", per_second=5, wanted=9, at=bench.now + SECOND // 5)[0] == 1


def _heard(at: int, *, throttled: bool = False, pause: float = 0, verdict: str = "nothing") -> Heard:
    return Heard(at, verdict, "", throttled, int(pause * SECOND))  # type: ignore[arg-type]


def _pace(connection: Connection) -> list[tuple[int | None, int]]:
    return [(row.pace, row.not_before) for row in connection.execute(RATE.select())]


def test_a_burst_of_throttling_halves_the_pace_once() -> None:
    """Eight requests that were out together are one burst; what was sent after it halves the pace again."""
    with _bucket() as connection:
        tell = partial(hear, connection, "infobip", per_second=8)
        tell(told=[_heard(0, throttled=True, pause=2)] * 8, at=SECOND)
        assert _pace(connection) == [(4000, 3 * SECOND)]
        tell(told=[_heard(2 * SECOND, throttled=True, pause=1)], at=4 * SECOND)
        assert _pace(connection) == [(4000, 5 * SECOND)]
        for second in range(6, 16, 2):
            tell(told=[_heard(second * SECOND, throttled=True, pause=1)], at=second * SECOND)
        assert _pace(connection) == [(125, 15 * SECOND)]
        tell(told=[_heard(20 * SECOND, throttled=True, pause=1)], at=20 * SECOND)
        assert _pace(connection) == [(SLOWEST, 21 * SECOND)]


@given(st.integers(1, 12))
def test_answers_bring_the_whole_pace_back_within_a_minute(per_second: int) -> None:
    """From the slowest pace, a provider that answers what it is asked is asked as fast as configured after a minute."""
    with _bucket() as connection:
        for at in range(24):
            hear(connection, "infobip", per_second=per_second, told=[_heard(at, throttled=True)], at=at)
        assert _pace(connection)[0][0] == SLOWEST
        answers, at = 0, 100 * SECOND
        while (pace := _pace(connection)[0][0]) is not None:
            at += SECOND * 1000 // pace
            answers += 1
            hear(connection, "infobip", per_second=per_second, told=[_heard(at, verdict="well")], at=at)
            assert at < 200 * SECOND
        # One answer at the slowest pace takes ten seconds.
        assert RISE // 2 <= (at - 100 * SECOND) / SECOND <= RISE + 12


@given(st.integers(1, 50), st.integers(-5, 10**9), st.integers(-(10**6), 10**6))
def test_a_pause_holds_for_everybody_and_ends(per_second: int, pause: int, jump: int) -> None:
    """Before its end nobody gets anything but the time to wait; no header and no clock makes that over five minutes."""
    with _bucket() as connection:
        told = [_heard(0, pause=max(0, pause))]
        at = 2_000_000 * SECOND
        hear(connection, "infobip", per_second=per_second, told=told, at=at)
        at += jump * SECOND
        count, wait = take(connection, "infobip", per_second=per_second, wanted=1, at=at)
        assert (count == 0) == (wait > 0)
        assert wait <= LONGEST / SECOND
        assert count == 1 or pause > jump
        at += int(wait * SECOND) + (SECOND if count else 1)
        assert take(connection, "infobip", per_second=per_second, wanted=1, at=at, place=Place())[0] == 1


def test_a_slower_pace_is_kept_and_a_configured_one_below_it_wins() -> None:
    """At a pace of 0.5 a second the bucket still fills to one request; a new rate below the pace is what holds."""
    with _bucket() as connection:
        for at in range(2):
            hear(connection, "infobip", per_second=2, told=[_heard(at, throttled=True)], at=at)
        granted = [take(connection, "infobip", per_second=2, wanted=9, at=at * SECOND)[0] for at in range(10, 20)]
        assert granted == [1, 0] * 5
        hear(connection, "infobip", per_second=1000, told=[_heard(20 * SECOND, throttled=True)], at=20 * SECOND)
        assert take(connection, "infobip", per_second=1, wanted=9, at=60 * SECOND)[0] == 1


def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_what_is_owed() -> None:
    """Whoever waits for a token waits at most until all that is owed is there, whatever the clock was before."""
    with _bucket() as connection:
        place, at = Place(), 3600 * SECOND
        take(connection, "infobip", per_second=2, wanted=2, at=at)
        assert take(connection, "infobip", per_second=2, wanted=1, at=at, place=place)[0] == 0
        count, wait = take(connection, "infobip", per_second=2, wanted=1, at=0, place=place)
        assert (count, wait <= 1) == (0, True)


@given(st.integers(2, 50), st.data())
@settings(max_examples=40, deadline=None)
def test_what_is_given_back_is_granted_again_and_no_more(per_second: int, data: st.DataObject) -> None:
    """A taker that gives back what it did not use has one of it promised: in all, no token is made."""
    with _bucket() as connection:
        place, at = Place(), 10 * SECOND
        granted, _ = take(connection, "infobip", per_second=per_second, wanted=per_second, at=at, place=place)
        unused = data.draw(st.integers(1, granted))
        give_back(connection, "infobip", unused, at=at, place=place)
        again, _ = take(connection, "infobip", per_second=per_second, wanted=per_second, at=at, place=place)
        assert again == unused
        assert take(connection, "infobip", per_second=per_second, wanted=1, at=at)[0] == 0


@given(
    st.integers(1, 200),
    st.lists(st.tuples(st.integers(1, 10), st.integers(0, SECOND // 2)), min_size=4, max_size=8),
)
def test_takers_share_one_bucket_fairly(per_second: int, takers: list[tuple[int, int]]) -> None:
    """However many each wants at once, and woke it half a token late, nobody gets less than half of what another gets.

    And together they keep the rate, but for one request a taker, and lose little of it.
    """
    takers = [(wanted, late // per_second) for wanted, late in takers]
    granted, at = Counter[int](), 0
    with _bucket() as connection:
        take(connection, "infobip", per_second=per_second, wanted=per_second, at=0)
        places = [Place() for _ in takers]
        wakes = [(0, mine) for mine in range(len(takers))]
        seconds = len(takers) * 20 / per_second + 1
        calls = 0
        while (at := min(wakes)[0]) < seconds * SECOND:
            _, mine = heappop(wakes)
            wanted, late = takers[mine]
            count, wait = take(connection, "infobip", per_second=per_second, wanted=wanted, at=at, place=places[mine])
            calls += 1
            granted[mine] += count
            heappush(wakes, (at + round(wait * SECOND) + late, mine))
    total = sum(granted.values())
    assert min(granted[mine] for mine in range(len(takers))) * 2 >= max(granted.values())
    assert total <= per_second * seconds + per_second + len(takers)
    assert total >= 0.9 * per_second * seconds - len(takers)
    assert calls <= 2 * total + 2 * len(takers), "nobody asks in vain again and again"
