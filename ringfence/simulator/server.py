"""The simulator as a server: one port per provider, one event loop, a clean end. Prints nothing."""

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvicorn

from ringfence.errors import RingfenceError
from ringfence.simulator.app import World
from ringfence.simulator.bill import read_prices
from ringfence.simulator.journeys import Habits
from ringfence.simulator.scenario import read_scenario
from ringfence.simulator.vendor import vendors
from ringfence.simulator.wire import WireProtocol

# Longer than any client keeps a connection, so that an idle one is not closed under a request.
_KEEP_ALIVE = 75


@dataclass(frozen=True, slots=True)
class Settings:
    """What `ringfence simulate` is told.

    port: of the first provider, the others follow at their offsets; of the only one when `provider` names it; 0 takes
    free ports. latency: seconds before every answer. prices: a YAML file (bill.py). scenario: a name or a YAML file
    (scenario.py). tls_cert, tls_key: PEM files; with them every port speaks HTTPS. callbacks: how they travel
    (journeys.py). strict: refuse what a vendor would refuse and its double lets pass.
    """

    port: int = 8900
    provider: str | None = None
    host: str = "127.0.0.1"
    seed: int = 1
    latency: float = 0.0
    prices: Path | None = None
    scenario: str = "none"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    callbacks: Habits = field(default_factory=Habits)
    strict: bool = False


def serve(settings: Settings, on_ready: Callable[[Sequence[tuple[str, str]]], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; main thread only. `on_ready` is given (provider, base URL) once all ports listen.

    Raises RingfenceError when a port is in use, or a setting names what does not exist.
    """

    async def run(servers: _Servers) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, servers.stop)
        if on_ready:
            on_ready(servers.urls)
        await servers.run()

    with _listening(settings) as servers:
        asyncio.run(run(servers))


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[dict[str, str]]:
    """Serve on free ports from a thread of its own, for the length of a `with`; gives the base URL of each provider."""
    with _listening(replace(settings, port=0)) as servers:
        thread = threading.Thread(target=lambda: asyncio.run(servers.run()), name="simulator")
        thread.start()
        try:
            yield dict(servers.urls)
        finally:
            servers.stop()
            thread.join()


class _Server(uvicorn.Server):
    """A server that leaves signals alone: several share a loop, and the handlers of uvicorn know only one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Servers:
    """The servers of one simulation with the sockets that they listen on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.urls: list[tuple[str, str]] = []
        self._servers: list[tuple[_Server, socket.socket]] = []

    def add(self, provider: str, url: str, server: _Server, listener: socket.socket) -> None:
        """Take in one provider's port."""
        self.urls.append((provider, url))
        self._servers.append((server, listener))

    def stop(self) -> None:
        """Ask all servers to finish; safe from any thread."""
        for server, _ in self._servers:
            server.should_exit = True

    async def run(self) -> None:
        """Serve until `stop`; callbacks that are still under way then are called back."""
        try:
            await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in self._servers))
        finally:
            await self._world.callbacks.close()


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[_Servers]:
    """Open every port. They listen before anything runs: a client that is early waits, none is refused."""
    known = vendors()
    if settings.provider is not None and settings.provider not in known:
        raise RingfenceError(f"there is no provider '{settings.provider}' here; there are: {', '.join(known)}")
    prices = read_prices(settings.prices, {name: vendor.list_prices for name, vendor in known.items()})
    scenario = read_scenario(settings.scenario, known)
    world = World(settings.seed, scenario, settings.latency, settings.callbacks, strict=settings.strict)
    servers = _Servers(world)
    with contextlib.ExitStack() as listeners:
        for name, vendor in known.items():
            if settings.provider in (None, name):
                offset = vendor.port_offset if settings.port and settings.provider is None else 0
                server = _Server(_config(settings, world.app(vendor, prices[name])))
                listener = listeners.enter_context(_listen(settings.host, settings.port + offset))
                servers.add(name, _url(settings, listener), server, listener)
        yield servers


def _config(settings: Settings, app: object) -> uvicorn.Config:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=WireProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=1,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    if settings.tls_key and not settings.tls_cert:
        raise RingfenceError("a TLS key needs its certificate: give --tls-cert too")
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise RingfenceError(f"cannot use the TLS certificate {settings.tls_cert} with its key: {error}") from error
    return config


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise RingfenceError(f"cannot listen on {host} port {port} ({error}); choose another with --port") from error
    # Connections inherit it. Asyncio sets it only on sockets that it made itself; without it each answer takes 40 ms,
    # its body waiting for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _url(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{listener.getsockname()[1]}"
