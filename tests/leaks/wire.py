"""Who listens in: a relay before each simulated provider that notes what was asked for, and a look at command lines."""

import asyncio
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

# The line that a request begins with (RFC 9112, section 3): its second word is the whole address that was asked for.
_ASKED = re.compile(rb"((?:GET|POST) \S+) HTTP/1\.1\r\n")
# Seconds between two looks at the command lines of this machine.
_EVERY = 0.1


class Relay:
    """Passes bytes on to a server, and notes what each request asked for and what else was sent."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self.url = ""
        self.sent: list[bytearray] = []

    @property
    def asked(self) -> list[bytes]:
        """Method and target of every request, as they were on the wire."""
        return [each for data in self.sent for each in _ASKED.findall(bytes(data))]

    async def listen(self) -> asyncio.Server:
        """Listen on a free port; `url` names it then."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        noted = bytearray()
        self.sent.append(noted)
        with suppress(OSError):
            back, onward = await asyncio.open_connection(self._to.hostname, self._to.port)
            await asyncio.gather(_pass(reader, onward, noted), _pass(back, writer, bytearray()))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, noted: bytearray) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            noted += data
            writer.write(data)
            await writer.drain()
    # Whoever waits for the other side hears that nothing more comes.
    writer.close()


@contextmanager
def relayed(urls: Mapping[str, str]) -> Iterator[dict[str, Relay]]:
    """A relay before each of these servers, all in a thread of their own."""
    relays = {name: Relay(url) for name, url in urls.items()}
    ready, over = threading.Event(), threading.Event()

    async def run() -> None:
        servers = [await relay.listen() for relay in relays.values()]
        ready.set()
        while not over.is_set():
            await asyncio.sleep(_EVERY)
        for server in servers:
            server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="relays")
    thread.start()
    assert ready.wait(30)
    try:
        yield relays
    finally:
        over.set()
        thread.join()


@contextmanager
def command_lines() -> Iterator[set[bytes]]:
    """Every command line that anybody on this machine can see for the length of a `with`; Linux alone shows them so."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(path.read_bytes().replace(b"\0", b" "))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
