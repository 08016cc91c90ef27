"""The receiver: what is believed, what is not, and that nothing is confirmed that is not on disk."""

import asyncio
import contextlib
import http.client
import json
import random
import selectors
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from ringfence.config.sections import Privacy
from ringfence.lookups import inbox, receiver, receiver_protocol
from ringfence.lookups.collector import Collector
from ringfence.lookups.receiver import LARGEST, Receiver
from ringfence.money import quarantine
from ringfence.money.moves import Answered, Settle, Void
from ringfence.money.workers import working
from ringfence.providers.registry import provider
from tests.lookups.receiving import REF, Awaited, answer, receiving
from tests.money.bench import SECOND

DAY = 86_400 * SECOND


@pytest.fixture
def awaited(tmp_path: Path) -> Awaited:
    """A ledger to receive into."""
    return Awaited(tmp_path / "home")


@pytest.fixture
def here(awaited: Awaited) -> Iterator[Receiver]:
    """A receiver on loopback."""
    with receiving(awaited.ledger) as found:
        yield found


def post(url: str, body: object, **headers: str) -> int:
    """The status of one POST; an object is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = httpx.post(url, content=content, headers={"content-type": "application/json", **headers})
    assert reply.content == b"", "an answer says nothing"
    return reply.status_code


def tried_again(url: str, body: object) -> int:
    """What a provider hears in the end, which tries again where a connection is closed before it was answered."""
    for _ in range(20):
        with contextlib.suppress(httpx.TransportError):
            return post(url, body)
    raise AssertionError("no answer in twenty tries")


def collected(awaited: Awaited) -> int:
    """Settle by what came; returns how many attempts were decided."""
    return asyncio.run(Collector(awaited.ledger, {}, Privacy(), "test").look())


def test_an_answer_is_kept_and_settles_its_attempt(awaited: Awaited, here: Receiver) -> None:
    """One callback, one reply in the ledger, and the price that it states is spent."""
    attempt = awaited.sent()
    awaited.accept(attempt)
    assert post(awaited.address(here, attempt), answer(attempt)) == 200
    assert [json.loads(body)["request_id"] for body in awaited.kept(attempt)] == [REF]
    assert collected(awaited) == 1
    assert awaited.bench.state(attempt.attempt_id) == "settled"
    assert awaited.bench.used()[0][1:3] == (0, 40_000_000)
    assert awaited.bench.broken() == []


def test_the_same_again_is_one_reply_and_still_confirmed(awaited: Awaited, here: Receiver) -> None:
    """Providers send until they are told that it arrived, and in any number of copies at once."""
    attempt = awaited.sent()
    awaited.accept(attempt)
    url = awaited.address(here, attempt)

    async def many() -> list[int]:
        async with httpx.AsyncClient() as client:
            replies = await asyncio.gather(*(client.post(url, json=answer(attempt)) for _ in range(20)))
        return [reply.status_code for reply in replies]

    assert asyncio.run(many()) == [200] * 20
    assert len(awaited.kept(attempt)) == 1


def test_nothing_is_confirmed_before_it_is_committed(awaited: Awaited, here: Receiver) -> None:
    """Whoever waits for the ledger is not answered meanwhile; when it is free, everything that came is kept once."""
    attempt = awaited.sent()
    url = awaited.address(here, attempt)
    with awaited.ledger.store.write(), pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json=answer(attempt), timeout=0.5)
    assert post(url, json.dumps(answer(attempt)).encode()) == 200
    assert len({json.dumps(json.loads(body)) for body in awaited.kept(attempt)}) == 1


def test_callbacks_that_come_at_once_share_commits(
    awaited: Awaited, here: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many that are confirmed each is stored, in fewer transactions than there are callbacks."""
    attempts = [awaited.sent() for _ in range(60)]
    commits = []
    commit = inbox.Inbox._commit
    monkeypatch.setattr(inbox.Inbox, "_commit", lambda self, group: commits.append(len(group)) or commit(self, group))

    async def many() -> list[int]:
        async with httpx.AsyncClient(timeout=30) as client:
            sent = (client.post(awaited.address(here, each), json=answer(each)) for each in attempts)
            return [reply.status_code for reply in await asyncio.gather(*sent)]

    assert asyncio.run(many()) == [200] * 60
    assert sum(commits) == len(awaited.kept()) == 60
    assert len(commits) < 60
    assert all(len(awaited.kept(each)) == 1 for each in attempts)


