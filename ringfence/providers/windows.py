"""Looking a request up in a vendor's log by the time at which it was sent: what to ask, and when nothing was left out.

No number stands in such an address. A full page says nothing of what it leaves out, in whatever order it is: its window
is asked about again in halves. Pure, and no vendor's words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ringfence.http.exchange import Reply
from ringfence.providers.provider import Traced
from ringfence.providers.reading import moment

# A window is not halved below this; what fits into no page then stays unknown.
_SHORTEST = timedelta(milliseconds=50)
_MILLISECOND = timedelta(milliseconds=1)
# How far a vendor's clock may be from ours: what is looked for by time is not missed by less.
_SKEW = timedelta(seconds=30)
_REF = re.compile(r"sent (\S{10,32})/(\S{10,32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when (UTC) something was sent; whether the ends are in it does not matter."""

    since: datetime
    until: datetime

    @property
    def ref(self) -> str:
        """What a poll about this window is known by."""
        return f"sent {_iso(self.since)}/{_iso(self.until)}"

    def halves(self) -> Sequence["Window"]:
        """Two windows that overlap by a millisecond and cover this one; none for one that is too short."""
        if self.until - self.since <= _SHORTEST:
            return ()
        middle = _whole(self.since + (self.until - self.since) / 2)
        return Window(self.since, middle + _MILLISECOND), Window(middle, self.until)

    def holds(self, sent: datetime | None) -> bool:
        """Whether something that was sent then is in it."""
        return sent is not None and self.since <= sent <= self.until


@dataclass(frozen=True, slots=True)
class Page:
    """What a vendor told of a window.

    `full`: it may have left something out. `pending`: it tells of one of our numbers, and not what became of it. `at`
    is when it was received by our clock, `clock` by the vendor's.
    """

    window: Window
    full: bool
    pending: bool
    at: datetime | None
    clock: datetime | None


def around(sent_at: datetime, traced: Traced) -> Window:
    """When a request that was sent then came in, in whole milliseconds."""
    since, until = sent_at - timedelta(seconds=traced.early), sent_at + timedelta(seconds=traced.late)
    return Window(_whole(since), _whole(until) + _MILLISECOND)


def window_of(ref: str) -> Window | None:
    """The window that a poll was about, None where it was about something else."""
    found = _REF.fullmatch(ref)
    ends = [moment(each, datetime.fromisoformat) for each in found.groups()] if found else []
    return Window(*ends) if all(ends) and ends else None  # type: ignore[arg-type]


def clock_of(reply: Reply) -> datetime | None:
    """When a reply was made, by its vendor's clock."""
    return time_told(reply.headers)


def time_told(headers: Mapping[str, str]) -> datetime | None:
    """The time that the headers of a reply tell."""
    return moment(headers.get("date", ""), parsedate_to_datetime)


def agree(clock: datetime | None, ours: datetime) -> bool:
    """Whether a vendor's clock, where it tells the time, is near to ours."""
    return clock is None or abs(clock - ours) <= _SKEW


def wanted(root: Window, pages: Sequence[Page], traced: Traced) -> list[Window]:
    """The windows that are still to be asked about; none when all is told, or cannot be."""
    mine = [page for page in pages if page.window == root]
    if any(page.full for page in mine):
        return [each for half in root.halves() for each in wanted(half, pages, traced)]
    if any(_sure(page, traced) and not page.pending for page in mine):
        return []
    return [root]


def covered(root: Window, pages: Sequence[Page], traced: Traced) -> bool:
    """Whether nothing that was sent in a window can have been left out of what was told."""
    mine = [page for page in pages if page.window == root]
    if any(page.full for page in mine):
        halves = root.halves()
        return bool(halves) and all(covered(half, pages, traced) for half in halves)
    return any(_sure(page, traced) for page in mine)


def widest(pages: Sequence[Page]) -> Window | None:
    """The window that a request was looked for in first."""
    return max((page.window for page in pages), key=lambda window: window.until - window.since, default=None)


def _sure(page: Page, traced: Traced) -> bool:
    """Whether a page that is not full tells all of its window: late enough, not too late, by clocks that agree."""
    if page.at is None or page.clock is None or not agree(page.clock, page.at):
        return False
    after, until = timedelta(seconds=traced.after), timedelta(seconds=traced.until)
    return page.window.until + after <= page.at <= page.window.since + until


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
