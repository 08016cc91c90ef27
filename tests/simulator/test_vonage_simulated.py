"""Vonage as simulated: what it demands, how it answers at each level, and that bill, prices and balance agree."""

import base64
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import phonenumbers
import pytest

from ringfence.http.exchange import Reply
from ringfence.lookups.verdict import net_price
from ringfence.money.amount import nanos
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Later
from ringfence.providers.number_insight import request_id
from ringfence.providers.vonage import PROVIDER
from ringfence.providers.vonage_markup import document
from ringfence.simulator.server import Settings, running
from ringfence.simulator.subscribers import State, Subscribers

NUMBER = "31612000011"
PAIR = {"api_key": "key", "api_secret": "secret"}
BASIC = {
    *("status", "status_message", "request_id", "international_format_number", "national_format_number"),
    *("country_code", "country_code_iso3", "country_name", "country_prefix"),
}
MONEY = {"request_price", "refund_price", "remaining_balance"}
ADVANCED = {"lookup_outcome", "lookup_outcome_message", "valid_number", "reachable", "ported"}
REFUSED = "Invalid request :: Not valid number format detected [ {} ]"
Item = dict[str, Any]


def header(pair: str) -> dict[str, str]:
    """A Basic credential."""
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a simulator with seed 1, which authenticates by header."""
    with (
        running(Settings(seed=1)) as urls,
        httpx.Client(base_url=urls["vonage"], headers=header("key:secret")) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def _fresh(client: httpx.Client) -> None:
    client.post("/_simulator/reset").raise_for_status()


def ask(client: httpx.Client, number: str, level: str = "advanced") -> Item:
    """Look up one number."""
    found: Item = client.get(f"/ni/{level}/json", params={"number": number}).raise_for_status().json()
    return found


def of_every_state(count: int) -> list[str]:
    """So many numbers at most of each state, however rare it is."""
    truth, found = Subscribers(1), defaultdict[State, list[str]](list)
    for number in (f"31610{digits:06d}" for digits in range(4000)):
        found[truth.find(number).state].append(number)
    return [number for numbers in found.values() for number in numbers[:count]]


def lasting(item: Item) -> Item:
    """What of an answer is the same every time."""
    return {key: value for key, value in item.items() if key not in ("request_id", "remaining_balance")}


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
        httpx.Client(base_url=urls["vonage"], headers=header("key:secret")) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("method", "headers", "query", "form", "status"),
    [
        ("GET", header("key:secret"), {}, {}, 0),
        ("GET", {}, PAIR, {}, 0),
        ("POST", header("key:secret"), {}, {"number": NUMBER}, 0),
        ("POST", {}, {}, PAIR | {"number": NUMBER}, 0),
        ("GET", {}, {}, {}, 4),
        ("GET", header("wrong:secret"), {}, {}, 4),
        ("GET", header("key:wrong"), PAIR, {}, 4),
        ("GET", {"Authorization": "Bearer key"}, {}, {}, 4),
        ("GET", {}, PAIR | {"api_secret": ""}, {}, 4),
        ("GET", {}, PAIR | {"api_key": "wrong"}, {}, 4),
        ("POST", {}, {}, PAIR | {"number": NUMBER, "api_secret": "wrong"}, 4),
    ],
)
def test_credentials(
    client: httpx.Client, method: str, headers: dict[str, str], query: Item, form: Item, status: int
) -> None:
    """A pair in the header, the query or a form; a bad one is status 4 under HTTP 200, two fields and no charge."""
    url = client.base_url.join("/ni/standard/json")
    params = query if form else query | {"number": NUMBER}
    answer = httpx.request(method, url, headers=headers, params=params, data=form or None)
    assert answer.status_code == 200
    assert answer.json()["status"] == status
    if status:
        assert set(answer.json()) == {"status", "status_message"}
        assert answer.json()["status_message"].startswith("Invalid credentials")
    assert len(charges(client)) == (status == 0)


@pytest.mark.parametrize(
    ("level", "params", "status", "text"),
    [
        ("basic", {}, 3, "missing some mandatory parameters"),
        ("advanced", {"number": ""}, 3, "missing some mandatory parameters"),
        ("advanced/async", {"number": NUMBER}, 3, "missing some mandatory parameters"),
        ("standard", {"number": "1234"}, 3, REFUSED.format("1234")),
        ("advanced", {"number": "not a number"}, 3, REFUSED.format("not a number")),
        ("basic", {"number": "2100000000"}, 3, REFUSED.format("2100000000")),
        ("basic", {"number": "0612000011"}, 3, REFUSED.format("0612000011")),
        ("basic", {"number": NUMBER, "country": "GB"}, 3, REFUSED.format(NUMBER)),
        ("basic", {"number": NUMBER, "country": "nl"}, 3, REFUSED.format(NUMBER)),
        ("advanced/async", {"number": "1234", "callback": "https://example.com/"}, 3, REFUSED.format("1234")),
        ("advanced", {"number": NUMBER, "cnam": "true"}, 0, "Success"),
        ("basic", {"number": "0612000011", "country": "NL"}, 0, "Success"),
        ("basic", {"number": "+31 (6) 1200-0011"}, 0, "Success"),
    ],
)
def test_parameters(client: httpx.Client, level: str, params: Item, status: int, text: str) -> None:
    """A number in national or international format, the callback where one is needed; else a free refusal."""
    answer = client.get(f"/ni/{level}/json", params=params)
    assert answer.status_code == 200
    assert answer.json()["status"] == status
    key = "error_text" if level == "advanced/async" else "status_message"
    assert text in answer.json()[key]
    if status:
        assert set(answer.json()) == {"status", key}
        assert charges(client) == []
    else:
        assert answer.json()["international_format_number"] == NUMBER


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ni/advanced/csv", 404),
        ("GET", "/ni/premium/json", 404),
        ("GET", "/ni/basic", 404),
        ("GET", "/ni/basic/json/", 404),
        ("PUT", "/ni/basic/json", 403),
    ],
)
def test_requests_that_are_refused(client: httpx.Client, method: str, path: str, status: int) -> None:
    """Other paths, methods and formats are refused by HTTP status, in an error document, and recorded."""
    answer = client.request(method, path, params={"number": NUMBER})
    assert answer.status_code == status
    assert set(answer.json()) == {"type", "title", "detail", "instance"}
    (recorded,) = client.get("/_simulator/requests").json()["requests"]
    assert (recorded["method"], recorded["path"], recorded["status"]) == (method, path, status)


@pytest.mark.parametrize("body", [b'{"number": "31612000011"}', b"number=\xff\xfe%ff"])
def test_a_body_that_is_no_form_cannot_be_parsed(client: httpx.Client, body: bytes) -> None:
    """Status 999 where it is documented, and nothing is charged."""
    kind = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
    answer = client.post("/ni/advanced/json", content=body, headers={"Content-Type": kind})
    assert answer.json() == {"status": 999, "status_message": "Request unparseable."}
    assert charges(client) == []


def test_an_answer_depends_on_the_number_alone(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """Whenever it is asked, in whatever order, all but request id and balance is the same."""
    numbers = mobiles(40)
    for level in ("basic", "standard", "advanced"):
        first = [lasting(ask(client, number, level)) for number in numbers]
        assert [lasting(ask(client, number, level)) for number in reversed(numbers)] == first[::-1]


def test_levels_have_their_fields(client: httpx.Client) -> None:
    """Basic has no prices, standard adds money and carriers, advanced what the network says."""
    basic, standard, advanced = (ask(client, NUMBER, level) for level in ("basic", "standard", "advanced"))
    assert set(basic) == BASIC
    assert {"request_price", "remaining_balance", "ported", "current_carrier", "original_carrier"} <= set(standard)
    assert set(standard) - BASIC - MONEY <= {"ported", "current_carrier", "original_carrier", "roaming"}
    assert set(advanced) >= ADVANCED
    assert set(advanced["current_carrier"]) == {"network_code", "name", "country", "network_type"}
    assert (basic["national_format_number"], basic["country_code_iso3"]) == ("06 12000011", "NLD")


def test_every_documented_word_occurs(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """The statuses, outcomes and values of the reference, and the forms that only fixtures show, without a fault."""
    numbers = [*mobiles(150), *of_every_state(30), "12025550166", "448001111111", "31207654321"]
    answers = [ask(client, number) for number in numbers]
    told = [item for item in answers if item["status"] != 3]
    assert {item["status"] for item in answers} == {0, 3, 43, 44, 45}
    assert {item["lookup_outcome"] for item in told} == {0, 1, 2}
    assert {item["valid_number"] for item in told} == {
        "valid",
        "not_valid",
        "unknown",
        "inferred",
        "inferred_not_valid",
    }
    reachable = {"reachable", "absent", "undeliverable", "bad_number", "blacklisted", "unknown", "null", None}
    assert {item["reachable"] for item in told} == reachable
    assert {item["ported"] for item in told} == {"ported", "not_ported", "unknown", "null", None}
    forms = {json.dumps(item.get("roaming", "missing"), sort_keys=True)[:25] for item in told}
    unknown = {'"missing"', '"unknown"', "null", '{"status": "unknown"}'}
    assert forms == unknown | {'{"status": "not_roaming"}', '{"roaming_country_code": "'[:25]}
    codes = {(item.get("current_carrier") or {}).get("network_code") for item in told}
    assert {None, "US-FIXED", "310260", "20404"} <= codes
    types = {(item.get("current_carrier") or {}).get("network_type") for item in told}
    assert {"mobile", "landline", "landline_tollfree", "null", "unknown", None} <= types
    assert any("national_format_number" not in item for item in told if item["status"])
    assert {len(item["request_price"].partition(".")[2]) for item in told} == {2, 6, 8}
    assert any("real_time_data" in item for item in told)
    standard = [ask(client, number, "standard") for number in numbers[:300]]
    ported = {"assumed_ported", "assumed_not_ported", "ported", "not_ported", "unknown", "null", None}
    assert {item["ported"] for item in standard if not item["status"]} == ported
    assert {json.dumps(item.get("roaming", 0)) for item in standard} == {"0", '"unknown"', '{"status": "unknown"}'}


def test_us_numbers_are_told_from_databases(client: httpx.Client) -> None:
    """Reachability is not available in the United States: whatever is said of a number there is partial at best."""
    answers = [ask(client, f"1212555{number:04d}") for number in range(1000, 1060)]
    told = [item for item in answers if item["status"] != 3]
    assert {item["lookup_outcome"] for item in told} <= {1, 2}
    assert {item["reachable"] for item in told} <= {"unknown", "null", None}
    assert not any(isinstance(item.get("roaming"), dict) and "not" in item["roaming"]["status"] for item in told)


def test_bill_prices_and_balance_agree(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """Each charge is the price stated, each refund a row of its own, and the balance falls by what the row sum says."""
    refunded = dict.fromkeys(("basic", "standard", "advanced"), 0)
    balance = None
    for number in mobiles(200):
        for level in refunded:
            item = ask(client, number, level)
            if item["status"] == 3 or level == "basic":
                assert not MONEY & set(item)
                continue
            price, refund = (Decimal(item.get(key, "0")) for key in ("request_price", "refund_price"))
            assert price == {"standard": Decimal("0.005"), "advanced": Decimal("0.04")}[level]
            refunded[level] += refund > 0
            outcome = item.get("lookup_outcome")
            assert refund in {2: {price}, 1: {Decimal(0), Decimal("0.015")}, None: {Decimal(0), price}}.get(
                outcome, {0}
            )
            left = Decimal(item["remaining_balance"])
            assert balance is None or balance - left == price - refund
            balance = left
    assert refunded["standard"] > 3
    assert refunded["advanced"] > 3
    rows = charges(client)
    told: dict[str, Decimal] = {}
    for row in rows:
        told[row["request_id"]] = told.get(row["request_id"], Decimal(0)) + Decimal(row["amount"])
    assert all(amount >= 0 for amount in told.values())
    assert any(row["amount"].startswith("-") for row in rows)
    assert {row["amount"] for row in rows if row["product"] == "basic"} == {"0.000000000"}
    total = Decimal(client.get("/_simulator/charges?detail=0").json()["totals"]["EUR"])
    assert balance is not None
    assert sum(told.values()) == total == Decimal(10_000_000) - balance


class Inbox:
    """What was called back: bodies by request id, with their content type."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes]] = []
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                box.came.append((self.headers["content-type"], body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/vonage/hook"

    def wait(self, count: int) -> list[tuple[str, bytes]]:
        """So many callbacks, or as many as came in five seconds."""
        until = time.monotonic() + 5
        while len(self.came) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.came


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A customer's own server, which takes every callback."""
    box = Inbox()
    thread = threading.Thread(target=box.server.serve_forever)
    thread.start()
    yield box
    box.server.shutdown()
    thread.join()
    box.server.server_close()


@pytest.mark.parametrize("form", ["json", "xml"])
def test_an_asynchronous_lookup_is_called_back(
    client: httpx.Client, mobiles: Callable[[int], list[str]], inbox: Inbox, form: str
) -> None:
    """Accepted in five or six fields, charged once, and answered in full to the callback, under the same id."""
    accepted = {}
    seen = set()
    for number in mobiles(40):
        params = {"number": number, "callback": inbox.url}
        answer = client.get(f"/ni/advanced/async/{form}", params=params)
        parsed = PROVIDER.parse("advanced_async", Reply(200, {}, answer.content), [Phone(f"+{number}")])
        assert parsed.verdict in ("awaiting", "answered")
        if parsed.verdict == "awaiting":
            accepted[parsed.request_ref] = (Phone(f"+{number}"), Reply(200, {}, answer.content))
            item = document(answer.content)
            assert isinstance(item, dict)
            seen.add((frozenset(item), int(item["status"]) > 0))
            assert (item["number"], Decimal(item["request_price"])) == (number, Decimal("0.04"))
    fields = {"request_id", "number", "remaining_balance", "request_price", "status"}
    said = frozenset(fields | {"error_text"})
    assert seen == {(frozenset(fields), False), (said, False), (said, True)}
    spent = 0
    for kind, body in inbox.wait(len(accepted)):
        assert kind == f"application/{form}"
        assert b"real_time_data" not in body
        phone, before = accepted.pop(request_id(document(body)))
        parsed = PROVIDER.parse_later("advanced_async", Later("callback", "", Reply(200, {}, body)), before, [phone])
        (one,) = parsed.lookups
        assert one.phone == phone
        spent += net_price(one, 10**12)
    assert accepted == {}
    assert {row["product"] for row in charges(client)} == {"advanced_async"}
    assert sum(nanos(row["amount"]) for row in charges(client)) == spent > 0


def test_a_callback_may_find_nothing(tmp_path: Path, inbox: Inbox) -> None:
    """Under its fault `lookup_outcome` is 2, and the whole price is given back, in the bill too."""
    with faulty(tmp_path, {"when": "always", "fault": "callback_outcome_2"}) as client:
        client.get("/ni/advanced/async/json", params={"number": NUMBER, "callback": inbox.url})
        client.get("/ni/advanced/async/xml", params={"number": NUMBER, "callback": inbox.url})
        for _, body in inbox.wait(2):
            found = document(body)
            assert isinstance(found, dict)
            assert (str(found["lookup_outcome"]), found["request_price"]) == ("2", found["refund_price"])
        assert [row["amount"] for row in charges(client)] == ["0.040000000", "-0.040000000"] * 2
        assert client.get("/ni/advanced/json", params={"number": NUMBER}).json()["lookup_outcome"] == 0


def test_callers_are_known_in_the_united_states_and_charged(client: httpx.Client) -> None:
    """The price of a name is charged whether or not there is one, and given back where there can be none."""
    kinds = set()
    for number in (f"1212555{number:04d}" for number in range(1000, 1040)):
        client.post("/_simulator/reset")
        item = client.get("/ni/standard/json", params={"number": number, "cnam": "true"}).json()
        if item["status"]:
            continue
        kinds.add(item["caller_identity"]["caller_type"])
        assert item["caller_name"] == item["caller_identity"]["caller_name"]
        assert Decimal(item["request_price"]) == Decimal("0.015")
        refund = Decimal(item.get("refund_price", "0"))
        assert refund in (0, Decimal("0.005"))
        assert sum(Decimal(row["amount"]) for row in charges(client)) == Decimal("0.015") - refund
    assert kinds == {"consumer", "business", "unknown"}
    client.post("/_simulator/reset")
    item = client.get("/ni/advanced/json", params={"number": NUMBER, "cnam": "true"}).json()
    assert "caller_identity" not in item
    assert Decimal(item["request_price"]) - Decimal(item["refund_price"]) == Decimal("0.04")
    assert "caller_identity" not in client.get("/ni/advanced/json", params={"number": NUMBER}).json()


def test_xml_says_what_json_says(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """At each level, refusals included, another parser than ours finds the same answer in both forms."""
    for number in (*mobiles(60), "12025550166", "31207654321", "1234"):
        for level in ("basic", "standard", "advanced"):
            phone = Phone(f"+{number}") if len(number) > 6 else Phone("+31612000011")
            replies = [client.get(f"/ni/{level}/{form}", params={"number": number}) for form in ("json", "xml")]
            assert [reply.headers["content-type"] for reply in replies] == ["application/json", "application/xml"]
            json_, xml = (PROVIDER.parse(level, Reply(200, {}, reply.content), [phone]) for reply in replies)
            assert (json_.verdict, json_.lookups) == (xml.verdict, xml.lookups)


def test_strict_refuses_what_is_not_documented() -> None:
    """A parameter that the reference does not have, or a callback where there is none, that is."""
    with running(Settings(seed=1, strict=True)) as urls:
        base = urls["vonage"]
        good = {"number": NUMBER, "country": "NL", "cnam": "false"}
        for params, status in ((good, 200), ({**good, "numbers": "1"}, 400), ({**good, "callback": "x"}, 400)):
            assert httpx.get(f"{base}/ni/basic/json", params=params, headers=header("a:b")).status_code == status


@pytest.mark.parametrize(
    ("fault", "status"), [("throttled", 1), ("internal_error", 5), ("no_credit", 9), ("not_enabled", 19)]
)
def test_refusals_in_the_place_of_an_answer_are_free(tmp_path: Path, fault: str, status: int) -> None:
    """Two fields under HTTP 200 whatever the number is, and nothing on the bill; a wrong key is told first."""
    with faulty(tmp_path, *({"when": {"nth": nth}, "fault": fault} for nth in (1, 2, 3))) as client:
        for number in (NUMBER, "2100000000"):
            refused = ask(client, number)
            assert set(refused) == {"status", "status_message"}
            assert refused["status"] == status
        params = {"number": NUMBER}
        assert client.get("/ni/basic/json", params=params, headers=header("wrong:secret")).json()["status"] == 4
        assert charges(client) == []
        assert ask(client, NUMBER)["status"] == 0
        assert len(charges(client)) == 1


def test_distortions_are_about_the_one_number(tmp_path: Path) -> None:
    """Each does what its name says to the answer, which is billed; what needs several numbers changes nothing."""
    faults = [
        *("one_missing", "one_conflicting", "one_unasked", "echo_plus", "echo_double_zero"),
        *("unknown_status", "drifted_types", "reordered", "one_twice", "too_many", "sdk_dialect"),
    ]
    rules = [{"when": {"nth": nth}, "fault": fault} for nth, fault in enumerate(faults, 1)]
    with faulty(tmp_path, *rules) as client:
        got = {fault: ask(client, NUMBER) for fault in faults}
        true = ask(client, NUMBER)
        assert len(charges(client)) == len(faults) + 1
    echo = "international_format_number"
    assert echo not in got["one_missing"]
    assert (got["one_conflicting"]["valid_number"], got["one_conflicting"]["reachable"]) == ("valid", "bad_number")
    assert got["one_unasked"][echo] not in (NUMBER, None)
    assert (got["echo_plus"][echo], got["echo_double_zero"][echo]) == (f"+{NUMBER}", f"00{NUMBER}")
    assert got["unknown_status"]["status"] == 46
    drifted = got["drifted_types"]
    assert (drifted["status"], drifted["lookup_outcome"], drifted["country_prefix"]) == ("0", "0", 31)
    assert drifted["request_price"] == 0.04
    assert drifted["current_carrier"]["network_code"] == int(true["current_carrier"]["network_code"])
    for fault in ("reordered", "one_twice", "too_many", "sdk_dialect"):
        assert lasting(got[fault]) == lasting(true)


def test_drifted_roaming_is_a_bare_word(tmp_path: Path, mobiles: Callable[[int], list[str]]) -> None:
    """`roaming` as "null" and "not_roaming", on which the vendor's own SDK fails, come only under this fault."""
    with faulty(tmp_path, {"when": "always", "fault": "drifted_types"}) as client:
        words = {item.get("roaming", "missing") for item in (ask(client, number) for number in mobiles(200))}
    assert words == {"missing", "unknown", "null", "not_roaming", "roaming"}


def test_statuses_of_http_come_in_an_error_document(tmp_path: Path) -> None:
    """An HTTP status that a rule orders carries a document and a Retry-After, and costs nothing."""
    rule = {"when": "always", "fault": "status", "status": 429, "retry_after": 3}
    with faulty(tmp_path, rule) as client:
        answer = client.get("/ni/basic/json", params={"number": NUMBER})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
        assert answer.json()["title"] == "Too Many Requests"
        assert charges(client) == []


def test_numbers_are_written_as_their_country_does(client: httpx.Client) -> None:
    """The national format is libphonenumber's; a country without known networks has no three-letter code or name."""
    for number in ("447400123456", "12025550123", "4915123456789"):
        item = ask(client, number, "basic")
        parsed = phonenumbers.parse(f"+{number}")
        expected = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        assert item["status"] == 3 or item["national_format_number"] == expected
    missing = next(
        item
        for item in (ask(client, f"3546{number:06d}", "basic") for number in range(110000, 110040))
        if not item["status"]
    )
    assert missing["country_code"] == "IS"
    assert not {"country_code_iso3", "country_name"} & set(missing)