def _forged(url: str) -> str:
    return url[:-1] + ("0" if url[-1] != "0" else "1")


def _longer_good(url: str) -> str:
    parts = url.split("/")
    return "/".join([*parts[:-2], str(int(parts[-2]) + 1), parts[-1]])


def _of_another_provider(url: str) -> str:
    return url.replace("/vonage/", "/infobip/")


def _not_a_time(url: str) -> str:
    return "/".join([*url.split("/")[:-2], "9" * 5000, url.rsplit("/", 1)[-1]])


def _not_ascii(url: str) -> str:
    return url[:-3] + "%C3%A9%FF%00"


@pytest.mark.parametrize("change", [_forged, _longer_good, _of_another_provider, _not_a_time, _not_ascii])
def test_an_address_that_was_not_given_out_is_not_there(
    awaited: Awaited, here: Receiver, change: Callable[[str], str]
) -> None:
    """404, nothing is stored of the attempt and nothing decided; the body is kept aside."""
    attempt = awaited.sent()
    awaited.accept(attempt)
    assert post(change(awaited.address(here, attempt)), answer(attempt)) == 404
    assert awaited.kept() == []
    assert collected(awaited) == 0
    assert [reason for reason, _ in awaited.quarantine()] == ["its address was never given out, or has ended"]


def test_the_proof_of_one_attempt_is_none_for_another(awaited: Awaited, here: Receiver) -> None:
    """Whoever has learned one address has learned one."""
    mine, other = awaited.sent(), awaited.sent()
    url = awaited.address(here, mine).replace(mine.attempt_id, other.attempt_id)
    assert post(url, answer(other)) == 404
    assert awaited.kept() == []


def test_an_address_ends(awaited: Awaited, here: Receiver) -> None:
    """After thirty days it is no longer one."""
    attempt = awaited.sent()
    url = awaited.address(here, attempt)
    awaited.bench.now += 30 * DAY
    assert post(url, answer(attempt)) == 200
    awaited.bench.now += SECOND
    assert post(url, answer(attempt, remaining_balance="1")) == 404


def test_an_attempt_that_the_ledger_has_forgotten(awaited: Awaited, here: Receiver) -> None:
    """A proven address of an attempt that is not there, as after restoring an old copy, is refused and kept aside."""
    attempt = awaited.sent()
    assert post(awaited.address(here, replace(attempt, attempt_id="gone")), answer(attempt)) == 404
    assert [reason for reason, _ in awaited.quarantine()] == ["its attempt is not in this ledger"]


def test_what_is_about_something_else_is_refused_once_it_can_be_known(awaited: Awaited, here: Receiver) -> None:
    """The id must be that which was accepted, and the number one that was asked."""
    attempt, other = awaited.sent(), awaited.sent()
    awaited.accept(attempt)
    url = awaited.address(here, attempt)
    assert post(url, answer(attempt, "another-request")) == 404
    assert post(url, answer(other)) == 404
    assert awaited.kept() == []
    assert len(awaited.quarantine()) == 2
    assert collected(awaited) == 0
    assert awaited.bench.state(attempt.attempt_id) == "awaiting"


def test_an_early_callback_waits_for_the_acknowledgement(awaited: Awaited, here: Receiver) -> None:
    """It is stored before it can be judged; then the right one settles, and the wrong one changes nothing."""
    attempt, other = awaited.sent(), awaited.sent()
    for each, ref in ((attempt, REF), (other, "another-request")):
        assert post(awaited.address(here, each), answer(each, ref)) == 200
    with working(awaited.ledger, "launch-1"):
        awaited.accept(attempt)
        awaited.accept(other)
        assert collected(awaited) == 1
    assert awaited.bench.state(attempt.attempt_id) == "settled"
    assert awaited.bench.state(other.attempt_id) == "awaiting"


