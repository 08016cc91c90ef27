"""`ringfence simulate`: the providers' doubles on loopback, with their own bill."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ringfence.errors import RingfenceError
from ringfence.simulator.server import Settings
from ringfence.simulator.server import serve as serve_simulator


def simulate(
    port: Annotated[int, typer.Option(help="port of the first provider; the others follow")] = 8900,
    provider: Annotated[str | None, typer.Option(help="only this one, on --port")] = None,
    seed: Annotated[int, typer.Option(help="truth about a subscriber is a function of seed and number")] = 1,
    latency: Annotated[str, typer.Option(help="before every answer, such as 50ms or 2s")] = "0ms",
    scenario: Annotated[str, typer.Option(help="faults: a name or a YAML file")] = "none",
    prices: Annotated[Path | None, typer.Option(help="YAML file of list prices")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM file; serves HTTPS")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file")] = None,
) -> None:
    """Simulate the providers on this machine, with their own bill.

    Runs until Ctrl-C; needs no configuration and sends nothing anywhere.

    Example: ringfence simulate --port 8900 --latency 50ms
    """
    settings = Settings(
        port=port,
        provider=provider,
        seed=seed,
        latency=_seconds(latency),
        prices=prices,
        scenario=scenario,
        tls_cert=tls_cert,
        tls_key=tls_key,
    )
    serve_simulator(settings, on_ready=_ready)


def _ready(urls: Sequence[tuple[str, str]]) -> None:
    for name, url in urls:
        typer.echo(f"{name} {url}")
    typer.echo("charges: GET /_simulator/charges on any of them; stop with Ctrl-C")


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)(ms|s)", text)
    if not match:
        raise RingfenceError(f"--latency takes a time such as 50ms or 2s, not '{text}'")
    return int(match[1]) / (1000 if match[2] == "ms" else 1)
