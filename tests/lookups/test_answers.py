"""Reading an attempt from all of its replies: whatever came, however often and in which order, is read alike."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.lookups.answers import Kept, Read, read
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Outcome
from tests.sixth.providers.acme import PROVIDER

ASKED = [Phone(f"+3161234100{place}") for place in range(6)]
ACCEPTED = Kept(1, "response", "", Reply(200, {}, b'{"batch": "b"}'))
# What one reply tells of a number: nothing, half of it, or all.
TOLD = st.sampled_from(["absent", "partial", "whole"])
REPLIES = st.lists(st.lists(TOLD, min_size=len(ASKED), max_size=len(ASKED)), max_size=4)


def item(phone: Phone, told: str) -> dict[str, Any]:
    """One of Acme's results."""
    return {"number": phone.digits, "reachable": True if told == "whole" else None, "network": "20408", "cost": 0.001}


def later(place: int, told: list[str]) -> Kept:
    """A reply that tells this of each number."""
    items = [item(phone, each) for phone, each in zip(ASKED, told, strict=True) if each != "absent"]
    return Kept(place, "poll", "b", Reply(200, {}, json.dumps({"results": items}).encode()))


def reading(kept: list[Kept], *, given_up: bool) -> Read:
    """What Acme's `soon` makes of these replies."""
    return read(PROVIDER, "soon", kept, ASKED, given_up=given_up)


@given(REPLIES, st.randoms(), st.booleans())
def test_order_and_repetition_do_not_matter(replies: list[list[str]], chance: Any, given_up: bool) -> None:  # noqa: FBT001
    """The same replies in any order, any of them twice, give the same answers and the same verdict."""
    kept = [later(place, told) for place, told in enumerate(replies, 2)]
    mixed = [*kept, *chance.sample(kept, len(kept) // 2)]
    chance.shuffle(mixed)
    one, other = reading([ACCEPTED, *kept], given_up=given_up), reading([ACCEPTED, *mixed], given_up=given_up)
    assert (one.parsed.lookups, one.parsed.verdict) == (other.parsed.lookups, other.parsed.verdict)


@given(REPLIES)
def test_every_number_is_answered_or_waited_for_once(replies: list[list[str]]) -> None:
    """What any reply tells is an answer, a whole one before a partial one; all else is waited for, and then doubted."""
    kept = [ACCEPTED, *(later(place, told) for place, told in enumerate(replies, 2))]
    best = {
        phone: max((told[place] for told in replies), key=["absent", "partial", "whole"].index, default="absent")
        for place, phone in enumerate(ASKED)
    }
    expected = {
        phone: Outcome.COMPLETE if told == "whole" else Outcome.PARTIAL
        for phone, told in best.items()
        if told != "absent"
    }
    now, end = reading(kept, given_up=False), reading(kept, given_up=True)
    assert {one.phone: one.outcome for one in now.parsed.lookups} == expected
    assert [one.phone for one in now.parsed.lookups] == [phone for phone in ASKED if phone in expected]
    assert now.parsed.verdict == ("answered" if len(expected) == len(ASKED) else "awaiting")
    assert end.parsed.verdict == ("answered" if expected else "doubt")
    assert set(end.unanswered) == set(ASKED) - expected.keys()


@given(st.binary(max_size=60), st.integers(100, 599))
def test_whatever_comes_later_is_kept_and_harmless(body: bytes, status: int) -> None:
    """A body that nobody can read, under any status, leaves the attempt waiting for one that can be read."""
    strange = Kept(2, "poll", "b", Reply(status, {}, body))
    assert reading([ACCEPTED, strange], given_up=False).parsed.verdict == "awaiting"
    whole = later(3, ["whole"] * len(ASKED))
    assert len(reading([ACCEPTED, strange, whole], given_up=False).parsed.lookups) == len(ASKED)


def test_an_answer_without_its_acknowledgement_counts() -> None:
    """A process that died before it stored the first reply loses nothing: the answer proves that there was one."""
    told = reading([later(2, ["whole"] * len(ASKED))], given_up=False)
    assert (told.parsed.verdict, len(told.parsed.lookups)) == ("answered", len(ASKED))
    half = reading([later(2, ["whole", *["absent"] * (len(ASKED) - 1)])], given_up=False)
    assert half.parsed.verdict == "doubt"