@pytest.mark.parametrize("end", ["settled", "voided"])
def test_a_late_callback_is_stored_and_changes_nothing(awaited: Awaited, here: Receiver, end: str) -> None:
    """After an attempt is final what comes is evidence, and no more."""
    attempt = awaited.sent()
    awaited.accept(attempt)
    if end == "settled":
        awaited.bench.settle(attempt, 40_000_000)
    else:
        awaited.bench.move(Void(attempt.attempt_id, "said by an operator"))
    used = awaited.bench.used()
    assert post(awaited.address(here, attempt), answer(attempt)) == 200
    assert len(awaited.kept(attempt)) == 1
    assert collected(awaited) == 0
    assert awaited.bench.used() == used
    assert awaited.bench.broken() == []


def test_a_number_that_a_residue_waits_for_was_asked(awaited: Awaited, here: Receiver) -> None:
    """What was left of an attempt in doubt is answered at the address of the attempt."""
    attempt = awaited.sent(2)
    first, second = attempt.numbers
    awaited.bench.reply(attempt.attempt_id, json.dumps({"request_id": REF, "status": 0}).encode())
    answers = [Answered(first, "complete", 40_000_000)]
    awaited.bench.move(Settle(attempt_id=attempt.attempt_id, answers=answers, evidence="answered"))
    late = replace(attempt, numbers={second: attempt.numbers[second]})
    assert post(awaited.address(here, attempt), answer(late)) == 200
    assert len(awaited.kept(attempt)) == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b'{"status": 0, "caller_name": "Jane Doe', "application/json"),
        (b"\xff\xfe\x00", "application/octet-stream"),
        (b"[" * 100_000, "application/json"),
        (b"<html>Bad gateway</html>", "text/html"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><lookup>&a;</lookup>', "application/xml"),
    ],
)
def test_what_cannot_be_read_is_kept(awaited: Awaited, here: Receiver, body: bytes, content_type: str) -> None:
    """A proven address is enough: the bytes stay, the attempt waits, and what is forbidden is cut all the same."""
    attempt = awaited.sent()
    awaited.accept(attempt)
    assert post(awaited.address(here, attempt), body, **{"content-type": content_type}) == 200
    (kept,) = awaited.kept(attempt)
    assert b"Jane" not in kept
    assert kept == body or b"caller_name" in body
    assert collected(awaited) == 0
    assert awaited.bench.state(attempt.attempt_id) == "awaiting"


def test_xml_is_kept_with_its_type(awaited: Awaited, here: Receiver) -> None:
    """The form of a body is the parser's matter, who is told what the sender called it."""
    attempt = awaited.sent()
    (number,) = attempt.numbers.values()
    body = f"<lookup><status>0</status><international_format_number>{number[1:]}</international_format_number></lookup>"
    url = awaited.address(here, attempt)
    assert post(url, body.encode(), **{"content-type": "application/xml; charset=utf-8"}) == 200
    assert awaited.kept(attempt) == [body.encode()]
    ((headers,),) = awaited.bench.rows("SELECT headers FROM reply WHERE source = 'callback'")
    assert json.loads(str(headers))["content-type"] == "application/xml; charset=utf-8"


