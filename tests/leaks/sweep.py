"""Everything run once, failures included, in a house full of planted things; what is kept and what was seen of it."""

import io
import json
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines.definitions import definitions
from ringfence.cli.main import main
from tests.cli.commands import ROOT, ringfence
from tests.cli.commands import environment as clean_environment
from tests.leaks.planted import COUNTRIES, WEBHOOK, cells, credentials
from tests.leaks.wire import Relay, relayed

PRODUCTS = {
    "infobip": ("query", "0.01"),
    "messente": ("hlr_sync", "0.002"),
    "vonage": ("standard", "0.005"),
    "kpn": ("advanced_async", "0.03"),
    "kaleyra": ("lookup", "0.20"),
    "vonage_insights": ("insights", "0.03"),
}
# What goes wrong of each provider's first requests; the last ones are answered.
FAULTS = {
    "infobip": ["status", "html", "drop_in_body", "one_unasked"],
    "messente": ["status", "one_missing", "drop_after_headers", "one_conflicting", "wrong_type"],
    "vonage": ["status", "empty", "drifted_types", "invalid_utf8", "not_http"],
    "kpn": ["callback_forged", "callback_twice"],
    "kaleyra": ["status", "echo_plus", "not_ready_ever"],
    "vonage_insights": ["status", "deep_json"],
}
# Every process logs all there is to log; what writes a log decides nothing here.
LOUD = "import logging, sys\nlogging.basicConfig(level=logging.DEBUG, stream=sys.stderr)\n"
DAGSTER = """\
telemetry: {enabled: false}
nux: {enabled: false}
python_logs: {python_log_level: DEBUG, managed_python_loggers: [root]}
"""


