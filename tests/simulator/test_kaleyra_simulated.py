"""Kaleyra as simulated: what it demands, how it answers, when details are ready, and that the bill is right."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringfence.simulator.server import Settings, running
from ringfence.simulator.subscribers import Line, State, Subscribers

SID = "HX0000000071US"
POST, DETAILS = f"/v1/{SID}/lookup", f"/api/v1/{SID}/lookup/get-info"
KEY = {"api-key": "Ac4key"}
NUMBERS = ["31612000011", "31612000012", "31612000013", "31612000014"]
NO_NUMBER = "2100000000"
FIELDS = [f"{which}_{part}" for which in ("current", "original") for part in ("mcc", "mnc", "operator")]
ALIVE = {State.REACHABLE, State.ABSENT, State.REFUSED, State.HANDED_OVER}
Item = dict[str, Any]


@contextmanager
def simulated(settings: Settings) -> Iterator[httpx.Client]:
    """A client of a simulator with these settings."""
    with running(settings) as urls, httpx.Client(base_url=urls["kaleyra"], headers=KEY) as client:
        yield client


@contextmanager
def faulty(folder: Path, *rules: Item) -> Iterator[httpx.Client]:
    """A client of a simulator under these rules."""
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(rules))
    with simulated(Settings(scenario=str(file))) as client:
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a simulator with seed 1."""
    with simulated(Settings(seed=1)) as client:
        yield client


@pytest.fixture(autouse=True)
def _fresh(client: httpx.Client) -> None:
    client.post("/_simulator/reset").raise_for_status()


def accept(client: httpx.Client, *numbers: str) -> Item:
    """What `data` says of numbers that were posted."""
    answer = client.post(POST, json={"mobile": list(numbers)}).raise_for_status()
    assert answer.status_code in (200, 201)
    assert answer.json()["error"] == {}
    data: Item = answer.json()["data"]
    return data


def tell(client: httpx.Client, *numbers: str) -> Item:
    """The answer to a GET."""
    answer: Item = client.get(f"{POST}/{','.join(numbers)}").raise_for_status().json()
    return answer


def details(client: httpx.Client, lookup_id: str) -> tuple[Item, int]:
    """The details of a lookup, and how often they were asked for until they were there."""
    for times in range(1, 5):
        answer = client.get(f"{DETAILS}/{lookup_id}")
        if answer.status_code == 404:
            assert answer.json()["error"]["code"] == "LKP404"
            continue
        data = answer.raise_for_status().json()["data"]
        found: Item = data[0] if isinstance(data, list) else data
        if "current_mcc" in found:
            return found, times
        assert not set(found) & set(FIELDS)
    raise AssertionError("never ready")


def charges(client: httpx.Client) -> list[dict[str, str]]:
    """The simulator's bill."""
    rows: list[dict[str, str]] = client.get("/_simulator/charges").json()["charges"]
    return rows


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", POST, KEY, 200),
        ("POST", POST, {}, 401),
        ("POST", POST, {"api-key": "wrong"}, 401),
        ("POST", "/v1/wrongSID/lookup", KEY, 401),
        ("POST", "/v1/{KALEYRA_SID}/lookup", KEY, 404),
        ("POST", "/v1//lookup", KEY, 404),
        ("POST", f"/v1/{SID}/lookups", KEY, 404),
        ("GET", POST, KEY, 405),
        ("POST", f"{POST}/31612000011", KEY, 405),
        ("GET", f"{POST}/31612000011", {"api-key": "wrong"}, 401),
        ("GET", f"{POST}/{','.join(['31612000011'] * 11)}", KEY, 400),
        ("GET", f"{DETAILS}/x:1", KEY, 404),
        ("GET", f"{DETAILS}/x:1", {}, 401),
        ("POST", f"{DETAILS}/x:1", KEY, 405),
        ("POST", POST, KEY | {"Content-Type": "text/plain"}, 400),
    ],
)
def test_what_is_refused(client: httpx.Client, method: str, path: str, headers: dict[str, str], status: int) -> None:
    """Key and account are demanded, and JSON; a refusal has an error with a code, and costs nothing."""
    content = json.dumps({"mobile": NUMBERS}).encode() if method == "POST" else None
    sent = {"Content-Type": "application/json", **headers}
    answer = httpx.request(method, client.base_url.join(path), content=content, headers=sent)
    assert answer.status_code == status or (status == 200 and answer.status_code == 201)
    assert len(charges(client)) == (len(NUMBERS) if status == 200 else 0)
    assert (answer.json()["error"] == {}) == (status == 200)