def test_a_parser_that_fails_loses_nothing(
    awaited: Awaited, here: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect of ours is logged with its place, and without the words of the body."""
    attempt = awaited.sent()
    awaited.accept(attempt)

    def fail(*_: object) -> None:
        raise ValueError(f"cannot read {answer(attempt)}")

    monkeypatch.setattr(type(provider("vonage")), "parse_later", fail)
    assert post(awaited.address(here, attempt), answer(attempt)) == 200
    assert len(awaited.kept(attempt)) == 1
    assert "ValueError" in caplog.text
    assert "Elsewhere" not in caplog.text
    assert REF not in caplog.text


def test_what_cannot_be_cut_is_not_stored(
    awaited: Awaited, here: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Rather the provider sends it again; the log says what failed, and neither address nor body."""
    attempt = awaited.sent()

    def fail(_: object, body: bytes, __: object) -> None:
        raise ValueError(body)

    monkeypatch.setattr(type(provider("vonage")), "withhold", fail)
    url = awaited.address(here, attempt)
    assert post(url, answer(attempt)) == 503
    assert awaited.kept() == []
    assert "ValueError" in caplog.text
    assert "Elsewhere" not in caplog.text
    assert url.rsplit("/", 1)[-1] not in caplog.text


def test_a_packed_body_is_refused(awaited: Awaited, here: Receiver) -> None:
    """What may not be stored could not be cut out of it."""
    attempt = awaited.sent()
    body = zlib.compress(json.dumps(answer(attempt)).encode())
    assert post(awaited.address(here, attempt), body, **{"content-encoding": "deflate"}) == 415
    assert awaited.kept() == []


@pytest.mark.parametrize(
    "values",
    [
        ["identity", "gzip"],
        ["gzip", "identity"],
        ["identity, gzip"],
        ["identity,", "br"],
        ["x-unheard-of"],
        [""],
        ["identity", "identity"],
        ["Identity , IDENTITY"],
    ],
    ids=str,
)
def test_every_word_about_the_packing_counts(awaited: Awaited, here: Receiver, values: list[str]) -> None:
    """However often the header stands there: a body that any of its values calls packed is refused."""
    attempt = awaited.sent()
    body = json.dumps(answer(attempt)).encode()
    head = "\r\n".join([*(f"Content-Encoding: {value}" for value in values), f"Content-Length: {len(body)}"])
    plain = {each.strip().lower() for value in values for each in value.split(",")} == {"identity"}
    assert exchange(awaited.address(here, attempt), head, body)[9:12] == (b"200" if plain else b"415")
    assert len(awaited.kept()) == plain


@pytest.mark.parametrize(
    "waits", [b"P", b"POST /vonage/a/1/b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"], ids=["head", "body"]
)
def test_whoever_only_waits_keeps_nobody_out(
    awaited: Awaited, here: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, waits: bytes
) -> None:
    """A client that holds more connections than there are, and opens each again, loses its oldest; the log says so."""
    monkeypatch.setattr(receiver_protocol.Protocol, "_warned_at", None)
    where = urlsplit(here.url)
    ended = threading.Event()

    def hold(count: int) -> None:
        held: dict[int, socket.socket] = {}
        with selectors.DefaultSelector() as closed:
            while not ended.is_set():
                while len(held) < count:
                    raw = socket.create_connection((where.hostname, where.port), timeout=30)
                    raw.sendall(waits)
                    held[raw.fileno()] = raw
                    closed.register(raw, selectors.EVENT_READ)
                for key, _ in closed.select(0.05):
                    closed.unregister(key.fileobj)
                    held.pop(key.fd).close()
            for raw in held.values():
                raw.close()

    client = threading.Thread(target=hold, args=(receiver_protocol.CONNECTIONS + 24,))
    client.start()
    try:
        deadline = time.monotonic() + 30
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.02)
        attempts = [awaited.sent() for _ in range(12)]
        addresses = [awaited.address(here, attempt) for attempt in attempts]
        sent = [tried_again(url, answer(each)) for url, each in zip(addresses, attempts, strict=True)]
    finally:
        ended.set()
        client.join()
    assert sent == [200] * 12
    (told,) = [record for record in caplog.records if record.name == receiver_protocol.__name__]
    assert told.levelname == "WARNING"
    assert "256 connections" in told.getMessage()
    assert "127.0.0.1" not in told.getMessage()


