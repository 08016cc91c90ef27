"""Whether every configured provider can be asked: credentials, addresses, prices, and how long it will answer.

It reads, and in simulate mode opens a connection to see whether anybody listens; nothing is asked of a provider.
"""

import os
import socket
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

from ringfence.config.environment import Setup
from ringfence.errors import ConfigError, RingfenceError
from ringfence.lookups import sunset
from ringfence.lookups.beginning import CREDENTIAL
from ringfence.lookups.finding import Finding, failed
from ringfence.providers.registry import provider

# Seconds that a simulator on this machine has to take a connection.
CONNECT = 1.0


def credentials(setup: Setup) -> Iterator[Finding]:
    """Whether every provider has its credentials: names of variables, never what they hold."""
    for name in setup.config.providers:
        what = f"credentials of {name}"
        try:
            found = setup.secrets(name)
            # Also that they can be used: a private key may be none.
            provider(name).auth(found, setup.config.providers[name].options(name))
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


def callbacks(setup: Setup) -> Iterator[Finding]:
    """Whether products that answer by callback can be bought, and for a simulator whether the receiver listens."""
    named = [
        f"{name}/{product}"
        for name, section in setup.config.providers.items()
        for product in section.products
        if provider(name).products[product].mode == "callback"
    ]
    try:
        url = setup.callbacks_url
    except ConfigError as error:
        yield failed("callbacks", error)
        return
    if not named:
        return
    if url is None:
        told = f"{' and '.join(named)} answer by callback and are off: callbacks.public_url is not set"
        yield Finding("warn", "callbacks", told, "set the address of ringfence callbacks, or take them out of products")
    elif setup.config.mode == "simulate" and not _listens(url):
        mend = f"start it: ringfence callbacks --port {urlsplit(url).port or 80}"
        yield Finding("warn", "callbacks", f"{url}: nobody listens there", mend)
    else:
        yield Finding("ok", "callbacks", f"{' and '.join(named)} answer to {url}")


def choices(setup: Setup) -> Iterator[Finding]:
    """Callers' names that are paid for and may not be kept: they are cut out of every reply."""
    for name, section in setup.config.providers.items():
        if section.options(name).get("cnam") == "on" and "US" not in setup.config.privacy.allow.get("caller_name", []):
            told = "callers' names are asked for and charged, and cut from every reply, since they may not be kept"
            mend = "set privacy: {allow: {caller_name: [US]}}, or take cnam out"
            yield Finding("warn", f"choices of {name}", told, mend)


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
    for each in sunset.endings(setup.config, on):
        yield Finding("fail" if each.over else "warn", f"end of {each.provider}", each.found, each.mend)
