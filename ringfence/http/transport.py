"""The transport that knows whether a byte of a request left, and what bytes came back before they made sense.

The evidence is taken where bytes are handed to the socket, not read from the type of an exception: a connection that
breaks raises the same exceptions whether the server read the request or not. Limits and verdicts are the client's.
"""

import ssl
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpcore
import httpx

# Under the 5 s after which Node.js and uvicorn close an idle connection (`server.keepAliveTimeout`,
# `--timeout-keep-alive`): a request written into a connection that is just being closed is in doubt.
KEEP_ALIVE = 4.0
# h11 gives up on headers of more than 100 KiB; what it had read by then fits.
LARGEST_HEAD = 256 * 1024

# By their documented meaning (httpx, "Exceptions"), raised before a request is written.
BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class NotOursError(Exception):
    """The last check before the first byte said no."""


@dataclass(slots=True)
class Wire:
    """What one exchange did to its connection: whether its first byte was let go, and what came before any header."""

    before_send: Callable[[], bool] | None = None
    written: bool = False
    received: bytearray = field(default_factory=bytearray)

    def let_go(self) -> None:
        """Ask once, just before the first byte; raises NotOursError, then nothing has left."""
        if not self.written:
            if self.before_send is not None and not self.before_send():
                raise NotOursError("it was no longer ours to send")
            self.written = True


# httpcore's streams do not know which request they carry. Each exchange writes from its own context.
_WIRE: ContextVar[Wire] = ContextVar("wire")


class Transport(httpx.AsyncHTTPTransport):
    """One HTTP/1.1 connection at a time, kept alive, that records every exchange in `request.extensions["wire"]`.

    One connection and not a pool: httpcore scans its pool at every request, and may close a connection that it has
    already given to a waiting request (httpcore issue 1110); with one there is nothing to scan and nobody waits.
    It never repeats a request: `retries` would only repeat connecting, and is off too.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.Proxy | None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            proxy=_proxy(proxy, tls) if proxy else None,
            max_connections=1,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=_Backend(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send once; raises httpx's exceptions, or NotOursError."""
        token = _WIRE.set(request.extensions["wire"])
        try:
            return await super().handle_async_request(request)
        finally:
            _WIRE.reset(token)


class Outside(httpx.AsyncBaseTransport):
    """A transport from elsewhere, for tests: it has no evidence, so it is taken at its word about connecting."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand over; an exception from before the request is the only sign that nothing left."""
        wire: Wire = request.extensions["wire"]
        wire.let_go()
        try:
            return await self._inner.handle_async_request(request)
        except BEFORE_SENDING:
            wire.written = False
            raise

    async def aclose(self) -> None:
        """Close the transport that was given."""
        await self._inner.aclose()


def _proxy(proxy: httpx.Proxy, tls: ssl.SSLContext) -> httpcore.Proxy:
    return httpcore.Proxy(
        url=str(proxy.url),
        auth=proxy.raw_auth,
        headers=proxy.headers.raw,
        ssl_context=tls if proxy.url.scheme == "https" else None,
    )


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that tells the exchange in whose context it is used."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._inner.read(max_bytes, timeout)
        wire = _WIRE.get(None)  # None: the headers have been read, and the body goes to the client
        if wire and wire.written and len(wire.received) < LARGEST_HEAD:
            wire.received += data
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # A proxy's CONNECT carries nothing of the request. A write that no exchange owns is refused (LookupError).
        if buffer and not buffer.startswith(b"CONNECT "):
            _WIRE.get().let_go()
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.AnyIOBackend):
    """httpcore's own way to the network, with streams that record."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await super().connect_tcp(host, port, timeout, local_address, socket_options))
