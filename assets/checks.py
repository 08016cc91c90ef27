"""Asset checks: the SQL files of `sql/checks`, and what the ledger says of itself. They warn and never block.

What stands in the way of the next purchase is in `outlook`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

from assets.described import key, plain_money
from assets.launch import House, plainly
from assets.outlook import outlook_checks
from ringfence.lake.views import checks, sql_folder
from ringfence.lookups.coverage import coverage, open_numbers
from ringfence.money.health import NEARLY, doubts, uses
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger, open_ledger

LEDGER_CHECKS = {
    "balance": "The ledger's invariants hold: every total equals the sum of its attempts.",
    "doubt": "Nothing is in doubt: every request that was sent has a known outcome.",
    "budget": "No budget is nearly used up.",
    "coverage": "Everything that is wanted was asked; nothing waits for approval, budget or a decision.",
}


def all_checks() -> list[dg.AssetChecksDefinition]:
    """Checks on the served tables, on the ledger, and on the next purchase."""
    return [_sql_checks(), _ledger_checks(), outlook_checks()]


def _sql_checks() -> dg.AssetChecksDefinition:
    files = sorted((sql_folder() / "checks").glob("*.sql"))
    specs = [
        dg.AssetCheckSpec(
            path.stem,
            asset=key("phone_numbers"),
            description=path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("-- "),
        )
        for path in files
    ]

    @dg.multi_asset_check(name="sql_checks", specs=specs, can_subset=True)
    def sql_checks(context: dg.AssetCheckExecutionContext, house: House) -> Iterator[dg.AssetCheckResult]:
        """Run every file of sql/checks on the served file; each must return no row."""
        with plainly():
            chosen = {each.name for each in context.selected_asset_check_keys}
            for result in checks(house.setup().home / "ringfence.duckdb"):
                if result.name not in chosen:
                    continue
                todo = f"{result.rows:,} rows break it. {result.mend}" if result.rows else "holds"
                yield _result(
                    result.name, "phone_numbers", todo, passed=not result.rows, metadata={"rows": result.rows}
                )

    return sql_checks


def _ledger_checks() -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(name, asset=key("lookup_costs"), description=description)
        for name, description in LEDGER_CHECKS.items()
    ]

    @dg.multi_asset_check(name="ledger_checks", specs=specs, can_subset=True)
    def ledger_checks(context: dg.AssetCheckExecutionContext, house: House) -> Iterator[dg.AssetCheckResult]:
        """Ask the ledger whether its money adds up, what is in doubt, and how much room the budgets have."""
        with plainly():
            setup = house.setup()
            ledger = open_ledger(setup.home)
            judge = {
                "balance": lambda: _balance(ledger),
                "doubt": lambda: _doubt(ledger),
                "budget": lambda: _budget(ledger, setup.config.zone),
                "coverage": lambda: _coverage(setup.home),
            }
            for each in context.selected_asset_check_keys:
                yield judge[each.name]()

    return ledger_checks


def _balance(ledger: Ledger) -> dg.AssetCheckResult:
    with ledger.store.read() as connection:
        broken = violations(connection)
    names = ", ".join(each.invariant for each in broken)
    todo = f"{names} broken: stop buying and run: ringfence ledger check" if broken else "every invariant holds"
    return _result("balance", "lookup_costs", todo, passed=not broken, metadata={"violations": len(broken)})


def _doubt(ledger: Ledger) -> dg.AssetCheckResult:
    found = doubts(ledger)
    held = ", ".join(map(str, found.held))
    todo = (
        f"{found.numbers:,} numbers in doubt hold {held}: compare with the provider's own bill; "
        "job collect counts them as spent after in_doubt.assume_billed_after"
    )
    return _result(
        "doubt",
        "lookup_costs",
        todo if found.attempts else "nothing is in doubt",
        passed=not found.attempts,
        metadata={
            "attempts": found.attempts,
            "held": sum(plain_money(money.amount) for money in found.held),
            "oldest_hours": round(found.oldest / 3600, 2),
        },
    )


def _budget(ledger: Ledger, zone: ZoneInfo) -> dg.AssetCheckResult:
    found = uses(ledger, zone)
    full = [use for use in found if use.share >= NEARLY]
    told = "; ".join(f"{use.used} of {use.cap} a {use.label}" for use in full)
    todo = f"nearly used up: {told}. Raise the cap under budgets, or wait for the next window"
    return _result(
        "budget",
        "lookup_costs",
        todo if full else "every budget has room",
        passed=not full,
        metadata={f"used {use.label}": round(use.share, 4) for use in found},
    )


def _coverage(home: Path) -> dg.AssetCheckResult:
    path = home / "ringfence.duckdb"
    found = coverage(path)
    wanted, answered = sum(each.wanted for each in found), sum(each.answered for each in found)
    waiting = open_numbers(path)
    todo = "; ".join(
        f"{count:,} numbers {status} ({why})" if why else f"{count:,} numbers {status}"
        for status, why, count in waiting[:3]
    )
    return _result(
        "coverage",
        "lookup_costs",
        todo or "everything that can be asked was asked",
        passed=not waiting,
        metadata={
            "coverage": round(answered / wanted, 4) if wanted else 1.0,
            **{f"{status} numbers": sum(n for s, _, n in waiting if s == status) for status, _, _ in waiting},
        },
    )


def _result(
    name: str, asset: str, todo: str, *, passed: bool, metadata: Mapping[str, int | float]
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=key(asset),
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=todo,
        metadata=metadata,
    )
