"""KPN as simulated: the gateway's tokens, refusals and headers, and behind it the answers that Vonage gives."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringfence.simulator.server import Settings, running
from ringfence.simulator.subscribers import State, Subscribers

TOKEN = "/oauth/client_credential/accesstoken?grant_type=client_credentials"
ROOT = "/communication/nexmo/number-insight"
NUMBER = "31612000011"
GOOD = {"client_id": "an-id", "client_secret": "a-secret"}
ENVELOPE = {"transactionId", "status", "name", "message", "info"}
QUOTA = {"quota-limit", "quota-interval", "quota-time-unit", "quota-used", "quota-reset-utc"}
# The enumerations of KPN's definition 1.1.1.
WORDS = {
    "ported": {"unknown", "ported", "not_ported", "assumed_not_ported", "assumed_ported"},
    "valid_number": {"unknown", "valid", "not_valid"},
    "reachable": {"unknown", "reachable", "undeliverable", "absent", "bad_number", "blacklisted"},
    "status": {0, 1, 3, 4, 5, 9, 19, 43, 44, 45, 999},
    "lookup_outcome": {0, 1, 2},
}
NETWORKS = {"mobile", "landline", "landline_premium", "landline_tollfree", "virtual", "unknown", "pager"}
Item = dict[str, Any]


def with_token(client: httpx.Client) -> httpx.Client:
    """The client with a token of its own."""
    token = client.post(TOKEN, data=GOOD).raise_for_status().json()["access_token"]
    client.headers["authorization"] = f"Bearer {token}"
    return client


@contextmanager
def simulated(**settings: Any) -> Iterator[httpx.Client]:
    """A client without a token of a simulator that runs alone."""
    with running(Settings(provider="kpn", **settings)) as urls, httpx.Client(base_url=urls["kpn"]) as client:
        yield client


@contextmanager
def faulty(folder: Path, *rules: Item) -> Iterator[httpx.Client]:
    """A client with a token of a simulator under these rules, of which the first request is the one for the token."""
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(rules))
    with simulated(scenario=str(file)) as client:
        yield with_token(client)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client with a token."""
    with simulated() as client:
        yield with_token(client)


@pytest.fixture(autouse=True)
def _fresh(client: httpx.Client) -> None:
    client.post("/_simulator/reset").raise_for_status()


def ask(client: httpx.Client, number: str = NUMBER, level: str = "advanced") -> Item:
    """Look up one number."""
    found: Item = client.post(f"{ROOT}/{level}", data={"number": number}).raise_for_status().json()
    return found


def charges(client: httpx.Client) -> list[dict[str, str]]:
    """The simulator's bill."""
    rows: list[dict[str, str]] = client.get("/_simulator/charges").json()["charges"]
    return rows


def test_a_token_is_as_documented(client: httpx.Client) -> None:
    """Every number in it is a string; each request for one gives another, and all of them are good."""
    tokens = [client.post(TOKEN, data=GOOD).json() for _ in range(2)]
    assert tokens[0]["access_token"] != tokens[1]["access_token"]
    for token in tokens:
        assert (token["token_type"], token["expires_in"], token["status"]) == ("Bearer", "3599", "approved")
        assert token["issued_at"].isdigit()
        headers = {"authorization": f"Bearer {token['access_token']}"}
        assert client.post(f"{ROOT}/basic", data={"number": NUMBER}, headers=headers).json()["status"] == 0


REFUSED = [
    ({"client_id": "wrong"}, {}, 401),
    ({"client_secret": "wrong-one"}, {}, 401),
    ({"client_secret": ""}, {}, 401),
    ({}, {"grant_type": "password"}, 400),
    ({}, {"grant_type": ""}, 400),
]


@pytest.mark.parametrize(("form", "query", "status"), REFUSED)
def test_no_token_for_wrong_credentials(client: httpx.Client, form: Item, query: Item, status: int) -> None:
    """In the token endpoint's own words, without a token."""
    url = TOKEN.partition("?")[0]
    answer = client.post(url, params={"grant_type": "client_credentials"} | query, data=GOOD | form)
    assert (answer.status_code, set(answer.json())) == (status, {"ErrorCode", "Error"})


