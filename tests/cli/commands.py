"""Runs `ringfence` as a person does: as a process of its own, in a folder, with a clean environment."""

import atexit
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.cli.prepared import Prepared

ROOT = Path(__file__).parents[2]
RINGFENCE = str(Path(sys.executable).with_name("ringfence"))


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """What a command gets to know of the machine."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RINGFENCE_WORKSPACE": str(ROOT / "workspace.yaml"),
        **variables,
    }


def ringfence(
    folder: Path, *arguments: str, given: str | None = None, options: dict[str, Any] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; `given` stands on its standard input.

    With `options` of a process, or variables that the interpreter reads at its start, it is started from nothing; else
    by a process that has imported everything already.
    """
    if options or any(name.startswith(("PYTHON", "LC_", "LANG")) for name in variables):
        return subprocess.run(
            [RINGFENCE, *arguments],
            cwd=folder,
            env=environment(folder, **variables),
            check=False,
            timeout=120,
            **{"capture_output": True, "text": True, "input": given or "", **(options or {})},
        )
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        asked.write((given or "").encode())
        asked.seek(0)
        files = [each.fileno() for each in (asked, out, err)]
        with _prepared().start(arguments, folder, environment(folder, **variables), files) as told:
            told.settimeout(120)
            code = int(told.recv(16))
        texts = []
        for each in (out, err):
            each.seek(0)
            texts.append(each.read().decode())
    return subprocess.CompletedProcess([RINGFENCE, *arguments], code, *texts)


@cache
def _prepared() -> Prepared:
    made = Prepared()
    atexit.register(made.close)
    return made


def is_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> bool:
    """Whether a command ended as a mistake does: exit code 2, and a last line that says what is wrong, without a trace.

    Lines before it are the progress of a run.
    """
    lines = done.stderr.splitlines()
    told = [line for line in lines if line.startswith("ringfence: ")]
    assert done.returncode == 2, done
    assert lines[-1:] == told, done.stderr
    assert all(word in lines[-1] for word in words), lines[-1]
    assert "Traceback" not in done.stdout + done.stderr
    return True
