"""A disk that fails or is full (C34): the run ends with one sentence, and the next one goes on from what is kept."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import figures
from tests.crashes.conftest import Direct
from tests.crashes.stage import DONE, TOLD, Played
from tests.sizes import dice

CALLS = ["sync", "name", "write"]
FOR_EVER = 1_000_000
SIZE = 48 << 20


def _plain(played: Played, what: str) -> None:
    """A run that a disk has failed ended well all the same, or with a sentence of ours, which is the last."""
    assert played.code in (DONE, TOLD), f"{what} at {played.events[-1:]}: {played.said}"
    # A thread of delta-rs may panic beside it, and Rust writes that to standard error itself (`std::panic`).
    *panics, told = played.said.splitlines() or [""]
    assert bool(told) == (played.code == TOLD), f"{what}: {played.said}"
    assert not panics or "panicked at" in played.said, f"{what}: {played.said}"
    assert "Traceback" not in played.said, f"{what}: {played.said}"


@pytest.mark.parametrize(
    ("step", "serving"),
    [(130, False), pytest.param(23, True, marks=[pytest.mark.long, pytest.mark.timeout(1500)])],
)
def test_no_write_that_fails_loses_an_answer(direct: Direct, step: int, serving: bool) -> None:  # noqa: FBT001
    """EIO or ENOSPC at each write, sync and rename of our files, once or from there on."""
    play = direct("plain", serving=serving)
    drawn = dice()
    at, failed = drawn.randint(1, step), 0
    while True:
        play.begin()
        error, lasting = drawn.choice([errno.EIO, errno.ENOSPC]), drawn.choice([1, FOR_EVER])
        played = play.run(kinds=CALLS, at=at, error=error, lasting=lasting, serving=serving)
        if len(played.events) < at:
            assert played.code == DONE
            break
        _plain(played, f"{errno.errorcode[error]} x {lasting} at {at}")
        play.to_the_end(serving=serving)
        play.judge(served=serving)
        failed += 1
        at += step
    assert failed >= 2
    figures.tell("crashes", failed_writes=failed)


@pytest.fixture
def _small_disk(tmp_path: Path) -> Iterator[None]:
    """A small file system of its own where the houses stand; only root can make one."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be made here: that takes root and the right to mount")
    yield
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.mark.parametrize("step", [2200 << 10, pytest.param(512 << 10, marks=pytest.mark.long)])
@pytest.mark.usefixtures("_small_disk")
def test_a_full_disk_is_told_and_nothing_is_lost(direct: Direct, tmp_path: Path, step: int) -> None:
    """With ever more room, until a run fits: one that does not ends with a sentence, and goes on later."""
    play = direct("plain")
    room, full = step // 4, 0
    filler = tmp_path / "filler"
    while True:
        play.begin()
        free = os.statvfs(tmp_path)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - room)
        played = play.run()
        filler.unlink()
        _plain(played, f"{room} bytes are free")
        if played.code == DONE:
            break
        play.to_the_end()
        play.judge()
        full += 1
        room += step
    assert full >= 1
    figures.tell("crashes", full_disks=full)
