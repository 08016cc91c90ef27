"""Every mistake that a person can make, made: one sentence that says how to mend it, exit code 2, and nothing lost."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from ringfence.cli.sql import sql
from ringfence.errors import RingfenceError
from ringfence.lake.tables import Lake, frame_of
from ringfence.money import ledger as ledgers
from ringfence.money import quotes
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger, open_ledger
from ringfence.simulator.server import Settings, running
from tests.cli.commands import RINGFENCE, environment, is_one_sentence, ringfence
from tests.small import PHONES, make_config, make_warehouse

NOWHERE = "http://127.0.0.1:9"


@dataclass
class Place:
    """A folder with a warehouse, a configuration and a ledger, to be broken."""

    folder: Path
    ledger: Ledger
    env: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "ringfence.yaml"

    def write(self, old: str, new: str) -> None:
        """Replace a text of the configuration that stands in it."""
        text = self.config.read_text("utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), "utf-8")

    def sound(self) -> bool:
        """Whether nothing was lost: the ledger holds every invariant."""
        with open_ledger(self.folder / "home").store.read() as connection:
            return violations(connection) == []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place where everything is right, but that no provider can be reached."""
    make_warehouse(tmp_path, PHONES[:3])
    make_config(tmp_path, NOWHERE)
    return Place(tmp_path, ledgers.create(tmp_path / "home", mode="simulate"))


@pytest.fixture
def url() -> Iterator[str]:
    """A simulator whose answers take long enough to be interrupted."""
    with running(Settings(provider="infobip", latency=0.05)) as urls:
        yield urls["infobip"]


def _nothing(place: Place) -> None:
    """The command itself is the mistake."""


def _in_place_of(path: Path) -> None:
    """A folder where a file is expected: what permissions forbid, and root may all the same, cannot be read either."""
    path.unlink(missing_ok=True)
    path.mkdir()


def _quote_of_yesterday(place: Place) -> None:
    at = place.ledger.store.clock() - 2 * quotes.DAY
    head = {"quote_id": "yesterday", "created_at": at, "expires_at": at + quotes.DAY, "ledger_seq": 0}
    with place.ledger.store.write() as connection:
        quotes.save(connection, quotes.Quote(**head, launch_id="x", summary={"currency": "EUR"}, lines=[]))


def _lake_of_another(place: Place) -> None:
    Lake(place.folder / "home", "another-ledger").append_settled(frame_of("lookups", []), 1)


def _no_ledger(place: Place) -> None:
    shutil.move(place.folder / "home", place.folder / "elsewhere")
    (place.folder / "home").mkdir()


