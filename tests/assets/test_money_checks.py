"""The checks of the ledger in a run through Dagster: what is reached, how fast, in doubt, and who is told of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets import ledger_checks
from ringfence.config.model import Config
from ringfence.lake.tables import Lake
from ringfence.money import ledger as ledgers
from ringfence.simulator.server import Settings, running
from tests.assets.test_job import checked, run
from tests.http.test_webhook import Hook, listening
from tests.money.bench import Bench, month
from tests.small import PHONES, make_config, make_warehouse

NAMES = ("balance", "doubt", "budget", "burn_rate", "account", "correction")


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Where alerts go, at first in vain."""
    with listening(503) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, hook: Hook) -> Iterator[Path]:
    """A home of 8 numbers under a cap of 10, of which a reply about 4 is lost."""
    scenario = tmp_path / "lost.yaml"
    scenario.write_text("- {when: {nth: 2}, fault: not_http}\n", encoding="utf-8")
    make_warehouse(tmp_path, PHONES[:8])
    with running(Settings(provider="infobip", scenario=str(scenario))) as urls:
        path = make_config(tmp_path, urls["infobip"], batch=4, cap="0.10 EUR", unattended="5 EUR")
        with path.open("a", encoding="utf-8") as file:
            file.write("alerts: {shares: [50, 80], webhook: env:HOOK}\n")
        with (tmp_path / ".env").open("a", encoding="utf-8") as file:
            file.write(f"HOOK={hook.address}\n")
        ledgers.create(tmp_path / "home", mode="simulate")
        yield tmp_path


def results(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, object]]:
    """The metadata of the checks by name."""
    evaluations = result.get_asset_check_evaluations()
    return {each.check_name: {name: value.value for name, value in each.metadata.items()} for each in evaluations}


def test_a_run_says_how_its_budgets_and_doubts_stand(home: Path, hook: Hook) -> None:
    """Amber with what to do and figures to follow; what the webhook did not take is told by job collect."""
    done = run(home)
    assert done.success
    found = checked(done, *NAMES)
    assert {name for name, (passed, _) in found.items() if not passed} - {"burn_rate"} == {"doubt", "budget"}
    assert "80 % of a month are reached: 0.08 EUR of 0.10 EUR" in found["budget"][1]
    assert "1 requests about 4 numbers are in doubt and hold 0.04 EUR" in found["doubt"][1]
    assert "in_doubt.assume_billed_after" in found["doubt"][1]
    told = results(done)
    assert told["budget"]["used month"] == 0.8
    ages = {name: value for name, value in told["doubt"].items() if name.endswith(("hour", "day", "week", "more"))}
    assert ages == {
        **{f"numbers_{age}": 0 for age in ("under_a_day", "under_a_week", "a_week_or_more")},
        **{f"held_{age}": 0 for age in ("under_a_day", "under_a_week", "a_week_or_more")},
        "numbers_under_an_hour": 4,
        "held_under_an_hour": 0.04,
    }
    failed = len(hook.got)
    assert failed >= 1
    hook.status = 200
    assert run(home, "collect").success
    taken = [json.loads(body) for _, _, body in hook.got[failed:]]
    assert [each["share"] for each in taken if "share" in each] == [50, 80]
    assert Lake(home / "home", ledgers.open_ledger(home / "home").ledger_id).read("lookups").height == 4


@pytest.mark.parametrize(("numbers", "hours"), [(300, 56.0), (250, None)])
def test_the_check_of_the_pace_says_how_long_a_cap_lasts(tmp_path: Path, numbers: int, hours: float | None) -> None:
    """Amber with the moment and the hours that are left where a cap is reached before its window ends, else green."""
    bench = Bench(tmp_path, month("10 EUR"))
    bench.sent(numbers)
    config = Config.model_validate({"mode": "simulate", "timezone": "Europe/Amsterdam"})
    found = ledger_checks.burn_rate(bench.ledger, config)
    assert found.passed == (hours is None)
    assert ("10.00 EUR a month is reached by 2025-11-23 21:00," in str(found.description)) == (hours is not None)
    assert found.metadata.get("hours left of a month", dg.MetadataValue.null()).value == hours
