"""Asset checks: the SQL files of `sql/checks`, and what the ledger says of itself. They warn and never block.

What stands in the way of the next purchase is in `outlook`.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets import ledger_checks
from assets.described import key
from assets.launch import House, plainly
from assets.ledger_checks import judged
from assets.outlook import outlook_checks
from ringfence.lake.views import checks, sql_folder
from ringfence.lookups.coverage import coverage, open_numbers
from ringfence.money.ledger import open_ledger

LEDGER_CHECKS = {
    "balance": "Whether the ledger's invariants hold: every total equals the sum of its attempts.",
    "doubt": "Whether nothing is in doubt: every request that was sent should have a known outcome.",
    "budget": "Whether no budget has reached a share of alerts.shares.",
    "burn_rate": "Whether no budget is used up before its window ends, at the pace of the last 24 hours.",
    "account": "Whether no account that a provider tells of falls faster than the ledger counts.",
    "correction": "Whether nothing was charged lately after it was decided otherwise.",
    "coverage": "Whether everything that is wanted was asked, and nothing waits for approval, budget or a decision.",
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
                yield judged(result.name, "phone_numbers", todo, passed=not result.rows, metadata={"rows": result.rows})

    return sql_checks


def _ledger_checks() -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(name, asset=key("lookup_costs"), description=description)
        for name, description in LEDGER_CHECKS.items()
    ]

    @dg.multi_asset_check(name="ledger_checks", specs=specs, can_subset=True)
    def of_the_ledger(context: dg.AssetCheckExecutionContext, house: House) -> Iterator[dg.AssetCheckResult]:
        """Ask the ledger whether its money adds up, what is in doubt, and how much room the budgets have."""
        with plainly():
            setup = house.setup()
            ledger = open_ledger(setup.home)
            judge = {
                "balance": lambda: ledger_checks.balance(ledger),
                "doubt": lambda: ledger_checks.doubt(ledger, setup.config),
                "budget": lambda: ledger_checks.budget(ledger, setup.config),
                "burn_rate": lambda: ledger_checks.burn_rate(ledger, setup.config),
                "account": lambda: ledger_checks.account(ledger),
                "correction": lambda: ledger_checks.correction(ledger, setup.config),
                "coverage": lambda: _coverage(setup.home),
            }
            for each in context.selected_asset_check_keys:
                yield judge[each.name]()

    return of_the_ledger


def _coverage(home: Path) -> dg.AssetCheckResult:
    path = home / "ringfence.duckdb"
    found = coverage(path)
    wanted, answered = sum(each.wanted for each in found), sum(each.answered for each in found)
    waiting = open_numbers(path)
    todo = "; ".join(
        f"{count:,} numbers {status} ({why})" if why else f"{count:,} numbers {status}"
        for status, why, count in waiting[:3]
    )
    return judged(
        "coverage",
        "lookup_costs",
        todo or "everything that can be asked was asked",
        passed=not waiting,
        metadata={
            "coverage": round(answered / wanted, 4) if wanted else 1.0,
            **{f"{status} numbers": sum(n for s, _, n in waiting if s == status) for status, _, _ in waiting},
        },
    )
