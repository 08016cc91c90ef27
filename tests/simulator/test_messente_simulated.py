"""Messente as simulated: what it demands, how it answers, and that the bill is what was answered."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringfence.simulator.server import Settings, running

PATH = "/v1/hlr/sync"
PAIR = ("user", "password")
NUMBERS = ["+31612000011", "+31612000012", "+31612000013", "+31612000014"]
BOTH = {"Accept": "application/json", "Content-Type": "application/json"}
NETWORK = {"mccmnc", "networkName", "countryName", "countryPrefix", "countryCode"}
NETWORKS = ("currentNetwork", "portedNetwork", "originalNetwork", "roamingNetwork")
Item = dict[str, Any]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a simulator with seed 1."""
    with (
        running(Settings(seed=1)) as urls,
        httpx.Client(base_url=urls["messente"], auth=PAIR, headers={"Accept": "application/json"}) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def _fresh(client: httpx.Client) -> None:
    client.post("/_simulator/reset").raise_for_status()


def results(payload: Item) -> list[Item]:
    """The list of results, under either name."""
    (found,) = [payload[name] for name in ("result", "numbers") if name in payload]
    return list(found)


def ask(client: httpx.Client, *numbers: str) -> list[Item]:
    """Look up at most ten numbers."""
    return results(client.post(PATH, json={"numbers": list(numbers)}).raise_for_status().json())


def charges(client: httpx.Client) -> list[dict[str, str]]:
    """The simulator's bill."""
    rows: list[dict[str, str]] = client.get("/_simulator/charges").json()["charges"]
    return rows


@contextmanager
def faulty(folder: Path, *rules: Item) -> Iterator[httpx.Client]:
    """A client of a simulator under these rules."""
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(rules))
    with (
        running(Settings(scenario=str(file))) as urls,
        httpx.Client(base_url=urls["messente"], auth=PAIR, headers={"Accept": "application/json"}) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("auth", "method", "path", "headers", "status", "code"),
    [
        (PAIR, "POST", PATH, BOTH, 200, None),
        (PAIR, "POST", PATH, BOTH | {"Content-Type": "application/json; charset=utf-8"}, 200, None),
        (None, "POST", PATH, BOTH, 401, 101),
        (("wrong", "password"), "POST", PATH, BOTH, 401, 101),
        (("user", "wrong"), "POST", PATH, BOTH, 401, 101),
        (("user", ""), "POST", PATH, BOTH, 401, 101),
        (PAIR, "POST", PATH, {"Content-Type": "application/json"}, 400, 102),
        (PAIR, "POST", PATH, BOTH | {"Content-Type": "text/plain"}, 400, 102),
        (PAIR, "GET", PATH, BOTH, 405, 106),
        (PAIR, "POST", "/hlr/sync", BOTH, 404, 106),
    ],
)
def test_requests_that_are_refused(
    client: httpx.Client,
    auth: tuple[str, str] | None,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
    code: int | None,
) -> None:
    """Basic credentials and both headers are demanded; a refusal has the tutorial's envelope and costs nothing."""
    content = json.dumps({"numbers": NUMBERS[:1]}).encode()
    answer = httpx.request(method, client.base_url.join(path), auth=auth, content=content, headers=headers)
    assert answer.status_code == status
    assert len(charges(client)) == (status == 200)
    if code:
        assert set(answer.json()) == {"error"}
        assert set(answer.json()["error"]) == {"code", "description"}
        assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"numbers": []}', 102),
        (b'{"numbers": "+31612000011"}', 102),
        (b'{"numbers": ["31612000011"]}', 102),
        (b'{"numbers": ["+31612000011", "+31 612000012"]}', 102),
        (b'{"numbers": ["+"]}', 102),
        (b'{"numbers": [31612000011]}', 102),
        (b"{}", 102),
        (b"[]", 102),
        (b"", 102),
        (b"\xff", 102),
        (b"[" * 100_000, 102),
        (b'{"numbers": [' + b",".join([b'"+31612000011"'] * 11) + b"]}", 103),
    ],
)
def test_bodies_that_are_refused(client: httpx.Client, content: bytes, code: int) -> None:
    """A request takes 1 to 10 numbers with plus; anything else is a 400 that costs nothing."""
    answer = client.post(PATH, content=content, headers=BOTH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert charges(client) == []


def test_an_answer_depends_on_the_number_alone(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """Alone or with others, in any order, the result of a number is the same, and comes in the order asked."""
    numbers = [f"+{number}" for number in mobiles(10)]
    together = ask(client, *numbers)
    assert [item["number"] for item in together] == numbers
    assert ask(client, *numbers[::-1]) == together[::-1]
    assert [ask(client, number)[0] for number in numbers] == together


def test_every_spelling_occurs(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """Statuses in three spellings and as booleans, null or missing; ported with null networks; both country codes."""
    numbers = [*(f"+{number}" for number in mobiles(1500)), "+448001111111", "+31207654321", "+2100000000"]
    payloads = [
        client.post(PATH, json={"numbers": numbers[at : at + 10]}).raise_for_status().json()
        for at in range(0, len(numbers), 10)
    ]
    items = [item for payload in payloads for item in results(payload)]
    assert [item["number"] for item in items] == numbers
    statuses = Counter(repr(item.get("status", "missing")) for item in items)
    words = {"ONLINE", "ON", "true", "OFFLINE", "OFF", "false", "INVALID", "UNKNOWN", "missing"}
    assert set(statuses) == {repr(word) for word in words} | {"True", "False", "None"}
    assert statuses["'ONLINE'"] > 0.5 * sum(statuses[f"{word!r}"] for word in ("ONLINE", "ON", "true", True))
    assert {type(item.get("error")) for item in items} == {type(None), str, dict}
    assert not any(item.get("error") and item.get("status") for item in items)
    assert {item.get("type") for item in items} == {"MOBILE", "LANDLINE", None}
    named = [item[key] for item in items for key in NETWORKS if item.get(key)]
    assert all(set(network) == NETWORK for network in named)
    assert {"NL", "NLD", "US", "USA"} <= {network["countryCode"] for network in named}
    assert {"+1", "+31", "+44", "+49"} <= {network["countryPrefix"] for network in named}
    ported = [item for item in items if item.get("ported")]
    assert {item.get("portedNetwork") is None for item in ported} == {True, False}
    assert all(item["currentNetwork"] for item in ported)
    assert any(item.get("roamingNetwork") for item in items)
    assert any(set(item) != set(items[0]) for item in items)
    assert {frozenset(payload) for payload in payloads} == {
        frozenset({"request_id", label} | more) for label in ("result", "numbers") for more in (set(), {"error"})
    }


def test_the_bill_is_what_was_answered(client: httpx.Client) -> None:
    """Every number of an answer is charged at list price, invalid and repeated ones too, under the answer's id."""
    asked = [*NUMBERS, NUMBERS[0], "+2100000000"]
    answer = client.post(PATH, json={"numbers": asked}, headers={"X-Request-Id": "attempt"}).json()
    rows = charges(client)
    assert [row["number"] for row in rows] == asked
    assert {(row["provider"], row["product"], row["amount"]) for row in rows} == {
        ("messente", "hlr_sync", "0.002000000")
    }
    assert {row["request_id"] for row in rows} == {answer["request_id"]}
    (recorded,) = client.get("/_simulator/requests").json()["requests"]
    assert (recorded["numbers"], recorded["x_request_id"]) == (asked, "attempt")


@pytest.mark.parametrize(("fault", "status", "code"), [("no_credit", 402, 104), ("too_many", 400, 103)])
def test_refusals_in_the_place_of_an_answer_are_free(tmp_path: Path, fault: str, status: int, code: int) -> None:
    """No credit and too many numbers are HTTP errors with the tutorial's codes, and nothing on the bill."""
    with faulty(tmp_path, {"when": {"nth": 1}, "fault": fault}) as client:
        refused = client.post(PATH, json={"numbers": NUMBERS})
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
        assert charges(client) == []
        assert len(ask(client, *NUMBERS)) == len(charges(client)) == 4


def test_results_are_distorted_and_nothing_else_is(tmp_path: Path) -> None:
    """Each distortion does what its name says to the results; the bill is that of the four numbers asked."""
    faults = [
        *("reordered", "one_missing", "one_twice", "one_conflicting", "one_unasked", "echo_bare", "echo_double_zero"),
        *("echo_plus", "not_enabled", "throttled", "unknown_status", "drifted_types"),
    ]
    rules = [{"when": {"nth": nth}, "fault": fault} for nth, fault in enumerate(faults, 1)]
    with faulty(tmp_path, *rules) as client:
        got = {fault: ask(client, *NUMBERS) for fault in faults}
        true = ask(client, *NUMBERS)
        assert len(charges(client)) == 4 * (len(faults) + 1)
    assert got["reordered"] == true[::-1] != true
    assert got["one_missing"] == true[:-1]
    assert got["one_twice"] == [*true, true[0]]
    assert (got["one_conflicting"][:4], got["one_conflicting"][4]["number"]) == (true, NUMBERS[0])
    assert got["one_conflicting"][4]["status"] != true[0]["status"]
    assert got["one_unasked"][:4] == true
    assert got["one_unasked"][4]["number"] not in NUMBERS
    assert [item["number"] for item in got["echo_bare"]] == [number[1:] for number in NUMBERS]
    assert [item["number"] for item in got["echo_double_zero"]] == ["00" + number[1:] for number in NUMBERS]
    # Messente echoes with plus anyway, and documents neither a product that is off nor a rate.
    assert got["echo_plus"] == got["not_enabled"] == got["throttled"] == true
    assert {item["status"] for item in got["unknown_status"]} == {"SUSPENDED"}
    assert {type(item["ported"]) for item in got["drifted_types"] if item.get("ported") is not None} == {str}
    drifted = {type(item[key]["mccmnc"]) for item in got["drifted_types"] for key in NETWORKS if item.get(key)}
    assert drifted == {int}


def test_the_dialect_of_the_sdk(mobiles: Callable[[int], list[str]]) -> None:
    """Under `sdk-dialect` statuses, envelope and error envelope are those of the SDK's models; the rest is the same."""
    numbers = [f"+{number}" for number in mobiles(400)]
    with running(Settings(scenario="sdk-dialect")) as dialect, running(Settings()) as tutorial:
        clients = [
            httpx.Client(base_url=urls["messente"], auth=PAIR, headers=BOTH, verify=False)  # noqa: S501 (plain http)
            for urls in (dialect, tutorial)
        ]
        for at in range(0, len(numbers), 10):
            answers = [client.post(PATH, json={"numbers": numbers[at : at + 10]}).json() for client in clients]
            assert set(answers[0]) == {"request_id", "result"}
            for spoken, plain in zip(answers[0]["result"], results(answers[1]), strict=True):
                assert spoken["status"] in ("true", "false", "INVALID", "UNKNOWN", None)
                assert spoken | {"status": plain.get("status")} == {"status": None, **plain}
        refused = clients[0].post(PATH, json={"numbers": []})
        assert (refused.status_code, refused.json()["errors"][0]["error"]["code"]) == (400, 102)
        for client in clients:
            client.close()
