"""Where the demo lives, and its simulator: the one on its port if one runs, else one for as long as it is needed."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import yaml

from ringfence.simulator.vendor import vendors

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo"
CONFIG = DEMO / "ringfence.yaml"
LEDGER = DEMO / "home" / "ledger.sqlite"
COMMAND = Path(sys.executable).with_name("ringfence")
# The first provider's; callbacks come in beside them.
PORT, RECEIVER = 8900, 9


def environment() -> dict[str, str]:
    """The environment of the demo's commands: its own configuration, home and instance, whatever else is set."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("RINGFENCE_", "DAGSTER_"))}
    return {**mine, "RINGFENCE_CONFIG": str(CONFIG), "RINGFENCE_WORKSPACE": str(ROOT / "workspace.yaml")}


def ports() -> dict[str, int]:
    """A port for each simulated provider and for the receiver: the usual ones, else others that are free together."""
    offsets = {name: vendor.port_offset for name, vendor in vendors().items()} | {"receiver": RECEIVER}
    for first in range(PORT, PORT + 1000, 10):
        if all(_free(first + offset) for offset in offsets.values()):
            return {name: first + offset for name, offset in offsets.items()}
    raise OSError(f"no ports are free from {PORT} on")


@contextmanager
def simulator() -> Iterator[str]:
    """The base URL of the simulated Infobip, the first port, where all charges can be read; started if need be."""
    url = str(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["providers"]["infobip"]["base_url"])
    if _answers(url):
        yield url
        return
    port = url.rpartition(":")[2]
    process = subprocess.Popen([COMMAND, "simulate", "--port", port, "--latency", "50ms"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the simulator did not start on port {port}; is something else there? FRESH=1 takes another")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def receiver() -> Iterator[None]:
    """The receiver of callbacks where the configuration says that it is, for as long as it is needed."""
    url = str(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["callbacks"]["public_url"])
    port = url.rpartition(":")[2]
    process = subprocess.Popen(
        [COMMAND, "callbacks", "--port", port], cwd=DEMO, env=environment(), stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while not _well(url):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the receiver did not start on port {port}; is something else there? FRESH=1 takes another")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def charges(url: str) -> list[dict[str, str]]:
    """The simulator's own bill since it was started, a row a charge."""
    answer = httpx.get(f"{url}/_simulator/charges", trust_env=False, timeout=30).raise_for_status()
    return list(answer.json()["charges"])


def keep(new: list[dict[str, str]]) -> Decimal:
    """Add charges to the bill that is kept beside the ledger, in the simulator's own form; returns its sum in EUR."""
    path = DEMO / "bill.json"
    old = json.loads(path.read_text(encoding="utf-8"))["charges"] if path.exists() else []
    total = sum((Decimal(row["amount"]) for row in [*old, *new]), Decimal(0))
    bill = {"charges": [*old, *new], "totals": {"EUR": f"{total:.9f}"}}
    path.write_text(json.dumps(bill), encoding="utf-8")
    return total


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _well(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False


def _answers(url: str) -> bool:
    try:
        charges(url)
    except (httpx.HTTPError, ValueError, KeyError):
        return False
    return True
