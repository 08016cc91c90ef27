"""A house to buy from: config, source, ledger and lake in a temporary folder, and the simulator on loopback."""

import csv
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from sqlalchemy import select

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.http import tokens
from ringfence.http.client import Client, Limits
from ringfence.lake.tables import Lake
from ringfence.lookups import buy as buying
from ringfence.lookups import lane, lanes
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.quote import Narrow, make_quote
from ringfence.lookups.recover import recover
from ringfence.lookups.wanted import distinct_phones, phone_map, policy_of
from ringfence.money import approvals, quotes
from ringfence.money import ledger as ledgers
from ringfence.money.amount import nanos
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT
from ringfence.money.workers import working
from ringfence.simulator.journeys import Habits
from ringfence.simulator.server import Settings, running
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source

# Made once: a client that makes its own reads every certificate of the machine.
TRUST = ssl.create_default_context()
# Valid mobile numbers: a prefix, and how many digits follow it.
RANGES = {"NL": ("+316120", 5), "GB": ("+44740012", 4), "DE": ("+4915112", 6)}
# What a house can buy from: the product, its list price, and credentials.
VENDORS = {
    "infobip": ("query", "0.01 EUR", ("INFOBIP_API_KEY",)),
    "kaleyra": ("lookup", "0.20 EUR", ("KALEYRA_API_KEY", "KALEYRA_SID")),
    "kpn": ("advanced", "0.03 EUR", ("KPN_CLIENT_ID", "KPN_CLIENT_SECRET")),
    "messente": ("hlr_sync", "0.002 EUR", ("MESSENTE_API_USERNAME", "MESSENTE_API_PASSWORD")),
    "vonage": ("standard", "0.005 EUR", ("VONAGE_API_KEY", "VONAGE_API_SECRET")),
}


def numbers(country: str, count: int) -> list[str]:
    """So many valid mobile numbers of a country."""
    prefix, digits = RANGES[country]
    return [f"{prefix}{place:0{digits}d}" for place in range(count)]


@dataclass
class House:
    """One home with everything that a run needs; `url` is the simulated provider."""

    path: Path
    url: str
    ledger: Ledger
    lake: Lake

    @property
    def setup(self) -> Setup:
        """The configuration as the file has it now."""
        return environment.load(self.path)

    def change(self, **sections: Any) -> None:
        """Write some sections of the configuration anew, in one step as an editor does."""
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({**json.loads(self.path.read_text()), **sections}))
        new.replace(self.path)

    def price(self, text: str | None) -> None:
        """Set Infobip's list price, or take it away."""
        infobip = json.loads(self.path.read_text())["providers"]["infobip"]
        self.change(providers={"infobip": {**infobip, "price": {"query": text} if text else {}}})

    def read_sources(self) -> None:
        """Bring phone_map and distinct_phones up to date."""
        setup = self.setup
        for name in setup.config.sources:
            cells = phone_map(open_source(spec_of(setup, name)), policy_of(setup.config), datetime.now(UTC))
            self.lake.overwrite("phone_map", cells, [name])
        found = distinct_phones(self.lake.read("phone_map"), setup.config.sources, self.ledger)
        self.lake.overwrite("distinct_phones", found, range(self.ledger.buckets))

    def quote(self, launch: str = "one", **narrow: Any) -> quotes.Quote:
        """A dry run."""
        return make_quote(self.setup, self.ledger, self.lake, Narrow(**narrow), launch)

    def buy(self, launch: str = "one", **order: Any) -> buying.Bought:
        """Buy what is approved."""
        with working(self.ledger, launch) as worker:
            return buying.buy(self.setup, self.ledger, self.lake, worker, buying.Order(launch, **order))

    def publish(self) -> int:
        """Bring the lake up to date with the ledger."""
        appended = publish_settled(self.ledger, self.lake)
        publish_facts(self.lake)
        return appended

    def run(self, launch: str = "one", **narrow: Any) -> buying.Bought:
        """What a scheduled run does, with an approval of whatever it quotes."""
        recover(self.ledger)
        self.publish()
        made = self.quote(launch, **narrow)
        if made.numbers:
            approvals.approve(self.ledger, made.quote_id, None, who="test", why="test")
        bought = self.buy(launch)
        self.publish()
        return bought

    def attempts(self, *states: str) -> list[dict[str, Any]]:
        """The attempts in the order in which they were made."""
        query = select(ATTEMPT).order_by(ATTEMPT.c.attempt_id)
        with self.ledger.store.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [row for row in rows if not states or row["state"] in states]

    def states(self) -> list[str]:
        """The states of all attempts."""
        return [row["state"] for row in self.attempts()]

    def charges(self) -> list[dict[str, str]]:
        """The simulator's bill, a row a charge."""
        rows: list[dict[str, str]] = httpx.get(f"{self.url}/_simulator/charges", verify=TRUST).json()["charges"]
        return rows

    def charged(self) -> int:
        """The simulator's bill in nanos."""
        return sum(nanos(row["amount"]) for row in self.charges())

    def requests(self) -> list[dict[str, Any]]:
        """What reached the simulator."""
        rows: list[dict[str, Any]] = httpx.get(f"{self.url}/_simulator/requests", verify=TRUST).json()["requests"]
        return rows

    def spent(self) -> int:
        """What the ledger says was spent, in nanos."""
        return sum(row["actual"] or 0 for row in self.attempts())

    def held(self) -> int:
        """What the ledger holds for open attempts, in nanos."""
        return sum(row["held"] for row in self.attempts("sent", "awaiting", "in_doubt"))

    def lookups(self) -> pl.DataFrame:
        """The lake's lookups."""
        return self.lake.read("lookups")

    def check(self) -> None:
        """What holds whatever happened: the books add up, nothing was sent twice, nothing paid is invisible."""
        with self.ledger.store.read() as connection:
            assert violations(connection) == []
        # Asking again about what was accepted is free and has no attempt of its own.
        lookups = [row for row in self.requests() if not row["path"].startswith("/oauth/")]
        paid = [row for row in lookups if row["method"] != "GET" or row["numbers"]]
        ids = [row["x_request_id"] for row in paid if "/get-info/" not in row["path"]]
        assert len(ids) == len(set(ids))
        assert set(ids) <= {row["attempt_id"] for row in self.attempts()}
        assert self.charged() <= self.spent() + self.held()
        # A refund is a charge below nothing.
        billed = [row["number"] for row in self.charges() if not row["amount"].startswith("-")]
        assert len(billed) == len(set(billed))


