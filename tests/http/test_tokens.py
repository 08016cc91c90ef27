"""Tokens: one at a time in a process, renewed before they end, and never in sight of anybody."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.errors import ConfigError, SecretMissingError
from ringfence.http import redact, tokens
from ringfence.http.client import Client, Limits
from ringfence.http.exchange import Exchange, Failure, Reply
from ringfence.http.issuer import Issuer
from ringfence.http.token import Grant, NoToken, Token

BASE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token of another test is kept, and no secret of this one stays registered."""
    monkeypatch.setattr(tokens, "_shared", {})
    monkeypatch.setattr(redact, "_secrets", set())
    monkeypatch.setattr(redact, "_pattern", None)


class Vendor(httpx.AsyncBaseTransport):
    """Gives tokens `key-1`, `key-2`, ..., or what `says` makes of a request for one; records everything."""

    def __init__(self, says: Callable[[int], httpx.Response | Exception] | None = None, *, delay: float = 0) -> None:
        self.given = 0
        self.grants: list[httpx.Request] = []
        self.lookups: list[httpx.Request] = []
        self._says = says
        self._delay = delay

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer at once, a token after the delay."""
        await request.aread()
        if not request.url.path.endswith("/token"):
            self.lookups.append(request)
            return httpx.Response(200, stream=httpx.ByteStream(b"paid"))
        self.grants.append(request)
        await asyncio.sleep(self._delay)
        said = self._says(len(self.grants)) if self._says else None
        if isinstance(said, Exception):
            raise said
        self.given += 1
        return said or httpx.Response(200, stream=httpx.ByteStream(f"key-{self.given}".encode()))

    def carried(self) -> list[str | None]:
        """The Authorization header of each lookup."""
        return [request.headers.get("authorization") for request in self.lookups]


def read(reply: Reply, seconds: float = 100) -> Token | NoToken:
    """A body is a token, unless the status says otherwise."""
    if reply.status == 503:
        return NoToken("no token came (HTTP 503)", retry_after=7.0)
    if reply.status == 401:
        return NoToken("no token came (HTTP 401)", refused="check VENDOR_ID and VENDOR_SECRET")
    return Token(f"Bearer {reply.body.decode()}", seconds)


def grant(seconds: float = 100, secret: str = "s3cret") -> Grant:  # noqa: S107 - nobody's
    """A grant whose tokens live so long."""
    form = {"client_id": "me", "client_secret": secret}
    return Grant("/oauth/token", {"grant_type": "client_credentials"}, form, lambda reply: read(reply, seconds))


def client(vendor: Vendor, source: Grant | Callable[[], Token] | None = None, **more: Any) -> Client:
    """A client of this vendor."""
    return Client(
        in_flight=more.pop("in_flight", 4),
        headers={},
        issuer=Issuer(source or grant(), BASE),
        transport=vendor,
        **more,
    )


def ask() -> httpx.Request:
    """A lookup."""
    return httpx.Request("POST", f"{BASE}/lookup", data={"number": "31612000011"})


async def send(one: Client, count: int = 1) -> list[Exchange]:
    """So many lookups at once."""
    return list(await asyncio.gather(*(one.send(ask()) for _ in range(count))))


def test_a_token_is_fetched_once_for_all_who_wait() -> None:
    """Twenty requests at once wait for one token, also over a single connection; asking for it names no number."""
    for in_flight in (1, 4):
        vendor = Vendor(delay=0.02)
        replies = asyncio.run(send(client(vendor, grant(secret=f"s{in_flight}cret"), in_flight=in_flight), 20))
        assert all(isinstance(reply, Reply) and reply.body == b"paid" for reply in replies)
        assert vendor.carried() == ["Bearer key-1"] * 20
        (asked,) = vendor.grants
        assert (asked.method, str(asked.url)) == ("POST", f"{BASE}/oauth/token?grant_type=client_credentials")
        assert dict(parse_qsl(asked.content.decode())) == {"client_id": "me", "client_secret": f"s{in_flight}cret"}
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        assert "authorization" not in asked.headers
        assert len({reply.token for reply in replies}) == 1


def test_all_clients_of_a_process_share_a_token() -> None:
    """Clients with the same credentials at the same address, in several threads with loops of their own, fetch one."""
    vendor = Vendor(delay=0.05)
    threads = [threading.Thread(target=lambda: asyncio.run(send(client(vendor), 3))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vendor.grants) == 1
    assert vendor.carried() == ["Bearer key-1"] * 18
    asyncio.run(send(client(vendor, grant(secret="an0ther"))))
    assert vendor.carried()[-1] == "Bearer key-2"


def test_a_token_is_renewed_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """At nine tenths of its life by the monotonic clock, counted from before it was asked for."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "time", lambda: -(10**9))
    vendor = Vendor()

    async def at(*times: float) -> None:
        nonlocal now
        one = client(vendor)
        for each in times:
            now = each
            await one.send(ask())

    asyncio.run(at(1000, 1089.9, 1090.1, 1180, 1180.2))
    assert vendor.carried() == [f"Bearer key-{place}" for place in (1, 1, 2, 2, 3)]


