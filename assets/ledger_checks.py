"""What the ledger says of itself, as results of asset checks: sums, doubts, budgets and accounts. They only warn."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import dagster as dg

from assets.described import key, plain_money
from ringfence.config.model import Config
from ringfence.lookups.doubts import outlook
from ringfence.money.alerts import burning
from ringfence.money.amount import Money
from ringfence.money.balance import fallen
from ringfence.money.correction import corrections
from ringfence.money.health import doubts, uses, using
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger

# Microseconds for which a charge that came after a void is warned of.
_LATELY = 7 * 86_400 * 1_000_000


def balance(ledger: Ledger) -> dg.AssetCheckResult:
    """Whether every invariant holds."""
    with ledger.store.read() as connection:
        broken = violations(connection)
    names = ", ".join(each.invariant for each in broken)
    todo = f"{names} broken: stop buying and run: ringfence ledger check" if broken else "every invariant holds"
    return judged("balance", "lookup_costs", todo, passed=not broken, metadata={"violations": len(broken)})


def doubt(ledger: Ledger, config: Config) -> dg.AssetCheckResult:
    """What is in doubt, by age, what becomes of it by itself, and what a person has to find out."""
    found = doubts(ledger)
    todo = outlook(config, found)
    ages: dict[str, int | float] = {}
    for age, part in found.by_age().items():
        ages |= {f"numbers_{age}": part.numbers, **_sums(f"held_{age}", part.held(), config.currency)}
    return judged(
        "doubt",
        "lookup_costs",
        str(todo) if todo else "nothing is in doubt",
        passed=todo is None,
        metadata={
            "attempts": len(found.every),
            "numbers": found.numbers,
            **_sums("held", found.held(), config.currency),
            "oldest_hours": round(found.oldest / 3600, 2),
            **ages,
        },
    )


def _sums(name: str, found: Sequence[Money], currency: str) -> dict[str, float]:
    """An amount a currency; one in the configured currency is always there, so that it can be followed."""
    sums = {currency: 0.0} | {money.currency: plain_money(money.amount) for money in found}
    return {name if each == currency else f"{name}_{each}": amount for each, amount in sums.items()}


def budget(ledger: Ledger, config: Config) -> dg.AssetCheckResult:
    """The shares of caps that are reached."""
    found = uses(ledger, config.zone)
    reached = {
        use.label: f"{share} % of a {use.label} are reached: {use.used} of {use.cap}"
        for share in config.alerts.shares
        for use in found
        if use.has_reached(share)
    }
    told = "; ".join(reached.values())
    return judged(
        "budget",
        "lookup_costs",
        f"{told}. Raise the cap under budgets, or wait for the next window" if told else "every budget has room",
        passed=not told,
        metadata={f"used {use.label}": round(use.share, 4) for use in sorted(found, key=lambda use: use.share)},
    )


def burn_rate(ledger: Ledger, config: Config) -> dg.AssetCheckResult:
    """The caps that are reached before their window ends, at the pace of the last 24 hours."""
    at = ledger.store.clock()
    with ledger.store.read() as connection:
        found = burning(connection, using(connection, at, config.zone), at, config.zone)
    hours = {alert.use.label: ((alert.reached_at or at) - at) / 3_600_000_000 for alert in found}
    told = "; ".join(
        f"{alert.use.cap} a {alert.use.label} is reached by {_local(alert.reached_at or at, config)}" for alert in found
    )
    return judged(
        "burn_rate",
        "lookup_costs",
        f"at the pace of the last 24 hours {told}, before its window ends: raise the cap, or buy less"
        if found
        else "at the pace of the last 24 hours no cap is reached before its window ends",
        passed=not found,
        metadata={f"hours left of a {label}": round(left, 2) for label, left in hours.items()},
    )


def _local(micros: int, config: Config) -> str:
    return f"{datetime.fromtimestamp(micros / 1_000_000, config.zone):%Y-%m-%d %H:%M}"


def account(ledger: Ledger) -> dg.AssetCheckResult:
    """The providers' accounts that have fallen faster than the ledger counts."""
    with ledger.store.read() as connection:
        found = fallen(connection, ledger.store.clock())
    return judged(
        "account",
        "lookup_costs",
        "; ".join(found) or "no account that a provider tells of has fallen faster than the ledger counts",
        passed=not found,
        metadata={"accounts": len(found)},
    )


def correction(ledger: Ledger, config: Config) -> dg.AssetCheckResult:
    """What was charged after it had been decided otherwise, as it was found in the last seven days."""
    found = corrections(ledger, ledger.store.clock() - _LATELY)
    billed = " and ".join(map(str, found.amounts))
    todo = (
        f"{found.attempts:,} requests were charged {billed} after they were decided otherwise: compare with the invoice"
    )
    return judged(
        "correction",
        "lookup_costs",
        todo if found.attempts else "nothing was charged lately after it was decided otherwise",
        passed=not found.attempts,
        metadata={"attempts": found.attempts, **_sums("billed", found.amounts, config.currency)},
    )


def judged(
    name: str, asset: str, todo: str, *, passed: bool, metadata: Mapping[str, int | float]
) -> dg.AssetCheckResult:
    """A warning with what to do, or that all is well."""
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=key(asset),
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=todo,
        metadata=metadata,
    )
