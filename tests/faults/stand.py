"""One case of the menu: real ledger, spend loop, client and parser against a server that misbehaves once.

Waiting costs no time: what the spend loop sleeps is added to a clock of the case, which is the ledger's and the lane's.
"""

import asyncio
import shutil
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text

from ringfence.config.sections import Privacy
from ringfence.http import tokens
from ringfence.http.client import Client, Limits
from ringfence.http.issuer import Issuer
from ringfence.lookups import spend as spending
from ringfence.lookups.collector import Collector
from ringfence.lookups.desk import Desk
from ringfence.lookups.lane import Lane
from ringfence.lookups.publish import settled_after
from ringfence.lookups.rows import booked_rows
from ringfence.money.batch import Batch
from ringfence.money.budget import UNATTENDED
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger, open_ledger
from ringfence.money.quotes import subjects
from ringfence.money.reserve import Owner
from ringfence.money.store import FILE_NAME
from ringfence.money.workers import working
from ringfence.providers.registry import provider
from tests.faults.kinds import Kind
from tests.faults.wire import Play, Server, leap
from tests.money.bench import AMSTERDAM, NOON, Bench

# Where a test's ledgers cost no disk.
MEMORY = Path("/dev/shm")
LIMITS = Limits(connect=20, read=30, total=40, max_bytes=2_000_000)
# Where callbacks are sent to: the simulator loses all of them on the way.
NOWHERE = "http://127.0.0.1:1"
ROOTLESS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Of these every simulated provider tells something, at its list price.
PHONES = [f"+316120{place:05d}" for place in range(10, 30)]


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and with which requests: `times` in a row from the `first`, of those that are paid, or others.

    `way` says what is wrong before any byte of a request leaves: dns, refused, full, stranger, misnamed, garbled.
    `alone`: a fault of time, for which the clock of the event loop leaps: nothing else may wait in it. `jump` seconds
    are what the wall clock leaps by at the fault. `more` batches follow. `waived`: the vendor says that it bills less
    than the simulator's bill has. `restated`: the outcomes of numbers of which the fault makes it say something else.
    `terms` are those of the batch that meets the fault.
    """

    play: Play
    first: int = 0
    times: int = 1
    on: str = "paid"
    unread: bool = False
    way: str = ""
    alone: bool = False
    jump: int = 0
    waived: bool = False
    restated: Sequence[str] = ()
    more: int = 1
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Clock:
    """The time of one case: it stands still but for what is slept, and ticks at every look."""

    slept: float = 0.0
    jumped: int = 0
    looks: int = 0
    pauses: list[float] = field(default_factory=list)

    def micros(self) -> int:
        """The wall clock, in microseconds."""
        self.looks += 1
        return NOON + self.jumped * 1_000_000 + round(self.slept * 1_000_000) + self.looks * 1000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self.slept

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept += max(seconds, 0.001)
        self.pauses.append(seconds)


_CLOCK: ContextVar[Clock] = ContextVar("clock")
_AWAKE: ContextVar[list[Any]] = ContextVar("awake")


async def _sleep(seconds: float) -> None:
    _CLOCK.get().sleep(seconds)
    for wake in _AWAKE.get():
        await wake()
    _AWAKE.get().clear()
    await asyncio.sleep(0)


QUICK_ASYNCIO = SimpleNamespace(**{**vars(asyncio), "sleep": _sleep})
"""Takes the place of asyncio in `ringfence.lookups.spend`."""


@dataclass
class Told:
    """What became of a case: rows of the ledger, of which `faulted` met the fault, and what the lake would be given."""

    attempts: list[dict[str, Any]]
    faulted: dict[str, Any]
    replies: list[dict[str, Any]]
    published: list[dict[str, Any]]
    server: Server
    clock: Clock
    desk: Desk
    broken: list[str]

    @property
    def held(self) -> int:
        """Nanos that open attempts hold."""
        return sum(row["held"] for row in self.attempts if row["state"] in ("sent", "awaiting", "in_doubt"))

    @property
    def spent(self) -> int:
        """Nanos that settled attempts cost."""
        return sum(row["actual"] or 0 for row in self.attempts)


class Stand:
    """A ledger made once, and copied for every case."""

    def __init__(self, folder: Path, certificate: Path) -> None:
        self.folder = folder
        bench = Bench(folder)
        bench._quote("quote-1")
        self.subjects = list(subjects(bench.ledger, PHONES).values())
        bench.ledger.store.close()
        self.strange = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.strange.load_cert_chain(certificate)
        self.trusting = ssl.create_default_context(cafile=str(certificate))
        self.cases = 0

    async def run(self, kind: Kind, fault: Fault) -> Told:
        """Play a fault on one kind of provider, in a ledger of its own."""
        self.cases += 1
        home = self.folder / f"case-{self.cases}"
        home.mkdir()
        shutil.copy(self.folder / FILE_NAME, home / FILE_NAME)
        clock = Clock()
        _CLOCK.set(clock)
        # A port may be that of an earlier case, whose tokens are of another simulator.
        tokens._shared.clear()
        ledger = open_ledger(home, clock.micros)
        server = Server(kind.provider, fault.play, fault.first, fault.times, fault.unread, fault.on)
        server.garbled = fault.way == "garbled"
        if fault.way in ("garbled", "stranger", "misnamed"):
            server.tls = self.strange
        async with self._listening(server, fault.way) as url:
            client = self._client(kind, fault, url)

            def struck() -> None:
                clock.jumped += fault.jump

            server.struck = struck
            with working(ledger, "launch-1") as worker:
                async with client:
                    lane = _lane(kind, client, url, clock)
                    owner = Owner(worker.worker_id, "launch-1", AMSTERDAM)
                    desk = Desk(ledger, owner, worker, {kind.provider: lane}, Privacy(), "EUR", callbacks=NOWHERE)
                    await spending.spend(desk, self._batches(kind, fault))
                    if provider(kind.provider).products[kind.product].mode != "callback":
                        await _collect(desk, clock)
            told = _told(ledger, server, clock, desk)
        ledger.store.close()
        shutil.rmtree(home)
        return told

    def _batches(self, kind: Kind, fault: Fault) -> list[Batch]:
        """One request for each that is to be healthy before, the one that is not, and one after."""
        count = fault.first + 1 + fault.more
        one = Batch(
            quote_id="quote-1",
            ledger_seq=0,
            consent=UNATTENDED,
            provider=kind.provider,
            product=kind.product,
            answers=0b111,
            facts=0b1,
            unit_price=kind.price,
            subjects=(),
            country="NL",
            source="crm",
        )
        size = kind.size
        parts = [tuple(self.subjects[place * size : (place + 1) * size]) for place in range(count)]
        batches = [replace(one, subjects=part) for part in parts]
        batches[fault.first] = replace(batches[fault.first], **fault.terms)
        return batches

    def _client(self, kind: Kind, fault: Fault, url: str) -> Client:
        one = provider(kind.provider)
        auth = one.auth(kind.secrets, _options(kind))
        return Client(
            in_flight=1,
            headers=auth.headers,
            query=auth.query,
            path=auth.path,
            issuer=Issuer(auth.token, url) if auth.token else None,
            limits=LIMITS,
            verify=self.trusting if fault.way in ("misnamed", "garbled") else ROOTLESS,
        )

    @asynccontextmanager
    async def _listening(self, server: Server, way: str) -> Any:
        """Listen on a free port, at once or, where the way to it is closed at first, when somebody sleeps."""
        host = {"dns": "provider.invalid", "misnamed": "localhost"}.get(way, "127.0.0.1")
        started: list[asyncio.Server] = []
        with ExitStack() as stack:
            bound = stack.enter_context(socket.socket())
            bound.bind(("127.0.0.1", 0))
            server.port = bound.getsockname()[1]

            async def start() -> None:
                started.append(await asyncio.start_server(server.connected, sock=bound.dup()))

            late: list[Any] = []
            if way == "refused":
                late.append(start)
            elif way == "full":
                bound.listen(0)
                waiting = [stack.enter_context(socket.socket()) for _ in range(3)]
                for one in waiting:
                    one.setblocking(False)
                    one.connect_ex(bound.getsockname())

                async def make_room() -> None:
                    waits.cancel()
                    for one in waiting:
                        one.close()
                    await start()

                waits = asyncio.create_task(_wait_in_vain())
                late.append(make_room)
            else:
                await start()
            _AWAKE.set(late)
            scheme = "https" if server.tls else "http"
            try:
                yield f"{scheme}://{host}:{server.port}"
            finally:
                for each in started:
                    each.close()
                    # What waits for a client that is gone ends with it.
                    await each.wait_closed()


async def _wait_in_vain() -> None:
    """Let the time pass in which somebody waits for a connection, whenever that begins."""
    while True:
        await asyncio.sleep(0.05)
        leap(LIMITS.connect + 1)


def _options(kind: Kind) -> dict[str, str]:
    return {name: values[0] for name, values in provider(kind.provider).options.items()}


def _lane(kind: Kind, client: Client, url: str, clock: Clock) -> Lane:
    return Lane(
        provider=provider(kind.provider),
        base_url=url,
        account="account",
        options=_options(kind),
        client=client,
        in_flight=1,
        per_second=100_000,
        clock=clock.monotonic,
    )


async def _collect(desk: Desk, clock: Clock) -> None:
    """Ask for what is told later until it is told, or its time is over."""
    collector = Collector(desk.ledger, desk.lanes, desk.privacy, "collect")
    for _ in range(6):
        if not collector.waiting():
            return
        await collector.look()
        clock.slept += 300


def _told(ledger: Ledger, server: Server, clock: Clock, desk: Desk) -> Told:
    with ledger.store.read() as connection:
        rows = connection.execute(text("SELECT rowid, * FROM attempt ORDER BY rowid")).mappings()
        attempts = [dict(row) for row in rows]
        rows = connection.execute(text("SELECT * FROM reply ORDER BY reply_id")).mappings()
        replies = [dict(row) for row in rows]
        broken = [str(violation) for violation in violations(connection)]
    sent = [row for row in attempts if not row["residue_of"]]
    published = [row for found in settled_after(ledger, 0) for each in found for row in booked_rows(ledger, each)]
    return Told(attempts, sent[server.first], replies, published, server, clock, desk, broken)