@dataclass
class Sweep:
    """A house full of planted things. `said` is what programs wrote, `seen` what others saw of them."""

    folder: Path
    relays: dict[str, Relay]
    secrets: dict[str, str]
    receiver: str
    said: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "ringfence.yaml"

    @property
    def source(self) -> dict[str, Any]:
        """The source of the configuration."""
        return {
            "warehouse": "duckdb:///crm.duckdb",
            "relation": "customers",
            "key": ["id"],
            "phones": ["phone"],
            "region": {"column": "country"},
            "want": {"carrier": "monthly", "ported": "monthly", "validity": "monthly", "reachability": "once"},
        }

    def write(self, *, down: Collection[str] = (), **sections: Any) -> None:
        """Write the configuration, with these sections in the place of its own; who is `down` listens nowhere."""
        providers = {
            name: {
                "products": [product],
                "price": {product: f"{price} EUR"},
                "base_url": "http://127.0.0.1:9" if name in down else self.relays[name].url,
                "batch": "1",
                "in_flight": "2",
                "rate": "1000/s",
                "wait": "3s",
            }
            for name, (product, price) in PRODUCTS.items()
        }
        whole = {
            "home": "home",
            "mode": "simulate",
            "sources": {"crm": self.source},
            "providers": providers,
            "routes": {"default": ["infobip"], **{name: [asked] for name, (*_, asked) in COUNTRIES.items()}},
            "budgets": [{"window": "month", "cap": "0.90 EUR"}],
            "callbacks": {"public_url": self.receiver},
            # Nobody listens there: what fails tells of it.
            "alerts": {"webhook": f"env:{WEBHOOK}"},
            **sections,
        }
        self.config.write_text(json.dumps(whole, indent=1), encoding="utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        """What every process of this house is told: to log and warn of all, and to keep its own files here."""
        told = {
            "PYTHONPATH": f"{self.folder / 'loud'}:{ROOT}",
            "PYTHONWARNINGS": "always",
            "TMPDIR": str(self.folder / "tmp"),
            "DAGSTER_HOME": str(self.folder / "home" / "dagster"),
            "RINGFENCE_CONFIG": str(self.config),
        }
        return {**told, **more}

    def command(self, *words: str, given: str = "", apart: bool = True, home: str | None = None) -> str:
        """Run a command, in a process of its own or in this one, and keep what it wrote; returns its standard output.

        `given` stands on its standard input, `home` is another than the configuration names.
        """
        more = {"RINGFENCE_HOME": home} if home else {}
        if apart:
            done = ringfence(self.folder, *words, given=given, **self.environment(), **more)
            code, out, err = done.returncode, done.stdout, done.stderr
        else:
            code, out, err = _main(words, given, more)
        assert code in (0, 1, 2), (words, code, err)
        name = " ".join(words[:3])
        self.said += [(f"stdout of {name}", out.encode()), (f"stderr of {name}", err.encode())]
        return out

    def job(self, name: str, **limits: Any) -> bool:
        """Run a job in this process on Dagster's instance of this house; returns whether it succeeded."""
        with dg.DagsterInstance.get() as instance:
            result = (
                definitions(str(self.config))
                .resolve_job_def(name)
                .execute_in_process(
                    instance=instance,
                    run_config={"resources": {"limits": {"config": limits}}} if limits else None,
                    raise_on_error=False,
                )
            )
        self.said.append((f"events of {name}", "\n".join(map(repr, result.all_events)).encode()))
        return result.success

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """The receiver."""
        with self._serving("callbacks", "--port", self.receiver.rpartition(":")[2]):
            yield

    @contextmanager
    def simulating(self) -> Iterator[dict[str, str]]:
        """All providers' doubles: the base URL of each."""
        scenario = str(self.folder / "scenario.yaml")
        with self._serving("simulate", "--port", "0", "--scenario", scenario, until=b"charges") as lines:
            yield dict(line.decode().split() for line in lines[:-1])

    @contextmanager
    def _serving(self, *words: str, until: bytes = b"listening") -> Iterator[list[bytes]]:
        """A command that serves, in a process of its own: the lines with which it says that it does."""
        command = [str(Path(sys.executable).with_name("ringfence")), *words]
        env = clean_environment(self.folder, **self.environment())
        told = self.folder / "tmp" / words[0]
        with (
            told.open("wb") as err,
            subprocess.Popen(command, cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=err) as process,
        ):
            try:
                assert process.stdout
                lines = [process.stdout.readline()]
                while lines[-1] and until not in lines[-1]:
                    lines.append(process.stdout.readline())
                assert lines[-1], told.read_text()
                yield lines
            finally:
                process.terminate()
                self.said.append((f"stdout of {words[0]}", process.communicate(timeout=30)[0]))


def _main(words: Sequence[str], given: str, more: Mapping[str, str]) -> tuple[int, str, str]:
    """What the command line does with these words, in this process: its exit code, and what it wrote."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code = 0
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        patched.setattr(sys, "argv", ["ringfence", *words])
        patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8"))
        patched.setattr(sys, "excepthook", sys.excepthook)
        for name, value in more.items():
            patched.setenv(name, value)
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except Exception as error:  # noqa: BLE001 - as the interpreter does with what a program lets through
            sys.excepthook(type(error), error, error.__traceback__)
            code = 1
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return code, *texts


@contextmanager
def sweeping(folder: Path, port: int) -> Iterator[Sweep]:
    """A house with planted things, a simulator for all of its providers, and relays that listen in."""
    rules = [
        # Two of three, for after three in a row a provider is not asked any more.
        {"provider": name, "when": {"nth": place + place // 2 + 1}, "fault": fault, "status": 500}
        for name, faults in FAULTS.items()
        for place, fault in enumerate(faults)
    ]
    for name in ("loud", "tmp", "home/dagster"):
        (folder / name).mkdir(parents=True)
    (folder / "scenario.yaml").write_text(json.dumps(rules))
    (folder / "loud" / "sitecustomize.py").write_text(LOUD)
    (folder / "home" / "dagster" / "dagster.yaml").write_text(DAGSTER)
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute("CREATE TABLE customers (id BIGINT, phone VARCHAR, country VARCHAR)")
        rows = [(place, *cell) for place, cell in enumerate(cells())]
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
        connection.execute("CREATE VIEW broken AS SELECT id, phone::TIMESTAMP AS phone, country FROM customers")
    secrets = credentials("right")
    written = {name: value.strip().replace("\n", "\\n") for name, value in secrets.items()}
    (folder / ".env").write_text("".join(f'{name}="{value}"\n' for name, value in written.items()))
    with ExitStack() as stack:
        sweep = Sweep(folder, {}, secrets, f"http://127.0.0.1:{port}")
        urls = stack.enter_context(sweep.simulating())
        sweep.relays = stack.enter_context(relayed(urls))
        sweep.write()
        yield sweep
