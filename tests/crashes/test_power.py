"""Power loss (C37): of the ledger's files nothing is left but what was synced when the machine went dark.

The lake's files and the served file stay as the kernel has them: neither delta-rs nor we sync the former, so this shows
nothing of them.
"""

import shutil
import signal
from pathlib import Path

import pytest

from tests import figures
from tests.crashes.conftest import Direct
from tests.crashes.stage import DONE
from tests.crashes.test_sweep import BUILDING, CALLS
from tests.crashes.theatre import Play
from tests.sizes import dice

FILES = ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm")


def _go_dark(play: Play, disk: Path) -> None:
    """Leave of the ledger what is on disk: a file that was never synced is as it was before the run, or was not."""
    home = play.house.path.parent / "home"
    for name in FILES:
        if (disk / name).exists():
            shutil.copyfile(disk / name, home / name)
        elif name != "ledger.sqlite":
            (home / name).unlink(missing_ok=True)


@pytest.mark.parametrize("step", [31, pytest.param(2, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
def test_what_was_synced_suffices(direct: Direct, tmp_path: Path, step: int) -> None:
    """No byte leaves, and nothing is published, on the strength of what was not synced."""
    play = direct("plain", serving=False)
    at, losses = dice().randint(1, step), 0
    while True:
        play.begin()
        disk = tmp_path / f"disk-{at}"
        disk.mkdir()
        played = play.run(kinds=CALLS, at=at, besides=[BUILDING], serving=False, synced=str(disk))
        if played.code == DONE:
            break
        assert played.code == -signal.SIGKILL, played.said
        _go_dark(play, disk)
        play.to_the_end(serving=False)
        play.judge(served=False)
        losses += 1
        at += step
    assert losses >= 2
    figures.tell("crashes", power_losses=losses)
