"""Where tokens come from: fetched with a grant, or made on the spot. Keeping and renewing them is in `tokens`."""

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import httpx

from ringfence.errors import RingfenceError
from ringfence.http.exchange import Exchange, Failure
from ringfence.http.redact import redact
from ringfence.http.token import Grant, NoToken, Token
from ringfence.http.tokens import Kept, Tokens, shared

_LOG = logging.getLogger(__name__)


class Send(Protocol):
    """How a request goes out once, on the connections of a client."""

    def __call__(self, request: httpx.Request) -> Awaitable[Exchange]:
        """Give the whole reply, or a failure."""
        ...


class Issuer:
    """The token for the credentials of one provider: one in this process, whichever client asks."""

    def __init__(self, source: Grant | Callable[[], Token], base_url: str) -> None:
        self._source = source
        self._base_url = base_url
        if isinstance(source, Grant):
            self._tokens = shared(base_url, source.path, *(word for pair in source.form.items() for word in pair))
        else:
            self._tokens = Tokens()

    async def token(self, send: Send) -> Kept | Failure:
        """The token to send with. What fails here is `unsent`: the request that needs the token has not left."""
        return await self._tokens.get(lambda: self._obtained(send))

    def drop(self, serial: int) -> None:
        """Forget this very token."""
        self._tokens.drop(serial)

    async def _obtained(self, send: Send) -> Token | Failure:
        try:
            return await self._fetched(self._source, send) if isinstance(self._source, Grant) else self._source()
        except RingfenceError as error:
            # Ours, for the user: such as a private key that is none. It would fail again.
            return _unsent(NoToken("no token could be made", refused=str(error)))
        except Exception as error:  # noqa: BLE001 - whatever broke, what needs the token has not left: say so
            _LOG.exception("a token could be neither fetched nor made")
            return Failure("unsent", f"not sent: no token could be made ({type(error).__name__})", fatal=True)

    async def _fetched(self, grant: Grant, send: Send) -> Token | Failure:
        """One POST, which carries no number and costs nothing."""
        request = httpx.Request(
            "POST",
            f"{self._base_url}{grant.path}",
            params=dict(grant.query),
            data=dict(grant.form),
            headers={"Accept": "application/json"},
        )
        exchange = await send(request)
        if isinstance(exchange, Failure):
            return Failure("unsent", f"not sent: no token came ({exchange.reason})", fatal=exchange.fatal)
        got = grant.read(exchange)
        return _unsent(got) if isinstance(got, NoToken) else got


def _unsent(none: NoToken) -> Failure:
    return Failure(
        "unsent",
        redact(f"not sent: {none.reason}"),
        fatal=none.refused is not None,
        refused=None if none.refused is None else redact(none.refused),
        retry_after=none.retry_after,
    )
