"""No secret and no number leaves the places that are meant for it, whatever runs and whatever fails.

Everything is run in a house whose credentials and numbers can be told from all else, with every logger at DEBUG; then
every file, every output, every URL and every command line is looked through. What may hold them is listed here.
"""

import csv
import io
import json
import logging
import re
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from fnmatch import fnmatchcase
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from ringfence.lookups import gates, lane
from ringfence.money import breaker
from ringfence.money.ledger import open_ledger
from ringfence.providers.registry import provider
from tests import figures
from tests.leaks.planted import NUMBERS, credentials, needles
from tests.leaks.search import Hit, Needles, search
from tests.leaks.sweep import Sweep, sweeping
from tests.leaks.wire import command_lines
from tests.sizes import whole

KEY = "the ledger's key"
# Where a number may stand: a file, and the place in it.
NUMBERS_MEANT = [
    # What the test itself wrote: the warehouse, and replies that are imported.
    ("crm.duckdb*", "*"),
    ("replies.csv", "*"),
    # The vault of the ledger, and the raw replies until their retention ends.
    ("home/ledger.sqlite*", ""),
    ("home/ledger.sqlite", "subject.phone_e164"),
    ("home/ledger.sqlite", "reply.body"),
    ("home/ledger.sqlite", "quarantine.body"),
    # The lake and the file that people query.
    ("home/lake/*.parquet", ""),
    ("home/lake/*.parquet", "phone_e164"),
    ("home/lake/phone_map/*.parquet", "raw_value"),
    ("home/*.duckdb", ""),
    ("home/*.duckdb", "*.phone_e164"),
    ("home/*.duckdb", "*.raw_value"),
    # What somebody asked to see.
    ("stdout of explain -", ""),
]
# Where a secret may stand, and which.
SECRETS_MEANT = [
    (".env", "", "*"),
    ("home/ledger.sqlite*", "", KEY),
    ("home/ledger.sqlite", "meta.value", KEY),
    # Kaleyra's pages have the account in the path of every URL.
    ("URLs of kaleyra", "", "* KALEYRA_SID"),
    # And its acknowledgement names that URL again, in the reply that is kept as it came.
    ("home/ledger.sqlite", "reply.body", "* KALEYRA_SID"),
]
# Infobip's log is asked by number: its own interface says so. Whether it is asked depends on what was in doubt.
NUMBERS_DICTATED = [("URLs of infobip", "")]


def _meant(hit: Hit) -> bool:
    if hit.what in NUMBERS:
        return any(
            fnmatchcase(hit.file, file) and fnmatchcase(hit.place, place)
            for file, place in (*NUMBERS_MEANT, *NUMBERS_DICTATED)
        )
    asked = (hit.file, hit.place, hit.what)
    return any(all(map(fnmatchcase, asked, meant)) for meant in SECRETS_MEANT)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _logged(into: io.StringIO) -> Iterator[None]:
    """Note all that this process logs, and let it log as it did afterwards."""
    root, factory = logging.getLogger(), logging.getLogRecordFactory()
    before = {name: logging.getLogger(name).level for name in ("", "httpx", "httpcore")}
    handler = logging.StreamHandler(into)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        logging.setLogRecordFactory(factory)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _post(url: str, body: bytes) -> None:
    """Send a callback by hand: httpx would log its address in this process."""
    parts = urlsplit(url)
    # A body that is too large is refused before all of it is there.
    refused = suppress(BrokenPipeError, ConnectionResetError)
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as connection, refused:
        connection.request("POST", parts.path, body, {"content-type": "application/json"})
        connection.getresponse().read()


def _bought(sweep: Sweep) -> None:
    """A purchase of a part, with every fault on its way, while callbacks come: asked for, forged and broken ones."""
    sweep.command("ledger", "create")
    sweep.command("doctor")
    with sweep.receiving():
        sweep.command("enrich", "--yes", "--limit", "24", "--format", "json")
        one, other = list(NUMBERS)[:2]
        body = json.dumps({"request_id": "x", "number": one[1:], "told": other}).encode()
        given_out = _wire(sweep, _ADDRESS)
        assert given_out
        for url in (*given_out, f"/kpn/{uuid.uuid4()}/9999999999/{'0' * 64}", "/nobody/1/2/3", f"/{one}"):
            for sent in (body, body[:-9], b"<a>" + body, b"\xff" + body * 9000):
                _post(sweep.receiver + url, sent)


