"""Identity Insights as simulated: what it demands, and that our reading and Vonage's own SDK take its words."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.provider import Ask
from ringfence.providers.vonage_insights import PROVIDER
from ringfence.simulator.server import Settings, running
from ringfence.simulator.subscribers import Line, State, Subscribers

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
NUMBER = "31612000011"
ASKED: dict[str, Any] = {"phone_number": NUMBER, "insights": {"format": {}, "current_carrier": {}}}
PATH = "/identity-insights/v1/requests"
SDK = """
import json, sys
from vonage import Auth, HttpClientOptions, Vonage
from vonage_identity_insights import EmptyInsight, IdentityInsightsRequest, InsightsRequest

host, key, numbers = json.load(sys.stdin)
client = Vonage(Auth(application_id="an-application", private_key=key), HttpClientOptions(api_host=host, timeout=30))
wanted = InsightsRequest(format=EmptyInsight(), original_carrier=EmptyInsight(), current_carrier=EmptyInsight())
found = {}
for number in numbers:
    request = IdentityInsightsRequest(phone_number=number, insights=wanted)
    found[number] = client.identity_insights.requests(request).model_dump()
json.dump(found, sys.stdout)
"""


def token(algorithm: str = "RS256", **claims: Any) -> str:
    """An Authorization header as Vonage documents it, but for these claims; None leaves one out."""
    now = int(time.time())
    whole = {"application_id": "an-application", "iat": now, "exp": now + 900, "jti": "x1"} | claims
    told = {name: value for name, value in whole.items() if value is not None}
    key: Any = KEY if algorithm == "RS256" else "a shared secret that is long enough for it"
    return f"Bearer {jwt.encode(told, key, algorithm=algorithm)}"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a simulator with seed 1, with a good token."""
    with (
        running(Settings(seed=1)) as urls,
        httpx.Client(base_url=urls["vonage_insights"], headers={"Authorization": token()}) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def _fresh(client: httpx.Client) -> None:
    client.post("/_simulator/reset").raise_for_status()


NOW = int(time.time())


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer a.b.c",
        "Basic " + base64.b64encode(b"key:secret").decode(),
        "Bearer " + ".".join([base64.urlsafe_b64encode(b"[]").decode().rstrip("=")] * 3),
        token().replace("Bearer ", "Bearer x"),
        token().rpartition(".")[0],
        token().rpartition(".")[0] + ".c2hvcnQ",
        token("HS256"),
        token(application_id="wrong-application"),
        token(application_id=None),
        token(application_id=7),
        token(jti=None),
        token(exp=None),
        token(iat=NOW - 1000, exp=NOW - 100),
        token(iat=NOW + 3600, exp=NOW + 7200),
        token(exp=NOW + 90_000),
        token(exp=True),
    ],
)
def test_credentials_that_are_not_taken(client: httpx.Client, header: str) -> None:
    """Only a whole, current token of RS256 for an application is taken; a refusal is a problem document and free."""
    answer = client.post(PATH, json=ASKED, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "detail", "instance_id"}
    assert client.get("/_simulator/charges").json()["charges"] == []
    parsed = PROVIDER.parse("insights", Reply(401, dict(answer.headers), answer.content), [Phone(f"+{NUMBER}")])
    assert (parsed.verdict, parsed.token_refused, parsed.evidence) == ("void", True, "HTTP 401: unauthorized")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"phone_number": "0031612000011"}, 422),
        ({"phone_number": 31612000011}, 422),
        ({"phone_number": "no number"}, 422),
        ({"insights": {}}, 422),
        ({"insights": {"shoe_size": {}}}, 422),
        ({"insights": {"format": {"a": 1}}}, 422),
        ({"insights": ["format"]}, 422),
        ({"phone_number": f"+{NUMBER}"}, 200),
        ({"purpose": "FraudPreventionAndDetection"}, 200),
    ],
)
def test_parameters(client: httpx.Client, change: dict[str, Any], status: int) -> None:
    """As the specification has them; what is refused names the parameter and costs nothing."""
    answer = client.post(PATH, json=ASKED | change)
    assert answer.status_code == status
    if status == 422:
        assert [each["name"] for each in answer.json()["invalid_parameters"]] == [*change]
    assert len(client.get("/_simulator/charges").json()["charges"]) == (status == 200)


def test_other_requests_are_refused(client: httpx.Client) -> None:
    """Another path, method, or kind of body."""
    assert client.post("/identity-insights/v1", json=ASKED).status_code == 404
    assert client.get(PATH).status_code == 405
    assert client.post(PATH, content=b"phone_number=1", headers={"content-type": "text/plain"}).status_code == 415
    assert client.post(PATH, content=b"{", headers={"content-type": "application/json"}).status_code == 400


