"""`make demo`: a messy warehouse, the simulator, one run of job `enrich`, and what came out.

It uses what any user has: a configuration, the `ringfence` command, and SQL on the served file.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from decimal import Decimal
from typing import Any

from examples.demo import report, warehouse
from examples.demo.config import config_text
from examples.demo.place import (
    COMMAND,
    CONFIG,
    DEMO,
    LEDGER,
    ROOT,
    charges,
    environment,
    keep,
    ports,
    receiver,
    simulator,
)
from ringfence.lookups.beginning import simulated
from ringfence.providers.registry import providers

ROWS = 20_000


def main() -> int:
    """Run the demo; a second run finds nothing due and buys nothing, unless FRESH=1 begins anew."""
    if os.environ.get("FRESH") == "1":
        shutil.rmtree(DEMO, ignore_errors=True)
    started = time.monotonic()
    if not (CONFIG.exists() and LEDGER.exists()):
        _prepare()
    with simulator() as url, receiver():
        before = len(charges(url))
        found = ringfence("enrich", "--yes", "--format", "json")
        new = charges(url)[before:]
    charged = sum((Decimal(row["amount"]) for row in new), Decimal(0))
    report.show(ringfence, found, charged)
    billed = keep(new)
    spent = sum(Decimal(row["spent"]) for row in ringfence("costs", "--format", "json")["totals"])
    if spent != billed:
        print(f"\nthe ledger says {spent} EUR and the simulator's own bill {billed:.9f} EUR: that must not be")
        return 1
    print(f"\nledger and the simulator's own bill agree to the nano: {billed:.9f} EUR ({DEMO.name}/bill.json)")
    print(f"{time.monotonic() - started:.0f} s. Everything is in {DEMO.name}/; FRESH=1 make demo begins anew.")
    return 0


def ringfence(*arguments: str) -> dict[str, Any]:
    """Run the command in the demo's folder; its progress goes to the terminal, its JSON comes back."""
    done = subprocess.run([COMMAND, *arguments], cwd=DEMO, env=environment(), stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout) if done.stdout.startswith(b"{") else {}


def _prepare() -> None:
    """Make the warehouse, the configuration and the ledger; a half that was left is made anew."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(exist_ok=True)
    print(f"making a messy warehouse in {DEMO.relative_to(ROOT)}/ ...")
    warehouse.write(DEMO, rows=ROWS)
    # Any credential will do: the simulator refuses only those that begin with "wrong".
    secrets = {name for known in providers().values() for name in known.secrets[0]}
    (DEMO / ".env").write_text("".join(f"{name}={simulated(name)}\n" for name in sorted(secrets)), encoding="utf-8")
    CONFIG.write_text(config_text(ports()), encoding="utf-8")
    ringfence("ledger", "create")


if __name__ == "__main__":
    sys.exit(main())
