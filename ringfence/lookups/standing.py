"""How the ledger stands: whether it may be spent from, what is used, stopped and in doubt. It only reads.

Opening a ledger that an older version made brings its tables up to date, as every command does.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from ringfence.config.environment import Setup
from ringfence.errors import LedgerError
from ringfence.lake.served import NAME
from ringfence.lake.tables import state_of
from ringfence.lookups.doubts import outlook
from ringfence.lookups.duration import lasting
from ringfence.lookups.finding import Finding, failed, incomparable
from ringfence.lookups.recover import left_behind
from ringfence.money import breaker, budget, health, switch
from ringfence.money.balance import fallen
from ringfence.money.invariants import violations
from ringfence.money.ledger import REVISION, Ledger, open_ledger, refuse_to_spend
from ringfence.money.schema import ATTEMPT


def standing(setup: Setup) -> list[Finding]:
    """Everything that the ledger of a home says; one finding where it cannot be opened."""
    try:
        ledger = open_ledger(setup.home)
    except LedgerError as error:
        return [failed("ledger", error)]
    return [
        fits(setup, ledger),
        sound(ledger),
        *budgets(setup, ledger),
        *stops(ledger),
        *left(ledger),
        doubts(setup, ledger),
        *accounts(ledger),
        served(setup, ledger),
    ]


def fits(setup: Setup, ledger: Ledger) -> Finding:
    """Whether this is the ledger of the configuration's mode and of the lake beside it, and knows all of its past."""
    owner, seq = state_of(setup.home)
    refusal = refuse_to_spend(ledger, mode=setup.config.mode, lake_ledger_id=owner, lake_seq=seq)
    if refusal:
        found, _, mend = refusal.rpartition(": ")
        return Finding("fail", "ledger", found, mend)
    path = ledger.store.path
    return Finding("ok", "ledger", f"{path}: mode {ledger.mode}, revision {REVISION}, fits the lake")


def sound(ledger: Ledger) -> Finding:
    """Whether every invariant holds."""
    with ledger.store.read() as connection:
        broken = violations(connection)
    if broken:
        told = "; ".join(f"{each.invariant} does not hold ({each.meaning})" for each in broken)
        return Finding("fail", "invariants", told, "buy nothing (ringfence stop), and restore the newest backup")
    return Finding("ok", "invariants", "I1 to I11 hold")


def budgets(setup: Setup, ledger: Ledger) -> Iterator[Finding]:
    """What is used of every configured limit in its present window."""
    used = {use.label: use for use in health.uses(ledger, setup.config.zone)}
    for each in setup.config.budgets:
        if incomparable(each.cap, setup.config):
            continue  # nothing can count in it, which `preflight` tells
        label = budget.limit(each.window, each.cap, each.provider, each.country, each.source).label
        what = f"budget {label}"
        use = used.get(label)
        if use is None or use.used.currency != each.cap.currency:
            yield Finding("ok", what, f"nothing of {each.cap} is used")
            continue
        told = f"{use.used} of {each.cap} are spent or held"
        # Against the cap as it is written now, which the ledger takes over with the next run.
        now = replace(use, budget=replace(use.budget, cap=each.cap))
        if reached := [share for share in setup.config.alerts.shares if now.has_reached(share)]:
            told += f": {reached[-1]} % are reached"
            yield Finding("warn", what, told, "raise its cap in the configuration, or wait for the next window")
        else:
            yield Finding("ok", what, told)


def stops(ledger: Ledger) -> Iterator[Finding]:
    """What somebody has stopped, and which providers are not asked because they fail or refuse."""
    with ledger.store.read() as connection:
        found = switch.stops(connection)
        shut = breaker.open_breakers(connection, ledger.store.clock())
    for name, one in shut.items():
        yield Finding("warn", "provider", one.sentence, f"ringfence resume --provider {name}, when it is well again")
    for sentence in found.values():
        told, _, mend = sentence.rpartition("; go on with: ")
        yield Finding("warn", "stop", told, mend)
    if not found:
        yield Finding("ok", "stop", "nothing is stopped")


def left(ledger: Ledger) -> Iterator[Finding]:
    """Requests that a process has left that is gone."""
    if told := left_behind(ledger):
        yield Finding("warn", "in doubt", told, "ringfence collect decides them")


def doubts(setup: Setup, ledger: Ledger) -> Finding:
    """Requests whose outcome nobody knows: how many, how old, and how much money they hold."""
    found = outlook(setup.config, health.doubts(ledger))
    if found is None:
        return Finding("ok", "in doubt", "nothing")
    return Finding("warn", "in doubt", found.told, "; ".join([*found.by_a_person, *found.by_itself]))


def accounts(ledger: Ledger) -> Iterator[Finding]:
    """The providers' accounts that have fallen faster than the ledger counts."""
    with ledger.store.read() as connection:
        found = fallen(connection, ledger.store.clock())
    for sentence in found:
        told, _, mend = sentence.rpartition("; ")
        yield Finding("warn", "account", told, mend)


def served(setup: Setup, ledger: Ledger) -> Finding:
    """How old the served file is, and whether there are answers that it does not have."""
    path: Path = setup.home / NAME
    try:
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return Finding("warn", "served file", f"there is no {path} yet", "ringfence serve, with which enrich ends")
    with ledger.store.read() as connection:
        newest = connection.scalar(select(func.max(ATTEMPT.c.final_at)).where(ATTEMPT.c.state == "settled"))
    age = lasting(int((datetime.fromtimestamp(ledger.store.clock() / 1_000_000, UTC) - at).total_seconds()))
    if newest and newest > at.timestamp() * 1_000_000:
        return Finding("warn", "served file", f"{age} old, and there are newer answers", "ringfence serve")
    return Finding("ok", "served file", f"{path}: {age} old")
