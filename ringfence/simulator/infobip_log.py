"""Infobip's log of what was looked up: kept for 48 hours, read by page, 60 times a minute.

Source: Infobip OpenAPI 3.210.0, `GET /number/1/logs`, and for the older spelling of a key and another offset the page
"Sent lookup logs" of 2015. It states status and price, and nothing of networks, porting or roaming.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from starlette.datastructures import QueryParams

from ringfence.simulator.bill import Price, decimal_text
from ringfence.simulator.vendor import Payload

KEPT = 48 * 3600.0
CALLS, A_MINUTE = 60, 60.0
_USUAL, MOST = 50, 1000
_PENDING = {
    "groupId": 1,
    "groupName": "PENDING",
    "id": 7,
    "name": "PENDING_ENROUTE",
    "description": "Message sent to next instance",
}
# What a log says of a lookup that has not been answered has no error.
_NO_ERROR = {"groupId": 0, "groupName": "Ok", "id": 0, "name": "NO_ERROR", "description": "No Error"}
_WINTER = timezone(timedelta(hours=1))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:[+-]\d\d:?\d\d|Z)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One lookup: its ids, the item that answers it, its price, when it was sent and answered (seconds, UTC)."""

    message_id: str
    bulk_id: str | None
    item: Payload
    price: Price
    sent: float
    done: float
    dice: int


@dataclass(slots=True)
class Log:
    """The entries, oldest first, and when the log was read; `clock` gives seconds since 1970 UTC."""

    clock: Callable[[], float] = time.time
    _entries: deque[Entry] = field(default_factory=deque)
    _reads: deque[float] = field(default_factory=deque)

    def add(self, entries: Iterable[Entry]) -> None:
        """Note lookups, and drop those that are too old to be told."""
        self._entries.extend(entries)
        while self._entries and self._entries[0].sent < self.clock() - KEPT:
            self._entries.popleft()

    def clear(self) -> None:
        """Forget the lookups, and how often they were asked for."""
        self._entries.clear()
        self._reads.clear()

    def throttled(self) -> bool:
        """Count one call; whether it is one too many in the minute before it."""
        now = self.clock()
        while self._reads and self._reads[0] <= now - A_MINUTE:
            self._reads.popleft()
        if len(self._reads) >= CALLS:
            return True
        self._reads.append(now)
        return False

    def page(self, query: QueryParams) -> list[Payload] | None:
        """What the parameters choose, the newest first; None where they cannot be read."""
        since, until = (_moment(query.get(name)) for name in ("sentSince", "sentUntil"))
        limit = query.get("limit", str(_USUAL))
        if since is None or until is None or not re.fullmatch(r"\d{1,6}", limit, re.ASCII) or not int(limit):
            return None
        now = self.clock()
        bounds = (max(since[0], now - KEPT), until[1])
        chosen = (
            told
            for entry in reversed(self._entries)
            if bounds[0] <= entry.sent <= bounds[1] and _asked_for(query, told := _told(entry, now), entry)
        )
        return [told for told, _ in zip(chosen, range(min(int(limit), MOST)), strict=False)]


def _asked_for(query: QueryParams, told: Payload, entry: Entry) -> bool:
    """Whether every parameter that names a lookup names this one; those that may be repeated name any."""
    code = str(entry.item.get("mccMnc", ""))
    facts: Mapping[str, str | None] = {
        "to": told["to"],
        "bulkId": entry.bulk_id,
        "messageId": entry.message_id,
        "generalStatus": told["status"]["groupName"],
        "mcc": code[:3],
        "mnc": code[3:],
    }
    return all(name not in query or fact in query.getlist(name) for name, fact in facts.items())


def _told(entry: Entry, now: float) -> Payload:
    """An entry as the log tells it: pending until it was answered."""
    offset = UTC if entry.dice % 2 else _WINTER
    answered = now >= entry.done
    told: Payload = {"bulkId": entry.bulk_id} if entry.bulk_id else {}
    told |= {"messageId": entry.message_id, "to": entry.item["to"], "sentAt": _text(entry.sent, offset)}
    if not answered:
        return told | {"status": _PENDING, "error": _NO_ERROR | {"permanent": False}}
    told["doneAt"] = _text(entry.done, offset)
    if "mccMnc" in entry.item:
        told["mccMnc" if entry.dice % 3 else "mccmnc"] = entry.item["mccMnc"]
    # A JSON number, as the vendor writes it: the shortest text of a double has every digit of an amount in nanos.
    told["price"] = {"pricePerLookup": float(decimal_text(entry.price.amount)), "currency": entry.price.currency}
    return told | {"status": entry.item["status"], "error": entry.item["error"]}


def _text(moment: float, offset: timezone) -> str:
    """`yyyy-MM-dd'T'HH:mm:ss.SSSZ`: the offset without a colon."""
    written = datetime.fromtimestamp(moment, offset).isoformat(timespec="milliseconds")
    return written[:-3] + written[-2:]


def _moment(text: str | None) -> tuple[float, float] | None:
    """The millisecond that is meant, from its begin to its end; all of time for none, None where it cannot be read."""
    if text is None:
        return float("-inf"), float("inf")
    if not _MOMENT.fullmatch(text):
        return None
    try:
        begin = datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
    return begin, begin + 0.001
