"""The receiver of callbacks: an HTTP server that says 200 only for what is on disk, and nothing else to anybody.

No address is logged, because it holds the proof of its attempt, and no body. TLS is the reverse proxy's.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringfence.errors import LedgerError, RingfenceError
from ringfence.lookups.callbacks import Came, told
from ringfence.lookups.inbox import Inbox
from ringfence.lookups.receiver_protocol import CONNECTIONS, PATIENCE, Protocol

_LOG = logging.getLogger(__name__)
# Bytes of a body; what all connections may send at once fits into memory.
LARGEST = 256 * 1024
# Connections that one turn of the loop takes in: whoever sends at once is heard before the next are let in.
TAKEN_IN = CONNECTIONS // 2
ADDRESS = "/{provider}/{attempt_id}/{ends}/{proof}"


def application(inbox: Inbox, prefixes: Sequence[str]) -> Starlette:
    """The receiver under its own root and under each of these paths, which a reverse proxy may leave before it."""

    async def callback(request: Request) -> Response:
        return Response(status_code=await _taken(inbox, request))

    async def health(_: Request) -> Response:
        well = await inbox.answers()
        return JSONResponse({"status": "ok" if well else "unavailable"}, 200 if well else 503)

    routes = []
    for prefix in dict.fromkeys(("", *prefixes)):
        routes.append(Route(f"{prefix}/healthz", health, methods=["GET"]))
        routes.append(Route(f"{prefix}{ADDRESS}", callback, methods=["POST"]))
    app = Starlette(routes=routes, exception_handlers={HTTPException: _bare})
    # A redirect would repeat an address in its answer.
    app.router.redirect_slashes = False
    return app


async def _bare(_: Request, error: Exception) -> Response:
    """A refusal without a word."""
    return Response(status_code=getattr(error, "status_code", 500), headers=getattr(error, "headers", None))


async def _taken(inbox: Inbox, request: Request) -> int:
    """The status that a callback is answered with: 200 once it is on disk, and for every later time that it comes."""
    try:
        came = Came(**request.path_params, headers=dict(request.headers), body=await _body(request))
    except HTTPException as error:
        inbox.refused()
        return error.status_code
    except ClientDisconnect:
        # Nobody is there to hear it.
        return 400
    try:
        return 200 if await inbox.take(came) else 404
    except LedgerError as error:
        _LOG.warning("a callback is not kept, its provider will try again: %s", error)
    except Exception as error:  # noqa: BLE001 - the words of an error may quote a body: only its place is told
        told("a callback is not kept, its provider will try again", error)
    return 503


async def _body(request: Request) -> bytes:
    """The whole body; raises HTTPException for one that is too large, too slow, or packed."""
    packed = ",".join(request.headers.getlist("content-encoding") or ["identity"]).lower().split(",")
    if any(each.strip() != "identity" for each in packed):
        # What may not be stored could not be cut out of it.
        raise HTTPException(415)
    # The server has seen that it is a number, and not a long one.
    if int(request.headers.get("content-length", 0)) > LARGEST:
        raise HTTPException(413)
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    return bytes(body)


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Receiver:
    """A receiver that listens; `run` serves until `stop`."""

    def __init__(self, inbox: Inbox, listener: socket.socket, prefixes: Sequence[str]) -> None:
        self.counts = inbox.counts
        host, port = listener.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._listener = listener
        self._server = _Server(
            uvicorn.Config(
                application(inbox, prefixes),
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                headers=[("connection", "close")],
                limit_concurrency=CONNECTIONS,
                backlog=TAKEN_IN,
                timeout_graceful_shutdown=int(PATIENCE),
            )
        )

    def stop(self) -> None:
        """Take no more, and answer what is being taken; safe from any thread."""
        self._server.should_exit = True

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._server.serve(sockets=[self._listener])


@contextlib.contextmanager
def listening(inbox: Inbox, host: str, port: int, prefixes: Sequence[str]) -> Iterator[Receiver]:
    """Listen, from now on, for the length of a `with`; raises RingfenceError where that port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except (OSError, OverflowError) as error:
        told_why = getattr(error, "strerror", None) or error
        raise RingfenceError(f"cannot listen on {host} port {port} ({told_why}); choose another with --port") from None
    # Connections inherit it; without it an answer may wait for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener, contextlib.closing(inbox):
        yield Receiver(inbox, listener, prefixes)


def serve(receiver: Receiver, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; main thread only."""

    async def run() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, receiver.stop)
        on_ready()
        await receiver.run()

    asyncio.run(run())
