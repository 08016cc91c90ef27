"""What became of a request to Infobip whose reply never came: its entries in the log, looked up by when it was sent.

Source: Infobip OpenAPI 3.210.0, `GET /number/1/logs`, with sentSince and sentUntil; the log tells of every lookup of
the last 48 hours. How far it lags behind is not documented.
"""

import json
from collections.abc import Sequence, Set

import httpx

from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Later, Poll, Waiting
from ringfence.providers.infobip_logs import PAGE, is_done, moment
from ringfence.providers.infobip_markup import LISTS, NUMBER, document
from ringfence.providers.matching import Matched, matched, results
from ringfence.providers.provider import Traced
from ringfence.providers.reading import field
from ringfence.providers.windows import Page, Window, around, clock_of, covered, wanted, widest, window_of

# An exchange takes a minute at most; asked a quarter of an hour later, and while the log surely tells.
TRACED = Traced(early=60, late=180, after=900, until=47 * 3600)
# Under which a part of a page says how many entries the whole one had.
_ENTRIES = "entries"


def by_time(waiting: Waiting, base_url: str) -> list[Poll]:
    """The pages of the log that may still tell of a request; in JSON, whatever its own answers come in."""
    if not (waiting.unanswered or waiting.unpriced):
        return []
    pages = _pages(waiting.told, waiting.asked)
    return [_poll(window, base_url) for window in wanted(around(waiting.sent_at, TRACED), pages, TRACED)]


def _poll(window: Window, base_url: str) -> Poll:
    ends = {"sentSince": window.since, "sentUntil": window.until}
    times = {name: f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000" for name, at in ends.items()}
    url = httpx.URL(f"{base_url}/number/1/logs", params={**times, "limit": str(PAGE)})
    return Poll("log", window.ref, httpx.Request("GET", url, headers={"Accept": "application/json"}), shared=True)


def part(page: bytes, asked: Sequence[Phone], others: Set[str]) -> bytes:
    """The entries about these numbers and of no other request, and how many there were; empty for what is no page."""
    entries = results(document(page), LISTS)
    if entries is None:
        return b""
    found = matched(entries, NUMBER, asked)
    mine = [
        entry
        for about in found.items.values()
        for entry in about
        if others.isdisjoint(map(str, (entry.get("bulkId"), entry.get("messageId"))))
    ]
    return json.dumps({LISTS[0]: mine, _ENTRIES: len(entries)}, separators=(",", ":")).encode()


def uncharged(told: Sequence[Later], asked: Sequence[Phone]) -> str | None:
    """That the log, whole and asked late enough, has nothing about any of these numbers when they were sent."""
    pages = _pages(told, asked)
    root = widest(pages)
    if root is None or any(_about(later, asked).items for later in told) or not covered(root, pages, TRACED):
        return None
    return f"the log of {root.since:%Y-%m-%d %H:%M:%S} to {root.until:%H:%M:%S} UTC has nothing about it: not charged"


def _pages(told: Sequence[Later], asked: Sequence[Phone]) -> list[Page]:
    return [page for later in told if later.source == "log" and (page := _page(later, asked))]


def _page(later: Later, asked: Sequence[Phone]) -> Page | None:
    window, read = window_of(later.ref), document(later.reply.body)
    listed = results(read, LISTS)
    if window is None or later.reply.status != 200 or listed is None:
        return None
    counted = field(read, _ENTRIES)
    about = [
        entry
        for each in _about(later, asked).items.values()
        for entry in each
        if window.holds(moment(entry.get("sentAt")))
    ]
    return Page(
        window=window,
        full=max(len(listed), counted if isinstance(counted, int) else 0) >= PAGE,
        pending=not all(map(is_done, about)),
        at=later.at,
        clock=clock_of(later.reply),
    )


def _about(later: Later, asked: Sequence[Phone]) -> Matched:
    return matched(results(document(later.reply.body), LISTS) or (), NUMBER, asked)