def test_that_very_token_is_dropped() -> None:
    """A token that was refused is dropped once: who was out with it too does not drop the one that took its place."""
    vendor = Vendor()

    async def refused() -> list[int | None]:
        one = client(vendor)
        (first,) = await send(one)
        serials = [first.token]
        for _ in range(3):
            one.drop_token(first.token or 0)
            serials += [(await one.send(ask())).token]
        return serials

    serials = asyncio.run(refused())
    assert vendor.carried() == ["Bearer key-1", *["Bearer key-2"] * 3]
    assert serials[0] != serials[1] == serials[2] == serials[3]


FAILURES: dict[str, tuple[Callable[[int], httpx.Response | Exception], dict[str, Any]]] = {
    "refused": (
        lambda _: httpx.Response(401, stream=httpx.ByteStream(b"no")),
        {"reason": "not sent: no token came (HTTP 401)", "fatal": True, "refused": "check VENDOR_ID and VENDOR_SECRET"},
    ),
    "busy": (
        lambda _: httpx.Response(503, stream=httpx.ByteStream(b"no")),
        {"reason": "not sent: no token came (HTTP 503)", "fatal": False, "retry_after": 7.0},
    ),
    "broken off": (
        lambda _: httpx.ReadError("the peer said s3cret"),
        {"reason": "not sent: no token came (sent, but ReadError)", "fatal": False},
    ),
    "no connection": (
        lambda _: httpx.ConnectError("no"),
        {"reason": "not sent: no token came (not sent: ConnectError)", "fatal": False},
    ),
}


@pytest.mark.parametrize(("says", "expected"), FAILURES.values(), ids=FAILURES)
def test_without_a_token_nothing_is_sent(says: Callable[[int], httpx.Response | Exception], expected: Any) -> None:
    """Whatever becomes of the fetch, what needs the token has provably not left; who waits shares the failure."""
    vendor = Vendor(says, delay=0.02)
    failures = asyncio.run(send(client(vendor), 5))
    for one in failures:
        assert isinstance(one, Failure)
        assert one.kind == "unsent"
        assert {name: getattr(one, name) for name in expected} == expected
    assert len(vendor.grants) == 1
    assert vendor.lookups == []


def test_a_failure_is_not_kept() -> None:
    """The next request asks for a token again."""
    vendor = Vendor(lambda nth: httpx.ConnectError("no") if nth == 1 else httpx.Response(200, content=b"second"))

    async def twice() -> list[Exchange]:
        one = client(vendor)
        return [await one.send(ask()), await one.send(ask())]

    first, second = asyncio.run(twice())
    assert isinstance(first, Failure)
    assert isinstance(second, Reply)
    assert vendor.carried() == ["Bearer second"]


def test_a_fetch_that_takes_too_long_is_no_token() -> None:
    """The limits of the client hold for a token as well."""
    vendor = Vendor(delay=5)
    (failed,) = asyncio.run(send(client(vendor, limits=Limits(total=0.05))))
    assert isinstance(failed, Failure)
    assert (failed.kind, "no whole reply within 0.05 s" in failed.reason) == ("unsent", True)


