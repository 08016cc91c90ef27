"""The breaker: it opens for all processes at once, is tried by one request at a time, and bears any clock."""

from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.money import breaker, switch
from ringfence.money.breaker import COUNTS, FAILURES, LONGEST, PAUSE, TURN, Breaker
from ringfence.money.heard import Heard
from tests.money.bench import NOON, SECOND, Bench

WELL, FAILING, REFUSED, NOTHING = "well", "failing", "refused", "nothing"
VERDICTS = st.sampled_from([WELL, FAILING, REFUSED, NOTHING])


def hear(bench: Bench, *verdicts: str, sent_at: int | None = None, provider: str = "infobip") -> None:
    """Let requests that were sent just now, or then, tell this."""
    told = [Heard(bench.now if sent_at is None else sent_at, one, f"it was {one}") for one in verdicts]  # type: ignore[arg-type]
    with bench.ledger.store.write() as connection:
        breaker.hear(connection, bench.now, provider, told, "worker-1")


def shut(bench: Bench) -> dict[str, Breaker]:
    """The open breakers."""
    with bench.ledger.store.read() as connection:
        return breaker.open_breakers(connection, bench.now)


def journal(bench: Bench) -> list[object]:
    """What was journalled of breakers."""
    return [row[0] for row in bench.rows("SELECT event FROM journal WHERE event LIKE 'breaker%' ORDER BY seq")]


def test_three_failures_in_a_row_open_it_whoever_sent_them(tmp_path: Path) -> None:
    """Answers take failures back; the third in a row opens it for thirty seconds, and is told once."""
    bench = Bench(tmp_path)
    hear(bench, FAILING, FAILING, *[WELL] * 4)
    assert bench.rows("SELECT count(*) FROM breaker") == [(0,)]
    hear(bench, FAILING)
    hear(bench, FAILING)
    assert shut(bench) == {}
    bench.now += SECOND
    hear(bench, NOTHING, *[FAILING] * 5, sent_at=bench.now - 1)
    one = shut(bench)["infobip"]
    assert (one.opened_at, one.retry_at, one.failures, one.refused) == (bench.now, bench.now + PAUSE, 3, False)
    assert one.sentence == (
        "infobip is not asked until 2025-11-21 12:00:31 UTC: too many requests end in doubt, the last: it was failing"
    )
    assert journal(bench) == ["breaker_opened"]
    assert bench.broken() == []


@pytest.mark.parametrize(
    ("course", "opens"),
    [
        ([FAILING, FAILING, WELL], 5),
        ([FAILING, WELL], 9),
        ([FAILING, WELL, WELL], None),
        ([FAILING, *[WELL] * 9], None),
        ([WELL, NOTHING, NOTHING, FAILING, NOTHING, FAILING], 12),
    ],
)
def test_many_failures_open_it_though_no_three_follow_each_other(
    tmp_path: Path, course: list[str], opens: int | None
) -> None:
    """Two of three and every second that fail open it, one of three never does; what tells nothing does not count."""
    bench = Bench(tmp_path)
    for place, verdict in zip(range(1, 601), cycle(course), strict=False):
        bench.now += SECOND
        hear(bench, verdict)
        if shut(bench):
            assert place == opens
            return
    assert opens is None


def test_failures_long_ago_do_not_count(tmp_path: Path) -> None:
    """Two of last week and one of today are no outage."""
    bench = Bench(tmp_path)
    hear(bench, FAILING, FAILING)
    bench.now += 7 * 86_400 * SECOND
    hear(bench, FAILING)
    assert shut(bench) == {}


def test_pauses_double_up_to_fifteen_minutes(tmp_path: Path) -> None:
    """Each try that fails doubles the pause, to the longest and no further; an answer to a try closes it."""
    bench = Bench(tmp_path)
    hear(bench, *[FAILING] * FAILURES)
    pauses = []
    for _ in range(8):
        one = shut(bench)["infobip"]
        pauses.append((one.retry_at - bench.now) // SECOND)
        bench.now = one.retry_at
        with bench.ledger.store.write() as connection:
            breaker.take_turns(connection, {"infobip": bench.now, "vonage": bench.now})
        assert shut(bench)["infobip"].retry_at == bench.now + TURN
        hear(bench, FAILING)
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]
    bench.now += SECOND
    hear(bench, WELL)
    assert shut(bench) == {}
    assert journal(bench) == ["breaker_opened"] * 9 + ["breaker_closed"]
    assert bench.rows("SELECT count(*) FROM breaker") == [(0,)]


