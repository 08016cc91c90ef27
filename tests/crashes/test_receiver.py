"""The receiver killed around the commit of a callback (C20, C21): what it has confirmed is kept, once."""

import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from ringfence.lookups.callback_address import callback_url
from ringfence.lookups.replies import answered
from ringfence.money.moves import attempts
from tests import figures
from tests.crashes.stage import Scene
from tests.crashes.theatre import Stage
from tests.lookups.receiving import Awaited, answer, receiving


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.mark.parametrize("point", ["C20", "C21"])
def test_a_callback_is_kept_once_whenever_the_receiver_dies(tmp_path: Path, stage: Stage, point: str) -> None:
    """Nothing was confirmed, so the provider sends it again, and one copy settles the attempt."""
    awaited = Awaited(tmp_path / "home")
    # The receiver is a process with a clock of its own, by which an address ends.
    awaited.bench.now = time.time_ns() // 1000
    attempt = awaited.sent()
    awaited.accept(attempt)
    config = tmp_path / "ringfence.yaml"
    config.write_text(json.dumps({"mode": "simulate", "home": "home"}))
    port = _free_port()
    url = callback_url(f"http://127.0.0.1:{port}", awaited.ledger, "vonage", attempt.attempt_id)
    with ThreadPoolExecutor(1) as pool:
        scene = Scene(job="receive", config=str(config), launch=str(port), point=point)
        playing = pool.submit(stage.play, scene)
        confirmed: list[int] = []
        while not playing.done():
            # Refused until it listens, cut off when it dies.
            try:
                confirmed.append(httpx.post(url, json=answer(attempt)).status_code)
            except httpx.TransportError:
                continue
        assert playing.result().code == -signal.SIGKILL, playing.result().said
    assert confirmed == []
    assert len(awaited.kept(attempt)) == (point == "C21")
    with receiving(awaited.ledger) as here:
        assert httpx.post(awaited.address(here, attempt), json=answer(attempt)).status_code == 200
    assert len(awaited.kept(attempt)) == 1
    with awaited.ledger.store.read() as connection:
        (row,) = attempts(connection, [attempt.attempt_id])
        move = answered(connection, row)
    assert move
    assert awaited.bench.move(move) == 1
    assert (awaited.bench.state(attempt.attempt_id), awaited.bench.broken()) == ("settled", [])
    figures.tell("crashes", points=1, kills=1)
