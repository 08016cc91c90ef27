"""Whether every configured provider can be asked: credentials, address, prices, and how long it will answer.

It reads, and in simulate mode opens a connection to see whether anybody listens; nothing is asked of a provider.
"""

import os
import socket
from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlsplit

from ringfence.config.environment import Setup
from ringfence.errors import ConfigError, RingfenceError
from ringfence.lookups.beginning import CREDENTIAL
from ringfence.lookups.finding import Finding, failed
from ringfence.providers.registry import provider

# How long before a vendor's end it is warned of.
SUNSET = timedelta(days=90)
# Seconds that a simulator on this machine has to take a connection.
CONNECT = 1.0


def credentials(setup: Setup) -> Iterator[Finding]:
    """Whether every provider has its credentials: names of variables, never what they hold."""
    for name in setup.config.providers:
        what = f"credentials of {name}"
        try:
            found = setup.secrets(name)
        except RingfenceError as error:
            told, _, where = str(error).partition(" in the ")
            yield Finding("fail", what, told, f"set them in the {where}")
            continue
        if setup.config.mode == "live" and CREDENTIAL in found.values():
            yield Finding(
                "fail", what, f"{' and '.join(found)}: these are the simulator's", "set those of your account"
            )
        else:
            places = dict.fromkeys("the environment" if each in os.environ else ".env" for each in found)
            yield Finding("ok", what, f"{' and '.join(found)} set in {' and '.join(places)}")


def addresses(setup: Setup) -> Iterator[Finding]:
    """Whether every provider's address is allowed in this mode and, for a simulator, whether anybody listens."""
    for name in setup.config.providers:
        what = f"address of {name}"
        try:
            url = setup.base_url(name)
        except ConfigError as error:
            yield failed(what, error)
            continue
        if setup.config.mode == "live" or _listens(url):
            yield Finding("ok", what, url)
        else:
            yield Finding("warn", what, f"{url}: nobody listens there", "start it: ringfence simulate")


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection(
            (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)), CONNECT
        ).close()
    except OSError:
        return False
    return True


def prices(setup: Setup, on: date) -> Iterator[Finding]:
    """Whether every configured product has a price on a day, and for how long."""
    try:
        problems, warnings = setup.rates.problems(on), setup.rates.warnings(on)
    except ConfigError as error:
        yield failed("prices", error)
        return
    for problem in problems:
        found, _, mend = problem.partition(": ")
        yield Finding("fail", "prices", found, mend)
    for warning in warnings:
        found, _, mend = warning.partition(": ")
        yield Finding("warn", "prices", found, mend)
    if not (problems or warnings):
        count = sum(len(section.products) for section in setup.config.providers.values())
        yield Finding("ok", "prices", f"known for all of {count} products")


def sunsets(setup: Setup, on: date) -> Iterator[Finding]:
    """Vendors that will not answer any more, or have ended."""
    for name in setup.config.providers:
        end = provider(name).sunset
        if end is None or end - on > SUNSET:
            continue
        mend = "name another provider for its facts, and take it out of providers and routes"
        if end <= on:
            yield Finding("fail", f"end of {name}", f"it has not answered since {end}", mend)
        else:
            yield Finding("warn", f"end of {name}", f"it answers until {end}, {(end - on).days} days from now", mend)