def exchange(url: str, head: str, *parts: bytes, pause: float = 0) -> bytes:
    """What comes back for bytes that no client would send."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as raw:
        raw.sendall(f"POST {where.path} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        try:
            for part in parts:
                time.sleep(pause)
                raw.sendall(part)
            return raw.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            return b""


def test_a_body_that_is_too_large_is_refused_before_it_is_read(awaited: Awaited, here: Receiver) -> None:
    """By its declared length, and by its bytes where none is declared; the largest that is allowed is kept."""
    attempt = awaited.sent()
    url = awaited.address(here, attempt)
    for declared in (LARGEST + 1, 10_000_000, 10**18):
        assert exchange(url, f"Content-Length: {declared}").startswith(b"HTTP/1.1 413")
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    assert exchange(url, "Transfer-Encoding: chunked", *[chunk] * 5)[:12] in (b"HTTP/1.1 413", b"")
    assert awaited.kept() == []
    assert awaited.quarantine() == []
    assert post(url, b" " * LARGEST) == 200


def test_whoever_sends_slowly_is_let_go(awaited: Awaited, here: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body has so many seconds, and a connection on which nothing comes as many."""
    attempt = awaited.sent()
    for module in (receiver, receiver_protocol):
        monkeypatch.setattr(module, "PATIENCE", 0.3)
    url = awaited.address(here, attempt)
    assert exchange(url, "Content-Length: 100", b"{", b" ", pause=0.1).startswith(b"HTTP/1.1 408")
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as silent:
        assert silent.recv(1) == b""
    with socket.create_connection((where.hostname, where.port), timeout=30) as half:
        half.sendall(b"POST / HTTP/1.1\r\n")
        assert half.recv(1) == b""
    assert awaited.kept() == []


def test_a_sender_that_breaks_off_leaves_nothing(awaited: Awaited, here: Receiver) -> None:
    """Half a body is no callback."""
    attempt = awaited.sent()
    where = urlsplit(awaited.address(here, attempt))
    with socket.create_connection((where.hostname, where.port)) as raw:
        raw.sendall(f'POST {where.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{"status"'.encode())
    assert post(awaited.address(here, attempt), answer(attempt)) == 200
    assert len(awaited.kept()) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(awaited: Awaited, here: Receiver, method: str) -> None:
    """A callback is a POST; whoever looks at an address learns nothing."""
    attempt = awaited.sent()
    reply = httpx.request(method, awaited.address(here, attempt))
    assert (reply.status_code, reply.content) == (405, b"")


@pytest.mark.parametrize("path", ["/", "/vonage", "/vonage/a/b/c/d", "/metrics", "//", "/%2e%2e/healthz", "/a/b/c/d/"])
def test_other_paths_are_not_there(here: Receiver, path: str) -> None:
    """404 without a word."""
    assert post(here.url + path, {}) == 404


def test_a_proxy_may_leave_its_path_or_take_it_away(awaited: Awaited) -> None:
    """The public address has a path: both ways lead to the same attempt."""
    attempt = awaited.sent()
    with receiving(awaited.ledger, prefixes=["/hooks/ringfence"]) as here:
        url = awaited.address(here, attempt)
        assert post(url, answer(attempt)) == 200
        assert post(url.replace(here.url, f"{here.url}/hooks/ringfence"), answer(attempt, ported="ported")) == 200
        assert post(url.replace(here.url, f"{here.url}/elsewhere"), answer(attempt)) == 404
        assert httpx.get(f"{here.url}/hooks/ringfence/healthz").json() == {"status": "ok"}
    assert len(awaited.kept(attempt)) == 2


def test_health_is_that_of_the_ledger(awaited: Awaited, here: Receiver, tmp_path: Path) -> None:
    """Nothing is confirmed into a file that is no longer the ledger, and health says so."""
    attempt = awaited.sent()
    assert httpx.get(f"{here.url}/healthz").json() == {"status": "ok"}
    path = awaited.ledger.store.path
    path.rename(tmp_path / "aside")
    assert httpx.get(f"{here.url}/healthz").status_code == 503
    assert post(awaited.address(here, attempt), answer(attempt)) == 503
    (tmp_path / "aside").rename(path)
    assert httpx.get(f"{here.url}/healthz").status_code == 200
    assert post(awaited.address(here, attempt), answer(attempt)) == 200


