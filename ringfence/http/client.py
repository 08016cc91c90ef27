"""The client: sends a request at most once, inside its limits, and says truly what became of it.

It never retries, follows no redirect, keeps no cookies and reads no proxy or certificate from the environment. It
judges no status: that is the provider's. Whether to send again is the spend loop's decision, as a new attempt.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType, TracebackType
from typing import Literal, Self, cast

import httpx

from ringfence.http.body import Body, BodyError
from ringfence.http.deadline import within
from ringfence.http.dress import Dress
from ringfence.http.exchange import Exchange, Failure, Reply
from ringfence.http.issuer import Issuer
from ringfence.http.redact import redact, register_secret
from ringfence.http.transport import NotOursError, Outside, Transport, Wire


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, between two reads or writes, and for all; bytes of a decoded body."""

    connect: float = 5
    read: float = 20
    total: float = 60
    max_bytes: int = 16 * 1024 * 1024

    @property
    def timeouts(self) -> dict[str, float]:
        """The form in which httpx's transports take them."""
        return {"connect": self.connect, "read": self.read, "write": self.read, "pool": self.connect}


_LIMITS = Limits()
_NONE: Mapping[str, str] = MappingProxyType({})


class Client:
    """At most `in_flight` requests at once to one provider, each on its own connection; an async context manager.

    `headers`, `query` and `path` are the credentials: they are added to a copy of each request and registered as
    secrets; `issuer` obtains the token where one is needed. `verify` is True or a context with other roots;
    certificates are always verified. `transport` is for tests. Raises ConfigError where a credential cannot be sent.
    """

    def __init__(
        self,
        *,
        in_flight: int,
        headers: Mapping[str, str],
        query: Mapping[str, str] = _NONE,
        path: Mapping[str, str] = _NONE,
        issuer: Issuer | None = None,
        limits: Limits = _LIMITS,
        proxy: str | None = None,
        verify: ssl.SSLContext | Literal[True] = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if in_flight < 1:
            raise ValueError("in_flight must be at least 1")
        self._dress = Dress(headers, query, path)
        self._issuer = issuer
        self._limits = limits
        self._transports: list[httpx.AsyncBaseTransport]
        if transport is not None:
            self._transports = [Outside(transport)] * in_flight
        else:
            tls = httpx.create_ssl_context(trust_env=False) if verify is True else verify
            via = _proxy(proxy) if proxy else None
            self._transports = [Transport(tls, via) for _ in range(in_flight)]
        # Last in, first out: a slow provider keeps few connections, and keeps them warm.
        self._free: asyncio.LifoQueue[httpx.AsyncBaseTransport] = asyncio.LifoQueue()
        for one in self._transports:
            self._free.put_nowait(one)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._transports:
            await one.aclose()

    async def send(self, request: httpx.Request, before_send: Callable[[], bool] | None = None) -> Exchange:
        """Send once and give back the whole reply, or a failure; never raises but for cancellation.

        `before_send` is asked once, after connecting, just before the first byte leaves; False means `unsent`, and so
        does an exception in it. On cancellation it is the evidence: if it was not called, or did not say True, nothing
        left; if it said True, the request is ambiguous. The limits count from when a connection is free.
        """
        if self._issuer is None:
            return await self._once(request, None, before_send)
        # Before a connection is taken: a token is fetched on one of the same connections.
        token = await self._issuer.token(self._once)
        if isinstance(token, Failure):
            return token
        exchange = await self._once(request, token.header, before_send)
        return replace(exchange, token=token.serial)

    async def poll(self, request: httpx.Request) -> Exchange:
        """Send a request that costs nothing, and nothing but a GET; raises ValueError for any other."""
        if request.method != "GET":
            raise ValueError(f"a poll is a GET, and not a {request.method}, which might cost money")
        return await self.send(request)

    def drop_token(self, serial: int) -> None:
        """Obtain a new token before the next request, unless this one has been replaced already."""
        if self._issuer:
            self._issuer.drop(serial)

    async def _once(
        self, request: httpx.Request, authorization: str | None = None, before_send: Callable[[], bool] | None = None
    ) -> Exchange:
        wire = Wire(before_send)
        body = Body(self._limits.max_bytes)
        transport = await self._free.get()
        try:
            dressed = self._dress.put_on(request, authorization)
            dressed.extensions = {"timeout": self._limits.timeouts, "wire": wire}
            return await within(self._limits.total, self._exchange(transport, dressed, body))
        except TimeoutError:
            return _failure(wire, body, f"no whole reply within {self._limits.total:g} s")
        except Exception as error:  # noqa: BLE001 - whatever broke, the request may have cost money: say what is known
            return _failure(wire, body, _said(error), fatal=_unverified(error))
        finally:
            self._free.put_nowait(transport)

    async def _exchange(self, transport: httpx.AsyncBaseTransport, request: httpx.Request, body: Body) -> Reply:
        response = await transport.handle_async_request(request)
        try:
            body.begin(response.status_code, dict(response.headers.items()))
            # Not aiter_bytes: it decodes a chunk whole, and 64 kB of gzip may hold 64 MB.
            async for chunk in cast("httpx.AsyncByteStream", response.stream):
                body.feed(chunk)
        finally:
            await response.aclose()
        return body.reply()


def _failure(wire: Wire, body: Body, reason: str, *, fatal: bool = False) -> Failure:
    """The verdict rests on the wire alone. Before the headers made sense, what is kept are the bytes as they came."""
    kept = wire.received if body.status is None else body.data
    return Failure(
        kind="ambiguous" if wire.written else "unsent",
        reason=redact(f"{'sent, but' if wire.written else 'not sent:'} {reason}"),
        fatal=fatal,
        status=body.status,
        headers=body.headers,
        body=bytes(kept),
    )


def _said(error: BaseException) -> str:
    """Our own words, or the classes of an error and of its root: a library's text may quote what a server sent."""
    if isinstance(error, BodyError | NotOursError):
        return str(error)
    root = error
    while cause := root.__cause__ or root.__context__:
        root = cause
    status = re.match(r"[1-5]\d\d\b", str(error), re.ASCII) if isinstance(error, httpx.ProxyError) else None
    told = [type(root).__name__] if type(root).__name__ != type(error).__name__ else []
    return " ".join([type(error).__name__, *([f"HTTP {status[0]}"] if status else []), *(f"({each})" for each in told)])


def _unverified(error: BaseException | None) -> bool:
    """Whether a certificate that does not verify is at the root of an error."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _proxy(url: str) -> httpx.Proxy:
    proxy = httpx.Proxy(url)
    for secret in proxy.auth or ():
        register_secret(secret)
    return proxy
