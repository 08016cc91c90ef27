"""The provider fault menu, row by row, for each kind of provider: the stated verdict, and what always holds."""

import ast
import asyncio
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ringfence.http import tokens
from ringfence.lookups import spend as spending
from ringfence.money.amount import nanos
from tests import figures
from tests.faults.kinds import KINDS, Kind
from tests.faults.menu import ELSEWHERE, MENU, Row, Verdict
from tests.faults.plays import says
from tests.faults.stand import MEMORY, PHONES, QUICK_ASYNCIO, Fault, Stand, Told
from tests.sizes import some

TESTS = Path(__file__).parents[1]
# What a row of the lake says about its number.
FACTS = (
    *("outcome", "error_class", "validity", "validity_basis", "reachability", "ported", "roaming", "line_type"),
    *(
        f"{role}_carrier_{part}"
        for role in ("current", "original", "roaming")
        for part in ("name", "mccmnc", "country")
    ),
    *("caller_name", "conflict"),
)
Facts = tuple[object, ...]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=ringfence "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {folder}/key -out {folder}/cert"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    pem = folder / "both.pem"
    pem.write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return pem


@pytest.fixture(scope="module")
def stand(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A ledger in memory, copied for each case."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY)) if MEMORY.is_dir() else tmp_path_factory.mktemp("stand")
    yield Stand(folder, certificate)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def truth(stand: Stand) -> Callable[[str], dict[str, Facts]]:
    """What each kind of provider says of every number when nothing goes wrong."""

    @cache
    def told(name: str) -> dict[str, Facts]:
        kind = KINDS[name]
        calm = Fault(says(lambda said: said), more=-(-len(PHONES) // kind.size) - 1)
        return facts(asyncio.run(stand.run(kind, calm)).published)

    return told


def facts(rows: Iterable[Mapping[str, Any]]) -> dict[str, Facts]:
    """What these rows say, by number."""
    return {row["phone_e164"]: tuple(row[name] for name in FACTS) for row in rows}


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the spend loop sleep by the clock of its case, and a name fail to resolve once."""
    monkeypatch.setattr(spending, "asyncio", QUICK_ASYNCIO)
    monkeypatch.setattr(tokens, "_shared", {})
    real, seen = socket.getaddrinfo, set()

    def resolve(host: str | bytes, port: int, *args: Any, **kwargs: Any) -> Any:
        if host in (b"provider.invalid", "provider.invalid"):
            if port not in seen:
                seen.add(port)
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            host = "127.0.0.1"
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("row", MENU, ids=lambda row: row.name)
def test_a_fault_has_its_verdict(stand: Stand, row: Row, truth: Callable[[str], dict[str, Facts]]) -> None:
    """For each kind of provider: state, evidence, money, what goes out next, what is kept, and what is published.

    In `make test` for every second kind, beginning with another one in each run.
    """
    kinds = some(row.kinds, 2)

    async def run() -> list[Told]:
        cases = [stand.run(KINDS[name], row.fault) for name in kinds]
        return [await case for case in cases] if row.fault.alone else await asyncio.gather(*cases)

    told = dict(zip(kinds, asyncio.run(run()), strict=True))
    expected = row.expected()
    found = {name: verdict(KINDS[name], one, expected[name]) for name, one in told.items()}
    wrong = [
        f"{name}: {found[name]} is not {expected[name]}, of {[each['evidence'] for each in told[name].attempts]}"
        for name in kinds
        if found[name] != expected[name]
    ]
    assert not wrong, "\n".join(wrong)
    for name, one in told.items():
        always(KINDS[name], one, waived=row.fault.waived)
        assert len(one.server.asked["paid"]) <= row.requests
        if expected[name].then == "stop" and row.fault.on != "poll":
            (lane,) = one.desk.lanes.values()
            assert lane.given_up(KINDS[name].product)
    others = set().union(*(restated(one, truth(name)) for name, one in told.items()))
    assert others <= set(row.fault.restated)
    assert bool(others) == bool(row.fault.restated)
    figures.tell("fault menu", rows=1, cases=len(told))


@pytest.mark.parametrize("row", ELSEWHERE)
def test_a_row_has_its_tests(row: str) -> None:
    """What the table says is tested elsewhere is tested there."""
    for name in ELSEWHERE[row]:
        module, _, function = name.partition(".")
        tree = ast.parse((TESTS / f"{module}.py").read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    figures.tell("fault menu", rows_tested_elsewhere=1)


def verdict(kind: Kind, told: Told, expected: Verdict) -> Verdict:
    """What became of the attempt that met the fault, in the words of the menu."""
    one = told.faulted
    family = [row for row in told.attempts if one["attempt_id"] in (row["attempt_id"], row["residue_of"])]
    held = sum(row["held"] for row in family if row["state"] in ("sent", "awaiting", "in_doubt"))
    paid = sum(row["actual"] or 0 for row in family)
    usual = kind.size * one["unit_price"]
    money = {
        (True, True): "part",
        (True, False): "held",
        (False, True): "paid" if paid == usual else "dearer" if paid > usual else "cheaper",
        (False, False): "free",
    }[bool(held), bool(paid)]
    later = [row for row in told.attempts if row["rowid"] > one["rowid"] and row not in family]
    bought = [row for row in later if row["state"] in ("settled", "awaiting")]
    again = [row for row in bought if row["retry_of"] == one["attempt_id"]]
    kept = {row["complete"] for row in told.replies if row["attempt_id"] == one["attempt_id"]}
    begins = str(one["evidence"]).startswith(expected.evidence)
    return Verdict(
        state=one["state"],
        evidence=expected.evidence if begins else str(one["evidence"]),
        money=money,
        then="again" if again else "on" if bought else "stop",
        kept={(): "nothing", (0,): "part"}.get(tuple(kept), "whole"),
        wait=expected.wait if waited(told, expected) else (min(told.clock.pauses, default=0), sum(told.clock.pauses)),
    )


def waited(told: Told, expected: Verdict) -> bool:
    """Whether all that was slept for is within what the row says; nothing where it says nothing."""
    slept = sum(told.clock.pauses)
    least, most = expected.wait or (0, 0)
    return least - 0.01 <= slept <= most + 0.01


def always(kind: Kind, told: Told, *, waived: bool) -> None:
    """What holds whatever happened: the books add up, one request an attempt, and nothing paid is invisible."""
    assert (told.broken, told.server.failures) == ([], [])
    ids = [request.headers["x-request-id"] for request in told.server.asked["paid"]]
    assert len(ids) == len(set(ids))
    assert set(ids) <= {row["attempt_id"] for row in told.attempts}
    charged = sum(nanos(row["amount"]) for row in told.server.world.bill.rows() if row["provider"] == kind.provider)
    assert waived or charged <= told.spent + told.held


def restated(told: Told, truth: Mapping[str, Facts]) -> set[str]:
    """The outcomes of numbers that say something else than without a fault, once each settled one is published once."""
    published = facts(told.published)
    settled = sum(row["numbers"] for row in told.attempts if row["state"] == "settled")
    assert len(published) == len(told.published) == settled
    others = [row for row in told.published if published[row["phone_e164"]] != truth[row["phone_e164"]]]
    assert {row["attempt_id"] for row in others} <= {told.faulted["attempt_id"]}
    return {str(row["outcome"]) for row in others}
