"""Killed at the n-th sync, rename, unlink, send and receive on our own files and connections, for every n.

Until a run passes untouched. The calls are those of all threads in the order in which they are made, also SQLite's,
DuckDB's and delta-rs's.
"""

import signal
from typing import Any

import pytest

from tests import figures
from tests.crashes.conftest import Direct
from tests.crashes.stage import DONE
from tests.crashes.theatre import Play
from tests.sizes import dice

CALLS = ["sync", "name", "drop", "net"]
# Of a file that nobody opens before it is renamed, every sync is like the other: they have a sweep of their own.
BUILDING = "served/building"


def sweep(play: Play, kinds: list[str], step: int, *, on: str = "", earlier: int = 0, serving: bool = True) -> int:
    """Kill at every step-th call, in a run after one that was killed at call `earlier`; returns how often."""
    at = dice().randint(1, step)
    besides = [] if on else [BUILDING]
    kills = 0
    while True:
        play.begin()
        if earlier:
            assert play.run(kinds=kinds, at=earlier, besides=besides).code == -signal.SIGKILL
        played = play.run(kinds=kinds, at=at, on=on, besides=besides, serving=serving)
        if played.code == DONE:
            assert len(played.events) < at
            play.judge(served=serving)
            return kills
        assert (played.code, len(played.events)) == (-signal.SIGKILL, at), played.said
        play.to_the_end(serving=serving)
        play.judge(served=serving)
        kills += 1 + bool(earlier)
        at += step


LONG = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    ("setting", "on", "step", "serving"),
    [
        # The money is in what is sent and received.
        ("plain", "socket", 7, False),
        ("plain", "lake/lookups", 4, False),
        ("plain", "", 37, False),
        ("poll", "", 53, False),
        pytest.param("plain", "", 1, True, marks=LONG),
        pytest.param("plain", BUILDING, 40, True, marks=LONG),
        pytest.param("poll", "", 3, False, marks=LONG),
        pytest.param("token", "", 3, False, marks=LONG),
    ],
)
def test_killed_at_every_call(direct: Direct, setting: str, on: str, step: int, serving: bool) -> None:  # noqa: FBT001
    """Whatever call it dies at, the next run goes on, pays nothing twice, and publishes what a calm run does."""
    play = direct(setting, serving=serving)
    kills = sweep(play, CALLS, step, on=on, serving=serving)
    assert kills >= 2
    figures.tell("crashes", kills=kills)


MINUTE, DAY = 60, 86_400


@pytest.mark.parametrize(
    ("step", "later", "told"),
    [
        pytest.param(6, 25 * MINUTE, 1, id="by the log"),
        pytest.param(1, 25 * MINUTE, 1, id="by the log, all", marks=LONG),
        pytest.param(1, 8 * DAY, 0, id="as lost", marks=LONG),
    ],
)
def test_collecting_that_is_killed_at_every_call(direct: Direct, step: int, later: int, told: int) -> None:
    """What is in doubt is decided once, by its provider's log or since its time is over, whatever call it dies at."""
    play = direct("doubt", serving=False)
    at, kills = dice().randint(1, step), 0
    scene: dict[str, Any] = {"later": later, "serving": False}
    while True:
        play.begin()
        play.done(serving=False)
        numbers = play.doubtful()
        assert len(numbers) == 2
        played = play.run("collect", kinds=CALLS, at=at, **scene)
        if played.code != DONE:
            assert (played.code, len(played.events)) == (-signal.SIGKILL, at), played.said
            play.done("collect", **scene)
        assert play.doubtful() == set()
        assert play.house.spent() == play.house.charged()
        assert len(set(play.house.lookups()["phone_e164"]) & numbers) == told * len(numbers)
        play.judge(served=False, logged=numbers)
        if played.code == DONE:
            break
        kills += 1
        at += step
    assert kills >= 2
    figures.tell("crashes", kills=kills)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kinds", "step", "earlier"), [([*CALLS, "write"], 9, 0), (CALLS, 3, 38)])
def test_killed_at_writes_and_killed_again(direct: Direct, kinds: list[str], step: int, earlier: int) -> None:
    """A write is left half done; and a run that mends what another left, amid its purchase, dies in its turn (C32)."""
    kills = sweep(direct("plain", serving=False), kinds, step, earlier=earlier, serving=False)
    assert kills >= 2
    figures.tell("crashes", kills=kills)
