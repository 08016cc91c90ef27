"""The same through Dagster: a sample of kills, its own cancel, and steps that are processes of their own (C36)."""

import signal

import pytest

from tests import figures
from tests.crashes.conftest import Direct
from tests.crashes.stage import DONE
from tests.crashes.test_sweep import BUILDING, CALLS
from tests.sizes import dice

# What an undisturbed run makes at least.
CALLS_OF_A_RUN = 60
# Dagster's own files are not ours.
BESIDES = [BUILDING, "dagster"]
IN_PROCESS, APART = "dagster enrich", "dagster enrich tests/crashes/apart.py"


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("job", "signals"),
    [(IN_PROCESS, ["SIGKILL"] * 4), (IN_PROCESS, ["SIGTERM", "SIGINT"] * 2), (APART, ["SIGKILL"])],
)
def test_a_run_of_dagster_that_ends_anywhere(direct: Direct, job: str, signals: list[str]) -> None:
    """Killed, or cancelled as Dagster does it, at calls all over the run: the next run of Dagster goes on."""
    play, drawn = direct("plain"), dice()
    for place, name in enumerate(signals):
        # One in each part of the run.
        at = max(1, round(CALLS_OF_A_RUN * (place + drawn.random()) / len(signals)))
        play.begin()
        ended = play.run(job, kinds=CALLS, at=at, signal=name, besides=BESIDES)
        assert ended.code == -signal.SIGKILL if name == "SIGKILL" else ended.code != DONE, ended.said
        again = play.run(job)
        assert again.code == DONE, again.said
        play.judge()
    figures.tell("crashes", through_dagster=len(signals))
