"""The token bucket: however many take from it and whatever the clock does, the provider's pace holds."""

import sqlite3
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from ringfence.money.rate import take
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
