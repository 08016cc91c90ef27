"""Tokens kept and renewed: one at a time for each set of credentials in a process, whoever asks for it.

How a token is fetched or made is given; who is refused with it, and what then, is for others.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count

from ringfence.errors import ConfigError
from ringfence.http.dress import register_header
from ringfence.http.exchange import Failure
from ringfence.http.token import Token

# A token is renewed at this share of its life, so that none ends on its way to the provider.
RENEWED_AT = 0.9

Obtain = Callable[[], Awaitable[Token | Failure]]
_serials = count(1)


@dataclass(frozen=True, slots=True)
class Kept:
    """A token in use: the Authorization header, and a serial that no other token of this process has."""

    header: str = field(repr=False)
    serial: int
    renew_at: float


class Tokens:
    """The token of one set of credentials; safe from several threads, each with an event loop of its own.

    The life of a token is measured by the monotonic clock from before it was asked for, so that neither a clock that is
    set nor a slow reply makes it longer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Kept | None = None
        self._flight: Future[Failure | None] | None = None

    async def get(self, obtain: Obtain) -> Kept | Failure:
        """The token, obtained first where there is none or where it is to be renewed.

        Who asks while one is being obtained waits for that one, and shares the failure too.
        """
        while True:
            with self._lock:
                if self._kept and time.monotonic() < self._kept.renew_at:
                    return self._kept
                flight, mine = self._flight, self._flight is None
                if flight is None:
                    flight = self._flight = Future()
            if mine:
                return await self._obtain(obtain, flight)
            failed = await asyncio.shield(asyncio.wrap_future(flight))
            if failed:
                return failed

    async def _obtain(self, obtain: Obtain, flight: "Future[Failure | None]") -> Kept | Failure:
        got: Kept | Failure | None = None
        asked_at = time.monotonic()
        try:
            got = _kept(await obtain(), asked_at)
            return got
        finally:
            # Also when this request was cancelled: whoever waits then obtains the token itself.
            with self._lock:
                self._kept = got if isinstance(got, Kept) else None
                self._flight = None
            flight.set_result(got if isinstance(got, Failure) else None)

    def drop(self, serial: int) -> None:
        """Forget this very token; one that has taken its place stays."""
        with self._lock:
            if self._kept and self._kept.serial == serial:
                self._kept = None


def _kept(got: Token | Failure, asked_at: float) -> Kept | Failure:
    if isinstance(got, Failure):
        return got
    try:
        register_header("Authorization", got.header)
    except ConfigError:
        return Failure("unsent", "not sent: the token that came holds characters that no header can carry")
    return Kept(got.header, next(_serials), asked_at + RENEWED_AT * got.seconds)


_shared: dict[tuple[str, ...], Tokens] = {}
_sharing = threading.Lock()


def shared(*identity: str) -> Tokens:
    """The one `Tokens` of this process for what these words identify: an address and the credentials sent to it."""
    with _sharing:
        return _shared.setdefault(identity, Tokens())
