"""Killed at each point of the menu: recovery is to run again, and then everything is as if nothing had happened.

Where a point is come to is in `points`: by the function that is about to run or has run, or by another test.
"""

import signal

import pytest

from tests import figures
from tests.crashes.conftest import SETTINGS, Direct
from tests.crashes.points import ELSEWHERE, PLACES, RECEIVER
from tests.sizes import some


def test_no_point_is_left_out() -> None:
    """C1 to C37 are each killed at a named place, or said to be hit elsewhere."""
    named = {name.partition(" ")[0] for name in (*PLACES, *RECEIVER)} | set(ELSEWHERE)
    assert named == {f"C{number}" for number in range(1, 38)}


@pytest.mark.parametrize(
    "setting", [pytest.param(each, marks=pytest.mark.long if each == "nolog" else ()) for each in SETTINGS]
)
def test_killed_at_each_place(direct: Direct, setting: str) -> None:
    """After it the books add up by the simulator's own bill, and only what was under way is in doubt.

    In `make test` each run comes to another third of the places. A provider without a log is killed at those of the
    one that has one.
    """
    alike = {"nolog": "plain"}.get(setting, setting)
    serving = alike == "plain"
    play = direct(setting, serving=serving)
    here = [
        name
        for name, place in PLACES.items()
        if place.setting == alike and (setting == alike or "infobip" not in place.function)
    ]
    chosen = {name: PLACES[name] for name in some(here, 3)}
    for name, place in chosen.items():
        play.begin()
        for point in filter(None, (place.first, name)):
            killed = play.run(point=point)
            assert killed.code == -signal.SIGKILL, f"{name} was not come to: {killed.said}"
        # Serving costs most of a run: it is done where it was under way.
        served = place.function.startswith("ringfence.lake.served")
        play.to_the_end(serving=served)
        play.judge(served=served)
    assert chosen
    figures.tell("crashes", points=len(chosen), kills=sum(1 + bool(place.first) for place in chosen.values()))
