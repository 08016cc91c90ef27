"""What becomes of a reply on the wire: sent whole, slowly, in another dress, or cut off. No vendor's words."""

import asyncio
import json
import socket
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ringfence.simulator.scenario import Rule
from ringfence.simulator.vendor import Answer

_JSON, _XML = "application/json", "application/xml"
_BOMB_CHUNK, _BOMB_CHUNKS = bytes(1 << 20), 128
_DRIPS = 20
# Linger on, for 0 s: the kernel answers with RST instead of FIN (socket(7), SO_LINGER).
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class WireProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1, with the connection itself in the scope, so that a fault can end it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport under the application's hand for all requests of this connection."""
        super().connection_made(transport)
        app: Any = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "transport": transport}, receive, send)

        self.app = with_transport


@cache
def _bomb() -> bytes:
    """128 MiB of zeros in 128 KiB of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join(packer.compress(_BOMB_CHUNK) for _ in range(_BOMB_CHUNKS)) + packer.flush()


_BODIES: Mapping[str, Callable[[bytes], tuple[str, bytes]]] = {
    "html": lambda _: ("text/html", b"<!doctype html><title>Gateway</title><h1>Please try again later</h1>"),
    "empty": lambda _: (_JSON, b""),
    "wrong_type": lambda content: ("text/plain", content),
    "invalid_utf8": lambda content: (_JSON, content[:1] + b'"note":"\xff\xfe",' + content[1:]),
    "bom": lambda content: (_JSON, b"\xef\xbb\xbf" + content),
    "gzip_bomb": lambda _: (_JSON, _bomb()),
    "deep_json": lambda _: (_JSON, b"[" * 100_000 + b"]" * 100_000),
}


async def reply(scope: Scope, receive: Receive, send: Send, *, answer: Answer, rule: Rule | None) -> None:
    """Send an answer as JSON or XML, or what a rule makes of it."""
    fault = rule.fault if rule else ""
    written = answer.markup(answer.payload) if answer.markup else None
    content = json.dumps(answer.payload, separators=(",", ":")).encode() if written is None else written
    usual = {"content-type": _JSON if written is None else _XML, **answer.headers}
    media_type, body = _BODIES[fault](content) if fault in _BODIES else (usual["content-type"], content)
    named = {**usual, "content-type": media_type, "content-length": str(len(body))}
    if fault == "gzip_bomb":
        named["content-encoding"] = "gzip"
    start: Message = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    if rule and (fault.startswith("drop_") or fault == "not_http"):
        await _break(scope, receive, send, start, body, rule)
        return
    await send(start)
    if rule and fault == "drip":
        step = -(-len(body) // _DRIPS)
        for offset in range(0, len(body), step):
            await send({"type": "http.response.body", "body": body[offset : offset + step], "more_body": True})
            await asyncio.sleep(rule.seconds / _DRIPS)
        body = b""
    await send({"type": "http.response.body", "body": body})


async def _break(scope: Scope, receive: Receive, send: Send, start: Message, body: bytes, rule: Rule) -> None:
    """End the connection at the point that the rule names, after what was sent before it has left."""
    if rule.fault == "not_http":
        scope["transport"].write(b"\x15\x03\x01 this is not HTTP\r\n\r\n")
    if rule.fault in ("drop_after_headers", "drop_in_body"):
        await send(start)
    if rule.fault == "drop_in_body":
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await hang_up(scope, receive, by=rule.by)


async def hang_up(scope: Scope, receive: Receive, *, by: str) -> None:
    """End the connection with RST (`reset`) or FIN (`close`), and wait until it has ended."""
    transport: asyncio.Transport = scope["transport"]
    if by == "reset" and not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