@pytest.mark.parametrize("proven", [True, False], ids=["proven", "forged"])
def test_what_may_not_be_kept_is_nowhere_in_the_ledger(awaited: Awaited, proven: bool) -> None:  # noqa: FBT001
    """Roaming, IMSI and names are cut before anything is written, and from a suspect reachability too."""
    attempt = awaited.sent()
    body = answer(attempt, caller_name="Jane Doe", imsi="204041234567890", serving_msc="3162000")
    with receiving(awaited.ledger) as here:
        url = awaited.address(here, attempt)
        assert post(url if proven else _forged(url), body) == (200 if proven else 404)
    (kept,) = awaited.kept() if proven else [body for _, body in awaited.quarantine()]
    files = b"".join(path.read_bytes() for path in awaited.ledger.store.path.parent.glob("ledger.sqlite*"))
    for text in (kept, files):
        assert not any(secret in text for secret in (b"Elsewhere", b"Jane", b"204041234567890", b"3162000"))
    assert b"Acme" in kept
    assert (b'"reachable"' in kept and b'"reachable":"reachable"' in kept) == proven


def test_what_a_country_lets_in_is_kept(awaited: Awaited) -> None:
    """The rules are those of the number's country."""
    attempt = awaited.sent()
    with receiving(awaited.ledger, Privacy(allow={"roaming": ["NL"]})) as here:
        assert post(awaited.address(here, attempt), answer(attempt)) == 200
    assert b"Elsewhere" in awaited.kept()[0]


def test_the_quarantine_is_full_and_empties_itself(
    awaited: Awaited, here: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood is counted and not kept, neither in a minute nor in all; what is old goes with the next commit."""
    monkeypatch.setattr(quarantine, "ROWS_A_MINUTE", 3)
    monkeypatch.setattr(quarantine, "ROWS", 5)
    attempt = awaited.sent()
    url = _forged(awaited.address(here, attempt))

    def flood() -> int:
        assert {post(url, answer(attempt)) for _ in range(6)} == {404}
        return len(awaited.quarantine())

    assert flood() == 3
    awaited.bench.now += 61 * SECOND
    assert flood() == 5
    assert (here.counts.suspect, here.counts.quarantined) == (12, 5)
    awaited.bench.now += 31 * DAY
    other = awaited.sent()
    assert post(awaited.address(here, other), answer(other)) == 200
    assert awaited.quarantine() == []


def test_the_quarantine_has_so_many_bytes(awaited: Awaited, here: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is not kept, and smaller ones still are."""
    monkeypatch.setattr(quarantine, "BYTES", 100_000)
    url = _forged(awaited.address(here, awaited.sent()))
    noise = random.Random(1).randbytes(90_000)
    assert [post(url, body) for body in (noise, noise, b"[]")] == [404] * 3
    assert [len(body) for _, body in awaited.quarantine()] == [90_000, 2]


def test_an_address_takes_only_as_much_as_a_provider_sends(
    awaited: Awaited, here: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has learned an address cannot fill the disk through it."""
    monkeypatch.setattr("ringfence.lookups.callbacks.MOST", 0)
    monkeypatch.setattr("ringfence.lookups.callbacks.MOST_A_NUMBER", 3)
    attempt = awaited.sent()
    url = awaited.address(here, attempt)
    assert [post(url, {"note": place}) for place in range(5)] == [200, 200, 200, 404, 404]
    assert awaited.quarantine() == []


def test_a_connection_carries_one_request(here: Receiver) -> None:
    """Every answer ends its connection, so that none is held."""
    where = urlsplit(here.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port)
    connection.request("GET", "/healthz")
    reply = connection.getresponse()
    assert reply.read() == b'{"status":"ok"}'
    assert reply.headers["connection"] == "close"
    assert "server" not in reply.headers
    connection.close()
