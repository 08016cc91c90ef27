"""A home that Dagster's UI is open on, as `make ui` starts it: warehouse, simulator, web server and daemon."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import httpx
import pytest

from examples.demo.ui import serving
from ringfence.cli.launch import dagster_home
from ringfence.config import environment
from ringfence.lake.served import NAME
from ringfence.money import ledger as ledgers
from ringfence.money.amount import nanos
from ringfence.simulator.server import Settings, running

SECRET = "simulated-secret-of-a-test"
PHONES = {"NL": "+31612341{:03d}", "DE": "+49151123450{:02d}", "GB": "+447400123{:03d}"}
COUNTS = {"NL": 50, "DE": 30, "GB": 20}
# One request a second, so that there is something to watch.
CONFIG = """\
home: ./home
mode: simulate
timezone: Europe/Amsterdam
sources:
  customers:
    warehouse: duckdb:///crm.duckdb
    relation: customers
    key: [customer_id]
    phones: [phone]
    region: {{column: country}}
    want: {{carrier: monthly, validity: quarterly, reachability: once}}
providers:
  infobip:
    {{products: [query], price: {{query: "0.01 EUR"}}, base_url: "{infobip}", batch: 10, in_flight: 1, rate: 1/s}}
  messente: {{products: [hlr_sync], price: {{hlr_sync: "0.002 EUR"}}, base_url: "{messente}"}}
routes: {{default: [infobip], GB: [messente]}}
budgets:
  - {{window: month, cap: "5 EUR"}}
"""
# Seconds that a loaded machine may take to start Dagster.
START = 120


@dataclass
class Place:
    """A home that Dagster's UI is open on."""

    folder: Path
    url: str
    simulator: str
    strangers: list[str] = field(default_factory=list)

    def sell_to(self, key: str, **counts: int) -> None:
        """Put numbers into the warehouse, and this key of Infobip into the environment."""
        with duckdb.connect(str(self.folder / "crm.duckdb")) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS customers (customer_id BIGINT, phone VARCHAR, country VARCHAR)"
            )
            connection.execute("INSERT INTO customers VALUES (-1, 'call me', 'NL')")
            for country, count in counts.items():
                rows = [(place, PHONES[country].format(place), country) for place in range(count)]
                connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
        secrets = {"INFOBIP_API_KEY": key, "MESSENTE_API_USERNAME": SECRET, "MESSENTE_API_PASSWORD": SECRET}
        lines = "".join(f"{name}={value}\n" for name, value in secrets.items())
        (self.folder / ".env").write_text(lines, encoding="utf-8")

    def charged(self) -> int:
        """The simulator's bill in nanos: one for all providers."""
        bill = httpx.get(f"{self.simulator}/_simulator/charges", trust_env=False).json()
        return sum(nanos(row["amount"]) for row in bill["charges"])

    def published(self) -> list[str]:
        """The numbers of the published answers, one for each."""
        with duckdb.connect(str(self.folder / "home" / NAME), read_only=True) as connection:
            return [row[0] for row in connection.execute("SELECT phone_e164 FROM lookups").fetchall()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A warehouse, the simulator and the UI, as `make ui` starts it, on free ports of this machine."""
    with running(Settings()) as urls, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        path = tmp_path / "ringfence.yaml"
        path.write_text(CONFIG.format(**urls), encoding="utf-8")
        setup = environment.load(path)
        ledgers.create(setup.home, mode="simulate")
        there = Place(tmp_path, f"http://127.0.0.1:{port}", urls["infobip"])
        there.sell_to(SECRET, **COUNTS)
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RINGFENCE_CONFIG": str(path)}
        with (tmp_path / "dagster.log").open("wb") as log, serving(env, dagster_home(setup), port, log) as process:
            until = time.monotonic() + START
            while not _answers(there.url):
                assert process.poll() is None, (tmp_path / "dagster.log").read_text(encoding="utf-8")[-2000:]
                assert time.monotonic() < until, "Dagster's UI did not start"
                time.sleep(0.5)
            yield there


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/server_info", trust_env=False).is_success
    except httpx.HTTPError:
        return False
