"""What becomes of an open attempt by itself: whether its provider is asked, until when, and what comes then."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lookups.asking import asks, pollable, waits_for_resume
from ringfence.lookups.lanes import account_of
from ringfence.providers.collectable import traced
from ringfence.providers.registry import provider

_SECOND = 1_000_000


def prospect(connection: Connection, setup: Setup, key: bytes, attempt: Mapping[str, Any], now: int) -> str:
    """A sentence about an attempt (a row of this ledger) at a moment (microseconds UTC); empty while it is out."""
    section = setup.config.providers.get(attempt["provider"])
    kind = provider(attempt["provider"])
    product = kind.products[attempt["product"]]
    if attempt["state"] == "awaiting":
        until = _time(setup, attempt["reserved_at"], product.patience)
        return f"is {'asked about' if pollable(product) else 'waited for'} until {until}, then in doubt"
    if attempt["state"] != "in_doubt":
        return ""
    lost = _time(setup, attempt["reserved_at"], setup.config.in_doubt.assume_billed_after)
    end = f"counts as spent from {lost}"
    if section is None:
        return f"needs a decision: {attempt['provider']} is not configured any more; {end}"
    options = section.options(attempt["provider"])
    how = traced(product, options)
    if how and now < attempt["reserved_at"] + how.begins * _SECOND:
        return f"is asked about from {_time(setup, attempt['reserved_at'], how.begins)}; {end}"
    try:
        address, account = setup.base_url(kind.name), account_of(setup, kind.name, key)
    except RingfenceError as error:
        return f"needs a decision: it cannot be asked about ({error}); {end}"
    if asks(connection, kind, address, options, attempt, now, account).polls:
        until = f" until {_time(setup, attempt['reserved_at'], how.until)}" if how else ""
        return f"is asked about{until}; {end}"
    if product.traced and not how:
        return f"needs a decision, or providers.{kind.name}.{product.traced.option}: on, which may cost; {end}"
    if not how:
        return f"needs a decision: its provider cannot be asked; {end}"
    return f"{_why_not(connection, attempt, account)}; {end}"


def _why_not(connection: Connection, attempt: Mapping[str, Any], account: str | None) -> str:
    """Why what a provider tells of requests by their time says nothing of this one, as far as is known."""
    name = attempt["provider"]
    if attempt["account"] is None:
        return f"needs a decision: nobody noted with which credentials {name} was asked"
    if attempt["account"] != account:
        return f"needs a decision: it was sent with other credentials of {name} than there are now"
    if waits_for_resume(connection, attempt):
        return f"is asked about, which costs, when {name} is no longer stopped"
    return "needs a decision: its provider's log does not tell"


def _time(setup: Setup, since: int, seconds: int) -> str:
    """A moment so many seconds after another one (microseconds UTC), in the configured zone."""
    moment = datetime.fromtimestamp(since / _SECOND + seconds, UTC).astimezone(setup.config.zone)
    return f"{moment:%Y-%m-%d %H:%M}"
