"""Callbacks as simulated: when they come, how often, to whom, and that a run can be repeated."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ringfence.cli.main import app
from ringfence.errors import RingfenceError
from ringfence.simulator.faults import CALLBACKS
from ringfence.simulator.journeys import Habits, journey
from ringfence.simulator.server import Settings, running
from tests.simulator.receiving import Receiver, receiving, until

KEY = {"Authorization": "App key"}
NUMBERS = ["31612000011", "31612000012", "31612000013", "31612000014"]
AT_ONCE = Habits(delay=(0.0, 0.0))


@contextmanager
def infobip(habits: Habits = AT_ONCE, *rules: dict[str, Any], folder: Path | None = None) -> Iterator[httpx.Client]:
    """A client of a simulated Infobip whose callbacks have these habits, under these rules."""
    scenario = "none"
    if folder is not None:
        file = folder / "scenario.yaml"
        file.write_text(json.dumps(rules))
        scenario = str(file)
    with (
        running(Settings(callbacks=habits, scenario=scenario)) as urls,
        httpx.Client(base_url=urls["infobip"], headers=KEY) as client,
    ):
        yield client


def notify(client: httpx.Client, url: str, *numbers: str) -> list[str]:
    """Ask for numbers to be called back; gives those whose answer is to come."""
    body = {"to": list(numbers or NUMBERS), "notifyUrl": url, "notifyContentType": "application/json"}
    results = client.post("/number/1/notify", json=body).raise_for_status().json()["results"]
    return [result["to"] for result in results if result["status"]["groupName"] == "PENDING"]


def rows(client: httpx.Client) -> list[dict[str, Any]]:
    """What the simulator says of its callbacks."""
    found = client.get("/_simulator/callbacks").raise_for_status().json()["callbacks"]
    assert isinstance(found, list)
    return found


def told(receiver: Receiver) -> list[str]:
    """The numbers of all results that came, in the order of their coming."""
    return [result["to"] for post in receiver.posts for result in json.loads(post.body)["results"]]


def settled(client: httpx.Client) -> Callable[[], bool]:
    """Whether nothing is under way any more."""
    return lambda: all(row["outcome"] != "under_way" for row in rows(client))


def test_every_accepted_number_is_called_back_once(mobiles: Callable[[int], list[str]]) -> None:
    """What was accepted comes by POST to the address that was given, charged when it was accepted, recorded."""
    with receiving() as receiver, infobip() as client:
        waited = notify(client, f"{receiver.url}/callbacks/abc", *mobiles(60))
        charged = client.get("/_simulator/charges").json()["charges"]
        until(settled(client))
        found = rows(client)
    assert sorted(told(receiver)) == sorted(waited)
    assert {(post.path, post.content_type) for post in receiver.posts} == {("/callbacks/abc", "application/json")}
    assert [row["number"] for row in charged] == [f"+{number}" for number in mobiles(60)]
    assert len(found) == len(receiver.posts)
    for row in found:
        assert (row["provider"], row["outcome"], row["copies"], row["statuses"]) == ("infobip", "delivered", 1, [200])


@given(
    seed=st.integers(0, 9), number=st.from_regex(r"\+[1-9][0-9]{7,12}", fullmatch=True), nth=st.integers(0, 3),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)), delay=st.tuples(st.floats(0, 2), st.floats(0, 2)),
)  # fmt: skip
def test_a_journey_is_a_function_of_seed_and_number(
    seed: int, number: str, nth: int, shares: tuple[float, float], delay: tuple[float, float]
) -> None:
    """The same callback of the same run sets out at the same times; never before its delay, at most two times."""
    loss, twice = shares
    habits = Habits((min(delay), max(delay)), loss, twice, shuffle=nth % 2 == 0)
    times = journey(habits, seed, number, nth)
    assert times == journey(habits, seed, number, nth)
    assert len(times) <= 2
    assert all(min(delay) <= each <= 2 * max(delay) + 0.4 for each in times)
    assert list(times) == sorted(times)
    assert not (loss == 0 and not times)
    assert journey(habits, seed, number, nth, "callback_lost") == ()
    assert len(journey(habits, seed, number, nth, "callback_twice")) == 2
    (late,) = journey(habits, seed, number, nth, "callback_late", 3.0)
    assert late >= 3.0 + min(delay)


def test_shares_are_what_they_say(mobiles: Callable[[int], list[str]]) -> None:
    """Of many callbacks a fifth is lost and a fifth of the others is doubled, and a shuffle changes their order."""
    habits = Habits(loss=0.2, twice=0.2, shuffle=True)
    copies = [len(journey(habits, 1, number, 0)) for number in mobiles(2000)]
    assert 340 <= copies.count(0) <= 460
    assert 260 <= copies.count(2) <= 380
    first = [times[0] for number in mobiles(200) if (times := journey(habits, 1, number, 0))]
    assert first != sorted(first)
    assert [journey(habits, 2, number, 0) for number in mobiles(50)] != [
        journey(habits, 1, number, 0) for number in mobiles(50)
    ]


def test_a_run_with_losses_is_repeated(mobiles: Callable[[int], list[str]]) -> None:
    """After a reset the same requests lose and double the same callbacks."""
    habits = Habits((0.0, 0.01), 0.3, 0.3, shuffle=True)
    with receiving() as receiver, infobip(habits) as client:
        runs = []
        for _ in range(2):
            for number in mobiles(40):
                notify(client, receiver.url, number)
            until(settled(client))
            runs.append([(row["number"], row["outcome"], row["copies"]) for row in rows(client)])
            client.post("/_simulator/reset").raise_for_status()
            assert rows(client) == []
    assert runs[0] == runs[1]
    assert {outcome for _, outcome, _ in runs[0]} == {"delivered", "lost"}
    assert len(receiver.posts) == 2 * sum(copies for _, _, copies in runs[0])


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.10/callbacks",
        "https://example.com/callbacks",
        "http://127.0.0.1.example.com/",
        "http://[2001:db8::1]/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:notaport/",
        "//127.0.0.1/",
        "",
    ],
)
def test_nothing_leaves_this_machine(url: str) -> None:
    """An address that is not on loopback, or is none, is refused and recorded; the request itself is as ever."""
    with infobip() as client:
        waited = notify(client, url)
        found = rows(client)
    assert waited
    assert found
    assert {(row["outcome"], row["copies"], len(row["statuses"])) for row in found} == {("refused", 0, 0)}


def test_a_callback_is_tried_again_until_it_is_taken() -> None:
    """Anything but success is tried again, after pauses; a redirect is not followed."""
    with receiving([500, 302, 200]) as receiver, infobip() as client:
        notify(client, receiver.url, NUMBERS[0])
        until(settled(client))
        (row,) = rows(client)
    assert (row["outcome"], row["statuses"]) == ("delivered", [500, 302, 200])
    assert len({post.body for post in receiver.posts}) == 1
    assert receiver.posts[1].at - receiver.posts[0].at >= 0.15


def test_a_callback_is_given_up() -> None:
    """A receiver that never takes it, or that nobody runs, ends in `given_up` with every status that there was."""
    with receiving([503] * 9) as receiver, infobip() as client:
        notify(client, receiver.url, NUMBERS[0])
        until(settled(client))
        (row,) = rows(client)
        assert (row["outcome"], row["statuses"]) == ("given_up", [503] * 4)
    with infobip() as client:
        notify(client, receiver.url, NUMBERS[0])
        until(settled(client))
        (row,) = rows(client)
    assert (row["outcome"], row["statuses"]) == ("given_up", [None] * 4)


def test_faults_of_callbacks(tmp_path: Path) -> None:
    """One after the other: lost, sent twice, late, and beside forged ones; the acknowledgements are as ever."""
    faults = ["callback_lost", "callback_twice", "callback_late", "callback_forged"]
    rules = [{"when": {"nth": nth}, "fault": fault, "seconds": 0.5} for nth, fault in enumerate(faults, 1)]
    with receiving() as receiver, infobip(AT_ONCE, *rules, folder=tmp_path) as client:
        for position, _ in enumerate(faults):
            started = time.monotonic()
            assert notify(client, f"{receiver.url}/{position}", NUMBERS[0]) == NUMBERS[:1]
            until(settled(client))
        charged = client.get("/_simulator/charges").json()["totals"]
    by_path: dict[str, list[Any]] = {}
    for post in receiver.posts:
        by_path.setdefault(post.path, []).append(post)
    assert {path: len(posts) for path, posts in by_path.items()} == {"/1": 2, "/2": 1, "/3": 3, "/0": 3}
    assert by_path["/2"][0].at - by_path["/1"][0].at >= 0.5
    assert time.monotonic() - started < 10
    bodies = [json.loads(post.body) for post in by_path["/3"]]
    assert [body["results"][0]["to"] in NUMBERS for body in bodies].count(False) == 1
    # The copies at "/0" went to an address that was never given out for this request.
    assert sorted(post.body for post in by_path["/0"]) == sorted(post.body for post in by_path["/3"])
    assert charged == {"EUR": "0.040000000"}


def test_an_early_callback_comes_before_its_acknowledgement(tmp_path: Path) -> None:
    """The callback has been received when the acknowledgement of its request arrives."""
    rule = {"when": "always", "fault": "callback_early"}
    with receiving() as receiver, infobip(Habits(delay=(5.0, 5.0)), rule, folder=tmp_path) as client:
        assert notify(client, receiver.url, NUMBERS[0]) == NUMBERS[:1]
        assert told(receiver) == NUMBERS[:1]


def test_a_lost_acknowledgement_is_called_back_all_the_same(tmp_path: Path) -> None:
    """A request whose answer broke off was accepted, charged and is answered; one that was never read is not."""
    rules = [
        {"when": {"nth": 1}, "fault": "drop_unanswered"},
        {"when": {"nth": 2}, "fault": "drop_unread"},
        {"when": {"nth": 3}, "fault": "status", "status": 500, "billed": True},
        {"when": {"nth": 4}, "fault": "status", "status": 503},
    ]
    body = {"to": NUMBERS[:1], "notifyContentType": "application/json"}
    with receiving() as receiver, infobip(AT_ONCE, *rules, folder=tmp_path) as client:
        for position in range(2):
            with pytest.raises(httpx.TransportError):
                client.post("/number/1/notify", json={**body, "notifyUrl": f"{receiver.url}/{position}"})
        for position in (2, 3):
            client.post("/number/1/notify", json={**body, "notifyUrl": f"{receiver.url}/{position}"})
        until(lambda: len(receiver.posts) == 2)
        until(settled(client))
        assert client.get("/_simulator/charges").json()["totals"] == {"EUR": "0.020000000"}
    assert [post.path for post in receiver.posts] == ["/0", "/2"]


def test_a_server_that_ends_calls_back_what_is_under_way() -> None:
    """Neither a reset nor the end waits for callbacks that are to come, and none comes after it."""
    with receiving() as receiver:
        started = time.monotonic()
        with infobip(Habits(delay=(30.0, 30.0))) as client:
            notify(client, receiver.url)
            client.post("/_simulator/reset").raise_for_status()
            notify(client, receiver.url)
            assert {row["outcome"] for row in rows(client)} == {"under_way"}
        assert time.monotonic() - started < 10
    assert receiver.posts == []


def test_all_faults_of_callbacks_leave_the_answer_alone(tmp_path: Path) -> None:
    """Under every fault of callbacks a query is answered as it is without."""
    rules = [{"when": {"nth": nth}, "fault": fault} for nth, fault in enumerate(sorted(CALLBACKS), 1)]
    with infobip(AT_ONCE, *rules, folder=tmp_path) as client:
        answers = [
            client.post("/number/1/query", json={"to": NUMBERS}).json()["results"] for _ in range(len(rules) + 1)
        ]
    assert all(answer == answers[-1] for answer in answers)


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--callback-delay", "fast", "--callback-delay takes a time such as 50ms or 2s, not 'fast'"),
        ("--callback-delay", "2s..50ms", "takes the shorter time first"),
        ("--callback-delay", "50ms..", "takes a time such as"),
        ("--callback-loss", "0.2", "--callback-loss takes a share such as 20%, not '0.2'"),
        ("--callback-twice", "120%", "--callback-twice takes a share"),
    ],
)
def test_options_that_say_nothing(option: str, value: str, complaint: str) -> None:
    """A delay or a share that cannot be read is a sentence that shows how it is written."""
    result = CliRunner().invoke(app, ["simulate", option, value])
    assert isinstance(result.exception, RingfenceError)
    assert complaint in str(result.exception)
