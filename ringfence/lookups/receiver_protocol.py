"""HTTP/1.1 as the receiver of callbacks speaks it: one request a connection, and no room for those who only wait."""

import asyncio
import itertools
import logging
import time
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_LOG = logging.getLogger(__name__)
# Seconds that a sender may take for the head of its request, and so many again for its body.
PATIENCE = 10.0
# Connections that are open at once.
CONNECTIONS = 256
# Seconds between two warnings that there is no room.
QUIET = 60.0


class Protocol(H11Protocol):
    """HTTP/1.1 that closes a connection whose head does not come in time, or whose place another one needs.

    At the limit the oldest goes whose head has not come, or else the oldest whose body has not: nothing is lost with
    it, for nothing of it was confirmed. Where all have come whole, the new one is refused.
    """

    _order = itertools.count()
    _warned_at: ClassVar[float | None] = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the head, but not for ever, and only while there is room."""
        super().connection_made(transport)
        self.place = next(self._order)
        self.loop.call_later(PATIENCE, self._close_if_silent)
        # From this many on a request is refused.
        if self.limit_concurrency and len(self.connections) >= self.limit_concurrency:
            self._warn()
            self._oldest_goes()

    def _oldest_goes(self) -> None:
        """Close whoever waits the longest, if anybody only waits."""
        others = [each for each in self.connections if isinstance(each, Protocol) and each is not self]
        for state in (h11.IDLE, h11.SEND_BODY):
            waiting = [each for each in others if each.conn.their_state is state]
            if waiting:
                oldest = min(waiting, key=lambda each: each.place)
                # It hears of its end only in the next turn, and must not be counted until then.
                self.connections.discard(oldest)
                oldest.transport.abort()
                return

    def _warn(self) -> None:
        """Say that there is no room, but not for each who comes; never who came."""
        now = time.monotonic()
        if Protocol._warned_at is not None and now - Protocol._warned_at < QUIET:
            return
        Protocol._warned_at = now
        _LOG.warning(
            "%d connections are open, as many as are taken at once: for each that comes the oldest is closed that has "
            "not sent its whole request; limit at the reverse proxy how many one client may open",
            self.limit_concurrency,
        )

    def _close_if_silent(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.close()
