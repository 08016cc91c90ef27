"""What leaves this process as text: log records of every logger, tracebacks, reasons and reprs."""

import asyncio
import io
import logging
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.client import Client
from ringfence.http.exchange import Failure, Reply
from ringfence.http.redact import install, redact, register_secret

SECRET = "k3y/with+odd=signs"
NUMBER = "447700900123"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that the root logger writes at DEBUG, from a handler that is older than `install`."""
    before = logging.getLogRecordFactory()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)
    logging.setLogRecordFactory(before)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://h/ni/basic/json?api_key=a&number=1 done", "https://h/ni/basic/json?*** done"),
        ('"GET /ni/advanced/json?to=%2B44 HTTP/1.1" 200', '"GET /ni/advanced/json?*** HTTP/1.1" 200'),
        ("proxy http://user:pass@127.0.0.1:3128/", "proxy http://***@127.0.0.1:3128/"),
        ("no answer about +447700900123", "no answer about +44*****123"),
        ("in a path /lookup/447700900123/json", "in a path /lookup/44*****123/json"),
        ("why? 123456 of 9 attempts", "why? 123456 of 9 attempts"),
        ("number 44,7911,110039 refused", "number 44*****039 refused"),
    ],
)
def test_redact_hides_what_it_must_and_leaves_the_rest(text: str, masked: str) -> None:
    """Query strings, user info and numbers are masked; ordinary text stays readable."""
    assert redact(text) == masked


@given(st.text(min_size=4, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_a_registered_secret_is_in_no_redacted_text(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, a secret does not survive, and masking twice changes nothing more."""
    marked = f"\N{LOCK}{secret}"
    register_secret(marked)
    masked = redact(before + marked + after)
    assert marked not in masked
    assert redact(masked) == masked


def test_secrets_inside_secrets_and_in_urls_are_masked_whole() -> None:
    """A longer secret goes first, and the spelling of a URL is a secret too."""
    register_secret("abcd-1")
    register_secret("abcd-1-efgh")
    register_secret(SECRET)
    assert redact("<abcd-1-efgh> <abcd-1> k3y%2Fwith%2Bodd%3Dsigns") == "<***> <***> ***"


def test_nothing_leaks_into_a_log_at_debug_level(log: io.StringIO) -> None:
    """With root at DEBUG no message, argument, traceback or child logger shows a number, a secret or a query."""
    install()
    install()
    register_secret(SECRET)
    child = logging.getLogger("ringfence.some.child")
    child.info("asking %s with %r", f"https://h/x?number={NUMBER}", {"key": SECRET})
    child.warning("asked %(who)s", {"who": int(NUMBER)})
    child.error("wrong arguments %d %d for " + NUMBER, "one")
    try:
        raise ValueError(f"no answer for {NUMBER} under {SECRET}")
    except ValueError:
        child.exception("failed")
    logging.getLogger("httpx").info("HTTP Request: GET https://h/x?number=%s", NUMBER)
    text = log.getvalue()
    assert "asking https://h/x?*** with {'key': '***'}" in text
    assert "asked 44*****123" in text
    assert "wrong arguments %d %d for 44*****123" in text
    assert "ValueError: no answer for 44*****123 under ***" in text
    assert NUMBER not in text
    assert SECRET not in text
    assert "HTTP Request" not in text


def test_arguments_that_a_formatter_reads_stay_where_they_are(log: io.StringIO) -> None:
    """Uvicorn's access formatter unpacks five arguments: they are masked in place."""
    install()
    seen: list[object] = []
    handler = logging.Handler()
    handler.emit = lambda record: seen.append(record.args)  # type: ignore[method-assign]
    # Not uvicorn's own logger: a simulator in this process may have silenced it.
    access = logging.getLogger("a.test.of.access")
    access.setLevel(logging.INFO)
    access.addHandler(handler)
    access.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:5", "GET", f"/cb?to={NUMBER}", "1.1", 200)
    assert seen == [("127.0.0.1:5", "GET", "/cb?***", "1.1", 200)]


def test_a_whole_exchange_leaks_nothing(log: io.StringIO) -> None:
    """A reply and a failure with a number and a key in them appear nowhere: not in logs, reprs or the reason."""
    install()
    key = "App 0f9e8d7c6b5a-key"
    url = f"http://127.0.0.1/x?number={NUMBER}"

    def play(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == key
        logging.getLogger("httpcore.http11").debug("headers %r", request.headers.raw)
        if request.method == "GET":
            return httpx.Response(200, content=NUMBER)
        raise httpx.ReadError(f"lost {request.url} with {key}")

    async def run() -> None:
        client = Client(in_flight=2, headers={"Authorization": key}, transport=httpx.MockTransport(play))
        async with client:
            reply = await client.send(httpx.Request("GET", url))
            failure = await client.send(httpx.Request("POST", url))
        assert isinstance(reply, Reply)
        assert isinstance(failure, Failure)
        assert failure.reason == "sent, but ReadError"
        logging.getLogger("spend").debug("%r %r %r", client, reply, failure)
        for text in (log.getvalue(), repr(client), repr(reply), repr(failure)):
            assert NUMBER not in text
            assert "0f9e8d7c6b5a-key" not in text

    asyncio.run(run())
