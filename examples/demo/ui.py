"""`make ui`: Dagster's UI on the demo's instance, with the simulator beside it until Ctrl-C."""

import signal
import subprocess
import sys
from pathlib import Path

from examples.demo.place import CONFIG, DEMO, ROOT, environment, simulator

PORT = "3000"


def main() -> int:
    """Serve the UI; the simulator answers what is bought from it."""
    if not CONFIG.exists():
        sys.exit("there is no demo yet; make one with: make demo")
    env = {**environment(), "DAGSTER_HOME": str(DEMO / "home" / "dagster"), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    dagster = Path(sys.executable).with_name("dagster")
    # A shell that started us in the background ignores SIGINT for us; Dagster's children would inherit that and stay.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with simulator():
        print(f"opening http://127.0.0.1:{PORT}/asset-groups (Ctrl-C ends it; starting takes about 15 s)")
        process = subprocess.Popen(
            [dagster, "dev", "-w", ROOT / "workspace.yaml", "-h", "127.0.0.1", "-p", PORT], env=env, cwd=ROOT
        )
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            return process.wait()
        except KeyboardInterrupt:
            return process.wait()


if __name__ == "__main__":
    sys.exit(main())
