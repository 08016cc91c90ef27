"""Faults, seen through a raw socket where the wire matters, and the scenarios that order them."""

import gzip
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from ringfence.errors import RingfenceError
from ringfence.simulator.faults import FAULTS, SCENARIOS
from ringfence.simulator.scenario import Rule, Scenario, read_scenario
from ringfence.simulator.server import Settings, running
from ringfence.simulator.vendor import vendors

NUMBERS = ["31612000011", "31612000012", "31612000013", "31612000014"]
BODY = json.dumps({"to": NUMBERS}).encode()
HEAD = (
    b"POST /number/1/query HTTP/1.1\r\nHost: simulator\r\nAuthorization: App key\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(BODY)
)


@contextmanager
def scenario(folder: Path, *rules: dict[str, Any]) -> Iterator[str]:
    """A simulator under these rules; gives the base URL of Infobip."""
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(rules))
    with running(Settings(scenario=str(file))) as urls:
        yield urls["infobip"]


def raw(url: str) -> tuple[bytes, str]:
    """Send one query over a bare socket; gives every byte that came, and how the connection ended."""
    address = urlsplit(url)
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(HEAD + BODY)
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            return received, "reset"
    return received, "close"


# Made once: a client that makes its own reads every certificate of the machine.
TRUST = ssl.create_default_context()
HEADERS = {"Authorization": "App key", "Content-Type": "application/json"}


def query(url: str) -> httpx.Response:
    """One query through a client."""
    return httpx.post(f"{url}/number/1/query", content=BODY, headers=HEADERS, verify=TRUST)


def charged(url: str) -> int:
    """How many numbers are on the bill."""
    return len(httpx.get(f"{url}/_simulator/charges", verify=TRUST).json()["charges"])


