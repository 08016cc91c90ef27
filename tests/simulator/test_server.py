"""The simulator as a server: ports, prices, TLS, speed, and a clean end."""

import shutil
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

from ringfence.errors import RingfenceError
from ringfence.simulator.server import Settings, running, serve
from ringfence.simulator.vendor import vendors

KEY = {"Authorization": "App key"}
MAIN = """
import sys
from ringfence.simulator.server import Settings, serve
serve(Settings(port=0), lambda urls: print(urls[0][1], flush=True))
print("ended")
"""


def test_ports_are_one_apart() -> None:
    """Every provider has a port of its own, Infobip the first, and the simulator knows its name and a price."""
    known = vendors()
    offsets = [vendor.port_offset for vendor in known.values()]
    assert next(iter(known)) == "infobip"
    assert offsets[0] == 0
    assert offsets == sorted(set(offsets))
    assert all(vendor.list_prices for vendor in known.values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_by_signal(number: signal.Signals) -> None:
    """SIGTERM and SIGINT end `serve` with exit code 0, even under an open connection, and it prints nothing itself."""
    with subprocess.Popen(
        [sys.executable, "-c", MAIN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        try:
            with httpx.Client(base_url=url, headers=KEY) as client:
                assert client.post("/number/1/query", json={"to": "31612000011"}).status_code == 200
                child.send_signal(number)
                out, err = child.communicate(timeout=10)
        finally:
            child.kill()
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
        (Settings(provider="acme"), "no provider 'acme' here; there are: infobip"),
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
        ("infobip: {hlr: 1 EUR}", "no product infobip.hlr; there are: infobip.query"),
        ("infobip: 1 EUR", "write prices as"),
    ],
)
def test_prices_that_are_none(tmp_path: Path, written: str, complaint: str) -> None:
    """A price that is not an amount with a currency, or of an unknown product, is refused with the file's name."""
    file = tmp_path / "prices.yaml"
    file.write_text(written)
    with pytest.raises(RingfenceError, match=f"prices.yaml: .*{complaint}"), running(Settings(prices=file)):
        pass


def test_a_full_batch_is_answered_at_once() -> None:
    """A thousand numbers take a fraction of a second, and latency is added to every answer."""
    numbers = [f"3161{number:07d}" for number in range(1000)]
    with running(Settings(latency=0.3)) as urls, httpx.Client(base_url=urls["infobip"], headers=KEY) as client:
        started = time.monotonic()
        assert len(client.post("/number/1/query", json={"to": numbers}).json()["results"]) == 1000
        assert 0.3 <= time.monotonic() - started < 1.3


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command to make a certificate")
def test_https(tmp_path: Path) -> None:
    """With certificate and key every port speaks HTTPS, and a fault can still end the connection."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        *subject,
        "-out",
        cert,
        "-keyout",
        key,
    ]
    subprocess.run(made, check=True, capture_output=True)
    file = tmp_path / "scenario.yaml"
    file.write_text("- {when: {nth: 2}, fault: drop_unanswered}")
    trust = ssl.create_default_context(cafile=cert)
    with running(Settings(tls_cert=cert, tls_key=key, scenario=str(file))) as urls:
        assert urlsplit(urls["infobip"]).scheme == "https"
        with httpx.Client(base_url=urls["infobip"], headers=KEY, verify=trust) as client:
            assert client.post("/number/1/query", json={"to": "31612000011"}).status_code == 200
            with pytest.raises(httpx.TransportError):
                client.post("/number/1/query", json={"to": "31612000011"})
            assert client.get("/_simulator/charges?detail=0").json() == {"totals": {"EUR": "0.020000000"}}
