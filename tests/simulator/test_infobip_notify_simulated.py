"""Infobip's asynchronous lookup and its log as simulated, in JSON and XML."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from starlette.datastructures import QueryParams

from ringfence.simulator.bill import Price
from ringfence.simulator.infobip_items import ERROR, STATUS
from ringfence.simulator.infobip_log import CALLS, KEPT, Entry, Log
from ringfence.simulator.journeys import Habits
from ringfence.simulator.server import Settings, running
from tests.simulator.receiving import Receiver, receiving, until

KEY = {"Authorization": "App key"}
PENDING = {
    "groupId": 1, "groupName": "PENDING", "id": 3, "name": "PENDING_WAITING_DELIVERY",
    "description": "Message sent, waiting for delivery report",
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a simulator whose callbacks come at once."""
    settings = Settings(callbacks=Habits(delay=(0.0, 0.0)))
    with running(settings) as urls, httpx.Client(base_url=urls["infobip"], headers=KEY) as client:
        yield client


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def _fresh(client: httpx.Client, receiver: Receiver) -> None:
    client.post("/_simulator/reset").raise_for_status()
    receiver.posts.clear()


def notify(client: httpx.Client, *numbers: str, **more: Any) -> dict[str, Any]:
    """The acknowledgement of a request about these numbers."""
    answer = client.post("/number/1/notify", json={"to": list(numbers), **more}).raise_for_status().json()
    assert isinstance(answer, dict)
    return answer