@pytest.mark.parametrize(
    "content",
    [
        b'{"mobile": []}',
        b'{"mobile": "31612000011"}',
        b'{"mobile": [31612000011]}',
        b"{}",
        b"[]",
        b"",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"mobile": ["31612000011"] * 101}).encode(),
    ],
    ids=lambda content: repr(content[:30]),
)
def test_bodies_that_are_refused(client: httpx.Client, content: bytes) -> None:
    """A request takes 1 to 100 numbers as texts; anything else is a 400 that costs nothing."""
    answer = client.post(POST, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "LKP400")
    assert charges(client) == []


def test_an_acknowledgement_is_the_documented_one(client: httpx.Client) -> None:
    """An id for each number, of the batch and its place, and an address with the place of the region as it is."""
    data = accept(client, *NUMBERS)
    assert (data["code"], data["message"]) == ("LKP201", "Request accepted successfully")
    assert (data["total_processed_count"], data["invalid_count"], data["duplicate_count"]) == (4, 0, 0)
    assert [each["mobile_number"] for each in data["data"]] == NUMBERS
    for place, each in enumerate(data["data"], 1):
        assert each["lookup_id"] == f"{data['id']}:{place}"
        assert each["url"] == f"https://api.{{pod}}.kaleyra.io{DETAILS}/{each['lookup_id']}"


def test_invalid_and_repeated_numbers_are_counted_and_not_named(client: httpx.Client) -> None:
    """There are fewer results than numbers; invalid ones are charged, repeated ones are not."""
    asked = [NUMBERS[0], NO_NUMBER, NUMBERS[1], NUMBERS[0], "+31612000013", "x"]
    for data in (accept(client, *asked), tell(client, *asked)):
        assert [each["mobile_number"] for each in data["data"]] == NUMBERS[:2]
        assert (data["invalid_count"], data["duplicate_count"], data["total_processed_count"]) == (3, 1, 2)
    assert Counter(row["product"] for row in charges(client)) == {"lookup": 5, "lookup_get": 5}
    assert {row["amount"] for row in charges(client)} == {"0.200000000"}


