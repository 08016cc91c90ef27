"""SIGTERM and Ctrl-C at any moment (C35): the run ends itself, and leaves nothing that it had not decided."""

import pytest

from tests import figures
from tests.crashes.conftest import Direct
from tests.crashes.stage import DONE, STOPPED
from tests.crashes.test_sweep import BUILDING, CALLS
from tests.sizes import dice


@pytest.mark.parametrize(
    ("setting", "step"),
    [
        ("plain", 37),
        pytest.param("plain", 3, marks=[pytest.mark.long, pytest.mark.timeout(1200)]),
        pytest.param("poll", 7, marks=[pytest.mark.long, pytest.mark.timeout(1200)]),
    ],
)
def test_stopped_at_every_call(direct: Direct, setting: str, step: int) -> None:
    """What came back is settled, what was out is in doubt, what had not left is void; the next run goes on."""
    play = direct(setting, serving=False)
    drawn = dice()
    at, stops = drawn.randint(1, step), 0
    while True:
        play.begin()
        name = drawn.choice(["SIGTERM", "SIGINT"])
        played = play.run(kinds=CALLS, at=at, signal=name, besides=[BUILDING], serving=False)
        assert played.code in (DONE, STOPPED), f"{name} at call {at}: {played.said}"
        assert not play.house.attempts("sent"), f"{name} at call {at} leaves what nobody has decided"
        play.house.check()
        if played.code == DONE and len(played.events) < at:
            break
        stops += played.code == STOPPED
        play.to_the_end(serving=False)
        play.judge(served=False)
        at += step
    assert stops >= 1
    figures.tell("crashes", stops=stops)
