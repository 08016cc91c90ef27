"""`make ui`: Dagster's UI on the demo's instance, with simulator and receiver beside it until Ctrl-C."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from examples.demo.place import CONFIG, DEMO, ROOT, environment, receiver, simulator

PORT = 3000
# `dg dev`, which the warning advises, would add forty packages.
QUIET = "ignore:Function `dev_command` is superseded"


def main() -> int:
    """Serve the UI; the simulator answers what is bought from it."""
    if not CONFIG.exists():
        sys.exit("there is no demo yet; make one with: make demo")
    home = DEMO / "home" / "dagster"
    with simulator(), receiver():
        print(f"opening http://127.0.0.1:{PORT}/asset-groups (Ctrl-C ends it; starting takes about 15 s)")
        with serving(environment(), home, PORT) as process:
            signal.signal(signal.SIGTERM, lambda *_: process.terminate())
            try:
                return process.wait()
            except KeyboardInterrupt:
                return process.wait()


@contextmanager
def serving(
    env: Mapping[str, str], home: Path, port: int, output: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Dagster's UI and its daemon on this port of 127.0.0.1, on the instance in `home`, for the length of the block.

    It answers after some 15 seconds. The end waits for the children of the process, which it stops itself.
    """
    # A shell that started us in the background ignores SIGINT for us; Dagster's children would inherit that and stay.
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
    dagster = Path(sys.executable).with_name("dagster")
    process = subprocess.Popen(
        [dagster, "dev", "-w", ROOT / "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)],
        env={**env, "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "yes", "PYTHONWARNINGS": QUIET},
        cwd=ROOT,
        stdout=output,
        stderr=output,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
