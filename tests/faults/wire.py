"""A server on loopback that answers as the simulator does, until a fault is due: then it plays that, byte by byte.

The simulator answers in memory and keeps its bill; what reaches the client is written here, by hand.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from ringfence.simulator.app import World
from ringfence.simulator.journeys import Habits
from ringfence.simulator.scenario import Scenario
from ringfence.simulator.vendor import Vendor, vendors

VENDORS = vendors()
# Linger on, for 0 s: the kernel answers with RST instead of FIN.
RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Said:
    """A reply as it will be written, unless it is broken."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, **more: str) -> bytes:
        """Status line and headers; with the length of the body, where `more` does not name another."""
        headers = {"content-length": str(len(self.body)), **self.headers, **more}
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in headers.items() if value)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def telling(self, document: Any) -> "Said":
        """The same reply with another JSON document in it."""
        return replace(self, body=json.dumps(document).encode())


@dataclass
class Conversation:
    """One request that has been read, and the connection on which to answer it."""

    request: httpx.Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    vendor: type[Vendor]
    answered: Callable[[httpx.Request], Awaitable[Said]]

    async def healthy(self) -> Said:
        """What the simulator answers; it is billed by this."""
        return await self.answered(self.request)

    async def write(self, data: bytes) -> None:
        """Write these bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End the connection with RST."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()

    async def until_gone(self) -> None:
        """Say nothing more until the client has waited in vain, and is gone."""
        await settled()
        leap(35)
        await self.reader.read()


async def settled() -> None:
    """Let the client take what was written: both live in one event loop."""
    for _ in range(50):
        await asyncio.sleep(0)


def leap(seconds: float) -> None:
    """Let so much time pass for all that waits in this event loop."""
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + seconds  # type: ignore[method-assign]


Play = Callable[[Conversation], Awaitable[None]]


@dataclass
class Server:
    """One provider's port. `faulty` plays on the paid requests from the `first` on, `times` in a row."""

    vendor: str
    play: Play
    first: int = 0
    times: int = 1
    unread: bool = False
    on: str = "paid"
    garbled: int = 0
    tls: ssl.SSLContext | None = None
    port: int = 0
    connections: int = 0
    asked: dict[str, list[httpx.Request]] = field(default_factory=lambda: {"paid": [], "token": [], "poll": []})
    struck: Callable[[], None] = lambda: None
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(1, Scenario([]), 0, Habits(loss=1.0), strict=False)
        kind = VENDORS[self.vendor]
        self._simulated = httpx.ASGITransport(self.world.app(kind, kind.list_prices))  # type: ignore[arg-type]
        self._kind = kind

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on one connection."""
        self.connections += 1
        try:
            if self.connections <= self.garbled:
                await reader.read(1)
                writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
                return
            if self.tls:
                await writer.start_tls(self.tls)
            while not writer.is_closing():
                await self._exchange(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return
        except Exception as error:  # noqa: BLE001 - a mistake in a play must not look like a fault
            self.failures.append(repr(error))
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.unread and (self.asked["token"] or self.vendor != "kpn"):
            await reader.read(1)
            self.unread, self.times = False, 0
            self.struck()
            talk = Conversation(httpx.Request("GET", "http://unread"), reader, writer, self._kind, self._answered)
            await self.play(talk)
            writer.close()
            return
        request = await _read(reader)
        which = _which(request)
        self.asked[which].append(request)
        talk = Conversation(request, reader, writer, self._kind, self._answered)
        place = len(self.asked[which]) - 1 - self.first
        if which == self.on and 0 <= place < self.times:
            self.struck()
            await self.play(talk)
            return
        said = await talk.healthy()
        await talk.write(said.head() + said.body)

    async def _answered(self, request: httpx.Request) -> Said:
        response = await self._simulated.handle_async_request(request)
        body = await response.aread()
        return Said(response.status_code, {"content-type": response.headers["content-type"]}, body)


async def _read(reader: asyncio.StreamReader) -> httpx.Request:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    body = await reader.readexactly(length) if length else b""
    return httpx.Request(method, f"http://127.0.0.1{target}", headers=headers, content=body)


def _which(request: httpx.Request) -> str:
    path = request.url.path
    return "token" if path.startswith("/oauth/") else "poll" if "/get-info/" in path else "paid"
