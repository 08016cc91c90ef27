"""A message to the user's own address: sent once, taken by a 2xx alone, and its address in no reason."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ringfence.http import webhook
from ringfence.http.webhook import post

SECRET = "T0KEN-of-a-test"


class Hook(ThreadingHTTPServer):
    """A server that keeps what it is sent, and answers with one status."""

    daemon_threads = True

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.seconds = 0.0
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.go_on = threading.Event()

    @property
    def address(self) -> str:
        """Where it listens, with a secret in the path and in the query."""
        return f"http://127.0.0.1:{self.server_port}/hooks/{SECRET}?key={SECRET}"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        """Keep the message and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        if self.server.seconds:
            self.server.go_on.wait(self.server.seconds)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - the name that the server looks for

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def listening(status: int = 200) -> Iterator[Hook]:
    """A hook on a free port of this machine."""
    with Hook(status) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.go_on.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_message_is_taken_by_a_2xx(status: int) -> None:
    """One POST of JSON, with no credential and no cookie of ours."""
    with listening(status) as hook:
        assert asyncio.run(post(hook.address, {"share": 80, "cap": "5.000000000"})) is None
    ((path, headers, body),) = hook.got
    assert path == f"/hooks/{SECRET}?key={SECRET}"
    assert json.loads(body) == {"share": 80, "cap": "5.000000000"}
    names = {name.lower() for name in headers}
    assert names == {"host", "user-agent", "content-length", "content-type"}
    assert headers["User-Agent"] == "ringfence"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
def test_nothing_else_takes_it_and_no_redirect_is_followed(status: int) -> None:
    """It is sent once, wherever a server would like to have it; the reason has the status and no address."""
    with listening(status) as hook:
        why = asyncio.run(post(hook.address, {})) or ""
    assert len(hook.got) == 1
    assert f"HTTP {status}" in why
    assert ("redirects" in why) == (status < 400)
    assert SECRET not in why


def test_nobody_waits_long_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer costs the time of one message."""
    monkeypatch.setattr(webhook, "TOTAL", 0.3)
    with listening() as hook:
        hook.seconds = 20
        assert asyncio.run(post(hook.address, {})) == "no answer within 0.3 s"


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/{}", "https://127.0.0.1:1/{}", "http://[::1/{}", "ftp://a/{}"])
def test_what_cannot_be_reached_is_a_reason(address: str) -> None:
    """Nobody listens there, or it is no address: a word that says so, and nothing is raised."""
    why = asyncio.run(post(address.format(SECRET), {}))
    assert why
    assert SECRET not in why


def test_the_environment_chooses_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment are not taken."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with listening() as hook:
        assert asyncio.run(post(hook.address, {})) is None
