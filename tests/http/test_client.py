"""The client against a real socket that plays every fault of a connection, and counts what reached it."""

import asyncio
import gzip
import itertools
import os
import random
import socket
import ssl
import struct
import subprocess
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from ringfence.errors import ConfigError
from ringfence.http.client import Client, Limits
from ringfence.http.exchange import Exchange, Failure, Reply

FAST = Limits(connect=0.8, read=0.8, total=2, max_bytes=1000)
# No roots: cheap to make, and as unknowing of our certificate as the usual ones.
ROOTLESS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
KEY = {"Authorization": "App s3cret-key-0001"}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Id: a\r\nx-id: b\r\n\r\npaid"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"


@dataclass
class Server:
    """What a server saw."""

    port: int
    heads: list[bytes] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    connections: int = 0

    @property
    def url(self) -> str:
        """A path of a provider on it."""
        return f"http://127.0.0.1:{self.port}/number/1/query"


Script = Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Play a script on every connection to a free port of loopback."""
    seen = Server(0)

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        try:
            await script(seen, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.02)


async def take(seen: Server, reader: asyncio.StreamReader) -> None:
    """Read one request whole, and count it."""
    head = await reader.readuntil(b"\r\n\r\n")
    seen.heads.append(head)
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))


def answer(data: bytes) -> Script:
    """Read the request, write these bytes, close (FIN)."""

    async def script(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(seen, reader)
        writer.write(data)
        await writer.drain()

    return script


def hang(data: bytes = b"") -> Script:
    """Read the request, write these bytes, then say nothing more until the client is gone."""

    async def script(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(seen, reader)
        writer.write(data)
        await reader.read()

    return script


def reset(*, after_reading: bool, data: bytes = b"") -> Script:
    """Reset the connection (RST), before or after the request has been read."""

    async def script(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if after_reading:
            await take(seen, reader)
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0.05)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    return script


async def drip(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte every 50 ms: no single read is late, the whole is."""
    await take(seen, reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    for _ in range(900):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def keep_alive(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request, then read the next one on the same connection and close without a byte."""
    await answer(OK)(seen, reader, writer)
    await take(seen, reader)


async def send(url: str, *, limits: Limits = FAST, tls: ssl.SSLContext | None = None, method: str = "POST") -> Exchange:
    """Send one request with a body through a client of its own."""
    async with Client(in_flight=1, headers=KEY, limits=limits, verify=tls or ROOTLESS) as client:
        return await client.send(httpx.Request(method, url, json={"to": ["447700900123"]}))


AMBIGUOUS = {
    "FIN before any byte": (answer(b""), None, b""),
    "RST before the request is read": (reset(after_reading=False), None, b""),
    "RST after the request is read": (reset(after_reading=True), None, b""),
    "read time-out": (hang(), None, b""),
    "cut in the headers": (answer(b"HTTP/1.1 200 OK\r\nContent-Ty"), None, b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "not HTTP": (answer(b"SSH-2.0-OpenSSH_9.6\r\n"), None, b"SSH-2.0-OpenSSH_9.6\r\n"),
    "conflicting lengths": (
        answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\npaid"),
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\npaid",
    ),
    "body cut by length": (answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npaid"), 200, b"paid"),
    "body cut between chunks": (answer(CHUNKED + b"4\r\npaid\r\n"), 200, b"paid"),
    "body cut by RST": (reset(after_reading=True, data=CHUNKED + b"4\r\npaid\r\n"), 200, b"paid"),
    "body stops, connection stays": (hang(CHUNKED + b"4\r\npaid\r\n"), 200, b"paid"),
    "body larger than the limit": (answer(CHUNKED + b"ffff\r\n" + b"x" * 65535 + b"\r\n0\r\n\r\n"), 200, b"x" * 1000),
    "gzip bomb": (answer(GZIP + gzip.compress(bytes(64 << 20))), 200, bytes(1000)),
    "gzip cut": (answer(GZIP + gzip.compress(b"paid")[:-8]), 200, b"paid"),
    "bytes after the gzip body": (answer(GZIP + gzip.compress(b"paid") + b"x"), 200, b"paid"),
    "an encoding that we cannot read": (answer(GZIP.replace(b"gzip", b"br") + b"\x0b\x01"), 200, b"\x0b\x01"),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_a_request_that_may_have_arrived_is_ambiguous_and_sent_once(fault: str, method: str) -> None:
    """After the first byte every fault is ambiguous, reaches the server at most once, and what arrived is kept."""
    script, status, kept = AMBIGUOUS[fault]

    async def run() -> None:
        async with serving(script) as server:
            got = await send(server.url, method=method)
            assert isinstance(got, Failure)
            assert (got.kind, got.status, got.body, got.fatal) == ("ambiguous", status, kept, False)
            assert got.reason.startswith("sent, but ")
            assert server.connections == 1
            assert len(server.heads) == (0 if fault == "RST before the request is read" else 1)

    asyncio.run(run())


def test_a_server_that_never_reads_leaves_the_request_ambiguous() -> None:
    """A request that the server's buffers no longer take in whole may have been read as far as it went."""

    async def deaf(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(2)

    async def run() -> None:
        async with (
            serving(deaf) as server,
            Client(in_flight=1, headers=KEY, limits=FAST, verify=ROOTLESS) as client,
        ):
            got = await client.send(httpx.Request("POST", server.url, content=bytes(64 << 20)))
            assert isinstance(got, Failure)
            assert (got.kind, got.body, server.connections) == ("ambiguous", b"", 1)
            assert "WriteTimeout" in got.reason

    asyncio.run(run())


def test_corrupt_gzip_keeps_what_could_be_decoded() -> None:
    """A gzip body that breaks in the middle is ambiguous, and what came before the break is kept decoded."""
    original = random.Random(7).randbytes(600)
    packed = bytearray(gzip.compress(original))
    packed[-8:] = b"\0" * 8  # the checksum

    async def run() -> None:
        async with serving(answer(GZIP + bytes(packed))) as server:
            got = await send(server.url)
            assert isinstance(got, Failure)
            assert got.kind == "ambiguous"
            assert len(got.body) > 500
            assert original.startswith(got.body)

    asyncio.run(run())


def test_a_gzip_bomb_stays_small_in_memory() -> None:
    """A chunk of 64 kB that inflates to 64 MB costs no more than the limit of the body."""
    bomb = GZIP + gzip.compress(bytes(64 << 20))

    async def run() -> int:
        async with serving(answer(bomb)) as server:
            tracemalloc.start()
            await send(server.url)
            return tracemalloc.get_traced_memory()[1]

    try:
        assert asyncio.run(run()) < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_reused_connection_that_closes_is_not_used_twice(method: str) -> None:
    """A request lost on a kept-alive connection was written once, is ambiguous, and is never repeated on another."""

    async def run() -> None:
        async with (
            serving(keep_alive) as server,
            Client(in_flight=1, headers=KEY, limits=FAST, verify=ROOTLESS) as client,
        ):
            first = await client.send(httpx.Request(method, server.url))
            second = await client.send(httpx.Request(method, server.url))
            assert isinstance(first, Reply)
            assert isinstance(second, Failure)
            assert second.kind == "ambiguous"
            assert (server.connections, len(server.heads)) == (1, 2)

    asyncio.run(run())


def test_a_slow_drip_ends_at_the_deadline() -> None:
    """A body whose every byte is in time still ends at the total deadline, with the bytes that came."""

    async def run() -> None:
        async with serving(drip) as server:
            started = asyncio.get_running_loop().time()
            got = await send(server.url)
            assert asyncio.get_running_loop().time() - started < 4
            assert isinstance(got, Failure)
            assert (got.kind, got.status) == ("ambiguous", 200)
            assert got.reason == "sent, but no whole reply within 2 s"
            assert 1 <= len(got.body) < 60
            assert len(server.heads) == 1

    asyncio.run(run())


def refused() -> str:
    """A port of loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}/"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://127.0.0.1/", f"http://{'a' * 70}.invalid/"])
def test_a_connection_that_never_was_is_unsent(url: str) -> None:
    """Refused, unsupported and unresolvable addresses are proof that nothing left."""
    got = asyncio.run(send(url))
    assert isinstance(got, Failure)
    assert (got.kind, got.fatal, got.body) == ("unsent", False, b"")


def test_a_name_that_does_not_resolve_is_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DNS failure is proof that nothing left."""

    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    got = asyncio.run(send("https://api.infobip.invalid/"))
    assert isinstance(got, Failure)
    assert (got.kind, got.fatal) == ("unsent", False)


@pytest.mark.parametrize("limits", [Limits(total=0.5), Limits(read=0.5, total=0.5), Limits(read=0.5)])
def test_a_process_that_stood_still_reads_what_has_come(limits: Limits) -> None:
    """Woken long after the time was over, it takes the reply that lies in its socket."""

    async def stopped() -> Exchange:
        loop = asyncio.get_running_loop()

        async def late(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await take(seen, reader)
            # All of this process stands still: the reply is on its way when it does.
            loop.call_soon(time.sleep, 2.0)
            writer.write(OK)

        async with serving(late) as seen, Client(in_flight=1, headers=KEY, limits=limits, verify=ROOTLESS) as one:
            return await one.send(httpx.Request("GET", seen.url))

    got = asyncio.run(stopped())
    assert isinstance(got, Reply)
    assert got.body == b"paid"


def test_a_run_that_is_stopped_when_the_reply_is_whole_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last byte and the answer to whoever waits lie some turns of the loop: a stop there loses nothing."""
    exchange = Client._exchange

    async def stopped() -> Exchange:
        async def whole(self: Client, *args: object) -> Reply:
            reply = await exchange(self, *args)  # type: ignore[arg-type]
            waiting.cancel()
            return reply

        monkeypatch.setattr(Client, "_exchange", whole)
        async with serving(answer(OK)) as seen, Client(in_flight=1, headers=KEY, verify=ROOTLESS) as one:
            waiting = asyncio.create_task(one.send(httpx.Request("GET", seen.url)))
            return await waiting

    got = asyncio.run(stopped())
    assert isinstance(got, Reply)
    assert got.body == b"paid"


@pytest.mark.parametrize("limits", [FAST, Limits(connect=9, read=9, total=0.4)])
def test_a_connection_that_takes_too_long_is_unsent(limits: Limits) -> None:
    """The connect time-out and the deadline while connecting both prove that nothing left."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        got = asyncio.run(send(f"http://127.0.0.1:{full.getsockname()[1]}/", limits=limits))
        for one in waiting:
            one.close()
    assert isinstance(got, Failure)
    assert got.kind == "unsent"


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


def test_tls_failures_never_reach_the_server(certificate: Path) -> None:
    """A bad certificate is unsent and fatal, a broken handshake unsent only; with the right root the request goes."""
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))

    async def run() -> None:
        async with serving(answer(OK), server_tls) as server:
            https = server.url.replace("http:", "https:")
            for url, tls, fatal in (
                (https, None, True),  # nobody we know signed it
                (https.replace("127.0.0.1", "localhost"), trusting, True),  # it is not for this host
            ):
                got = await send(url, tls=tls)
                assert isinstance(got, Failure)
                assert (got.kind, got.fatal) == ("unsent", fatal), got.reason
            assert server.heads == []
            assert isinstance(await send(https, tls=trusting), Reply)
            assert len(server.heads) == 1
        for script in (answer(b""), hang()):
            async with serving(script) as plain:
                got = await send(plain.url.replace("http:", "https:"))
                assert isinstance(got, Failure)
                assert (got.kind, got.fatal, plain.heads) == ("unsent", False, [])

    asyncio.run(run())


def test_a_reply_is_whole_and_the_request_carries_the_credentials_once() -> None:
    """A reply has status, lower-case headers and body; the caller's own request never sees the credentials."""

    async def run() -> None:
        async with serving(answer(OK)) as server, Client(in_flight=1, headers=KEY, verify=ROOTLESS) as client:
            request = httpx.Request("POST", server.url, json=[], headers={"X-Request-Id": "7"})
            got = await client.send(request)
            assert got == Reply(200, {"content-length": "4", "x-id": "a, b"}, b"paid")
            head = server.heads[0]
            assert b"authorization: app s3cret-key-0001" in head.lower()
            assert b"accept-encoding: identity" in head.lower()
            assert b"x-request-id: 7" in head.lower()
            assert "authorization" not in request.headers

    asyncio.run(run())


def test_gzip_that_nobody_asked_for_is_still_read() -> None:
    """A server that compresses all the same gets its reply decoded, and no body at all is an empty one."""
    body = os.urandom(500)

    async def run() -> None:
        for data in (body, b""):
            async with serving(answer(GZIP + (gzip.compress(data) if data else b""))) as server:
                got = await send(server.url)
                assert isinstance(got, Reply)
                assert got.body == data

    asyncio.run(run())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_poll_is_a_get(method: str) -> None:
    """What is sent without an attempt of its own must cost nothing: any other request never leaves."""

    async def run() -> None:
        async with serving(answer(OK)) as server, Client(in_flight=1, headers=KEY, verify=ROOTLESS) as client:
            with pytest.raises(ValueError, match="might cost money"):
                await client.poll(httpx.Request(method, server.url))
            assert server.heads == []
            assert isinstance(await client.poll(httpx.Request("GET", server.url)), Reply)

    asyncio.run(run())


def test_a_redirect_is_a_reply_and_not_followed() -> None:
    """A 307 comes back as it is: credentials go to no other address."""

    async def run() -> None:
        async with serving(answer(OK)) as other:
            moved = f"HTTP/1.1 307 X\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n".encode()
            async with serving(answer(moved)) as server:
                got = await send(server.url)
                assert isinstance(got, Reply)
                assert got.status == 307
                assert (len(server.heads), other.connections) == (1, 0)

    asyncio.run(run())


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY of the machine is not obeyed."""
    monkeypatch.setenv("HTTP_PROXY", refused())
    monkeypatch.setenv("http_proxy", refused())

    async def run() -> None:
        async with serving(answer(OK)) as server:
            assert isinstance(await send(server.url), Reply)

    asyncio.run(run())


def test_a_proxy_that_refuses_the_tunnel_leaves_the_request_unsent() -> None:
    """A CONNECT that a proxy turns down is not the request: nothing was sent, and the proxy saw no credential of it."""
    denied = answer(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async def run() -> None:
        async with serving(denied) as server:
            proxy = f"http://user:proxy-pass@127.0.0.1:{server.port}"
            async with Client(in_flight=1, headers=KEY, limits=FAST, proxy=proxy) as client:
                got = await client.send(httpx.Request("GET", "https://127.0.0.1:9/"))
            assert isinstance(got, Failure)
            assert got.kind == "unsent"
            assert "407" in got.reason
            assert server.heads[0].startswith(b"CONNECT 127.0.0.1:9 ")
            assert b"s3cret" not in server.heads[0]

    asyncio.run(run())


def test_a_request_lost_inside_a_tunnel_is_ambiguous(certificate: Path) -> None:
    """Behind a proxy, what goes through the tunnel counts as sent, and CONNECT alone does not."""
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(certificate)

    async def tunnel(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(seen, reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.start_tls(server_tls)
        await take(seen, reader)

    async def run() -> None:
        async with serving(tunnel) as server:
            proxy, trusting = f"http://127.0.0.1:{server.port}", ssl.create_default_context(cafile=str(certificate))
            for roots, kind, heads in ((trusting, "ambiguous", 2), (None, "unsent", 1)):
                server.heads.clear()
                async with Client(
                    in_flight=1, headers=KEY, limits=FAST, proxy=proxy, verify=roots or ROOTLESS
                ) as client:
                    got = await client.send(httpx.Request("GET", "https://127.0.0.1:9/"))
                assert isinstance(got, Failure)
                assert (got.kind, len(server.heads)) == (kind, heads)

    asyncio.run(run())


def test_the_last_check_comes_after_connecting_and_holds_back_every_byte() -> None:
    """`before_send` is asked once, on an open connection; False or an exception leave the server without a byte."""

    def broken() -> bool:
        raise OSError("the lock file is gone")

    async def run() -> None:
        async with (
            serving(answer(OK)) as server,
            Client(in_flight=1, headers=KEY, limits=FAST, verify=ROOTLESS) as client,
        ):
            asked: list[bool] = []

            def no() -> bool:
                asked.append(False)
                return False

            for check in (no, broken):
                got = await client.send(httpx.Request("POST", server.url, json={}), check)
                assert isinstance(got, Failure)
                assert got.kind == "unsent"
            while server.connections < 2:  # the server's task may see a connection later than we do
                await asyncio.sleep(0.01)
            assert (asked, server.connections, server.heads) == ([False], 2, [])
            assert isinstance(await client.send(httpx.Request("POST", server.url, json={}), lambda: True), Reply)
            assert len(server.heads) == 1
            got = await client.send(httpx.Request("POST", refused()), no)
            assert isinstance(got, Failure)
            assert got.kind == "unsent"
            assert asked == [False]

    asyncio.run(run())


def test_cancellation_passes_and_the_last_check_tells_whether_it_was_sent() -> None:
    """A cancelled send raises CancelledError, frees its connection, and has asked `before_send` only if it sent."""

    async def run() -> None:
        async with serving(hang()) as server, Client(in_flight=1, headers=KEY, verify=ROOTLESS) as client:
            asked: list[bool] = []
            request = httpx.Request("POST", server.url, json={})
            task = asyncio.create_task(client.send(request, lambda: not asked.append(True)))
            waiting = asyncio.create_task(client.send(request, lambda: not asked.append(False)))
            while not server.heads:
                await asyncio.sleep(0.01)
            for one in (waiting, task):
                one.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await one
            assert asked == [True]
            again = asyncio.create_task(client.send(request))
            while len(server.heads) < 2:
                await asyncio.sleep(0.01)
            again.cancel()

    asyncio.run(run())


def test_never_more_than_in_flight_at_once() -> None:
    """With in_flight 7, forty requests are seven at once, never eight, on no more than seven connections."""

    async def slow(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await take(seen, reader)
            seen.at_once += 1
            seen.most_at_once = max(seen.most_at_once, seen.at_once)
            await asyncio.sleep(0.01)
            seen.at_once -= 1
            writer.write(OK)

    async def run() -> None:
        async with serving(slow) as server, Client(in_flight=7, headers=KEY, verify=ROOTLESS) as client:
            got = await asyncio.gather(*(client.send(httpx.Request("GET", server.url)) for _ in range(40)))
            assert all(isinstance(one, Reply) for one in got)
            assert (server.most_at_once, server.connections, len(server.heads)) == (7, 7, 40)

    asyncio.run(run())


def test_any_cut_of_a_reply_is_ambiguous_until_its_last_byte() -> None:
    """Cut after every single byte, a reply is ambiguous and keeps a prefix; only the whole of it is a reply."""
    cuts = itertools.count()

    async def cut(seen: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(OK[: next(cuts)])(seen, reader, writer)

    async def run() -> None:
        async with serving(cut) as server, Client(in_flight=1, headers=KEY, limits=FAST, verify=ROOTLESS) as client:
            head = OK.index(b"\r\n\r\n") + 4
            for length in range(len(OK)):
                got = await client.send(httpx.Request("GET", server.url))
                assert isinstance(got, Failure)
                assert got.kind == "ambiguous"
                assert got.body == (OK[:length] if length < head else OK[head:length])
            assert isinstance(await client.send(httpx.Request("GET", server.url)), Reply)
            assert len(server.heads) == len(OK) + 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("x"), "unsent"),
        (httpx.PoolTimeout("x"), "unsent"),
        (httpx.ReadError("x"), "ambiguous"),
        (httpx.WriteTimeout("x"), "ambiguous"),
        (ValueError("x"), "ambiguous"),
    ],
)
def test_a_given_transport_is_believed_only_about_connecting(error: Exception, kind: str) -> None:
    """Without evidence from the wire, everything but an error of connecting is ambiguous."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    async def run() -> Exchange:
        async with Client(in_flight=1, headers={}, transport=httpx.MockTransport(fail)) as client:
            return await client.send(httpx.Request("GET", "http://127.0.0.1/"))

    got = asyncio.run(run())
    assert isinstance(got, Failure)
    assert got.kind == kind


def test_a_credential_that_no_header_can_carry_is_named_and_not_shown() -> None:
    """A key with the line break of its file is refused before anything is sent, without showing it."""
    with pytest.raises(ConfigError, match="Authorization") as caught:
        Client(in_flight=1, headers={"Authorization": "App s3cret-key-0002\n"})
    assert "s3cret" not in str(caught.value)
