"""Checks on what stands in the way of the next purchase: prices, stops and the end of a provider. They only warn."""

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.described import key
from assets.launch import House, plainly
from ringfence.config.environment import Setup
from ringfence.lookups import sunset
from ringfence.money.ledger import Ledger, open_ledger
from ringfence.money.switch import stops

OUTLOOK = {
    "prices": "Every configured product has a price that holds, and none is about to end or very old.",
    "stops": "Nobody has stopped buying.",
    "sunset": f"No configured provider ends within {sunset.WARNED.days} days.",
}


def outlook_checks() -> dg.AssetChecksDefinition:
    """The checks of a quote: what it found may not be buyable for long, or not at all."""
    specs = [
        dg.AssetCheckSpec(name, asset=key("quote"), description=description) for name, description in OUTLOOK.items()
    ]

    @dg.multi_asset_check(name="outlook", specs=specs, can_subset=True)
    def outlook(context: dg.AssetCheckExecutionContext, house: House) -> Iterator[dg.AssetCheckResult]:
        """Look at the prices, at the kill switch, and at what vendors have announced."""
        with plainly():
            setup = house.setup()
            ledger = open_ledger(setup.home)
            judge = {"prices": _prices, "stops": _stops, "sunset": _sunsets}
            for each in context.selected_asset_check_keys:
                found = judge[each.name](setup, ledger)
                yield dg.AssetCheckResult(
                    check_name=each.name,
                    asset_key=each.asset_key,
                    passed=not found,
                    severity=dg.AssetCheckSeverity.WARN,
                    description="; ".join(found) or "nothing to do",
                    metadata={"found": len(found)},
                )

    return outlook


def _prices(setup: Setup, ledger: Ledger) -> Sequence[str]:
    on = setup.day(ledger.store.clock())
    return [*setup.rates.problems(on), *setup.rates.warnings(on)]


def _stops(setup: Setup, ledger: Ledger) -> Sequence[str]:  # noqa: ARG001
    with ledger.store.read() as connection:
        return list(stops(connection).values())


def _sunsets(setup: Setup, ledger: Ledger) -> Sequence[str]:
    return sunset.warnings(setup.config, setup.day(ledger.store.clock()))
