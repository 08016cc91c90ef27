"""A receiver of callbacks on loopback, which answers with the statuses that a test gives it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Post:
    """One POST: its path, type and body, and when it came (monotonic seconds)."""

    path: str
    content_type: str
    body: bytes
    at: float


@dataclass(slots=True)
class Receiver:
    """What came, and where to send it. `statuses` are answered in turn, then 200."""

    url: str
    statuses: list[int] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)


@contextmanager
def receiving(statuses: Sequence[int] = ()) -> Iterator[Receiver]:
    """Receive on a free port, for the length of a `with`."""
    got = Receiver("", list(statuses))

    class Handler(BaseHTTPRequestHandler):
        """Keeps every POST."""

        def do_POST(self) -> None:
            """Keep one POST and answer it."""
            body = self.rfile.read(int(self.headers["content-length"]))
            got.posts.append(Post(self.path, self.headers["content-type"], body, time.monotonic()))
            self.send_response(got.statuses.pop(0) if got.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    got.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def until(held: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds; fails when it does not in time."""
    ends = time.monotonic() + seconds
    while not held():
        if time.monotonic() > ends:
            raise AssertionError(f"it did not come to hold within {seconds:g} s")
        time.sleep(0.01)