Build = Callable[..., House]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Make a house: numbers of its source, rules of the simulator's scenario, and sections of the configuration.

    It buys from `vendor`, with `provider` among the vendor's own settings; `listed` is what the vendor bills a number.
    """
    monkeypatch.setattr(lane, "PAUSE", 0.01)
    # A token of another test is of another simulator.
    monkeypatch.setattr(tokens, "_shared", {})
    monkeypatch.setattr(lanes, "Client", partial(Client, verify=TRUST))
    with ExitStack() as running_simulators:

        def make(
            phones: list[str],
            *rules: dict[str, Any],
            chaos: bool = False,
            latency: float = 0,
            vendor: str = "infobip",
            habits: Habits | None = None,
            listed: str | None = None,
            provider: dict[str, Any] | None = None,
            **sections: Any,
        ) -> House:
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            folder.mkdir()
            scenario = folder / "scenario.yaml"
            scenario.write_text(json.dumps(rules))
            named = "chaos" if chaos else str(scenario)
            settings = Settings(scenario=named, latency=latency, provider=vendor, callbacks=habits or Habits())
            if listed:
                (folder / "listed.yaml").write_text(json.dumps({vendor: {VENDORS[vendor][0]: listed}}))
                settings = replace(settings, prices=folder / "listed.yaml")
            url = running_simulators.enter_context(running(settings))[vendor]
            with (folder / "phones.csv").open("w", newline="") as file:
                csv.writer(file).writerows([("id", "phone"), *enumerate(phones)])
            product, price, secrets = VENDORS[vendor]
            section = {"products": [product], "price": {product: price}, "base_url": url, "rate": "5000/s"}
            config = {
                "mode": "simulate",
                "home": "home",
                "sources": {
                    "people": {
                        "warehouse": "csv:///phones.csv",
                        "key": "id",
                        "phones": "phone",
                        "want": {"validity": "monthly", "reachability": "once"},
                    }
                },
                "providers": {vendor: {**section, "batch": "2", "in_flight": "1", **(provider or {})}},
                "budgets": [{"window": "month", "cap": "500 EUR"}],
                **sections,
            }
            path = folder / "ringfence.yaml"
            path.write_text(json.dumps(config))
            (folder / ".env").write_text("".join(f"{name}=key-of-a-test\n" for name in secrets))
            ledger = ledgers.create(folder / "home", mode="simulate")
            house = House(path, url, ledger, Lake(folder / "home", ledger.ledger_id))
            house.read_sources()
            return house

        yield make


@pytest.fixture
def impatient(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of a client in which a fault of time fits into a test."""
    # Far above what a busy machine needs for an answer, far below what a fault of time takes.
    limits = Limits(connect=5, read=2, total=4)
    monkeypatch.setattr(lanes, "Client", partial(Client, verify=TRUST, limits=limits))


@pytest.fixture(name="numbers")
def _numbers() -> Callable[[str, int], list[str]]:
    """So many valid mobile numbers of a country."""
    return numbers
