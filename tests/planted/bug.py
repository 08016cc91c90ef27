"""A planted bug: a mutation of the source that some test must find. How it is planted, in a copy of the tree alone.

Which bugs there are stands beside, by what they are about.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.sizes import DICE

ROOT = Path(__file__).parents[2]
# Seconds that the tests which are to find a bug may take. One that makes them hang is found by that, where it is known
# to: on a busy machine tests may take long for another reason.
PATIENCE = 120
# In a fixed order and with fixed examples, up to the first failure, which nobody has to read.
OPTIONS = (
    *("-x", "-q", "-n0", "--tb=line", "--hypothesis-seed=0", "--hypothesis-profile=hasty"),
    *("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "tests.planted.hasty"),
)
# A test that failed, or what it stands on; a module that cannot be read is no verdict.
_FAILED = re.compile(r"(FAILED|ERROR) \S+::")


class NotThereError(Exception):
    """The source that a mutation replaces is not there any more: the list is to be mended."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that stands in a file exactly once, and what stands there instead."""

    path: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The text of the file with this edit; raises NotThereError."""
        if text.count(self.old) != 1:
            raise NotThereError(f"{self.path} has this {text.count(self.old)} times, not once:\n{self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Bug:
    """A mutation and the tests that are to find it, the one that is to come first in front.

    `hangs` says that these do not end with it.
    """

    name: str
    edits: Sequence[Edit]
    found_by: Sequence[str]
    hangs: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a bug: the test that found it, or None where it survived; `told` is the end of the output."""

    bug: Bug
    found_by: str | None
    told: str


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """What git knows of the tree, and what it does not ignore, as hard links in a folder of their own.

    Compiled modules come with it: they are valid wherever the source has the same time and size.
    """
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    with TemporaryDirectory(prefix="planted-") as folder:
        copy = Path(folder)
        for name in filter(None, names):
            source = ROOT / name
            if source.is_file():
                _link(source, copy / name)
                for compiled in (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc"):
                    _link(compiled, copy / compiled.relative_to(ROOT))
        yield copy


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        # The folder for temporary files is on another disk.
        shutil.copy2(source, target)


def plant(planted: Bug, copy: Path) -> None:
    """Make the edits of a bug in a copy: as new files, so that what the links lead to stays as it is."""
    for edit in planted.edits:
        path = copy / edit.path
        text = edit.applied(path.read_text(encoding="utf-8"))
        new = path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        # A time that no compiled module was made from.
        os.utime(new, (1, 1))
        new.replace(path)


def tried(tests: Sequence[str], copy: Path, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Run tests in a copy, alone and in their order, up to the first that fails; `patience` is seconds for all."""
    with TemporaryDirectory(prefix="planted-") as scratch:
        return subprocess.run(
            [sys.executable, "-m", "pytest", *OPTIONS, f"--basetemp={scratch}/tests", *tests],
            cwd=copy,
            env={"PATH": os.environ["PATH"], "HOME": scratch, "PYTHONPATH": str(copy), DICE: "1"},
            check=False,
            capture_output=True,
            text=True,
            timeout=patience,
        )


def judged(planted: Bug) -> Verdict:
    """Plant a bug in a copy and see which of its tests finds it; raises RuntimeError where they could not be run."""
    with copy_of_the_tree() as copy:
        plant(planted, copy)
        try:
            done = tried(planted.found_by, copy)
        except subprocess.TimeoutExpired:
            told = f"{planted.found_by[0]} did not end within {PATIENCE} s"
            return Verdict(planted, told if planted.hangs else None, told)
    _, _, summary = done.stdout.rpartition(" short test summary info ")
    told = [line.split(" ", 1)[1].split(" - ")[0] for line in summary.splitlines() if _FAILED.match(line)]
    if done.returncode not in (0, 1) or bool(told) != bool(done.returncode):
        raise RuntimeError(f"{planted.name}: the tests did not run\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return Verdict(planted, told[0] if told else None, done.stdout[-2000:])