def test_the_token_endpoint_reads_a_form_alone(client: httpx.Client) -> None:
    """Credentials in JSON or in the query are none."""
    assert client.post(TOKEN, json=GOOD).status_code == 401
    assert client.post(f"{TOKEN}&client_id=an-id&client_secret=a-secret").status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer made-up", "Basic a2V5OnNlY3JldA=="])
def test_nothing_without_a_token(client: httpx.Client, header: str) -> None:
    """401 in the gateway's envelope, and no charge."""
    answer = client.post(f"{ROOT}/advanced", data={"number": NUMBER}, headers={"authorization": header})
    assert (answer.status_code, set(answer.json()), answer.json()["status"]) == (401, ENVELOPE, "401")
    assert charges(client) == []


ELSEWHERE = [
    ("POST", "/communication/nexmo/number-insight", 404),
    ("POST", f"{ROOT}/premium", 404),
    ("POST", f"{ROOT}/advanced/json", 404),
    ("GET", f"{ROOT}/advanced?number={NUMBER}", 405),
    ("GET", TOKEN, 405),
    ("PUT", f"{ROOT}/basic", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), ELSEWHERE)
def test_what_is_not_there(client: httpx.Client, method: str, path: str, status: int) -> None:
    """The gateway's envelope with its five fields."""
    answer = client.request(method, path)
    assert (answer.status_code, set(answer.json())) == (status, ENVELOPE)


FORMS = [
    ({"number": NUMBER}, "basic", 0),
    ({}, "basic", 3),
    ({"number": "no number"}, "standard", 3),
    ({"number": NUMBER, "country": "GB"}, "standard", 3),
    ({"number": "0612000011", "country": "NL"}, "standard", 0),
    ({"number": NUMBER}, "advanced/async", 3),
]


@pytest.mark.parametrize(("form", "level", "status"), FORMS)
def test_a_business_error_is_a_200(client: httpx.Client, form: Item, level: str, status: int) -> None:
    """Vonage's status and text, as behind its own door."""
    answer = client.post(f"{ROOT}/{level}", data=form)
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert len(charges(client)) == (status == 0)


def of_every_state() -> list[str]:
    """Two numbers at most of each state."""
    truth: dict[State, list[str]] = {}
    subscribers = Subscribers(1)
    for number in (f"31610{digits:06d}" for digits in range(4000)):
        truth.setdefault(subscribers.find(number).state, []).append(number)
    return [number for numbers in truth.values() for number in numbers[:2]]


@pytest.mark.parametrize("level", ["basic", "standard", "advanced"])
def test_an_answer_is_in_kpns_words(client: httpx.Client, level: str) -> None:
    """No null, `roaming` an object, only documented values, and prices as strings and as numbers."""
    types = set()
    for number in of_every_state():
        item = ask(client, number, level)
        assert None not in item.values()
        assert all(value in WORDS[key] for key, value in item.items() if key in WORDS)
        for role in ("current_carrier", "original_carrier"):
            network = item.get(role, {"network_type": "unknown"})
            assert network["network_type"] in NETWORKS
            assert None not in network.values()
        assert item.get("roaming", {"status": "unknown"})["status"] in ("unknown", "roaming", "not_roaming")
        if "request_price" in item:
            types.add(type(item["request_price"]))
            assert float(item["request_price"]) == {"standard": 0.005, "advanced": 0.03}[level]
    assert types == (set() if level == "basic" else {str, float})


def test_the_bill_is_what_was_asked(client: httpx.Client) -> None:
    """Each level at its list price; a token and a refusal cost nothing."""
    for level in ("basic", "standard", "advanced"):
        ask(client, level=level)
    prices = {row["product"]: row["amount"] for row in charges(client) if not row["amount"].startswith("-")}
    assert prices == {"basic": "0.000000000", "standard": "0.005000000", "advanced": "0.030000000"}
    assert {row["number"] for row in charges(client)} == {f"+{NUMBER}"}