def logs(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """A page of the log."""
    results = client.get("/number/1/logs", params=query).raise_for_status().json()["results"]
    assert isinstance(results, list)
    return results


def done(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """A page of the log, once nothing in it is pending; asked for in as many calls as that takes."""
    pages: list[list[dict[str, Any]]] = []

    def all_done() -> bool:
        pages.append(logs(client, **query))
        return all(entry["status"]["groupName"] != "PENDING" for entry in pages[-1])

    until(all_done)
    return pages[-1]


def items(client: httpx.Client, *numbers: str) -> dict[str, Any]:
    """What a query tells of these numbers."""
    results = client.post("/number/1/query", json={"to": list(numbers)}).json()["results"]
    return {result["to"]: result for result in results}


def test_an_acknowledgement_has_an_id_for_each_number(
    client: httpx.Client, mobiles: Callable[[int], list[str]]
) -> None:
    """Pending under an id of its own; what is no number is rejected at once, sometimes; several have a bulk."""
    together = notify(client, *mobiles(600))
    assert len({result["messageId"] for result in together["results"]}) == 600
    groups = [result["status"]["groupName"] for result in together["results"]]
    assert set(groups) == {"PENDING", "REJECTED"}
    for result in together["results"]:
        if result["status"]["groupName"] == "PENDING":
            assert (set(result), result["status"]) == ({"to", "status", "messageId"}, PENDING)
    assert "bulkId" in together
    assert "bulkId" not in notify(client, mobiles(1)[0])


def test_callbacks_tell_what_a_query_tells(
    client: httpx.Client, receiver: Receiver, mobiles: Callable[[int], list[str]]
) -> None:
    """Each accepted number is told once, alone or with others, in the words of a query, with its id or without."""
    accepted = notify(client, *mobiles(300), notifyUrl=receiver.url)
    waits = {r["to"]: r["messageId"] for r in accepted["results"] if r["status"] == PENDING}
    told: dict[str, Any] = {}
    until(lambda: sum(len(json.loads(post.body)["results"]) for post in receiver.posts) >= len(waits))
    sizes, with_ids = set(), set()
    for post in receiver.posts:
        body = json.loads(post.body)
        sizes.add(len(body["results"]) > 1)
        for result in body["results"]:
            with_ids.add("messageId" in result)
            assert result.pop("messageId", waits[result["to"]]) == waits[result["to"]]
            assert body.get("bulkId", accepted["bulkId"]) == accepted["bulkId"]
            assert told.setdefault(result["to"], result) is result
    assert told.keys() == waits.keys()
    assert told == {number: item for number, item in items(client, *mobiles(300)).items() if number in told}
    assert sizes == with_ids == {False, True}


def test_without_an_address_nothing_is_called_back(client: httpx.Client) -> None:
    """A request that names no address is accepted; the log alone tells."""
    notify(client, "31610000001")
    assert client.get("/_simulator/callbacks").json() == {"callbacks": []}
    assert [entry["to"] for entry in done(client)] == ["31610000001"]


@pytest.mark.parametrize("more", [{"notifyContentType": "text/plain"}, {"notifyUrl": 7}, {"to": []}, {"to": [1]}])
def test_requests_that_are_refused(client: httpx.Client, more: dict[str, Any]) -> None:
    """A type that is none of the two, an address that is no text, and numbers that are none are a 400, and free."""
    answer = client.post("/number/1/notify", json={"to": ["31610000001"], **more})
    assert answer.status_code == 400
    assert client.get("/_simulator/charges").json()["totals"] == {}


def test_a_log_tells_status_and_price(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """After a moment of pending: what a query says of status and error, the price that was charged, and no network."""
    accepted = notify(client, *mobiles(120))
    first = logs(client, bulkId=accepted["bulkId"], limit=1000)
    assert {entry["status"]["groupName"] for entry in first} == {"PENDING"}
    assert not any("price" in entry or "doneAt" in entry for entry in first)
    page = done(client, bulkId=accepted["bulkId"], limit=1000)
    told = items(client, *mobiles(120))
    assert sorted(entry["messageId"] for entry in page) == sorted(r["messageId"] for r in accepted["results"])
    known = {"bulkId", "messageId", "to", "sentAt", "doneAt", "mccMnc", "mccmnc", "price", "status", "error"}
    for entry in page:
        assert set(entry) <= known
        assert (entry["status"], entry["error"]) == (told[entry["to"]]["status"], told[entry["to"]]["error"])
        assert entry["price"] == {"pricePerLookup": 0.01, "currency": "EUR"}
    charges = client.get("/_simulator/charges").json()["charges"]
    assert {row["product"] for row in charges[:120]} == {"notify"}
    assert {key for entry in page for key in entry if key.lower() == "mccmnc"} == {"mccMnc", "mccmnc"}
    assert {entry["sentAt"][-5:] for entry in page} == {"+0000", "+0100"}
    assert {entry["error"]["groupName"] for entry in page} >= {"OK", "Ok"}
    for entry in page:
        assert datetime.fromisoformat(entry["doneAt"]) > datetime.fromisoformat(entry["sentAt"])


def test_a_log_has_pages(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """Fifty entries unless told, a thousand at most; older ones are reached by time."""
    for start in range(0, 1200, 100):
        notify(client, *mobiles(1200)[start : start + 100])
    assert len(logs(client)) == 50
    assert len(logs(client, limit=5000)) == 1000
    page = logs(client, limit=1000)
    older = logs(client, limit=1000, sentUntil=page[-1]["sentAt"])
    assert {entry["messageId"] for entry in page} | {entry["messageId"] for entry in older} == {
        entry["messageId"] for entry in [*page, *older]
    }
    assert {entry["to"] for entry in [*page, *older]} == set(mobiles(1200))


def test_a_log_is_filtered(client: httpx.Client) -> None:
    """By number, bulk and message (repeated ones are any of them), group of status, network and time; all must hold."""
    one, two = notify(client, "31610000001", "31610000002"), notify(client, "31610000003")
    done(client)
    assert len(logs(client)) == 3
    assert [entry["to"] for entry in logs(client, to="31610000002")] == ["31610000002"]
    assert len(logs(client, bulkId=one["bulkId"])) == 2
    assert logs(client, bulkId="other") == []
    ids = [one["results"][0]["messageId"], two["results"][0]["messageId"]]
    assert [entry["messageId"] for entry in logs(client, messageId=ids)] == ids[::-1]
    assert logs(client, messageId=ids, to="31610000002") == []
    assert len(logs(client, generalStatus="PENDING")) == 0
    sent = logs(client, messageId=ids[:1])[0]["sentAt"]
    after = (datetime.fromisoformat(sent) + timedelta(hours=1)).isoformat(timespec="milliseconds")
    assert len(logs(client, sentSince=sent)) == 3
    assert logs(client, sentSince=after) == []
    assert len(logs(client, sentUntil=after)) == 3
    for query in ({"sentSince": "yesterday"}, {"sentUntil": "2026-02-31T00:00:00.000+0000"}, {"limit": "many"}):
        assert client.get("/number/1/logs", params=query).status_code == 400


def test_a_log_is_told_sixty_times_a_minute(client: httpx.Client) -> None:
    """The 61st call is refused in the newer form, and forgotten by a reset; lookups go on meanwhile."""
    statuses = [client.get("/number/1/logs").status_code for _ in range(CALLS + 2)]
    assert statuses == [200] * CALLS + [429] * 2
    assert client.get("/number/1/logs").json()["errorCode"] == "E429"
    notify(client, "31610000001")
    client.post("/_simulator/reset").raise_for_status()
    assert logs(client) == []


def test_a_log_forgets_after_two_days() -> None:
    """By its clock: 48 hours of entries, 60 calls in any minute."""
    now = [1_700_000_000.0]
    log = Log(clock=lambda: now[0])
    item = {"to": "31610000001", "status": STATUS[5], "error": ERROR[0, 0]}

    def add(name: str) -> None:
        log.add([Entry(name, None, item, Price(1, "EUR"), now[0], now[0] + 1, 1)])

    def told() -> list[str]:
        return [entry["messageId"] for entry in log.page(QueryParams("")) or []]

    add("a")
    now[0] += KEPT - 10
    add("b")
    assert told() == ["b", "a"]
    now[0] += 20
    assert told() == ["b"]
    assert [log.throttled() for _ in range(CALLS + 1)] == [False] * CALLS + [True]
    now[0] += 61
    assert not log.throttled()


def test_xml_is_answered_where_only_xml_is_taken(
    client: httpx.Client, receiver: Receiver, mobiles: Callable[[int], list[str]]
) -> None:
    """Answers, acknowledgements, callbacks, the log and refusals hold in XML what they hold in JSON."""
    numbers = mobiles(30)
    taking = {"Accept": "application/xml"}
    query = client.post("/number/1/query", json={"to": numbers}, headers=taking)
    assert query.headers["content-type"] == "application/xml"
    results = fromstring(query.content).findall("results/result")
    for result, item in zip(results, items(client, *numbers).values(), strict=True):
        assert [child.tag for child in result] == list(item)
        assert result.findtext("ported") == str(item["ported"]).lower()
        assert result.findtext("status/id") == str(item["status"]["id"])
    body = {"to": numbers, "notifyUrl": receiver.url, "notifyContentType": "application/xml"}
    accepted = fromstring(client.post("/number/1/notify", json=body, headers=taking).content)
    waits = [
        r.findtext("to") for r in accepted.findall("results/result") if r.findtext("status/groupName") == "PENDING"
    ]
    told: list[str | None] = []

    def came() -> bool:
        told[:] = [r.findtext("to") for post in receiver.posts for r in fromstring(post.body).findall("results/result")]
        return len(told) >= len(waits)

    until(came)
    assert sorted(map(str, told)) == sorted(map(str, waits))
    assert {post.content_type for post in receiver.posts} == {"application/xml"}
    page = fromstring(client.get("/number/1/logs", headers=taking).content)
    assert {entry.findtext("bulkId") for entry in page.findall("results/result")} >= {accepted.findtext("bulkId")}
    refused = client.post("/number/1/query", json={}, headers=taking)
    assert (refused.status_code, fromstring(refused.content).tag) == (400, "requestError")
