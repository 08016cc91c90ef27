"""A reply as it arrives: decoded in bounded memory, kept as far as it came. Nothing here reads what it says."""

import zlib
from collections.abc import Mapping
from typing import cast

from ringfence.http.exchange import Reply

# Deflate expands at most 1032 times (zlib, "Technical Details"), so a step of this many bytes holds at most 33 kB.
# What a step decodes before it fails is lost, so it is small; we ask for no encoding, so the cost is rare.
GZIP_STEP = 32


class BodyError(Exception):
    """The body arrived, but is not whole, not readable or too large."""


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count % (1 << 20) == 0 else f"{count} bytes"


class Body:
    """Status, headers and body so far: never more than `limit` decoded bytes, whatever a chunk inflates to."""

    def __init__(self, limit: int) -> None:
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.data = bytearray()
        self._limit = limit
        self._encoding = "identity"
        self._empty = True
        self._gzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The headers are in."""
        self.status, self.headers = status, headers
        self._encoding = headers.get("content-encoding", "identity").strip().lower()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body; raises BodyError at the limit and for what is not gzip."""
        self._empty = False
        if self._encoding != "gzip":
            self._keep(chunk)
            return
        for start in range(0, len(chunk), GZIP_STEP):
            try:
                data = self._gzip.decompress(chunk[start : start + GZIP_STEP])
            except zlib.error:
                raise BodyError("the body is not the gzip that it says it is") from None
            self._keep(data)
            if self._gzip.unused_data:
                raise BodyError("bytes follow the end of the gzip body")

    def _keep(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > self._limit:
            del self.data[self._limit :]
            raise BodyError(f"the body passes the limit of {_size(self._limit)}")

    def reply(self) -> Reply:
        """The reply, when its last byte is in; raises BodyError if it cannot be read."""
        # Servers name an encoding even where there is no body at all (204, 401).
        if self._encoding == "gzip" and not self._gzip.eof and not self._empty:
            raise BodyError("the gzip body is cut")
        if self._encoding not in ("identity", "gzip") and not self._empty:
            raise BodyError("the body is encoded in a way that we did not ask for")
        return Reply(cast("int", self.status), self.headers, bytes(self.data))