def test_every_reply_tells_the_quota(client: httpx.Client) -> None:
    """Refusals and tokens too; what was looked up is counted, and a reset gives it back."""
    used = []
    for answer in (
        client.post(TOKEN, data=GOOD),
        client.post(f"{ROOT}/basic", data={"number": NUMBER}),
        client.post(f"{ROOT}/basic", data={"number": NUMBER}),
        client.get(f"{ROOT}/basic"),
        client.post(f"{ROOT}/basic", headers={"authorization": ""}),
    ):
        assert set(answer.headers) >= QUOTA
        assert answer.headers["sunset"] == "n/a"
        used.append(answer.headers["quota-used"])
    assert used == ["0", "1", "2", "2", "2"]
    client.post("/_simulator/reset")
    assert client.post(TOKEN, data=GOOD).headers["quota-used"] == "0"


def test_an_asynchronous_lookup_is_acknowledged_and_called_back(client: httpx.Client) -> None:
    """The acknowledgement as documented, and a callback to the address that was given, about the same request."""
    form = {"number": NUMBER, "callback": "http://127.0.0.1:9/kpn"}
    accepted = client.post(f"{ROOT}/advanced/async", data=form).raise_for_status().json()
    assert set(accepted) >= {"request_id", "number", "remaining_balance", "request_price", "status"}
    assert accepted["number"] == NUMBER
    (row,) = client.get("/_simulator/callbacks").json()["callbacks"]
    assert (row["provider"], row["number"], row["url"]) == ("kpn", f"+{NUMBER}", form["callback"])
    assert [one["product"] for one in charges(client) if not one["amount"].startswith("-")] == ["advanced_async"]


REWORDED = {
    "token_expired": (401, "Invalid Access Token"),
    "product_not_in_project": (403, "The product is not part of the project"),
    "token_error": (500, "invalid_access_token"),
}


@pytest.mark.parametrize(("fault", "expected"), REWORDED.items())
def test_a_gateway_that_refuses_looks_nothing_up(tmp_path: Path, fault: str, expected: tuple[int, str]) -> None:
    """Once, in the gateway's envelope, at no charge and without a callback; then it goes on."""
    with faulty(tmp_path, {"when": {"nth": 2}, "fault": fault}) as client:
        form = {"number": NUMBER, "callback": "http://127.0.0.1:9/kpn"}
        refused = client.post(f"{ROOT}/advanced/async", data=form)
        assert (refused.status_code, refused.json()["message"]) == expected
        assert set(refused.json()) == ENVELOPE
        assert set(refused.headers) >= QUOTA
        assert charges(client) == client.get("/_simulator/callbacks").json()["callbacks"] == []
        assert ask(client)["international_format_number"] == NUMBER


def test_a_token_that_cannot_be_had(tmp_path: Path) -> None:
    """Wrong credentials, said as if the server had failed."""
    with faulty(tmp_path, {"when": {"nth": 2}, "fault": "token_error"}) as client:
        refused = client.post(TOKEN, data=GOOD)
        assert (refused.status_code, refused.json()["message"]) == (500, "invalid_client-invalid_client_id")
        assert "access_token" not in refused.json()


def test_a_quota_that_is_used_up_and_an_announced_end(tmp_path: Path) -> None:
    """Both stand in the headers of an answer that is whole and charged; a 429 has a used up quota as well."""
    rules = (
        {"when": {"nth": 2}, "fault": "quota_used"},
        {"when": {"nth": 3}, "fault": "sunset"},
        {"when": {"nth": 4}, "fault": "status", "status": 429},
    )
    with faulty(tmp_path, *rules) as client:
        full, ending, throttled = (client.post(f"{ROOT}/standard", data={"number": NUMBER}) for _ in range(3))
    assert full.json()["status"] == ending.json()["status"] == 0
    assert full.headers["quota-used"] == full.headers["quota-limit"] == throttled.headers["quota-used"]
    assert ending.headers["sunset"] == "Thu, 04 Feb 2027 00:00:00 GMT"
    assert (throttled.status_code, throttled.headers["sunset"]) == (429, "n/a")


def test_strict_takes_what_is_documented(tmp_path: Path) -> None:
    """With `--strict` a parameter that KPN's definition does not have is refused, and the documented ones pass."""
    with simulated(strict=True) as client:
        with_token(client)
        assert ask(client)["international_format_number"] == NUMBER
        refused = client.post(f"{ROOT}/advanced", data={"number": NUMBER, "real_time_data": "true"})
        assert (refused.status_code, set(refused.json())) == (400, ENVELOPE)
