"""The same through Dagster: a sample of kills, its own cancel, and steps that are processes of their own (C36)."""

import signal

import dagster as dg
import pytest

from tests import figures
from tests.crashes.conftest import Direct
from tests.crashes.stage import DONE
from tests.crashes.test_sweep import BUILDING, CALLS
from tests.crashes.theatre import Play
from tests.sizes import dice

# Dagster's own files are not ours.
BESIDES = [BUILDING, "dagster"]
IN_PROCESS, APART, ARMED = (
    "dagster enrich",
    "dagster enrich tests/crashes/apart.py",
    "dagster enrich tests/crashes/armed.py",
)
# Where our own files say nothing of what Dagster has been told: C30 is before its event of a materialization.
PLACES = ("C1 approved", "C5", "C15", "C17", "C30")


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("job", "signals"),
    [(IN_PROCESS, ["SIGKILL"] * 4), (IN_PROCESS, ["SIGTERM", "SIGINT"] * 2), (APART, ["SIGKILL"])],
)
def test_a_run_of_dagster_that_ends_anywhere(direct: Direct, job: str, signals: list[str]) -> None:
    """Killed, or cancelled as Dagster does it, at calls all over the run: the next run of Dagster goes on."""
    play, drawn = direct("plain"), dice()
    calls = len(play.run(job, kinds=CALLS, besides=BESIDES).events)
    for place, name in enumerate(signals):
        # One in each part of the run.
        at = max(1, round(0.95 * calls * (place + drawn.random()) / len(signals)))
        play.begin()
        ended = play.run(job, kinds=CALLS, at=at, signal=name, besides=BESIDES)
        assert ended.code == -signal.SIGKILL if name == "SIGKILL" else ended.code != DONE, ended.said
        goes_on(play, job)
    figures.tell("crashes", through_dagster=len(signals))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_run_of_dagster_that_is_killed_at_a_place(direct: Direct) -> None:
    """Killed by itself in the midst of one of our functions, as a run without Dagster is: the next run goes on."""
    play = direct("plain")
    for point in PLACES:
        play.begin()
        killed = play.run(ARMED, point=point)
        assert killed.code == -signal.SIGKILL, f"{point} was not come to: {killed.said}"
        goes_on(play, IN_PROCESS)
    figures.tell("crashes", through_dagster=len(PLACES))


def goes_on(play: Play, job: str) -> None:
    """The next run buys what is left, and no run of a dead process fills the run queue."""
    again = play.run(job)
    assert again.code == DONE, again.said
    play.judge()
    if job == APART:
        # Each step is a process of its own: between two of them nobody can tell whether the run is dead.
        return
    with play.house.ledger.store.read() as connection:
        runs = connection.exec_driver_sql("SELECT run_id FROM worker WHERE run_id LIKE '%-%-%-%-%'").scalars().all()
    with dg.DagsterInstance.from_config(str(play.house.path.parent / "home" / "dagster")) as instance:
        found = [run for run in map(instance.get_run_by_id, runs) if run]
    assert found
    assert [run.status for run in found if not run.is_finished] == []