def _failed(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that fail on the numbers that are left, each in its own ways, and one that goes on after them.

    A source whose cells cannot be read; parsers and an asset with a defect; where tests are whole, refused credentials
    and closed ports before them.
    """
    plenty = {"budgets": [{"window": "month", "cap": "500 EUR"}]}
    if whole():
        sweep.write(**plenty, down=("messente", "vonage", "kpn"))
        with monkeypatch.context() as wrong:
            for name, value in credentials("wrong").items():
                wrong.setenv(name, value)
            assert not sweep.job("enrich", approve_up_to="max")
    sweep.write(**plenty, sources={"crm": {**sweep.source, "relation": "broken"}})
    assert not sweep.job("quote")
    sweep.write(**plenty)
    quoting = f"{next(iter(NUMBERS))} could not be read with {sweep.secrets['VONAGE_API_SECRET']}"
    with monkeypatch.context() as broken:
        for kind in ("infobip", "messente", "vonage"):
            broken.setattr(type(provider(kind)), "parse", _raises(quoting))
        broken.setattr("assets.served.serve", _raises(quoting))
        assert not sweep.job("enrich", approve_up_to="max")
    assert sweep.job("collect")


def _raises(told: str) -> Callable[..., Any]:
    def broken(*_: object, **__: object) -> None:
        try:
            int(told)
        except ValueError as error:
            raise RuntimeError(f"while at {told}") from error

    return broken


def _looked_at(sweep: Sweep, *, apart: bool) -> None:
    """Every command that looks at something, and those that fail over a cell."""
    command = partial(sweep.command, apart=apart)
    one = next(iter(NUMBERS))
    with (sweep.folder / "replies.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["body", "received_at"])
        writer.writerows([json.dumps({"status": 0, "international_format_number": each[1:]}), each] for each in NUMBERS)
    assert one in command("explain", "-", given="\n".join(NUMBERS))
    for words in (["attempts"], ["costs"], ["quotes"], ["doctor"], ["ledger", "check"], ["reparse"]):
        command(*words, "--format", "json")
    cast = "SELECT phone_e164::TIMESTAMP FROM phone_numbers"
    command("sql", cast)
    replies = ("--provider", "vonage", "--warehouse", "csv:///replies.csv")
    command("import", *replies, "--from", "SELECT body, received_at::TIMESTAMP AS received_at FROM replies")
    command("import", *replies, "--from", "SELECT body, TIMESTAMP '2026-11-01' AS received_at FROM replies")
    for file in ("ledger.sqlite", "ringfence.duckdb"):
        broken = (sweep.folder / "home" / file).read_bytes()
        (sweep.folder / "broken").mkdir(exist_ok=True)
        (sweep.folder / "broken" / file).write_bytes(broken[: len(broken) // 2])
    for words in (["costs"], ["explain", "-"], ["doctor"]):
        command(*words, given=one, home=str(sweep.folder / "broken"))
    sweep.write(providers={"infobip": {"products": ["query"], "api_key": sweep.secrets["INFOBIP_API_KEY"]}})
    command("quote")
    sweep.config.unlink()
    shutil.rmtree(sweep.folder / "broken")


# An address that was given out for callbacks, and a token, as they stand in what was sent to a provider.
_ADDRESS = re.compile(rb"(/kpn/[0-9a-f-]{36}/\d+/[0-9a-f]{64})")
_BEARER = re.compile(rb"(?i)authorization: bearer (\S+)")


def _wire(sweep: Sweep, pattern: re.Pattern[bytes]) -> list[str]:
    """What a pattern finds in everything that was sent to any provider."""
    sent = (unquote_to_bytes(bytes(data)) for relay in sweep.relays.values() for data in relay.sent)
    return sorted({found.decode() for data in sent for found in pattern.findall(data)})


def _seen_on_the_wire(sweep: Sweep) -> dict[str, str]:
    """The secrets that nobody planted: proofs of callback addresses, and tokens that were fetched or made."""
    proofs, tokens = _wire(sweep, _ADDRESS), _wire(sweep, _BEARER)
    assert proofs
    assert len(tokens) >= 2
    named = {f"the proof of callback {place}": each.rpartition("/")[2] for place, each in enumerate(proofs)}
    return {**named, **{f"token {place}": each for place, each in enumerate(tokens)}}


@pytest.mark.parametrize("apart", [False, pytest.param(True, marks=pytest.mark.long)], ids=["here", "apart"])
def test_nothing_leaves_the_places_that_are_meant_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *, apart: bool
) -> None:
    """A purchase from every provider with faults, everything that can fail after it, and every command.

    Commands that look at something run in this process, or each in its own.
    """
    log = io.StringIO()
    with sweeping(tmp_path, _free_port()) as sweep, command_lines() as seen, _logged(log):
        for name, value in sweep.environment().items():
            monkeypatch.setenv(name, value)
        # Nothing here is about how long a provider that fails is left alone.
        monkeypatch.setattr(gates, "PATIENCE", 0)
        monkeypatch.setattr(lane, "PAUSE", 0.05)
        monkeypatch.setattr(breaker, "PAUSE", 0)
        _bought(sweep)
        _failed(sweep, monkeypatch)
        _looked_at(sweep, apart=apart)
        ledger = open_ledger(tmp_path / "home")
        own = {KEY: ledger.key.hex(), **_seen_on_the_wire(sweep)}
        ledger.store.close()
        out, err = capfd.readouterr()
        urls = [(f"URLs of {name}", b"\n".join(relay.asked)) for name, relay in sweep.relays.items()]
    also = [*sweep.said, *urls, ("stdout", out.encode()), ("stderr", err.encode()), ("log", log.getvalue().encode())]
    planted = {"right": sweep.secrets, "wrong": credentials("wrong")}
    secrets = {f"{kind} {name}": text for kind, each in planted.items() for name, text in needles(each).items()} | own
    hits, files, size = search(tmp_path, Needles(secrets, NUMBERS), also=[*also, ("command lines", b"\n".join(seen))])
    leaked = [hit for hit in hits if not _meant(hit)]
    figures.tell("secrets and numbers", files=files, bytes=size, hits=len(leaked))
    assert leaked == []
    # Else the list of what is meant, or the search, would say less than it seems to.
    meant = [(file, place, each) for file, place in NUMBERS_MEANT for each in ["+*"]] + SECRETS_MEANT
    for each in meant:
        assert any(all(map(fnmatchcase, (hit.file, hit.place, hit.what), each)) for hit in hits), each
