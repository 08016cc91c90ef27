"""The callbacks of all ports: POSTed to the customer after the acknowledgement, tried again, recorded.

They go to loopback only: the simulator sends nothing to anybody else, whatever address a request names. When each sets
out is in journeys.py, what stands in it is the vendor's.
"""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from ringfence.simulator.bill import now
from ringfence.simulator.journeys import Habits, journey
from ringfence.simulator.vendor import Callback, Vendor

# Seconds for one POST, and for which an acknowledgement waits for a callback that is to come before it.
_TIMEOUT = 10.0
_EARLY = 5.0
_SIDE_BY_SIDE = 16


@dataclass(slots=True)
class _Sent:
    """One callback and what became of it: `out` of its copies are under way; `taken` says that one was answered."""

    provider: str
    callback: Callback
    copies: int
    outcome: str
    out: int
    at: str = field(default_factory=now)
    statuses: list[int | None] = field(default_factory=list)
    taken: bool = False

    def came_home(self) -> None:
        """One copy is under way no more; after the last one it is known what became of the callback."""
        self.out -= 1
        if not self.out:
            self.outcome = "delivered" if self.taken else "given_up"


class Callbacks:
    """Every callback since the start or the last reset, those under way included; of one event loop."""

    def __init__(self, seed: int, habits: Habits) -> None:
        self._seed = seed
        self._habits = habits
        self._counts: Counter[tuple[str, str]] = Counter()
        self._sent: list[_Sent] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def rows(self) -> list[dict[str, Any]]:
        """One row per callback: to whom, about which number, what became of it, the statuses of all that was sent.

        Outcomes: under_way, delivered, lost, refused (not on this machine), given_up.
        """
        return [
            {
                "provider": sent.provider,
                "number": sent.callback.number,
                "url": sent.callback.url,
                "outcome": sent.outcome,
                "copies": sent.copies,
                "statuses": sent.statuses,
                "at": sent.at,
            }
            for sent in self._sent
        ]

    def call_back(self, vendor: Vendor, later: Iterable[Callback], fault: str = "", late: float = 0.0) -> None:
        """Let these callbacks set out, each in its time."""
        for callback in later:
            self._begin(vendor, callback, self._times(vendor, callback, fault, late))
            if fault == "callback_forged":
                self._begin(vendor, _elsewhere(callback), (0.0,))

    async def send_early(self, vendor: Vendor, later: Iterable[Callback]) -> None:
        """Send these callbacks now, and wait until they were answered or are tried again."""
        tasks = [task for callback in later for task in self._begin(vendor, callback, (0.0,))]
        if tasks:
            await asyncio.wait(tasks, timeout=_EARLY)

    async def clear(self) -> None:
        """Call back what is under way, and forget everything."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._sent = []
        self._counts.clear()

    async def close(self) -> None:
        """Call back what is under way, and let go of the connections."""
        await self.clear()
        if self._client is not None:
            await self._client.aclose()

    def _times(self, vendor: Vendor, callback: Callback, fault: str, late: float) -> Sequence[float]:
        key = (vendor.name, callback.number)
        self._counts[key] += 1
        return journey(self._habits, self._seed, callback.number, self._counts[key] - 1, fault, late)

    def _begin(self, vendor: Vendor, callback: Callback, times: Sequence[float]) -> list[asyncio.Task[None]]:
        outcome = "under_way" if times else "lost"
        if times and not _loopback(callback.url):
            outcome, times = "refused", ()
        sent = _Sent(vendor.name, callback, copies=len(times), outcome=outcome, out=len(times))
        self._sent.append(sent)
        tasks = [asyncio.create_task(self._travel(vendor, sent, time)) for time in times]
        for task in tasks:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return tasks

    async def _travel(self, vendor: Vendor, sent: _Sent, wait: float) -> None:
        """Send one copy until it is taken or the vendor gives up."""
        for pause in (wait, *vendor.delivery.pauses):
            await asyncio.sleep(pause)
            status = await self._post(sent.callback)
            sent.statuses.append(status)
            if status in vendor.delivery.taken:
                sent.taken = True
                break
        sent.came_home()

    async def _post(self, callback: Callback) -> int | None:
        """The status of one POST, None where there was none."""
        if self._client is None:
            limits = httpx.Limits(max_connections=_SIDE_BY_SIDE)
            self._client = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(_TIMEOUT, pool=None), limits=limits)
        try:
            headers = {"content-type": callback.content_type}
            answer = await self._client.post(callback.url, content=callback.body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        return answer.status_code


def _loopback(url: str) -> bool:
    """Whether an address is on this machine and nowhere else."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return here and parts.scheme in ("http", "https")


def _elsewhere(callback: Callback) -> Callback:
    """The same to an address that was never given out: the last character of its path is another."""
    parts = urlsplit(callback.url)
    last = "0" if parts.path[-1:] != "0" else "1"
    return Callback(
        parts._replace(path=parts.path[:-1] + last).geturl(), callback.body, callback.number, callback.content_type
    )
