"""A stage for drivers, and houses that are put back as they were before each run. What they show is judged here."""

import json
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx
import polars as pl
import pytest

from tests.crashes.stage import DONE, Played, Scene
from tests.lookups.conftest import House

ROOT = Path(__file__).parents[2]
# What must be the same whether or not a run was killed in between.
FACTS = ["phone_e164", "validity", "validity_basis", "reachability", "ported", "current_carrier_mccmnc", "country"]
TABLES = {
    "lookups": [*FACTS, "outcome", "cost_net"],
    "phone_facts": FACTS,
    "phone_changes": ["phone_e164", "fact", "old_value", "new_value"],
}
SERVED = """SELECT phone_e164, validity, reachability, ported_status, current_carrier_mccmnc, original_carrier_name
FROM phone_numbers ORDER BY phone_e164"""
# Collecting runs until nothing is awaited any more.
ROUNDS = 40


class Stage:
    """The process that forks drivers; a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crashes.stage"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._told = self._read()
        if not self._told:
            self._process.communicate()
            raise RuntimeError("the stage did not begin")

    def play(self, scene: Scene) -> Played:
        """Let a driver play a scene to its end; skips the test where the scene's calls cannot be watched."""
        if scene.kinds and self._told != "ready":
            pytest.skip(self._told)
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asdict(scene)) + "\n")
        self._process.stdin.flush()
        return Played(**json.loads(self._read()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@dataclass(repr=False)
class Play:
    """One house on a stage. `within` is how many numbers one kill, or a rule of its simulator, may leave in doubt.

    `calm` is the same house where nothing goes wrong: it is run once, undisturbed, with its last step if `serving`.
    """

    stage: Stage
    house: House
    calm: House
    within: int
    serving: bool = True
    spoiled: int = 0
    kills: int = 0
    _runs: int = 0
    _known: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.house.ledger.store.close()
        shutil.copytree(self._folder, self._before)
        ruled, self.house = self.house, self.calm
        self.to_the_end(serving=self.serving)
        assert self.doubtful() == set()
        self._known = {name: self.house.lake.read(name).select(columns) for name, columns in TABLES.items()}
        if self.serving:
            self._known["served"] = self.served()
        self.house = ruled
        self.begin()

    @property
    def _folder(self) -> Path:
        return self.house.path.parent

    @property
    def _before(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}-before")

    def begin(self) -> None:
        """Put everything back as it was before the first run: the house, and the simulator's bill."""
        self.house.ledger.store.engine.dispose()
        shutil.rmtree(self._folder)
        shutil.copytree(self._before, self._folder)
        httpx.post(f"{self.house.url}/_simulator/reset").raise_for_status()
        self.kills = 0

    def run(self, job: str = "enrich", **scene: Any) -> Played:
        """One run; what is done to it is in `stage.Scene`."""
        self._runs += 1
        played = self.stage.play(Scene(job=job, config=str(self.house.path), launch=f"launch-{self._runs}", **scene))
        self.kills += bool(played.code or 0 < scene.get("at", 0) <= len(played.events))
        told = f"{job} {scene}: ended with {played.code} after {len(played.events)} calls, at {played.events[-1:]}"
        print(told)  # noqa: T201 - pytest shows it where a test fails
        return played

    def done(self, job: str = "enrich", **scene: Any) -> Played:
        """One run that must end well."""
        played = self.run(job, **scene)
        assert (played.code, played.said) == (DONE, ""), played.said
        return played

    def to_the_end(self, **scene: Any) -> None:
        """Run, and collect until nothing is awaited."""
        self.done(**scene)
        for _ in range(ROUNDS):
            if not self.house.attempts("awaiting"):
                return
            self.done("collect", **scene)
        raise AssertionError("it is awaited for ever")

    def doubtful(self) -> set[str]:
        """The numbers that are in doubt."""
        ids = [row["attempt_id"] for row in self.house.attempts("in_doubt")]
        query = "SELECT phone_e164 FROM claim JOIN subject USING (subject_id) WHERE attempt_id = ?"
        with self.house.ledger.store.read() as connection:
            rows = [row for each in ids for row in connection.exec_driver_sql(query, (each,))]
        return {row[0] for row in rows}

    def served(self) -> dict[str, tuple[Any, ...]]:
        """The numbers as SQL users see them."""
        with duckdb.connect(str(self.house.path.parent / "home" / "ringfence.duckdb"), read_only=True) as connection:
            return {row[0]: row for row in connection.execute(SERVED).fetchall()}

    def judge(self, *, served: bool = True, logged: Collection[str] = ()) -> None:
        """What holds when a run went to its end after any number of kills; once more is once too often.

        `logged` are numbers whose answers are not those of a calm run: a log tells less, and some are never told.
        """
        house = self.house
        house.check()
        assert not house.attempts("sent", "awaiting", "reserved")
        doubtful = self.doubtful()
        assert len(doubtful) <= (self.kills + self.spoiled) * self.within, "more than what was under way is in doubt"
        spent, charged = house.spent(), house.charged()
        assert spent <= charged <= spent + house.held()
        for name, columns in TABLES.items():
            without = ~pl.col("phone_e164").is_in([*doubtful, *logged])
            found, calm = (each.select(columns).sort(columns) for each in (house.lake.read(name), self._known[name]))
            assert found.filter(~pl.col("phone_e164").is_in(logged)).equals(calm.filter(without)), name
        told = house.lookups()["phone_e164"]
        assert told.n_unique() == len(told)
        if served:
            rows, known = self.served(), self._known["served"]
            assert rows.keys() == known.keys()
            assert {number for number in known if rows[number] != known[number]} <= doubtful
        self._nothing_more()

    def _nothing_more(self) -> None:
        """Another run asks nobody anything and changes nothing."""
        requests = len(self.house.requests())
        before = self.house.lake.read("phone_facts")
        self.done(serving=False)
        assert len(self.house.requests()) == requests
        assert self.house.lake.read("phone_facts").equals(before)
