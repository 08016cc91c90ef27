"""Infobip as simulated: what it demands, how it answers, and that the bill is what was answered."""

import base64
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.simulator.server import Settings, running
from tests.sizes import share

KEY = {"Authorization": "App key"}
OVER_LIMIT = "[to : Number of destinations is limited to 1000. For larger requests use /number/1/notify API endpoint.]"
MOBILES = [f"31610{number:06d}" for number in random.Random(3).sample(range(10**6), 1000)]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a simulator with seed 1."""
    with running(Settings(seed=1)) as urls, httpx.Client(base_url=urls["infobip"], headers=KEY) as client:
        yield client


@pytest.fixture(autouse=True)
def _fresh(client: httpx.Client) -> None:
    client.post("/_simulator/reset").raise_for_status()


def ask(client: httpx.Client, *numbers: str) -> list[dict[str, Any]]:
    """Query numbers and give the results."""
    results = client.post("/number/1/query", json={"to": list(numbers)}).raise_for_status().json()["results"]
    assert isinstance(results, list)
    return results


def basic(pair: str) -> str:
    """A Basic credential."""
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (basic("user:password"), 200),
        ("App key", 200),
        ("app key", 200),
        (None, 401),
        ("", 401),
        ("App", 401),
        ("App wrong-key", 401),
        ("Bearer key", 401),
        ("Basic %%%", 401),
        (basic("user"), 401),
        (basic("user:"), 401),
        (basic(":password"), 401),
        (basic("wrong:password"), 401),
        (basic("user:wrong1"), 401),
    ],
)
def test_credentials(client: httpx.Client, authorization: str | None, status: int) -> None:
    """Any Basic pair or App key passes unless a part is empty or begins with `wrong`; else 401, unbilled."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.post(client.base_url.join("/number/1/query"), json={"to": ["31610000001"]}, headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {
            "requestError": {"serviceException": {"messageId": "UNAUTHORIZED", "text": "Unauthorized"}}
        }
        assert client.get("/_simulator/charges").json() == {"charges": [], "totals": {}}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"to": []}', "Bad request"),
        (b'{"to": [31610000001]}', "Bad request"),
        (b'{"to": null}', "Bad request"),
        (b"{}", "Bad request"),
        (b"[]", "Bad request"),
        (b'{"to": [', "Bad request"),
        (b"\xff", "Bad request"),
        (b"[" * 100_000, "Bad request"),
        (b'{"to": [' + b",".join([b'"31610000001"'] * 1001) + b"]}", OVER_LIMIT),
    ],
)
def test_bodies_that_are_refused(client: httpx.Client, content: bytes, text: str) -> None:
    """A query takes 1 to 1000 strings; anything else is a 400 in the vendor's envelope and costs nothing."""
    answer = client.post("/number/1/query", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json() == {"requestError": {"serviceException": {"messageId": "BAD_REQUEST", "text": text}}}
    assert client.get("/_simulator/charges").json()["totals"] == {}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/number/1/query", {}, 405),
        ("POST", "/number/1/query/", {}, 404),
        ("POST", "/number/2/query", {}, 404),
        ("POST", "/number/1/query", {"Content-Type": "text/plain"}, 400),
        ("POST", "/number/1/query", {"Accept": "text/plain"}, 406),
        ("GET", "/number/1/notify", {}, 405),
        ("POST", "/number/1/logs", {}, 405),
        ("POST", "/number/1/query", {"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_requests_that_are_refused(
    client: httpx.Client, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Wrong path, method, type and Accept are refused in the vendor's envelope, and recorded."""
    answer = client.request(method, path, json={"to": "31610000001"}, headers=headers)
    assert answer.status_code == status
    assert status == 200 or set(answer.json()["requestError"]["serviceException"]) == {"messageId", "text"}
    (recorded,) = client.get("/_simulator/requests").json()["requests"]
    assert (recorded["method"], recorded["path"], recorded["status"]) == (method, path, status)


@settings(max_examples=share(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(MOBILES[:60]) | st.text("0123456789+ a", min_size=1, max_size=18), min_size=1))
def test_an_answer_depends_on_the_number_alone(client: httpx.Client, numbers: list[str]) -> None:
    """One request or many, in any order: the item of a number is the same, in the order asked, echoed without plus."""
    together = ask(client, *numbers)
    assert together == [ask(client, number)[0] for number in numbers]
    assert together[::-1] == ask(client, *reversed(numbers))
    assert [item["to"] for item in together] == [number.removeprefix("+") for number in numbers]


def test_items_read_as_documented(client: httpx.Client) -> None:
    """Every group of status occurs, each with the fields that the documents give it and no others."""
    results = ask(client, *MOBILES)
    required = {"to", "status", "error", "ported", "roaming", "originalNetwork"}
    by_status: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for item in results:
        by_status.setdefault((item["status"]["groupId"], item["status"]["id"]), []).append(item)
        assert required <= set(item)
        assert set(item["error"]) == {"groupId", "groupName", "id", "name", "description", "permanent"}
        assert ("portedNetwork" in item) == item["ported"]
        assert ("roamingNetwork" in item) == item["roaming"]
    assert {(3, 5), (3, 2), (2, 9), (4, 15), (5, 52), (5, 6)} <= set(by_status)
    for (group, _), items in by_status.items():
        for item in items:
            if group == 5:
                assert set(item) == required
                assert item["originalNetwork"] == {}
                assert (item["ported"], item["roaming"], item["error"]["name"]) == (False, False, "NO_ERROR")
            else:
                assert item["mccMnc"][:3] == "204"
                assert {"networkPrefix", "countryPrefix"} <= set(item["originalNetwork"])
    assert all("imsi" in item for item in by_status[3, 5])
    assert not any("imsi" in item for item in by_status[2, 9])
    assert {item["error"]["groupName"] for item in by_status[3, 5]} == {"OK", "Ok"}
    assert any("servingMSC" in item for item in by_status[3, 5])


def test_mccmnc_of_a_ported_number_has_both_meanings(client: httpx.Client) -> None:
    """The code of a ported number is sometimes that of the network it left: then the IMSI does not begin with it."""
    ported = [item for item in ask(client, *MOBILES) if item["ported"] and "imsi" in item]
    agrees = [item["imsi"].startswith(item["mccMnc"]) for item in ported]
    assert any(agrees)
    assert not all(agrees)


@pytest.mark.parametrize(
    ("number", "status"),
    [("00" + MOBILES[0], 8), ("2101234567", 8), ("31-6-12345678", 52), ("", 52), ("316", 8), ("9" * 400, 8)],
)
def test_malformed_numbers_are_answered_and_billed(client: httpx.Client, number: str, status: int) -> None:
    """What is no number becomes a rejected item, clipped to 256 characters, at list price: never a 400."""
    (item,) = ask(client, number)
    assert item["to"] == number[:256]
    assert (item["status"]["groupId"], item["status"]["id"]) == (5, status)
    assert client.get("/_simulator/charges").json()["totals"] == {"EUR": "0.010000000"}


def test_bulk_id_marks_more_than_one(client: httpx.Client) -> None:
    """Only an answer about several numbers carries a bulkId; the bill names it."""
    one = client.post("/number/1/query", json={"to": MOBILES[0]}).json()
    two = client.post("/number/1/query", json={"to": MOBILES[:2]}).json()
    assert "bulkId" not in one
    charged = [row["request_id"] for row in client.get("/_simulator/charges").json()["charges"]]
    assert charged[0] not in (two["bulkId"], None)
    assert charged[1:] == [two["bulkId"]] * 2


def test_the_bill_is_what_was_answered(client: httpx.Client) -> None:
    """Every answered number is charged once at list price, rejected and repeated ones too, and the record agrees."""
    asked = [[*MOBILES[:40], MOBILES[0]], MOBILES[40:41], ["+" + MOBILES[41], "2101234567"]]
    answered = []
    for position, numbers in enumerate(asked):
        body = {"to": numbers}
        client.post("/number/1/query", json=body, headers={"X-Request-Id": f"attempt-{position}"}).raise_for_status()
        answered += ["+" + number.removeprefix("+") for number in numbers]
    bill = client.get("/_simulator/charges").json()
    assert [row["number"] for row in bill["charges"]] == answered
    for row in bill["charges"]:
        assert (row["provider"], row["product"], row["amount"]) == ("infobip", "query", "0.010000000")
        assert row["at"].endswith("+00:00")
    assert bill["totals"] == {"EUR": f"0.{len(answered):02d}0000000"}
    assert client.get("/_simulator/charges?detail=0").json() == {"totals": bill["totals"]}
    recorded = client.get("/_simulator/requests").json()["requests"]
    assert [entry["x_request_id"] for entry in recorded] == ["attempt-0", "attempt-1", "attempt-2"]
    assert [number for entry in recorded for number in entry["numbers"]] == answered
    assert {entry["request_id"] for entry in recorded} == {row["request_id"] for row in bill["charges"]}


def test_reset_forgets_the_bill_and_keeps_the_seed(client: httpx.Client) -> None:
    """After a reset nothing is charged or recorded, and the same number is told the same."""
    before = ask(client, *MOBILES[:5])
    assert client.post("/_simulator/reset").status_code == 200
    assert client.get("/_simulator/charges").json() == {"charges": [], "totals": {}}
    assert client.get("/_simulator/requests").json() == {"requests": []}
    assert ask(client, *MOBILES[:5]) == before