@pytest.mark.parametrize("opened_by", [FAILING, REFUSED])
@pytest.mark.parametrize("late", [WELL, FAILING, NOTHING])
def test_what_was_out_when_it_opened_changes_nothing(tmp_path: Path, opened_by: str, late: str) -> None:
    """Neither an answer to an earlier request closes it, nor does one that fails with the others double the pause."""
    bench = Bench(tmp_path)
    hear(bench, *[opened_by] * FAILURES)
    before = shut(bench)["infobip"]
    hear(bench, late, sent_at=bench.now - SECOND)
    assert shut(bench)["infobip"] == before


def test_a_refusal_may_be_tried_at_once_and_a_resume_closes_it(tmp_path: Path) -> None:
    """A refusal is the account's: it opens at once, keeps its sentence, and a person's resume is journalled."""
    bench = Bench(tmp_path)
    hear(bench, REFUSED, REFUSED)
    hear(bench, REFUSED, provider="vonage")
    one = shut(bench)["infobip"]
    assert one.refused
    assert one.retry_at == bench.now
    assert "it was refused" in one.sentence
    assert not switch.resume(bench.ledger, "", who="ada", why="all is well")
    assert switch.resume(bench.ledger, "infobip", who="ada", why="paid")
    assert not switch.resume(bench.ledger, "infobip", who="ada", why="paid")
    assert list(shut(bench)) == ["vonage"]
    told = bench.rows("SELECT event, who, why FROM journal WHERE event LIKE 'breaker%' ORDER BY seq")
    assert told == [
        ("breaker_opened", "worker-1", "infobip: it was refused"),
        ("breaker_opened", "worker-1", "vonage: it was refused"),
        ("breaker_closed", "ada", "infobip: paid"),
    ]


@given(st.lists(st.tuples(VERDICTS, st.integers(-3 * LONGEST, 3 * LONGEST), st.booleans()), max_size=30))
def test_no_clock_and_no_order_shuts_it_for_good(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever was heard and however the clock jumped, it may be tried within the longest pause and then be closed."""
    one, at = Breaker("infobip"), NOON
    for verdict, jump, sent_before in steps:
        at = max(1, at + jump)
        one = one.steadied(at)
        assert one.retry_at <= at + LONGEST
        sent_at = one.opened_at - 1 if sent_before else at
        after = one.after(Heard(sent_at, verdict, "why"), at)  # type: ignore[arg-type]
        assert not (one.is_open and sent_before and verdict == WELL) or after == one
        assert after.is_open or not one.is_open or verdict == WELL
        one = after
    at = max(at, one.retry_at)
    one = one.tried(at).steadied(at) if one.is_open else one
    one = one.after(Heard(at, "well"), at)
    assert not one.is_open
    for _ in range(COUNTS * FAILURES):
        one = one.after(Heard(at, "well"), at)
    assert one == Breaker("infobip")


def test_a_clock_that_was_set_back_shuts_it_no_longer_than_the_longest_pause(tmp_path: Path) -> None:
    """A day back, the pause is shortened once and then ends in the time of the new clock."""
    bench = Bench(tmp_path)
    hear(bench, *[FAILING] * FAILURES)
    bench.now -= 86_400 * SECOND
    for passed in (0, 1, LONGEST - 2):
        bench.now += passed
        with bench.ledger.store.write() as connection:
            assert breaker.open_breakers(connection, bench.now)["infobip"].retry_at > bench.now
            breaker.steady(connection, bench.now)
    bench.now += 1
    assert shut(bench)["infobip"].retry_at <= bench.now


@given(st.integers(2, 6), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100 * SECOND)), max_size=60))
def test_one_request_at_a_time_tries_it(processes: int, asks: list[tuple[int, int]]) -> None:
    """However many ask and when: while one tries, no other does until it has failed, or is gone for good."""
    one = Breaker("infobip")
    for _ in range(FAILURES):
        one = one.after(Heard(NOON, "failing", "why"), NOON)
    at, out = NOON, -TURN
    tries: dict[int, int] = {}
    for process, passed in asks:
        at += passed
        mine = process % processes
        if mine in tries:
            one = one.after(Heard(tries.pop(mine), "failing", "why"), at)
        elif at >= one.retry_at:
            assert at - out >= min(TURN, PAUSE)
            assert not any(at - sent < TURN for sent in tries.values())
            one, out, tries[mine] = one.tried(at), at, at
    assert one.is_open


def test_a_try_is_one_process_s_alone(tmp_path: Path) -> None:
    """Whoever has reserved a try shuts the breaker for all others until it is answered, or its turn is over."""
    bench = Bench(tmp_path)
    hear(bench, FAILING, FAILING, FAILING)
    bench.now = shut(bench)["infobip"].retry_at
    with bench.ledger.store.write() as connection:
        breaker.take_turns(connection, {"infobip": bench.now, "messente": bench.now})
    assert {name: one.retry_at for name, one in shut(bench).items()} == {"infobip": bench.now + TURN}
    hear(bench, WELL)
    assert shut(bench) == {}
