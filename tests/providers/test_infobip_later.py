"""Infobip's asynchronous lookup from the request to the price, between the provider and its double."""

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from ringfence.http.exchange import Reply
from ringfence.lookups.answers import Kept, read
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Waiting
from ringfence.providers.infobip import PROVIDER
from ringfence.providers.lookup import Outcome
from ringfence.providers.provider import Ask
from ringfence.simulator.journeys import Habits
from ringfence.simulator.server import Settings, running
from tests.simulator.receiving import receiving, until

NUMBERS = [Phone(f"+31612{number:06d}") for number in range(0, 999_000, 9_990)]
SLOPPY = Habits((0.0, 0.05), loss=0.2, twice=0.2, shuffle=True)


def as_reply(answer: httpx.Response) -> Reply:
    """What the client gives back."""
    return Reply(answer.status_code, {key.lower(): value for key, value in answer.headers.items()}, answer.content)


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("count", [1, len(NUMBERS)])
def test_what_is_lost_is_found_in_the_log(form: str, count: int) -> None:
    """With callbacks lost, doubled and reordered every number ends with one answer, and all prices are the bill."""
    assert isinstance(PROVIDER, Collectable)
    asked, options = NUMBERS[:count], {"format": form}
    with (
        receiving() as receiver,
        running(Settings(callbacks=SLOPPY, strict=True)) as urls,
        httpx.Client(headers={"Authorization": "App key"}) as client,
    ):
        base = urls["infobip"]

        def send(request: httpx.Request) -> Reply:
            return as_reply(
                client.request(request.method, request.url, content=request.read(), headers=request.headers)
            )

        kept = [Kept(1, "response", "", send(PROVIDER.request(Ask("notify", asked, "", base, options, receiver.url))))]
        first = read(PROVIDER, "notify", kept, asked, given_up=False)
        assert first.parsed.verdict == "awaiting"
        until(lambda: all(row["outcome"] != "under_way" for row in callbacks(base)))
        kept += [
            Kept(number, "callback", "", Reply(200, {"content-type": post.content_type}, post.body))
            for number, post in enumerate(receiver.posts, 2)
        ]
        lost = any(row["outcome"] == "lost" for row in callbacks(base))
        time.sleep(0.15)
        called = read(PROVIDER, "notify", kept, asked, given_up=False)
        assert bool(called.unanswered) == lost
        assert called.unpriced
        waiting = Waiting("notify", asked, datetime.now(UTC), first.accepted, called.unanswered, called.unpriced)
        for poll in PROVIDER.polls(waiting, base, options):
            kept.append(Kept(len(kept) + 1, poll.source, poll.ref, send(poll.request)))
        done = read(PROVIDER, "notify", kept, asked, given_up=True)
        bill = httpx.get(f"{base}/_simulator/charges").json()["totals"]
    assert done.parsed.verdict == "answered"
    assert [one.phone for one in done.parsed.lookups] == asked
    assert all(one.priced_late and one.outcome is not Outcome.PENDING for one in done.parsed.lookups)
    assert sum(one.price or 0 for one in done.parsed.lookups) == 10_000_000 * count
    assert bill == {"EUR": f"{count / 100:.9f}"}


def callbacks(base: str) -> list[dict[str, Any]]:
    """What the simulator says of its callbacks."""
    found = httpx.get(f"{base}/_simulator/callbacks").json()["callbacks"]
    assert isinstance(found, list)
    return found