@pytest.mark.parametrize("by", ["reset", "close"])
@pytest.mark.parametrize(
    ("fault", "arrives", "bill"),
    [
        ("drop_unread", "nothing", 0),
        ("drop_unanswered", "nothing", 4),
        ("drop_after_headers", "headers", 4),
        ("drop_in_body", "half", 4),
        ("not_http", "garbage", 4),
    ],
)
def test_connections_end_where_the_fault_says(tmp_path: Path, fault: str, by: str, arrives: str, bill: int) -> None:
    """RST or FIN, after exactly the bytes that the fault names; charged unless the request was never read."""
    with scenario(tmp_path, {"when": "always", "fault": fault, "by": by}) as url:
        received, ended = raw(url)
        assert charged(url) == bill
        (recorded,) = httpx.get(f"{url}/_simulator/requests", verify=TRUST).json()["requests"]
    assert ended == by
    head, separator, body = received.partition(b"\r\n\r\n")
    if arrives == "nothing":
        assert received == b""
    elif arrives == "garbage":
        assert not received.startswith(b"HTTP/")
    else:
        promised = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert separator
        assert len(body) == (promised // 2 if arrives == "half" else 0)
    assert recorded["status"] == (200 if arrives in ("headers", "half") else None)


def test_statuses_come_in_the_vendors_envelope(tmp_path: Path) -> None:
    """An error status carries the vendor's document and is charged only when the rule says so."""
    statuses = [400, 401, 402, 403, 404, 408, 418, 429, 500, 502, 503, 504]
    cases = [(status, billed) for status in statuses for billed in (False, True)]
    rules = [
        {"when": {"nth": nth}, "fault": "status", "status": status, "billed": billed}
        for nth, (status, billed) in enumerate(cases, 1)
    ]
    with scenario(tmp_path, *rules) as url:
        for status, billed in cases:
            before = charged(url)
            answer = query(url)
            assert answer.status_code == status
            assert "retry-after" not in answer.headers
            assert set(answer.json()["requestError"]["serviceException"]) == {"messageId", "text"}
            assert charged(url) - before == (4 if billed else 0)


def test_retry_after_is_sent_in_both_forms(tmp_path: Path) -> None:
    """Seconds as they are written, or an HTTP-date (RFC 9110 10.2.3) so many seconds from now."""
    throttled = {"fault": "status", "status": 429}
    rules = [
        {"when": {"nth": 1}, **throttled, "retry_after": 7},
        {"when": {"nth": 2}, **throttled, "retry_after_date": 60},
    ]
    with scenario(tmp_path, *rules) as url:
        assert query(url).headers["retry-after"] == "7"
        dated = query(url).headers
        wait = parsedate_to_datetime(dated["retry-after"]) - parsedate_to_datetime(dated["date"])
        assert 57 <= wait.total_seconds() <= 62
        assert query(url).status_code == 200


def test_bodies_are_dressed_as_the_fault_says(tmp_path: Path) -> None:
    """HTML, nothing, another type, bytes that are no UTF-8, a byte order mark, 128 MiB in gzip, 100,000 brackets."""
    faults = ["html", "empty", "wrong_type", "invalid_utf8", "bom", "deep_json", "gzip_bomb"]
    rules = [{"when": {"nth": nth}, "fault": fault} for nth, fault in enumerate(faults, 1)]
    with scenario(tmp_path, *rules) as url:
        html, empty, typed, invalid, bom, deep = (query(url) for _ in faults[:-1])
        bomb = raw(url)[0].partition(b"\r\n\r\n")[2]
        plain = query(url)
        assert charged(url) == 4 * 8
    assert html.headers["content-type"] == "text/html"
    assert html.content.startswith(b"<!doctype html>")
    assert empty.content == b""
    assert typed.headers["content-type"] == "text/plain"
    assert typed.json()["results"] == plain.json()["results"]
    with pytest.raises(UnicodeDecodeError):
        invalid.content.decode()
    assert json.loads(invalid.content.decode(errors="replace"))["results"] == plain.json()["results"]
    assert json.loads(bom.content.decode("utf-8-sig"))["results"] == plain.json()["results"]
    with pytest.raises(RecursionError):
        json.loads(deep.content)
    assert len(bomb) < 1 << 20
    assert len(gzip.decompress(bomb)) == 128 << 20


def test_time_is_taken_and_charged(tmp_path: Path) -> None:
    """A late answer starts late, a dripping one ends late, and whoever stops waiting has been charged already."""
    rules = [{"when": {"nth": nth}, "fault": fault, "seconds": 0.4} for nth, fault in ((1, "late"), (2, "drip"))]
    with scenario(tmp_path, *rules, {"when": {"nth": 3}, "fault": "late", "seconds": 60}) as url:
        for _ in rules:
            started = time.monotonic()
            assert len(query(url).json()["results"]) == 4
            assert 0.35 < time.monotonic() - started < 5
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/number/1/query", content=BODY, headers=HEADERS, verify=TRUST, timeout=0.2)
        assert charged(url) == 12


def test_results_are_distorted_and_nothing_else_is(tmp_path: Path) -> None:
    """Each distortion does what its name says to the results; the bill is that of the four numbers asked."""
    faults = [
        fault for fault in FAULTS if fault.startswith(("one_", "echo_", "re", "no_c", "not_e", "unknown", "drift"))
    ]
    rules = [{"when": {"nth": nth}, "fault": fault} for nth, fault in enumerate(faults, 1)]
    with scenario(tmp_path, *rules) as url:
        got = {fault: query(url).json()["results"] for fault in faults}
        true = query(url).json()["results"]
        assert charged(url) == 4 * (len(faults) + 1)
    assert got["reordered"] == true[::-1] != true
    assert got["one_missing"] == true[:-1]
    assert got["one_twice"] == [*true, true[0]]
    assert got["one_conflicting"][:4] == true
    assert got["one_conflicting"][4]["to"] == true[0]["to"]
    assert got["one_conflicting"][4]["status"]["id"] != true[0]["status"]["id"]
    assert got["one_unasked"][:4] == true
    assert got["one_unasked"][4]["to"] not in NUMBERS
    assert [item["to"] for item in got["echo_plus"]] == ["+" + number for number in NUMBERS]
    assert [item["to"] for item in got["echo_double_zero"]] == ["00" + number for number in NUMBERS]
    assert {item["status"]["name"] for item in got["not_enabled"]} == {"REJECTED_ROUTE_NOT_AVAILABLE"}
    assert {item["status"]["id"] for item in got["no_credit"]} == {12}
    assert {item["status"]["groupId"] for item in got["unknown_status"]} == {9}
    assert {type(item["ported"]) for item in got["drifted_types"]} == {str}
    assert {type(item["mccMnc"]) for item in got["drifted_types"] if "mccMnc" in item} == {int}


def test_a_refused_request_is_not_distorted(tmp_path: Path) -> None:
    """A distortion of results leaves the vendor's own refusal as it is."""
    with scenario(tmp_path, {"when": "always", "fault": "not_enabled"}) as url:
        assert (
            httpx.post(f"{url}/number/1/query", content=BODY, headers={"Authorization": "App wrong"}).status_code == 401
        )


def test_the_first_rule_that_fits_holds() -> None:
    """Rules go by provider and by the count of its requests, and begin again after a restart."""
    rules = [
        Rule("late", billed=True, nth=4),
        Rule("bom", billed=True, every=2),
        Rule("html", billed=True, provider="b"),
    ]
    scene = Scenario(rules)
    for _ in range(2):
        assert [rule and rule.fault for rule in (scene.next("a") for _ in range(6))] == [
            None, "bom", None, "late", None, "bom",
        ]  # fmt: skip
        assert [rule and rule.fault for rule in (scene.next("b") for _ in range(2))] == ["html", "bom"]
        scene.restart()


@pytest.mark.parametrize("name", SCENARIOS)
def test_named_scenarios_are_well_formed(name: str) -> None:
    """Every scenario that ships can be followed, and all but `none` change something within 61 requests."""
    known = vendors()
    scene = read_scenario(name, known)
    changed = {provider for provider in known if any(scene.next(provider) for _ in range(61))}
    assert changed == {"none": set(), "sdk-dialect": {"messente"}}.get(name, set(known))


def test_every_fault_in_a_vendors_words_is_one_that_can_be_ordered() -> None:
    """No vendor words a fault that no scenario can name, and none both answers and refuses under one fault."""
    for vendor in vendors().values():
        assert set(vendor.distortions) | set(vendor.refusals) <= set(FAULTS)
        assert not set(vendor.distortions) & set(vendor.refusals)


@pytest.mark.parametrize(("billed", "amount"), [({}, 0), ({"billed": False}, 0), ({"billed": True}, 4)])
def test_a_refusal_is_billed_only_on_demand(tmp_path: Path, billed: dict[str, bool], amount: int) -> None:
    """What a vendor refuses as a whole costs nothing, unless the rule says that it does all the same."""
    rule = {"when": "always", "fault": "no_credit", **billed}
    file = tmp_path / "scenario.yaml"
    file.write_text(json.dumps([rule]))
    headers = {"Accept": "application/json"}
    with running(Settings(scenario=str(file))) as urls:
        body = {"numbers": [f"+{number}" for number in NUMBERS]}
        url = urls["messente"]
        answer = httpx.post(f"{url}/v1/hlr/sync", json=body, headers=headers, auth=("user", "password"), verify=TRUST)
        assert answer.status_code == 402
        assert charged(url) == amount


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("{}", "list of rules"),
        ("- late", "rule 1: write it as"),
        ("- {fault: explode}", "no fault 'explode'; there are: status, "),
        ("- {fault: [late]}", "there is no fault .'late'.; there are"),
        ("- {fault: late, provider: acme}", "no provider 'acme'; there are: infobip"),
        ("- {fault: late}\n- {fault: late, when: {nth: 0}}", "rule 2: when is one of"),
        ("- {fault: late, when: {every: true}}", "rule 1: when is one of"),
        ("- {fault: late, sekonds: 3}", "no key 'sekonds'"),
        ("- {fault: late, seconds: soon}", "seconds is a number"),
        ("- {fault: status}", "needs a status from 400 to 599"),
        ("- {fault: status, status: 200}", "needs a status from 400 to 599"),
        ("- {fault: drop_unread, billed: true}", "cannot be billed"),
        ("- {fault: late, billed: perhaps}", "billed is true or false"),
        ("- {fault: drop_in_body, by: magic}", "by is reset or close"),
        ("- {fault: [", "cannot read the scenario in .*, line 1: not valid YAML .expected"),
        ("- {fault: late}\n- {a: b, c\n", "scenario.yaml, line 3: not valid YAML"),
        ("- {fault: late, seconds: 2026-13-45}", "scenario.yaml: not valid YAML .month must be"),
        ('- {fault: late, by: "a\\nb"}', r"by is reset or close; found: 'a\\nb'"),
    ],
)
def test_a_bad_scenario_is_refused_with_its_reason(tmp_path: Path, written: str, complaint: str) -> None:
    """A rule that cannot be followed is named with its number and with what is allowed."""
    file = tmp_path / "scenario.yaml"
    file.write_text(written)
    with pytest.raises(RingfenceError, match=complaint) as caught:
        read_scenario(str(file), ["infobip"])
    assert "\n" not in str(caught.value)