def test_details_are_not_ready_at_once(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """They come at the first, the second or the third asking, by the number alone, and cost nothing."""
    asked = mobiles(60)
    times = []
    for _ in range(2):
        data = accept(client, *asked)
        known = {each["mobile_number"]: each["lookup_id"] for each in data["data"]}
        times.append({number: details(client, lookup_id)[1] for number, lookup_id in known.items()})
        assert {data["invalid_count"]} == {60 - len(known)}
    assert times[0] == times[1]
    assert set(times[0].values()) == {1, 2, 3}
    assert len(charges(client)) == 120


def test_a_result_tells_the_truth_or_nothing(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """Networks by their codes, empty where they are not known, the same either way; the dialling code is a number."""
    truth = Subscribers(1)
    asked = [*mobiles(300), "31207654321", "442079460000"]
    results = [each for at in range(0, len(asked), 10) for each in tell(client, *asked[at : at + 10])["data"]]
    data = accept(client, *asked[:60])["data"]
    by_number = {each["mobile_number"]: each for each in results}
    for each in data:
        found = details(client, each["lookup_id"])[0]
        assert found == by_number[each["mobile_number"]] | {"lookup_id": each["lookup_id"]}
    for each in results:
        one = truth.find(each["mobile_number"])
        assert one.original is not None
        assert (each["country"], each["country_code"]) == (one.original.region, int(one.original.country_prefix))
        assert set(each) == {"lookup_id", "mobile_number", "country", "country_code", *FIELDS}
        told = one.state in ALIVE and one.line is Line.MOBILE
        current = each["current_mcc"] + each["current_mnc"]
        assert current == (one.current.mccmnc if told and one.current else "")
        assert each["original_mcc"] + each["original_mnc"] in ("", one.original.mccmnc)
    nothing = [each for each in results if not any(each[name] for name in FIELDS)]
    named = Counter(bool(each["current_operator"]) for each in results if each["current_mcc"])
    assert nothing
    assert named[True] > named[False] > 0


@pytest.mark.parametrize(
    ("count", "text"), [(1, "0.20000000000000001"), (3, "0.59999999999999998"), (4, "0.80000000000000004"), (5, "1")]
)
def test_the_price_is_a_double_printed_with_seventeen_digits(client: httpx.Client, count: int, text: str) -> None:
    """As in the sample: raw text of a JSON number, for all numbers together."""
    answer = client.get(f"{POST}/{','.join([*NUMBERS, '31612000015'][:count])}")
    assert answer.headers["content-type"] == "application/json"
    assert f'"price":{text},' in answer.text
    assert json.loads(answer.text)["code"] == "LKP200"


def test_requests_are_recorded(client: httpx.Client) -> None:
    """With their numbers and the caller's own id, details too."""
    data = client.post(POST, json={"mobile": NUMBERS[:1]}, headers={"X-Request-Id": "attempt"}).json()["data"]
    client.get(f"{DETAILS}/{data['data'][0]['lookup_id']}")
    first, second = client.get("/_simulator/requests").json()["requests"]
    assert (first["numbers"], first["x_request_id"], first["request_id"]) == (["+31612000011"], "attempt", data["id"])
    assert (second["numbers"], second["x_request_id"], second["method"]) == (["+31612000011"], None, "GET")
    assert [row["request_id"] for row in charges(client)] == [data["id"]]


@pytest.mark.parametrize(
    ("fault", "status"),
    [("throttled", 429), ("no_credit", 402), ("not_enabled", 403), ("too_many", 400), ("internal_error", 200)],
)
def test_refusals_in_the_place_of_an_answer_are_free(tmp_path: Path, fault: str, status: int) -> None:
    """An error envelope, once under a status of success, and nothing on the bill."""
    with faulty(tmp_path, {"when": {"nth": 1}, "fault": fault}) as client:
        refused = client.post(POST, json={"mobile": NUMBERS})
        assert (refused.status_code, refused.json()["data"]) == (status, {})
        assert refused.json()["error"]["code"].startswith("LKP")
        assert charges(client) == []


def test_results_are_distorted_and_nothing_else_is(tmp_path: Path) -> None:
    """Each distortion does what its name says, to an acknowledgement as to an answer; all numbers are charged."""
    faults = [
        *("reordered", "one_missing", "one_twice", "one_conflicting", "one_unasked"),
        *("echo_plus", "echo_double_zero", "drifted_types", "unknown_status"),
    ]
    rules = [{"when": {"nth": nth}, "fault": fault} for nth, fault in enumerate([*faults, *faults], 1)]
    with faulty(tmp_path, *rules) as client:
        posted = {fault: accept(client, *NUMBERS) for fault in faults}
        got = {fault: tell(client, *NUMBERS) for fault in faults}
        assert len(charges(client)) == 8 * len(faults)
    for said in (posted, got):
        numbers = {fault: [each["mobile_number"] for each in data["data"]] for fault, data in said.items()}
        assert numbers["reordered"] == NUMBERS[::-1]
        assert numbers["one_missing"] == NUMBERS[:-1]
        assert numbers["one_twice"] == numbers["one_conflicting"] == [*NUMBERS, NUMBERS[0]]
        assert numbers["one_unasked"][:4] == NUMBERS
        assert numbers["one_unasked"][4] not in NUMBERS
        assert numbers["echo_plus"] == [f"+{number}" for number in NUMBERS]
        assert numbers["echo_double_zero"] == [f"00{number}" for number in NUMBERS]
        assert numbers["drifted_types"] == list(map(int, NUMBERS))
        assert {data["total_processed_count"] for data in said.values()} == {4}
        assert said["unknown_status"]["code"] == "LKP999"
    assert got["one_twice"]["data"][0] == got["one_twice"]["data"][4] != got["one_conflicting"]["data"][4]


def test_details_that_are_never_ready(tmp_path: Path) -> None:
    """However often they are asked for; what was accepted is billed all the same."""
    with faulty(tmp_path, {"when": "always", "fault": "not_ready_ever"}) as client:
        data = accept(client, *NUMBERS)
        for each in data["data"]:
            with pytest.raises(AssertionError, match="never ready"):
                details(client, each["lookup_id"])
        assert len(tell(client, *NUMBERS)["data"]) == 4
        assert len(charges(client)) == 8


def test_strictness() -> None:
    """What the pages do not show is refused: other keys, parameters, numbers with a plus."""
    with simulated(Settings(strict=True)) as client:
        assert accept(client, *NUMBERS)["total_processed_count"] == 4
        assert client.post(POST, json={"mobile": ["+31612000011"]}).status_code == 400
        assert client.post(POST, json={"mobile": NUMBERS, "to": "x"}).status_code == 400
        assert client.get(f"{POST}/{NUMBERS[0]}", params={"callback": "x"}).status_code == 400
        assert client.get(f"{POST}/{NUMBERS[0]}").status_code == 200
