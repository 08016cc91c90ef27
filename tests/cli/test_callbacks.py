"""`ringfence callbacks` as a person types it: where it listens, how it ends, and that a kill loses nothing."""

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from ringfence.lookups.callback_address import callback_url
from tests.cli.commands import RINGFENCE, environment, is_one_sentence, ringfence
from tests.lookups.receiving import Awaited, answer
from tests.small import PHONES, make_config, make_warehouse

PUBLIC = "http://127.0.0.1:8910/hooks"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration that names a public address, and no ledger yet."""
    make_warehouse(tmp_path, PHONES[:3])
    path = make_config(tmp_path, "http://127.0.0.1:9")
    path.write_text(f"{path.read_text('utf-8')}callbacks: {{public_url: '{PUBLIC}'}}\n", "utf-8")
    return tmp_path


@pytest.fixture
def awaited(folder: Path) -> Awaited:
    """Its ledger, whose clock is the machine's at the beginning of the test."""
    found = Awaited(folder / "home")
    found.bench.now = time.time_ns() // 1000
    return found


@contextmanager
def listening(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The command in a process of its own, the address that it says it listens on, and what it says after that."""
    command = [RINGFENCE, "callbacks", "--port", "0", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
            assert found, line + (process.stderr.read() if process.stderr and not line else "")
            yield process, found[1], process.stdout.readline().rstrip()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(folder: Path, awaited: Awaited, number: signal.Signals) -> None:
    """It says where it listens and where providers send, ends with 0 and a count, and never names an address."""
    attempt = awaited.sent()
    with listening(folder) as (process, url, told):
        address = callback_url(f"{url}/hooks", awaited.ledger, "vonage", attempt.attempt_id)
        assert httpx.post(address, json=answer(attempt)).status_code == 200
        assert httpx.post(address + "0", json=answer(attempt)).status_code == 404
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert told == f"providers send to {PUBLIC}, which must lead here"
    assert out == "kept 1 callbacks; refused 1, of which 1 are in quarantine\n"
    assert err == ""


@pytest.mark.long
def test_a_kill_after_the_answer_loses_nothing(folder: Path, awaited: Awaited) -> None:
    """What was confirmed is in the ledger, whenever the receiver is killed."""
    attempts = [awaited.sent() for _ in range(8)]
    for attempt in attempts:
        with listening(folder) as (process, url, _):
            address = callback_url(url, awaited.ledger, "vonage", attempt.attempt_id)
            status = httpx.post(address, json=answer(attempt)).status_code
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        assert status == 200
        assert len(awaited.kept(attempt)) == 1
    assert awaited.bench.broken() == []


def test_without_a_public_address_it_says_what_that_means(folder: Path, awaited: Awaited) -> None:
    """It still takes what was asked for earlier."""
    config = folder / "ringfence.yaml"
    config.write_text(config.read_text("utf-8").partition("callbacks:")[0], "utf-8")
    attempt = awaited.sent()
    with listening(folder, "--path", "/elsewhere/") as (process, url, told):
        address = callback_url(f"{url}/elsewhere", awaited.ledger, "vonage", attempt.attempt_id)
        assert httpx.post(address, json=answer(attempt)).status_code == 200
        process.terminate()
        assert process.wait(30) == 0
    assert told.startswith("no callbacks.public_url in")


def test_a_port_that_is_taken_is_one_sentence(folder: Path, awaited: Awaited) -> None:
    """So is one that there is not, and a host that is not this machine's."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert is_one_sentence(ringfence(folder, "callbacks", "--port", port), port, "in use", "--port")
    assert is_one_sentence(ringfence(folder, "callbacks", "--port", "70000"), "70000")
    assert is_one_sentence(ringfence(folder, "callbacks", "--host", "nowhere.invalid"), "nowhere.invalid")
    for path in ("/{a}", "/a/../b", "/./a", "a//b", "/%61", "/a?b"):
        assert is_one_sentence(ringfence(folder, "callbacks", "--path", path), "--path")


@pytest.mark.parametrize(
    ("mode", "url", "words"),
    [
        ("simulate", "https://hooks.example.com", ("simulate", "127.0.0.1")),
        ("simulate", "http://10.0.0.1:8910", ("simulate", "127.0.0.1")),
        ("live", "http://hooks.example.com", ("live", "https")),
        ("live", "https://127.0.0.1:8910", ("live", "https")),
        ("live", "https://localhost", ("live", "https")),
        ("live", "https://hooks.example.com", ("ledger for mode simulate",)),
    ],
)
def test_simulated_and_live_never_mix(
    folder: Path, awaited: Awaited, mode: str, url: str, words: tuple[str, ...]
) -> None:
    """The public address must fit the mode, and the ledger too."""
    config = folder / "ringfence.yaml"
    text = config.read_text("utf-8").replace("mode: simulate", f"mode: {mode}").replace(PUBLIC, url)
    config.write_text(text, "utf-8")
    if words[0].startswith("ledger"):
        assert is_one_sentence(ringfence(folder, "callbacks", "--port", "0"), *words)
        return
    done = ringfence(folder, "doctor", "--format", "json")
    (found,) = (row for row in json.loads(done.stdout)["rows"] if row["what"] == "callbacks")
    assert found["status"] == "fail"
    assert all(word in found["found"] for word in (*words, "callbacks.public_url", url))


def test_a_ledger_must_be_there(folder: Path) -> None:
    """There is nothing to receive into."""
    assert is_one_sentence(ringfence(folder, "callbacks"), "ringfence ledger create")
