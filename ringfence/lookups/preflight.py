"""What must hold before a run: each check is a function of the configuration in its place, and gives findings.

What concerns providers is in `suppliers`, what the ledger knows in `standing`. It only reads.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ringfence.config.addresses import FROM_ENVIRONMENT
from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.config.webhook import KEY, webhook_of
from ringfence.errors import ConfigError, LakeError, RingfenceError
from ringfence.lake.tables import usable
from ringfence.lookups import suppliers
from ringfence.lookups.due_now import next_tick
from ringfence.lookups.finding import Finding, failed, incomparable
from ringfence.money.budget import limit
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source

# Free bytes of the disk under home that are little, and too little to write a reply safely.
LITTLE, TOO_LITTLE = 2 * 10**9, 10**8


def configuration(setup: Setup) -> Iterator[Finding]:
    """What the file has; without a source or a provider nothing can be bought."""
    config = setup.config
    counts = f"{len(config.sources)} sources, {len(config.providers)} providers"
    yield Finding("ok", "configuration", f"{setup.path}: mode {config.mode}, {counts}, time zone {config.timezone}")
    for name, there in (("sources", config.sources), ("providers", config.providers)):
        if not there:
            yield Finding("warn", "configuration", f"no {name} are configured", f"add {name} to {setup.path}")


def home(setup: Setup) -> Finding:
    """Whether home can be written, and how much room there is."""
    path = setup.home
    try:
        usable(path)
    except LakeError as error:
        return failed("home", error)
    there = next(each for each in (path, *path.parents) if each.exists())
    if there.is_file() or not os.access(there, os.W_OK | os.X_OK):
        return Finding("fail", "home", f"{there} cannot be written", "make it a folder of yours, or set another home")
    if there != path:
        return Finding("fail", "home", f"there is no {path}", "ringfence ledger create")
    free = shutil.disk_usage(path).free
    told = f"{path}: {free / 10**9:,.1f} GB free"
    if free < LITTLE:
        return Finding("fail" if free < TOO_LITTLE else "warn", "home", told, "free space on that disk")
    return Finding("ok", "home", told)


def sources(setup: Setup) -> Iterator[Finding]:
    """Whether every source can be read and has its columns; no cell is read."""
    for name in setup.config.sources:
        try:
            open_source(spec_of(setup, name)).check()
        except RingfenceError as error:
            yield failed(f"source {name}", error)
        else:
            yield Finding("ok", f"source {name}", "relation and columns are there")


def consent(setup: Setup) -> Iterator[Finding]:
    """Whether there is a limit for everything, and what may be bought without anybody's approval."""
    config = setup.config
    yield from currencies(config)
    if not any(
        each.window in ("month", "total") and not (each.provider or each.country or each.source)
        for each in config.budgets
    ):
        yield Finding(
            "fail",
            "budgets",
            "no month or total cap covers every purchase, so that nothing may be bought",
            'add {window: month, cap: "100 EUR"} to budgets',
        )
    if incomparable(config.approval.unattended, config):
        return
    if config.approval.unattended.amount:
        yield Finding(
            "ok", "approval", f"up to {config.approval.unattended} a day are bought without anybody's approval"
        )
    elif config.schedule:
        yield Finding(
            "warn",
            "approval",
            "unattended is 0: a scheduled run buys only what was approved in the 24 hours before it",
            'set approval: {unattended: "5 EUR/day"}, or approve quotes in time',
        )
    else:
        yield Finding("ok", "approval", "unattended is 0: nothing is bought without approve or enrich --yes")


def currencies(config: Config) -> Iterator[Finding]:
    """The caps that nothing can be compared with: they buy nothing at all."""
    caps = [
        (f"budget {limit(each.window, each.cap, each.provider, each.country, each.source).label}", "cap", each.cap)
        for each in config.budgets
    ]
    for what, name, cap in [*caps, ("approval", "unattended sum", config.approval.unattended)]:
        if incomparable(cap, config):
            told = f"the {name} of {cap} is in {cap.currency}, prices are in {config.currency} and there is no rate"
            yield Finding("fail", what, told, f"state it in {config.currency}")


def alerts(setup: Setup) -> Finding:
    """Whether people are told of budgets, and where: never the address itself."""
    shares = ", ".join(f"{share} %" for share in setup.config.alerts.shares) or "no share"
    try:
        address = webhook_of(setup)
    except ConfigError as error:
        return replace(failed("alerts", error), status="warn")
    if address is None:
        return Finding("ok", "alerts", f"at {shares} of a cap, by asset checks alone; no alerts.webhook is set")
    variable = (setup.config.alerts.webhook or "").partition(FROM_ENVIRONMENT)[2]
    return Finding("ok", "alerts", f"at {shares} of a cap, to the address in {variable or KEY}")


def schedule(setup: Setup, now: datetime) -> Finding:
    """When the next run begins by itself."""
    tick = next_tick(setup.config, now)
    if tick is None:
        return Finding("ok", "schedule", "none: runs are started by hand")
    local = tick.astimezone(setup.config.zone)
    return Finding(
        "ok",
        "schedule",
        f"next at {local:%Y-%m-%d %H:%M} ({setup.config.timezone})",
        "it runs only while Dagster's daemon does, and once it is switched on there",
    )


def dagster(checkout: Path | RingfenceError, folder: Path) -> Finding:
    """Whether runs can be launched: from which checkout, or why from none, and where Dagster keeps them."""
    if isinstance(checkout, RingfenceError):
        found, _, mend = str(checkout).partition(": ")
        return Finding("fail", "dagster", found, mend)
    return Finding("ok", "dagster", f"runs from {checkout}, kept in {folder}")


def examined(setup: Setup, now: datetime | None = None) -> list[Finding]:
    """All of the above but Dagster, in the order in which a person mends them."""
    at = now or datetime.now(UTC)
    on = at.astimezone(setup.config.zone).date()
    return [
        *configuration(setup),
        home(setup),
        *sources(setup),
        *suppliers.credentials(setup),
        *suppliers.addresses(setup),
        *suppliers.callbacks(setup),
        *suppliers.choices(setup),
        *suppliers.prices(setup, on),
        *suppliers.sunsets(setup, on),
        *consent(setup),
        alerts(setup),
        schedule(setup, at),
    ]
