"""The simulator as a server: ports, prices, TLS, speed, and a clean end."""

import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from ringfence.errors import RingfenceError
from ringfence.simulator.server import Settings, running, serve
from ringfence.simulator.vendor import vendors

KEY = {"Authorization": "App key"}
MAIN = """
import sys
from ringfence.simulator.server import Settings, serve
serve(Settings(port=0), lambda urls: print(*dict(urls), urls[0][1], flush=True))
print("ended")
"""


PORTS = {"infobip": 0, "vonage": 1, "kaleyra": 2, "kpn": 3, "messente": 4, "vonage_insights": 5}
# In nanos of EUR, what is promised of products without options.
PRICES = {
    "infobip": {"query": 10_000_000, "notify": 10_000_000},
    "vonage": {"basic": 0, "standard": 5_000_000, "advanced": 40_000_000, "advanced_async": 40_000_000},
    "kaleyra": {"lookup": 200_000_000},
    "kpn": {"advanced": 30_000_000, "advanced_async": 30_000_000},
    "messente": {"hlr_sync": 2_000_000},
    "vonage_insights": {},
}


def test_every_provider_has_a_port_and_prices_of_its_own() -> None:
    """The ports and the list prices are those that the documents promise, and all are in euros."""
    known = vendors()
    assert {name: vendor.port_offset for name, vendor in known.items()} == PORTS
    for name, listed in PRICES.items():
        stated = known[name].list_prices
        assert {product: stated[product].amount for product in listed} == listed
        assert {price.currency for price in stated.values()} == {"EUR"}


def test_one_provider_can_be_served_alone() -> None:
    """A provider that is named is the only one, on the port that is given, and the bill is there too."""
    with running(Settings(provider="vonage")) as urls:
        assert list(urls) == ["vonage"]
        assert httpx.get(f"{urls['vonage']}/_simulator/charges").json() == {"charges": [], "totals": {}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_by_signal(number: signal.Signals) -> None:
    """SIGTERM and SIGINT end `serve` with exit code 0, even under an open connection, and it prints nothing itself."""
    with subprocess.Popen(
        [sys.executable, "-c", MAIN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        *names, url = child.stdout.readline().split()
        try:
            with httpx.Client(base_url=url, headers=KEY) as client:
                assert client.post("/number/1/query", json={"to": "31612000011"}).status_code == 200
                child.send_signal(number)
                out, err = child.communicate(timeout=10)
        finally:
            child.kill()
    assert names == list(PORTS)
    assert (out, err, child.returncode) == ("ended\n", "", 0)


def test_a_port_in_use_is_named() -> None:
    """A port that is taken is a sentence with the port in it, before anything is served."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RingfenceError, match=f"port {port} .*in use"):
            serve(Settings(port=port, provider="infobip"))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (Settings(provider="acme"), "no provider 'acme' here; there are: infobip, vonage, kaleyra, kpn, messente"),
        (Settings(scenario="doom"), "no scenario 'doom'; give a file, or one of: none, chaos, outage"),
        (Settings(prices=Path("/nonexistent.yaml")), "cannot read the prices in /nonexistent.yaml"),
        (Settings(tls_cert=Path("/nonexistent.pem")), "cannot use the TLS certificate /nonexistent.pem"),
        (Settings(tls_key=Path("/nonexistent.pem")), "give --tls-cert too"),
    ],
)
def test_settings_that_name_nothing(settings: Settings, complaint: str) -> None:
    """A provider, scenario or file that does not exist is a sentence that names it."""
    with pytest.raises(RingfenceError, match=complaint), running(settings):
        pass


@pytest.mark.parametrize(
    ("written", "amount", "currency"),
    [("infobip: {query: 0.10 EUR}", "0.100000000", "EUR"), ("infobip: {query: 0.000000001 USD}", "0.000000001", "USD")],
)
def test_prices_are_exact_to_the_nano(tmp_path: Path, written: str, amount: str, currency: str) -> None:
    """A price file takes the place of the list price, digit for digit."""
    file = tmp_path / "prices.yaml"
    file.write_text(written)
    with running(Settings(prices=file)) as urls:
        httpx.post(f"{urls['infobip']}/number/1/query", json={"to": "31612000011"}, headers=KEY)
        (row,) = httpx.get(f"{urls['infobip']}/_simulator/charges").json()["charges"]
    assert (row["amount"], row["currency"]) == (amount, currency)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("infobip: {query: 0.1}", "infobip.query: '0.1' is not a price"),
        ("infobip: {query: 1e-3 EUR}", "is not a price"),
        ("infobip: {query: -1 EUR}", "is not a price"),
        ("infobip: {hlr: 1 EUR}", "no product infobip.hlr; there are: infobip.query, infobip.notify"),
        ("infobip: 1 EUR", "write prices as"),
        ("infobip:\n  query: [1 EUR\n", "line 3: not valid YAML .expected"),
        ("infobip: \x01", "line 1: not valid YAML .a character"),
    ],
)
def test_prices_that_are_none(tmp_path: Path, written: str, complaint: str) -> None:
    """A price that is not an amount with a currency, or of an unknown product, is refused with the file's name."""
    file = tmp_path / "prices.yaml"
    file.write_text(written)
    with (
        pytest.raises(RingfenceError, match=f"prices.yaml[:,] .*{complaint}") as caught,
        running(Settings(prices=file)),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_a_full_batch_is_answered_at_once() -> None:
    """A thousand numbers take a fraction of a second, and latency is added to every answer."""
    numbers = [f"3161{number:07d}" for number in range(1000)]
    with running(Settings(latency=0.3)) as urls, httpx.Client(base_url=urls["infobip"], headers=KEY) as client:
        started = time.monotonic()
        assert len(client.post("/number/1/query", json={"to": numbers}).json()["results"]) == 1000
        assert 0.3 <= time.monotonic() - started < 1.3


def test_https(tmp_path: Path) -> None:
    """With certificate and key every port speaks HTTPS, and a fault can still end the connection."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key, trusted = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(trusted))
    file = tmp_path / "scenario.yaml"
    file.write_text("- {when: {nth: 2}, fault: drop_unanswered}")
    trust = ssl.create_default_context(cafile=trusted)
    with running(Settings(tls_cert=cert, tls_key=key, scenario=str(file))) as urls:
        assert urlsplit(urls["infobip"]).scheme == "https"
        with httpx.Client(base_url=urls["infobip"], headers=KEY, verify=trust) as client:
            assert client.post("/number/1/query", json={"to": "31612000011"}).status_code == 200
            with pytest.raises(httpx.TransportError):
                client.post("/number/1/query", json={"to": "31612000011"})
            assert client.get("/_simulator/charges?detail=0").json() == {"totals": {"EUR": "0.020000000"}}
