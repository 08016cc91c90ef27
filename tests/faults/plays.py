"""How each fault is played on the wire: statuses, connections that break, time, and bodies in another dress."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from tests.faults.wire import Conversation, Play, Said, leap, settled

Change = Callable[[Any], Any]
# Under which name a result says whose it is, and where the list of results stands.
NUMBER = {"infobip": "to", "messente": "number", "kaleyra": "mobile_number"}
ECHO = {"vonage": "international_format_number", "kpn": "international_format_number"}
JSON = "application/json"
BOMB = gzip.compress(bytes(4 << 20))
_CHUNKED = {"transfer-encoding": "chunked", "content-length": ""}


def status(code: int, body: bytes = b"{}", *, billed: bool = False, **headers: str) -> Play:
    """Another status, with the answer that was billed all the same where it is."""

    async def play(talk: Conversation) -> None:
        said = await talk.healthy() if billed else Said(code, {}, body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        said = replace(said, status=code, headers={**said.headers, **named})
        await talk.write(said.head() + (b"" if code in (204, 304) else said.body))

    return play


def says(change: Callable[[Said], Said]) -> Play:
    """The billed answer, changed."""

    async def play(talk: Conversation) -> None:
        said = change(await talk.healthy())
        await talk.write(said.head() + said.body)

    return play


def body(data: bytes, kind: str = JSON) -> Play:
    """Another body in the place of the billed answer."""
    return says(lambda said: replace(said, headers={"content-type": kind}, body=data))


def within(data: bytes) -> Play:
    """The billed answer with this written behind its first brace."""
    return says(lambda said: replace(said, body=said.body[:1] + data + b"," + said.body[1:]))


def tells(change: Change) -> Play:
    """The billed answer with its document changed."""
    return says(lambda said: said.telling(change(said.document)))


def distorted(fault: str) -> Play:
    """The billed answer as the simulator's own fault of this name distorts it."""

    async def play(talk: Conversation) -> None:
        said = await talk.healthy()
        told = said.telling(talk.vendor.distortions[fault](said.document))
        if told.body == said.body:
            raise AssertionError(f"{fault} changes nothing of what {talk.vendor.name} says")
        await talk.write(told.head() + told.body)

    return play


def renumbered(write: Callable[[str], object], *, each: bool) -> Play:
    """The billed answer with the number of its first result, or of every one, written otherwise."""

    async def play(talk: Conversation) -> None:
        said = await talk.healthy()
        document = said.document
        name = talk.vendor.name
        items = results(document) if name in NUMBER else [document]
        for item in items if each else items[:1]:
            key = NUMBER.get(name) or ECHO[name]
            item[key] = write(str(item[key]))
        told = said.telling(document)
        await talk.write(told.head() + told.body)

    return play


def results(document: Any) -> list[Any]:
    """The list of results in an answer about many."""
    listed = next(document[name] for name in ("results", "result", "numbers", "data") if name in document)
    return results(listed) if isinstance(listed, dict) else list(listed)


def cut(where: str, *, by: str = "close") -> Play:
    """The billed answer, broken off: in its headers, behind them, in its body, or between two chunks."""

    async def play(talk: Conversation) -> None:
        said = await talk.healthy()
        half = len(said.body) // 2
        sent = {
            "headers": said.head()[:20],
            "behind headers": said.head(),
            "body": said.head() + said.body[:half],
            "chunks": said.head(**_CHUNKED) + f"{half:x}\r\n".encode() + said.body[:half] + b"\r\n",
        }
        await talk.write(sent[where])
        if by == "silence":
            await talk.until_gone()
        if by == "reset":
            await settled()
            talk.reset()
        talk.writer.close()

    return play


def ended(by: str, *, billed: bool) -> Play:
    """Not a byte of an answer: the connection is closed, reset, or says nothing."""

    async def play(talk: Conversation) -> None:
        if billed:
            await talk.healthy()
        if by == "reset":
            talk.reset()
        elif by == "silence":
            await talk.until_gone()
        talk.writer.close()

    return play


def raw(data: bytes) -> Play:
    """These very bytes, and the end of the connection; the request was billed."""

    async def play(talk: Conversation) -> None:
        await talk.healthy()
        await talk.write(data)
        talk.writer.close()

    return play


def informed(code: int) -> Play:
    """An informational status before the billed answer."""

    async def play(talk: Conversation) -> None:
        said = await talk.healthy()
        await talk.write(f"HTTP/1.1 {code} Wait\r\n\r\n".encode() + said.head() + said.body)

    return play


async def conflicting(talk: Conversation) -> None:
    """Two lengths, of which one is wrong."""
    said = await talk.healthy()
    await talk.write(said.head(**{"Content-Length": "7"}) + said.body)
    talk.writer.close()


async def drip(talk: Conversation) -> None:
    """A byte every five seconds: no read is late, the whole is."""
    said = await talk.healthy()
    await talk.write(said.head())
    for place in range(20):
        await talk.write(said.body[place : place + 1])
        await settled()
        leap(5)


async def bomb(talk: Conversation) -> None:
    """Four kilobytes of gzip that hold four megabytes, which is more than is let in here."""
    await talk.healthy()
    said = Said(200, {"content-type": JSON, "content-encoding": "gzip"}, BOMB)
    await talk.write(said.head() + said.body)


def priced(change: Callable[[str], object]) -> Play:
    """The billed answer with another price in it, made from the one that it has; None leaves it out."""

    async def play(talk: Conversation) -> None:
        said = await talk.healthy()
        document = said.document
        name = "price" if talk.vendor.name == "kaleyra" else "request_price"
        price = change(str(document[name]))
        document = {**document, name: price} if price is not None else {k: v for k, v in document.items() if k != name}
        told = said.telling(document)
        await talk.write(told.head() + told.body)

    return play


def fields(**changed: object) -> Change:
    """The document with these fields at its top."""
    return lambda document: {**document, **changed}


def vonage(code: int, **more: object) -> Play:
    """A body of Vonage with this status and little else; it was not billed."""

    async def play(talk: Conversation) -> None:
        asked = dict(parse_qsl(talk.request.content.decode()))
        document = {"status": code, "international_format_number": asked["number"], "request_id": "a" * 32, **more}
        said = Said(200, {"content-type": JSON}, b"").telling(document)
        await talk.write(said.head() + said.body)

    return play