def test_our_request_is_answered_with_the_truth(client: httpx.Client, mobiles: Callable[[int], list[str]]) -> None:
    """With the token that we make: networks, inferred porting and line type are those of the subscriber."""
    credentials = PROVIDER.auth({"VONAGE_APPLICATION_ID": "an-application", "VONAGE_PRIVATE_KEY": PEM}, {})
    assert callable(credentials.token)
    header = credentials.token().header
    outcomes, truth = set(), Subscribers(1)
    none = [number for number in (f"31610{n:06d}" for n in range(900)) if truth.find(number).state is State.UNALLOCATED]
    numbers = [*mobiles(200), *none[:6], "31207654321", "442079460000", "448001111111"]
    for number in numbers:
        phone, subscriber = Phone(f"+{number}"), truth.find(number)
        request = PROVIDER.request(Ask("insights", [phone], "", str(client.base_url).rstrip("/"), {}))
        request.headers["Authorization"] = header
        answer = client.send(request)
        (one,) = PROVIDER.parse("insights", Reply(answer.status_code, {}, answer.content), [phone]).lookups
        outcomes.add(str(one.outcome))
        if subscriber.state is State.UNALLOCATED:
            assert one.validity == "invalid"
            continue
        assert (one.validity, one.validity_basis) == ("likely_valid", "numbering_plan")
        assert subscriber.original
        told = None if subscriber.line in (Line.OTHER, Line.PAGER) else subscriber.original.region
        assert one.original_carrier.country == told
        if one.ported != "unknown":
            assert (one.ported == "likely_ported") == subscriber.ported
        if subscriber.line is Line.LANDLINE:
            assert (one.line_type, one.current_carrier.mccmnc, one.outcome) == ("landline", None, "complete")
        if subscriber.state is State.REACHABLE:
            assert subscriber.current
            assert one.current_carrier.mccmnc == subscriber.current.mccmnc
    assert outcomes >= {"complete", "partial", "rejected_number"}
    totals = client.get("/_simulator/charges?detail=0").json()["totals"]
    assert totals == {"EUR": f"{len(numbers) * 0.02:.9f}"}


@pytest.mark.parametrize(
    ("fault", "verdict", "outcome"),
    [
        ("one_missing", "answered", "partial"),
        ("one_unasked", "doubt", None),
        ("echo_bare", "answered", "complete"),
        ("unknown_status", "answered", "partial"),
        ("drifted_types", "answered", "complete"),
        ("throttled", "void", None),
        ("no_credit", "void", None),
        ("not_enabled", "void", None),
        ("internal_error", "doubt", None),
        ("html", "doubt", None),
        ("one_twice", "answered", "complete"),
    ],
)
def test_faults(tmp_path: Path, fault: str, verdict: str, outcome: str | None) -> None:
    """What goes wrong does so in the vendor's words, and our reading says what it means."""
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps([{"when": "always", "fault": fault}]), encoding="utf-8")
    phone = Phone(f"+{NUMBER}")
    with running(Settings(seed=1, scenario=str(scenario))) as urls:
        request = PROVIDER.request(Ask("insights", [phone], "NL", urls["vonage_insights"], {}))
        request.headers["Authorization"] = token()
        with httpx.Client() as client:
            answer = client.send(request)
    parsed = PROVIDER.parse("insights", Reply(answer.status_code, dict(answer.headers), answer.content), [phone])
    assert parsed.verdict == verdict
    assert [one.outcome for one in parsed.lookups] == ([outcome] if outcome else [])


def test_strict_knows_the_specification() -> None:
    """Our own request passes, one with a key that is not documented does not."""
    with running(Settings(seed=1, strict=True)) as urls, httpx.Client(headers={"Authorization": token()}) as client:
        request = PROVIDER.request(Ask("insights", [Phone(f"+{NUMBER}")], "NL", urls["vonage_insights"], {}))
        request.headers["Authorization"] = token()
        assert client.send(request).status_code == 200
        assert client.post(f"{urls['vonage_insights']}{PATH}", json={**ASKED, "cnam": True}).status_code == 400


def test_the_sdk_of_vonage_takes_every_answer(tmp_path: Path, mobiles: Callable[[int], list[str]]) -> None:
    """Vonage's Python SDK signs with the same key, and deserializes what the double says."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key, trusted = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(trusted))
    numbers = [*mobiles(40), "31207654321"]
    with running(Settings(provider="vonage_insights", tls_cert=cert, tls_key=key)) as urls:
        variables = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(
            [sys.executable, "-c", SDK],
            input=json.dumps([urlsplit(urls["vonage_insights"]).netloc, PEM, numbers]),
            env=variables | {"REQUESTS_CA_BUNDLE": str(trusted)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert set(found) == set(numbers)
    codes = {each["insights"]["current_carrier"]["status"]["code"] for each in found.values()}
    assert {"OK", "UNSUPPORTED_NETWORK_TYPE"} <= codes
