"""Vonage's Reports API as simulated: it tells what the bill does, by id and by time, a thousand at a time."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ringfence.money.amount import nanos
from ringfence.simulator import vonage_reports
from ringfence.simulator.bill import Charge, Price
from ringfence.simulator.server import Settings, running
from ringfence.simulator.vendor import Answer
from ringfence.simulator.vonage_reports import Reports

PATH = "/v2/reports/records"
ALWAYS = {"date_start": "2026-01-01T00:00:00Z"}
KEY = {"Authorization": "Basic " + base64.b64encode(b"key:secret").decode()}
NUMBERS = [f"3161200001{digit}" for digit in range(10)]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A strict simulator's client, who authenticates by header."""
    with running(Settings(strict=True)) as urls, httpx.Client(base_url=urls["vonage"], headers=KEY) as client:
        yield client


@pytest.fixture(autouse=True)
def _fresh(client: httpx.Client) -> None:
    client.post("/_simulator/reset").raise_for_status()


def today(client: httpx.Client, **query: str) -> dict[str, Any]:
    """The report of the hours around now, by the simulator's own clock."""
    at = client.get("/_simulator/charges").json()["charges"]
    ends = {"date_start": at[0]["at"][:13] + ":00:00Z", "date_end": at[0]["at"][:10] + "T23:59:59.999Z"}
    found: dict[str, Any] = client.get(PATH, params={"product": "NUMBER-INSIGHT", **ends, **query}).json()
    return found


def test_the_records_are_the_bill(client: httpx.Client) -> None:
    """Each charged lookup has one, with its net price and the id that its answer had."""
    answers = [client.get("/ni/advanced/json", params={"number": each}).json() for each in NUMBERS]
    charges = client.get("/_simulator/charges").json()["charges"]
    found = today(client)
    assert (found["request_status"], found["items_count"]) == ("SUCCESS", len({row["number"] for row in charges}))
    net: dict[str, int] = {}
    for row in charges:
        net[row["number"][1:]] = net.get(row["number"][1:], 0) + nanos(row["amount"])
    assert {each["number"]: nanos(f"{each['total_price']:.9f}") for each in found["records"]} == net
    told = {each["request_id"]: each for each in found["records"]}
    for answer in answers:
        if "request_price" in answer:
            assert told[answer["request_id"]]["valid"] == answer["valid_number"]
            assert told[answer["request_id"]]["response_code"] == str(answer["status"])


def test_one_is_found_by_its_id(client: httpx.Client) -> None:
    """An id that is there, and one that is not."""
    answer = client.get("/ni/standard/json", params={"number": NUMBERS[1]}).json()
    query = {"product": "NUMBER-INSIGHT", "id": f"{answer['request_id']},other"}
    found = client.get(PATH, params=query).json()
    assert [each["number"] for each in found["records"]] == [NUMBERS[1]]
    assert found["ids_not_found"] == "other"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"product": "NUMBER-INSIGHT"}, 422), ({"product": "SMS", "id": "a"}, 422), ({"id": "a"}, 422),
        ({"product": "NUMBER-INSIGHT", **ALWAYS}, 422), ({"product": "NUMBER-INSIGHT", "id": "a", **ALWAYS}, 200),
        ({"product": "NUMBER-INSIGHT", **ALWAYS, "date_end": "2026-01-03T00:00:00Z"}, 422),
        ({"product": "NUMBER-INSIGHT", **ALWAYS, "date_end": "soon"}, 422),
        ({"product": "NUMBER-INSIGHT", "id": "a", "number": "31612000011"}, 400),
    ],
)  # fmt: skip
def test_what_is_not_as_documented_is_refused(client: httpx.Client, query: dict[str, str], status: int) -> None:
    """A product, an id or a day at most, and nothing that the specification does not have."""
    assert client.get(PATH, params=query).status_code == status


def test_it_takes_basic_credentials_alone(client: httpx.Client) -> None:
    """A key in the query is not how reports are asked for."""
    for headers in ({"Authorization": ""}, {"Authorization": "Basic wrong"}):
        query = {"product": "NUMBER-INSIGHT", "id": "a"}
        assert client.get(PATH, params=query, headers=headers).status_code == 401


def test_more_than_a_page_is_truncated_and_old_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cursor leads on; after thirteen months nothing is told."""
    monkeypatch.setattr(vonage_reports, "MOST", 2)
    now = [1_000_000_000.0]
    reports = Reports(clock=lambda: now[0])
    for number in NUMBERS[:5]:
        reports.add(Answer(200, {}, number, (f"+{number}",), (Charge("advanced", f"+{number}", Price(1, "EUR")),)))
    reports.add(Answer(200, {}, "free", ("+31612000011",), ()))

    def page(cursor: str) -> Any:
        query = f"product=NUMBER-INSIGHT&date_start=2001-09-09T00:00:00Z&date_end=2001-09-09T23:00:00Z&cursor={cursor}"
        scope = {
            "type": "http",
            "query_string": query.encode(),
            "headers": [(b"authorization", KEY["Authorization"].encode())],
        }
        return reports.answer(vonage_reports.Request(scope), lambda status: Answer(status, {}, "refused")).payload

    pages = [page("0"), page("2"), page("4")]
    assert [len(each["records"]) for each in pages] == [2, 2, 1]
    assert [each["request_status"] for each in pages] == ["TRUNCATED", "TRUNCATED", "SUCCESS"]
    now[0] += 400 * 86_400
    reports.add(Answer(200, {}, "none"))
    assert page("0")["records"] == []
