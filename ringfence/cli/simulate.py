"""`ringfence simulate`: the providers' doubles on loopback, with their own bill."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ringfence.errors import RingfenceError
from ringfence.simulator.journeys import Habits
from ringfence.simulator.server import Settings
from ringfence.simulator.server import serve as serve_simulator


def simulate(
    *,
    port: Annotated[int, typer.Option(help="port of the first provider; the others follow")] = 8900,
    provider: Annotated[str | None, typer.Option(help="only this one, on --port")] = None,
    seed: Annotated[int, typer.Option(help="truth about a subscriber is a function of seed and number")] = 1,
    latency: Annotated[str, typer.Option(help="before every answer, such as 50ms or 2s")] = "0ms",
    scenario: Annotated[str, typer.Option(help="faults: a name or a YAML file")] = "none",
    prices: Annotated[Path | None, typer.Option(help="YAML file of list prices")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM file; serves HTTPS")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file")] = None,
    callback_delay: Annotated[str, typer.Option(help="of callbacks, such as 200ms, or a range: 50ms..2s")] = "50ms",
    callback_loss: Annotated[str, typer.Option(help="share of callbacks that never leave, such as 20%")] = "0%",
    callback_twice: Annotated[str, typer.Option(help="share of callbacks that are sent two times")] = "0%",
    callback_shuffle: Annotated[bool, typer.Option(help="callbacks overtake each other")] = False,
    strict: Annotated[bool, typer.Option(help="refuse what the vendor would refuse")] = False,
) -> None:
    """Simulate the providers on this machine, with their own bill.

    Runs until Ctrl-C; needs no configuration, and sends callbacks to this machine alone.

    Example: ringfence simulate --port 8900 --latency 50ms
    """
    settings = Settings(
        port=port,
        provider=provider,
        seed=seed,
        latency=_seconds("--latency", latency),
        prices=prices,
        scenario=scenario,
        tls_cert=tls_cert,
        tls_key=tls_key,
        callbacks=Habits(
            delay=_range(callback_delay),
            loss=_share("--callback-loss", callback_loss),
            twice=_share("--callback-twice", callback_twice),
            shuffle=callback_shuffle,
        ),
        strict=strict,
    )
    serve_simulator(settings, on_ready=_ready)


def _ready(urls: Sequence[tuple[str, str]]) -> None:
    for name, url in urls:
        typer.echo(f"{name} {url}")
    typer.echo("charges: GET /_simulator/charges on any of them; stop with Ctrl-C")


def _seconds(option: str, text: str) -> float:
    match = re.fullmatch(r"(\d{1,6})(ms|s)", text, re.ASCII)
    if not match:
        raise RingfenceError(f"{option} takes a time such as 50ms or 2s, not '{text}'")
    return int(match[1]) / (1000 if match[2] == "ms" else 1)


def _range(text: str) -> tuple[float, float]:
    least, separator, most = text.partition("..")
    times = [_seconds("--callback-delay", each) for each in (least, most if separator else least)]
    if times[0] > times[1]:
        raise RingfenceError(f"--callback-delay takes the shorter time first, such as 50ms..2s, not '{text}'")
    return times[0], times[1]


def _share(option: str, text: str) -> float:
    match = re.fullmatch(r"(\d{1,3})%", text, re.ASCII)
    if not match or int(match[1]) > 100:
        raise RingfenceError(f"{option} takes a share such as 20%, not '{text}'")
    return int(match[1]) / 100