def test_who_waits_goes_on_when_the_fetcher_is_stopped() -> None:
    """A request that is cancelled while it fetches takes nobody with it: another one fetches."""
    vendor = Vendor(delay=0.05)

    async def stopped() -> list[Exchange | BaseException]:
        one = client(vendor)
        tasks = [asyncio.create_task(one.send(ask())) for _ in range(4)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        tasks[2].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, second, third, fourth = asyncio.run(stopped())
    assert isinstance(first, asyncio.CancelledError)
    assert isinstance(third, asyncio.CancelledError)
    assert isinstance(second, Reply)
    assert isinstance(fourth, Reply)
    assert len(vendor.grants) == 2


def test_a_token_can_be_made_on_the_spot() -> None:
    """A function makes it: as often as it is renewed, with no request; what it cannot make, it says."""
    made = iter(["one", "two"])
    vendor = Vendor()

    async def both() -> None:
        one = client(vendor, lambda: Token(f"Bearer {next(made)}", 100))
        (first,) = await send(one)
        one.drop_token(first.token or 0)
        await send(one, 2)

    asyncio.run(both())
    assert vendor.carried() == ["Bearer one", "Bearer two", "Bearer two"]
    assert vendor.grants == []


@pytest.mark.parametrize("error", [SecretMissingError("VENDOR_KEY is no key"), ValueError("s3cret")], ids=repr)
def test_a_token_that_cannot_be_made_stops(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is sent; a sentence of ours is the user's, the text of a library nobody's."""
    vendor = Vendor()

    def fail() -> Token:
        raise error

    with caplog.at_level(logging.CRITICAL):
        (failed,) = asyncio.run(send(client(vendor, fail)))
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.fatal) == ("unsent", True)
    assert failed.refused == ("VENDOR_KEY is no key" if isinstance(error, SecretMissingError) else None)
    assert "s3cret" not in failed.reason
    assert vendor.lookups == []


@pytest.mark.parametrize("header", ["Bearer a\nb", "Bearer é", " Bearer a"])
def test_a_token_that_no_header_can_carry_is_none(header: str) -> None:
    """It is not sent, and neither is what needs it."""
    vendor = Vendor()
    (failed,) = asyncio.run(send(client(vendor, lambda: Token(header, 100))))
    assert isinstance(failed, Failure)
    assert failed.reason == "not sent: the token that came holds characters that no header can carry"


def test_no_token_and_no_secret_is_shown() -> None:
    """What is masked: the token, with and without its scheme, in every text; neither is in any repr."""
    vendor = Vendor(lambda _: httpx.Response(200, content=b"tok3n-of-a-test"))
    source = grant(secret="s3cret-of-a-test")
    (reply,) = asyncio.run(send(client(vendor, source)))
    assert vendor.carried() == ["Bearer tok3n-of-a-test"]
    assert redact.redact("Authorization: Bearer tok3n-of-a-test, tok3n-of-a-test") == "Authorization: ***, ***"
    kept = tokens.Kept("Bearer tok3n-of-a-test", 1, 0.0)
    for shown in (reply, source, kept, Token("Bearer tok3n-of-a-test", 1.0)):
        assert "tok3n" not in repr(shown)
        assert "s3cret" not in repr(shown)


PATHS = {
    "/v1/{sid}/lookup": "/v1/a%2Fb%20%7Bsid%7D/lookup",
    "/v1/{sid}/lookup/{sid}?a={sid}": "/v1/a%2Fb%20%7Bsid%7D/lookup/a%2Fb%20%7Bsid%7D?a={sid}",
    "/v1/{other}/lookup": "/v1/%7Bother%7D/lookup",
    "/v1/lookup": "/v1/lookup",
}


@pytest.mark.parametrize(("written", "sent"), PATHS.items(), ids=PATHS)
def test_a_credential_of_the_path_is_put_in_just_before_sending(written: str, sent: str) -> None:
    """Escaped, once, and only where its placeholder stands; the caller's request never holds it."""
    vendor = Vendor()
    request = httpx.Request("GET", f"{BASE}{written}")
    one = Client(in_flight=1, headers={}, path={"sid": "a/b {sid}"}, transport=vendor)
    asyncio.run(one.send(request))
    assert vendor.lookups[0].url.raw_path.decode() == sent
    assert "a%2Fb" not in str(request.url)
    assert redact.redact("at /v1/a%2Fb%20%7Bsid%7D/ and a/b {sid}") == "at /v1/***/ and ***"


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
def test_no_credential_adds_a_segment_to_a_path(value: str) -> None:
    """Whatever a credential holds, it is one segment of the path, or refused before anything is sent."""
    vendor = Vendor()
    try:
        one = Client(in_flight=1, headers={}, path={"sid": value}, transport=vendor)
    except ConfigError:
        assert value in (".", "..")
        return
    asyncio.run(one.send(httpx.Request("GET", f"{BASE}/v1/{{sid}}/lookup")))
    url = vendor.lookups[0].url
    assert url.raw_path.count(b"/") == 3
    assert url.path == f"/v1/{value}/lookup"
    assert not url.query
