"""Looking a request up by time: every moment of its window is told of, or nothing is concluded from what is not."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ringfence.providers.provider import Traced
from ringfence.providers.windows import Page, Window, around, covered, wanted, widest, window_of

SENT = datetime(2026, 11, 22, 5, 23, 42, 123_456, tzinfo=UTC)
TRACED = Traced(early=60, late=180, after=900, until=47 * 3600)
ROOT = around(SENT, TRACED)
ASKED_AT = ROOT.until + timedelta(seconds=900)
# When other lookups were sent, in milliseconds after the window begins.
SENDINGS = st.lists(st.integers(0, 240_000), max_size=60)


def page(window: Window, sendings: list[int], most: int, at: datetime = ASKED_AT) -> Page:
    """What a log with pages of so many entries tells of a window."""
    moments = [ROOT.since + timedelta(milliseconds=each) for each in sendings]
    full = sum(map(window.holds, moments)) >= most
    return Page(window, full=full, pending=False, at=at, clock=at)


@given(SENDINGS, st.integers(2, 20))
def test_a_log_is_read_whole_or_not_believed(sendings: list[int], most: int) -> None:
    """Asking for what is wanted ends; then every entry is on a page that left nothing out, or nothing is concluded."""
    pages: list[Page] = []
    for _ in range(2000):
        asked = wanted(ROOT, pages, TRACED)
        if not asked:
            break
        assert len({window.ref for window in asked}) == len(asked)
        pages += [page(asked[0], sendings, most)]
    assert wanted(ROOT, pages, TRACED) == []
    whole = [each.window for each in pages if not each.full]
    moments = [ROOT.since + timedelta(milliseconds=each) for each in range(0, 240_001, 500)]
    moments += [ROOT.since + timedelta(milliseconds=each) for each in sendings]
    seen = all(any(window.holds(moment) for window in whole) for moment in moments)
    if covered(ROOT, pages, TRACED):
        assert seen
    else:
        crowded = [window for window in (each.window for each in pages if each.full) if not window.halves()]
        assert crowded
    assert widest(pages) == ROOT


@given(st.timedeltas(timedelta(days=-3), timedelta(days=3)), st.timedeltas(timedelta(hours=-1), timedelta(hours=1)))
def test_only_pages_of_the_right_time_and_clock_prove_anything(waited: timedelta, skew: timedelta) -> None:
    """A quarter of an hour after the window at the soonest, while the log remembers, and by clocks that agree."""
    at = ROOT.until + waited
    told = Page(ROOT, full=False, pending=False, at=at, clock=at + skew)
    right = timedelta(seconds=900) <= waited and at <= ROOT.since + timedelta(hours=47)
    assert covered(ROOT, [told], TRACED) == (right and abs(skew) <= timedelta(seconds=30))


def test_what_is_pending_is_asked_for_again() -> None:
    """A page that has the number and not its end leaves the window wanted, though nothing else can hide in it."""
    told = Page(ROOT, full=False, pending=True, at=ASKED_AT, clock=ASKED_AT)
    assert wanted(ROOT, [told], TRACED) == [ROOT]
    assert wanted(ROOT, [told, page(ROOT, [], 2)], TRACED) == []
    for unknown in (Page(ROOT, full=False, pending=False, at=None, clock=ASKED_AT),):
        assert not covered(ROOT, [unknown], TRACED)


@given(st.timedeltas(timedelta(days=-9000), timedelta(days=9000)).map(SENT.__add__))
def test_a_window_is_known_by_its_name(sent: datetime) -> None:
    """The reference of a poll gives its window back, to the millisecond, and holds what was sent then."""
    root = around(sent, TRACED)
    assert window_of(root.ref) == root
    assert root.holds(sent)
    assert all(window_of(half.ref) == half for half in root.halves())


def test_other_references_are_no_window() -> None:
    """Ids, broken times and nothing at all."""
    for ref in ("", "bulkId=1", "sent 1/2", "sent 2026-11-22T05:23:42/x" + 20 * "y", "id 123"):
        assert window_of(ref) is None