Break = Callable[[Place], Any]
# What is broken, how, with which command, and words of the sentence: what is wrong and how it is mended.
MISTAKES: dict[str, tuple[Break, list[str], list[str]]] = {
    "an unknown key": (
        lambda place: place.write("budgets:", "budgts:"),
        ["quote"],
        ["ringfence.yaml:21: budgts: there is no such key; closest are: budgets"],
    ),
    "bad YAML": (lambda place: place.write("currency: EUR", "a: ["), ["costs"], ["ringfence.yaml:", "not valid YAML"]),
    "a wrong type": (
        lambda place: place.write("batch: 50", "batch: many"),
        ["quote"],
        ["providers.infobip.batch: expected a whole number"],
    ),
    "no configuration": (lambda place: place.config.unlink(), ["quote"], ["No such file", "RINGFENCE_CONFIG"]),
    "an unreadable configuration": (
        lambda place: _in_place_of(place.config),
        ["quote"],
        ["Is a directory", "RINGFENCE_CONFIG"],
    ),
    "an unreadable .env": (lambda place: _in_place_of(place.folder / ".env"), ["enrich", "--yes"], [".env"]),
    "an unknown table": (
        lambda place: place.write("relation: customers", "relation: custmers"),
        ["quote"],
        ["no relation 'custmers'; there are main.customers"],
    ),
    "an unknown column": (
        lambda place: place.write("phones: [phone]", "phones: [fone]"),
        ["enrich", "--yes"],
        ["no column 'fone'; there are", "phone"],
    ),
    "an unknown source": (_nothing, ["quote", "--source", "moon"], ["moon", "crm"]),
    "no warehouse": (lambda place: (place.folder / "crm.duckdb").unlink(), ["quote"], ["no file", "mend the path"]),
    "a missing secret": (
        lambda place: (place.folder / ".env").unlink(),
        ["enrich", "--limit", "1", "--yes"],
        ["INFOBIP_API_KEY", ".env beside"],
    ),
    "the wrong mode": (
        lambda place: place.write("mode: simulate", "mode: live"),
        ["enrich"],
        ["is a ledger for mode simulate, the configuration says live: use another home"],
    ),
    "no ledger": (_no_ledger, ["quotes"], ["there is no ledger in", "ringfence ledger create"]),
    "a ledger that is none": (
        lambda place: (place.folder / "home" / "ledger.sqlite").write_text("hello"),
        ["costs"],
        ["is not a ledger; restore it from a backup"],
    ),
    "a second ledger": (_nothing, ["ledger", "create"], ["exists already"]),
    "the lake of another ledger": (_lake_of_another, ["enrich"], ["is not the ledger that the lake", "restore"]),
    "an unknown quote": (_nothing, ["enrich", "--quote", "nope"], ["no quote nope", "ringfence quotes"]),
    "an unknown quote to approve": (_nothing, ["approve", "nope"], ["no quote nope", "ringfence quotes"]),
    "an expired quote": (
        _quote_of_yesterday,
        ["enrich", "--quote", "yesterday"],
        ["quote yesterday has expired", "ringfence quote"],
    ),
    "an expired quote to approve": (_quote_of_yesterday, ["approve", "yesterday"], ["has expired", "ringfence quote"]),
    "nothing served yet": (
        _nothing,
        ["sql", "SELECT 1"],
        ["ringfence.duckdb is not there yet", "ringfence serve"],
    ),
    "nothing served to explain": (_nothing, ["explain", "+31612341000"], ["ringfence serve"]),
    "an unknown grouping": (_nothing, ["costs", "--by", "moon"], ["not by 'moon'", "country"]),
    "a day that is none": (_nothing, ["costs", "--since", "soon"], ["such as 2026-11-01"]),
    "an amount that is none": (_nothing, ["enrich", "--max-spend", "lots"], ["0.002 EUR"]),
    "two ways at once": (_nothing, ["enrich", "--yes", "--quote", "x"], ["leave out --yes"]),
    "an unknown command": (_nothing, ["enrch"], ["No such command 'enrch'", "enrich", "ringfence --help"]),
    "an unknown option": (_nothing, ["quote", "--nope"], ["--nope", "ringfence quote --help"]),
    "an option out of bounds": (_nothing, ["quote", "--limit", "0"], ["--limit", "greater than or equal to 1"]),
    "an unknown format": (_nothing, ["costs", "--format", "xml"], ["'xml' is not one of", "csv"]),
    "a missing argument": (_nothing, ["sql"], ["query", "ringfence sql --help"]),
    "a latency that is none": (_nothing, ["simulate", "--latency", "soon"], ["50ms"]),
    "an unknown scenario": (_nothing, ["simulate", "--scenario", "nope"], ["chaos"]),
    "no checkout": (
        lambda place: place.env.update(RINGFENCE_WORKSPACE=""),
        ["quote"],
        ["no workspace.yaml here or above", "RINGFENCE_WORKSPACE"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_that_says_how_to_mend_it(name: str, place: Place) -> None:
    """Exit code 2, one sentence, nothing on standard output, and the ledger as sound as before."""
    breaks, arguments, words = MISTAKES[name]
    breaks(place)
    done = ringfence(place.folder, *arguments, **place.env)
    assert is_one_sentence(done, *words)
    assert (len(done.stderr.splitlines()), done.stdout) == (1, "")
    if name not in ("no ledger", "a ledger that is none"):
        assert place.sound()


def test_a_locked_warehouse_is_one_line(place: Place) -> None:
    """A source that another process writes is named with that process."""
    with duckdb.connect(str(place.folder / "crm.duckdb")):
        done = ringfence(place.folder, "quote")
    assert is_one_sentence(done, str(os.getpid()), "close it there")


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """The simulator says which port it was, and which option chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = ringfence(tmp_path, "simulate", "--provider", "infobip", "--port", port)
    assert is_one_sentence(done, f"port {port}", "--port")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_full_disk_under_the_output_is_one_line(form: str, place: Place) -> None:
    """A result that cannot be written is no success."""
    with Path("/dev/full").open("w") as full:
        options = {"capture_output": False, "stdout": full, "stderr": subprocess.PIPE}
        done = ringfence(place.folder, "quotes", "--format", form, options=options)
    done.stdout = ""
    assert is_one_sentence(done, "No space left on device", "run again")


def test_a_ledger_that_cannot_grow_is_one_line(place: Place) -> None:
    """Where no file may grow any more, the ledger is not half made, and can be made when there is room."""
    small = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))}
    done = ringfence(place.folder, "ledger", "create", options=small, RINGFENCE_HOME="new")
    assert is_one_sentence(done, "new/ledger")
    assert ringfence(place.folder, "ledger", "create", RINGFENCE_HOME="new").returncode == 0


@pytest.mark.long
def test_a_full_disk_ends_a_purchase_with_one_line_and_loses_nothing(place: Place, url: str) -> None:
    """The home fills up while a run buys: what was bought is there, what was out is held, and the books add up."""
    make_warehouse_of(place, 400)
    make_config(place.folder, url, batch=10)
    shutil.rmtree(place.folder / "home")
    script = (
        "mkdir home && mount -t tmpfs -o size=1m,mode=700 none home || exit 77\n"
        f"{RINGFENCE} ledger create >/dev/null && {RINGFENCE} enrich --yes; code=$?\n"
        f"{RINGFENCE} ledger check >&2 || exit 1\n"
        "exit $code\n"
    )
    variables = {"DAGSTER_HOME": str(place.folder / "dagster")}
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script],
        cwd=place.folder,
        env=environment(place.folder, **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode in (1, 77) and "ringfence" not in done.stderr:
        pytest.skip("this system lets nobody mount a small disk of his own")
    *lines, sound, _ = done.stderr.splitlines()
    assert "sound" in sound
    done.stderr = "\n".join(lines)
    assert is_one_sentence(done, "full", "free space")
    assert "bought" in done.stdout


def make_warehouse_of(place: Place, count: int) -> None:
    """A larger warehouse in place of the small one."""
    (place.folder / "crm.duckdb").unlink()
    make_warehouse(place.folder, PHONES[:count])


@pytest.mark.long
def test_a_stale_price_is_one_line(place: Place) -> None:
    """A rate card whose row has ended is refused by the run, with file and line."""
    config = yaml.safe_load(place.config.read_text("utf-8"))
    del config["providers"]["infobip"]["price"]
    place.config.write_text(yaml.safe_dump({**config, "prices": "prices.csv"}), "utf-8")
    card = "provider,product,price,currency,valid_from,valid_to\ninfobip,query,0.01,EUR,2020-01-01,2020-12-31\n"
    (place.folder / "prices.csv").write_text(card, "utf-8")
    done = ringfence(place.folder, "enrich", "--yes")
    assert is_one_sentence(done, "ended on 2020-12-31", "prices.csv line 2")
    assert place.sound()


def test_a_wrong_key_is_one_line(place: Place, url: str) -> None:
    """The provider's no ends the run red with a sentence that names the variables; nothing was bought."""
    make_config(place.folder, url, key="wrong-key")
    done = ringfence(place.folder, "enrich", "--yes")
    assert is_one_sentence(done, "infobip refused the credentials", "INFOBIP_API_KEY")
    assert "wrong-key" not in done.stdout + done.stderr
    assert "bought" not in done.stdout
    costs = ringfence(place.folder, "costs", "--format", "csv").stdout.splitlines()
    assert len(costs) == 1, "nothing was bought"
    assert place.sound()


@pytest.mark.long
def test_ctrl_c_stops_the_run_too_and_loses_nothing(place: Place, url: str) -> None:
    """Exit code 130 and a sentence; the run is gone, and what it had out is held until it is decided."""
    make_warehouse_of(place, 3000)
    make_config(place.folder, url, batch=5)
    with subprocess.Popen(
        [RINGFENCE, "enrich", "--yes"],
        cwd=place.folder,
        env=environment(place.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        # What --yes has approved is shown when buying begins.
        assert process.stdout.readline().startswith("quote ")
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert told.splitlines()[-1].startswith("ringfence: stopped; what was out stays held")
    assert "Traceback" not in out + told
    assert place.sound()


def test_ctrl_c_where_nothing_is_bought_is_one_word(place: Place) -> None:
    """Exit code 130, as of any program that Ctrl-C ends."""
    with subprocess.Popen(
        [RINGFENCE, "explain", "-"],
        cwd=place.folder,
        env=environment(place.folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _wait_until_it_reads(process.pid)
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=60)
    assert (process.returncode, out, told) == (130, "", "ringfence: stopped\n")


def _wait_until_it_reads(pid: int) -> None:
    """Until a process sleeps in a read of its standard input; where /proc does not say it, a while."""
    for _ in range(200):
        time.sleep(0.05)
        with suppress(OSError):
            if Path(f"/proc/{pid}/syscall").read_text("ascii").startswith("0 0x0 "):
                return


def _serve(place: Place) -> None:
    with duckdb.connect(str(place.folder / "home" / "ringfence.duckdb")) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT 'x' || i AS a, repeat('y', 300) AS b FROM range(5000) t(i)")
        connection.execute("CREATE VIEW seen AS FROM numbers")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("FROM nowhere", ["nowhere", "does not exist"]),
        ("SELECT '+31612345678'::INT", ["+31*****678"]),
        ("DROP TABLE numbers", ["read-only"]),
        ("", ["write a SELECT"]),
    ],
)
def test_a_wrong_query_is_one_line_without_numbers(query: str, words: list[str], place: Place) -> None:
    """What DuckDB refuses is said in its words, with numbers masked; the served file is never written."""
    _serve(place)
    assert is_one_sentence(ringfence(place.folder, "sql", query), *words)


WRITES = [
    ("COPY numbers TO 'home/ledger.sqlite'", ["read-only"]),
    ("COPY (PIVOT numbers ON a) TO 'home/ledger.sqlite'", ["Permission Error"]),
    ("EXPLAIN ANALYZE COPY numbers TO 'home/ledger.sqlite'", ["Permission Error"]),
    ("WITH x AS (COPY numbers TO 'home/ringfence.duckdb.wal') FROM x", ["Permission Error"]),
    ("FROM query('WITH x AS (COPY numbers TO ''home/ringfence.duckdb.wal'') FROM x')", ["Error"]),
    ("FROM read_csv('/etc/passwd')", ["Permission Error"]),
    ("FROM read_text('home/ringfence.duckdb')", ["Permission Error"]),
    ("SELECT 1; SELECT 2", ["2 statements", "one"]),
    ("SET threads = 1", ["read-only"]),
    ("ATTACH 'x.duckdb'", ["read-only"]),
    ("INSTALL httpfs", ["read-only"]),
    ("EXPORT DATABASE 'x'", ["read-only"]),
]
READS = [
    "FROM seen LIMIT 1",
    "WITH x AS (SELECT 1) FROM x;",
    "DESCRIBE numbers",
    "SHOW TABLES",
    "PIVOT (FROM numbers LIMIT 2) ON a USING count(*)",
    "EXPLAIN FROM numbers",
]


def test_a_query_reads_the_served_tables_and_nothing_else(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would write or read another file, however it is wrapped, is refused; every way of reading works."""
    _serve(place)
    monkeypatch.chdir(place.folder)
    monkeypatch.setenv("RINGFENCE_CONFIG", str(place.config))
    there = {path: path.stat().st_size for path in place.folder.rglob("*")}
    for query, words in WRITES:
        with pytest.raises(RingfenceError) as refusal:
            sql(query)
        assert all(word in str(refusal.value) for word in words), (query, refusal.value)
    for query in READS:
        sql(query)
    assert {path: path.stat().st_size for path in place.folder.rglob("*")} == there


def test_no_output_and_no_argument_is_too_odd(place: Place) -> None:
    """Signs that the output has no code for are spelled, a closed output is left alone, odd bytes are named."""
    _serve(place)
    plain = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = ringfence(place.folder, "sql", "SELECT chr(128512) AS x", **plain)
    assert (done.returncode, done.stderr, r"\U0001f600" in done.stdout) == (0, "", True), done
    done = subprocess.run(
        ["sh", "-c", f"'{RINGFENCE}' quotes <&- >&- 2>&-"],
        cwd=place.folder,
        env=environment(place.folder),
        check=False,
    )
    assert done.returncode == 0
    done = ringfence(place.folder, "sql", os.fsdecode(b"SELECT '\xff'"))
    assert is_one_sentence(done, r"'SELECT '\udcff'' is not text", "UTF-8")


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_closed_pipe_leaves_no_trace(form: str, place: Place) -> None:
    """`ringfence sql ... | head -1` gives its line; the command ends as programs in a pipe do, and says nothing."""
    _serve(place)
    command = f"'{RINGFENCE}' sql 'FROM numbers' --format {form} | head -c 10; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=place.folder,
        env=environment(place.folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (141, "")
    assert done.stdout


def test_a_defect_keeps_its_traceback_without_numbers(tmp_path: Path) -> None:
    """What is not the user's mistake is told in full, but for what may not stand in a log."""
    code = (
        "import sys; from ringfence.cli import main; sys.argv = ['ringfence', 'x']\n"
        "def broken(**_): raise ValueError('no +31612345678')\n"
        "main.app = broken; main.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ValueError: no +31*****678" in done.stderr
