"""`--strict`: what a double lets pass and its vendor would not, and that nothing of ours is among it."""

import asyncio
import json
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request

from ringfence.numbers.phone import Phone
from ringfence.providers.provider import Ask
from ringfence.providers.registry import providers
from ringfence.simulator.bill import Account, Bill
from ringfence.simulator.server import Settings, running
from ringfence.simulator.strictness import FORM, JSON, Form, complaint
from ringfence.simulator.subscribers import Subscribers
from ringfence.simulator.vendor import vendors

NUMBER = "31612000011"
BASIC = "Basic dXNlcjpwYXNzd29yZA=="
TYPES = {"Content-Type": "application/json", "Accept": "application/json"}


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """The base URLs of a strict simulator."""
    with running(Settings(strict=True)) as found:
        yield found


def ask(url: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    """One request with these headers in place of the usual ones; an empty value leaves one out."""
    named = {"Authorization": BASIC, **TYPES} | {key.replace("_", "-"): value for key, value in headers.items()}
    content = None if body is None else json.dumps(body)
    given = {key: value for key, value in named.items() if value}
    return httpx.request(method, url + path, content=content, headers=given)


GOOD: list[tuple[str, str, str, Any]] = [
    ("infobip", "POST", "/number/1/query", {"to": [NUMBER]}),
    ("infobip", "POST", "/number/1/query", {"to": NUMBER}),
    ("infobip", "POST", "/number/1/notify", {"to": [NUMBER], "notifyUrl": "", "notifyContentType": "application/xml"}),
    ("infobip", "GET", "/number/1/logs?limit=10&bulkId=a&bulkId=b", None),
    ("messente", "POST", "/v1/hlr/sync", {"numbers": [f"+{NUMBER}"]}),
]
BAD: list[tuple[str, str, str, Any, dict[str, str], str]] = [
    ("infobip", "POST", "/number/1/query", {"to": [NUMBER], "from": "me"}, {}, "'from' is not documented here"),
    ("infobip", "POST", "/number/1/query", {"to": [NUMBER], "notifyUrl": "x"}, {}, "'notifyUrl' is not documented"),
    ("infobip", "POST", "/number/1/query?limit=1", {"to": [NUMBER]}, {}, "'limit' is not documented here"),
    ("infobip", "POST", "/number/1/query", {"to": [f"+{NUMBER}"]}, {}, "'to' holds what is not written"),
    ("infobip", "POST", "/number/1/query", {"to": [f"00{NUMBER}"]}, {}, "'to' holds what is not written"),
    ("infobip", "POST", "/number/1/query", {"to": [NUMBER]}, {"Accept": "*/*"}, "Accept names none of"),
    ("infobip", "GET", "/number/1/logs", {"to": [NUMBER]}, {}, "the body is of a type that is not documented"),
    ("infobip", "GET", f"/number/1/logs?to=%2B{NUMBER}", None, {}, "'to' holds what is not written"),
    ("infobip", "GET", "/number/1/logs?page=2", None, {}, "'page' is not documented here"),
    ("infobip", "GET", f"/number/1/logs?{NUMBER}=2", None, {}, "a name is not documented here"),
    ("messente", "POST", "/v1/hlr/sync", {"numbers": [f"+{NUMBER}"], "to": 1}, {}, "'to' is not documented here"),
    ("messente", "POST", "/v1/hlr/sync", {"numbers": ["+012345678"]}, {}, "'numbers' holds what is not written"),
]


@pytest.mark.parametrize(("name", "method", "path", "body"), GOOD)
def test_what_is_documented_passes(urls: dict[str, str], name: str, method: str, path: str, body: Any) -> None:
    """A request in the words of the vendor's documents is answered as ever."""
    answer = ask(urls[name], method, path, body)
    assert (answer.status_code, answer.headers.get("x-simulator-complaint")) == (200, None)


@pytest.mark.parametrize(("name", "method", "path", "body", "headers", "said"), BAD)
def test_what_is_not_documented_is_refused(
    urls: dict[str, str], name: str, method: str, path: str, body: Any, headers: dict[str, str], said: str
) -> None:
    """It gets a 400 in the vendor's words and the reason in a header, costs nothing, and holds no value of ours."""
    httpx.post(f"{urls[name]}/_simulator/reset")
    answer = ask(urls[name], method, path, body, **headers)
    complained = answer.headers["x-simulator-complaint"]
    assert answer.status_code == 400
    assert said in complained
    assert NUMBER not in complained
    assert httpx.get(f"{urls[name]}/_simulator/charges").json()["totals"] == {}


@pytest.mark.parametrize(("name", "method", "path", "body", "headers"), [row[:5] for row in BAD])
def test_without_the_option_the_double_is_lenient(
    name: str, method: str, path: str, body: Any, headers: dict[str, str], lenient: dict[str, str]
) -> None:
    """The same requests are answered where nobody asked for strictness."""
    answer = ask(lenient[name], method, path, body, **headers)
    assert (answer.status_code, answer.headers.get("x-simulator-complaint")) == (200, None)


@pytest.fixture(scope="module")
def lenient() -> Iterator[dict[str, str]]:
    """The base URLs of a simulator as it is by default."""
    with running(Settings()) as found:
        yield found


def test_wrong_types_and_missing_bodies() -> None:
    """Of a form that knows two types, each is read, and neither another one nor nothing at all."""
    form = Form(frozenset({"a"}), frozenset({"b"}), frozenset({JSON, FORM}))
    forms = {("POST", "/x"): form}
    assert said(forms, b'{"b": 1}', JSON) is None
    assert said(forms, b"a=1", FORM) is None
    assert said(forms, b'{"a": 1}', JSON) == "'a' is not documented here; documented: b"
    assert said(forms, b"b=1", FORM) == "'b' is not documented here; documented: a"
    assert said(forms, b"<a/>", "text/xml") == (
        "the body is of a type that is not documented; documented: application/json, application/x-www-form-urlencoded"
    )
    assert said(forms, b"", JSON) == "a body is missing"
    assert said(forms, b"[1]", JSON) is None
    assert said(forms, b"{", JSON) is None


def said(forms: Any, body: bytes, media_type: str) -> str | None:
    """The complaint about one POST to /x."""
    return complaint(forms, incoming(httpx.Request("POST", "http://h/x", headers={"content-type": media_type})), body)


def incoming(request: httpx.Request) -> Request:
    """A request of ours, as a vendor gets it."""
    address = urlsplit(str(request.url))
    headers = [(key.lower(), value) for key, value in request.headers.raw]
    scope = {"type": "http", "method": request.method, "path": address.path, "headers": headers}
    return Request(scope | {"query_string": address.query.encode()})


REQUESTS = [
    (name, key, dict(zip(one.options, values, strict=True)))
    for name, one in providers().items()
    for key in one.products
    for values in product(*one.options.values())
    if name in vendors()
]


@pytest.mark.parametrize(("name", "key", "options"), REQUESTS)
def test_what_ringfence_sends_is_documented(name: str, key: str, options: dict[str, str]) -> None:
    """No vendor would find a fault in a request for any product, under any options; with one name more it would."""
    one = providers()[name]
    called = "http://127.0.0.1:1/callbacks" if one.products[key].mode == "callback" else None
    sent = one.request(Ask(key, [Phone(f"+{NUMBER}")], "NL", one.base_url, options, called))
    # Below the root of a simulated provider lies what the vendor has below its own base URL.
    path = str(sent.url).removeprefix(one.base_url).replace("%7B", "").replace("%7D", "")
    body = asyncio.run(sent.aread())
    kind = vendors()[name]
    vendor = kind(Subscribers(1), Account(name, kind.list_prices, Bill()))
    more = f"{path}{'&' if '?' in path else '?'}zzz=1"
    said = [
        vendor.strict(incoming(httpx.Request(sent.method, f"http://h{each}", headers=sent.headers)), body)
        for each in (path, more)
    ]
    assert said[0] is None
    assert said[1] is not None
    assert "'zzz' is not documented" in said[1]
