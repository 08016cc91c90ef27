"""The vendors' own SDKs against the simulator: they judge it, each in a process of its own, with its own HTTP client.

vonage 4.9 speaks only HTTPS; messente-api 2.7 takes only the words of its own model, which the scenario `sdk-dialect`
speaks. What the SDKs are known to fail on (`roaming` as "null" or as a bare "not_roaming") is not among the answers.
"""

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from ringfence.simulator.server import Settings, running
from ringfence.simulator.subscribers import State, Subscribers

# A landline, and a number that is none: too few of either among a hundred.
RARE = (State.UNCOVERED, State.UNALLOCATED)
VONAGE = """
import json, sys
from vonage import Auth, HttpClientOptions, Vonage
from vonage_number_insight import (
    AdvancedAsyncInsightRequest, AdvancedSyncInsightRequest, BasicInsightRequest, StandardInsightRequest)
from vonage_number_insight.errors import NumberInsightError

host, numbers = json.load(sys.stdin)

def insight(key):
    return Vonage(Auth(api_key=key, api_secret="secret"), HttpClientOptions(api_host=host, timeout=30)).number_insight

number_insight = insight("key")
told = {"basic": {}, "standard": {}, "advanced": {}, "advanced/async": {}}
refused = {level: {} for level in told}
for number in numbers:
    asked = {"number": number}
    for level, ask, request in (
        ("basic", number_insight.get_basic_info, BasicInsightRequest(**asked)),
        ("standard", number_insight.get_standard_info, StandardInsightRequest(**asked)),
        ("advanced", number_insight.get_advanced_info_sync, AdvancedSyncInsightRequest(**asked)),
        ("advanced/async", number_insight.get_advanced_info_async,
         AdvancedAsyncInsightRequest(**asked, callback="https://example.com/hook")),
    ):
        try:
            told[level][number] = ask(request).model_dump()
        except NumberInsightError as error:
            refused[level][number] = str(error)
try:
    insight("wrong").get_basic_info(BasicInsightRequest(number=numbers[0]))
    wrong_key = ""
except NumberInsightError as error:
    wrong_key = str(error)
json.dump([told, refused, wrong_key], sys.stdout)
"""
MESSENTE = """
import json, sys
from messente_api import ApiClient, Configuration, NumberLookupApi, NumbersToInvestigate
from messente_api.exceptions import ApiException

host, numbers = json.load(sys.stdin)

def lookup(user):
    configuration = Configuration(host=host, username=user, password="password")
    configuration.retries = False
    return NumberLookupApi(ApiClient(configuration))

def refusal(user, numbers):
    try:
        # Built without its own check, which knows the limit too.
        lookup(user).fetch_info(NumbersToInvestigate.model_construct(numbers=numbers))
    except ApiException as error:
        return [type(error).__name__, error.status, error.data.errors[0].error.code]

found = []
for at in range(0, len(numbers), 10):
    answer = lookup("user").fetch_info(NumbersToInvestigate(numbers=numbers[at : at + 10]))
    assert answer.request_id
    found += [result.to_dict() for result in answer.result]
refused = [refusal("user", numbers[:11]), refusal("wrong", numbers[:1]), refusal("user", ["no number"])]
json.dump([found, refused], sys.stdout)
"""


def run(program: str, told: object, **environment: str) -> Any:
    """Run a program with JSON in and JSON out."""
    variables = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(told),
        env=variables | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The base URL of Vonage, simulated over HTTPS, and the certificate that vouches for it."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key, trusted = folder / "cert.pem", folder / "key.pem", folder / "ca.pem"
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(trusted))
    with running(Settings(provider="vonage", tls_cert=cert, tls_key=key)) as urls:
        yield urls["vonage"], trusted


def test_the_sdk_of_vonage_takes_every_answer(https: tuple[str, Path], mobiles: Callable[[int], list[str]]) -> None:
    """Four endpoints, 152 numbers of four countries: every answer deserializes, a number that is none is its error."""
    url, trusted = https
    truth = Subscribers(1)
    american = [f"1202555{digits:04d}" for digits in range(2000)]
    rare = [next(number for number in american if truth.find(number).state is state) for state in RARE]
    numbers = [*mobiles(150), *rare]
    told, refused, wrong_key = run(VONAGE, [urlsplit(url).netloc, numbers], REQUESTS_CA_BUNDLE=str(trusted))
    none = {number for number in numbers if truth.find(number).state is State.UNALLOCATED}
    for level, answers in told.items():
        assert set(refused[level]) == none
        assert set(answers) == set(numbers) - none
        assert all("Not valid number format" in message for message in refused[level].values())
    assert {item["status"] for item in told["advanced"].values()} == {0, 43, 44, 45}
    assert {str(type(item["roaming"]).__name__) for item in told["advanced"].values()} == {"NoneType", "str", "dict"}
    carriers = [item["current_carrier"] or {} for item in told["standard"].values()]
    assert {"US-FIXED", "23410", "26202"} <= {carrier.get("network_code") for carrier in carriers}
    assert all(item["request_price"] and item["remaining_balance"] for item in told["advanced"].values())
    assert "Invalid credentials" in wrong_key
    # The SDK proves who it is by header, and asks by GET.
    requests = httpx.get(f"{url}/_simulator/requests", verify=ssl.create_default_context(cafile=trusted)).json()[
        "requests"
    ]
    assert {entry["method"] for entry in requests} == {"GET"}
    assert len(requests) == 4 * 152 + 1


def test_the_sdk_of_messente_takes_every_answer(mobiles: Callable[[int], list[str]]) -> None:
    """Its model takes 300 results in all their statuses, and its exceptions read the three refusals."""
    numbers = [f"+{number}" for number in [*mobiles(297), "31207654321", "448001111111", "2100000000"]]
    with running(Settings(provider="messente", scenario="sdk-dialect")) as urls:
        found, refused = run(MESSENTE, [f"{urls['messente']}/v1", numbers])
    assert [result["number"] for result in found] == numbers
    assert {result.get("status") for result in found} == {"true", "false", "INVALID", "UNKNOWN", None}
    assert {result.get("ported") for result in found} == {True, False, None}
    assert {result["currentNetwork"]["countryCode"] for result in found if result.get("currentNetwork")} > {"USA", "NL"}
    assert refused == [
        ["BadRequestException", 400, 103],
        ["UnauthorizedException", 401, 101],
        ["BadRequestException", 400, 102],
    ]
