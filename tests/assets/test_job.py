"""The assets of the main job, materialized for real: real warehouse, ledger and lake, and the simulator on loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import httpx
import pytest

from pipelines.definitions import definitions
from ringfence.money import ledger as ledgers
from ringfence.money.invariants import violations
from ringfence.simulator.server import Settings, running
from tests.small import PHONES, make_config, make_warehouse

CELLS = [*PHONES[:60], *(f"06 {phone[4:]}" for phone in PHONES[:20]), None, "", "n/a", "2026-11-21", "call me"]


@pytest.fixture
def url() -> Iterator[str]:
    """A simulator of its own."""
    with running(Settings(provider="infobip")) as urls:
        yield urls["infobip"]


@pytest.fixture
def home(tmp_path: Path, url: str) -> Path:
    """A configured home with a ledger and a warehouse of 60 numbers in 85 rows."""
    make_warehouse(tmp_path, CELLS)
    make_config(tmp_path, url)
    ledgers.create(tmp_path / "home", mode="simulate")
    return tmp_path


def run(folder: Path, job: str = "enrich", **limits: Any) -> dg.ExecuteInProcessResult:
    """Run a job in process against a folder."""
    defs = definitions(str(folder / "ringfence.yaml"))
    with dg.DagsterInstance.ephemeral() as instance:
        return defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            run_config={"resources": {"limits": {"config": limits}}} if limits else None,
            raise_on_error=False,
        )


def charged(url: str) -> list[str]:
    """The numbers that the simulator has charged for, in its own bill."""
    return [row["number"] for row in httpx.get(f"{url}/_simulator/charges").json()["charges"]]


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of the served file."""
    with duckdb.connect(str(folder / "home" / "ringfence.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """The metadata of the last materialization of an asset."""
    events = [e for e in result.get_asset_materialization_events() if e.asset_key.path[-1] == asset]
    return {name: value.value for name, value in events[-1].materialization.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    """The sentence of the first failed step."""
    data = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    assert data.user_failure_data
    return str(data.user_failure_data.description)


def test_without_consent_nothing_is_bought_and_the_run_is_green(home: Path, url: str) -> None:
    """A budget is not consent: the run succeeds, buys nothing, says so, and every wanted fact awaits approval."""
    result = run(home)
    assert result.success
    assert charged(url) == []
    assert "ringfence enrich --yes" in metadata(result, "lookups")["why_not_more"]
    assert rows(home, "SELECT DISTINCT answer_status FROM phone_facts") == [("awaiting_approval",)]
    coverage = {e.check_name: e for e in result.get_asset_check_evaluations()}["coverage"]
    assert (coverage.passed, coverage.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "60 numbers awaiting_approval" in (coverage.description or "")


def test_what_is_approved_is_bought_once_and_served(home: Path, url: str) -> None:
    """Each distinct number is charged once, the tables hold every answer, and a second run buys nothing."""
    result = run(home, approve_up_to="max")
    assert result.success
    assert sorted(charged(url)) == sorted(PHONES[:60])
    assert rows(home, "SELECT count(*) FROM lookups") == [(60,)]
    assert rows(home, "SELECT sum(amount) FROM lookup_costs WHERE entry_type = 'settle'")[0][0] * 100 == 60
    assert rows(home, "SELECT count(*), count(phone_e164) FROM enriched_crm") == [(85, 80)]
    assert rows(home, "SELECT sum(row_count) FROM phone_map WHERE position = 0") == [(85,)]
    failed = {each.check_name: each.description for each in result.get_asset_check_evaluations() if not each.passed}
    assert not failed
    again = run(home, approve_up_to="max")
    assert again.success
    assert len(charged(url)) == 60
    assert metadata(again, "quote")["next"] == "nothing is due"


def test_an_approval_covers_exactly_what_it_says(home: Path, url: str) -> None:
    """Half of the money approved buys half of the numbers, and the rest waits with the reason."""
    result = run(home, approve_up_to="0.30 EUR")
    assert result.success
    assert len(charged(url)) == 30
    reasons = rows(home, "SELECT DISTINCT answer_reason FROM phone_facts WHERE answer_status = 'awaiting_approval'")
    assert reasons == [("the approval of 0.30 EUR is used up",)]


def test_limits_only_narrow(home: Path, url: str) -> None:
    """A limit of numbers and a ceiling of money hold although more is approved."""
    assert run(home, approve_up_to="max", limit=7).success
    assert len(charged(url)) == 7
    assert run(home, approve_up_to="max", max_spend="0.05 EUR").success
    assert len(charged(url)) == 12


def test_a_narrowed_run_leaves_older_approvals_alone(home: Path, url: str) -> None:
    """What was approved before and not bought waits for a run that is not narrowed."""
    assert run(home, job="quote", approve_up_to="max").success
    assert run(home, approve_up_to="max", limit=5).success
    assert len(charged(url)) == 5
    assert run(home).success
    assert len(charged(url)) == 60


def test_a_missing_secret_stops_the_purchase_before_anything_is_spent(home: Path, url: str) -> None:
    """Quoting works without credentials; buying names the variables and sends nothing."""
    (home / ".env").unlink()
    assert run(home, job="quote").success
    result = run(home, approve_up_to="max")
    assert not result.success
    assert "INFOBIP_API_KEY" in failure(result)
    assert charged(url) == []


def test_a_wrong_key_is_one_clear_sentence(home: Path, url: str) -> None:
    """Refused credentials stop the provider after one request; nothing is spent and the numbers say why."""
    (home / ".env").write_text("INFOBIP_API_KEY=wrong-key\n", encoding="utf-8")
    result = run(home, approve_up_to="max")
    assert "infobip" in metadata(result, "lookups")["why_not_more"].lower()
    assert rows(home, "SELECT DISTINCT answer_status FROM phone_facts") == [("provider_failed",)]
    assert charged(url) == []


def test_a_missing_ledger_is_one_sentence(home: Path) -> None:
    """Without a ledger nothing runs, and the failure says how to create one."""
    (home / "home" / "ledger.sqlite").unlink()
    assert "ringfence ledger create" in failure(run(home))


def test_the_ledger_stays_sound_and_collect_buys_nothing(home: Path, url: str) -> None:
    """Job collect publishes without purchases, also when something is approved and due."""
    assert run(home, approve_up_to="0.10 EUR").success
    assert run(home, job="collect").success
    assert len(charged(url)) == 10
    ledger = ledgers.open_ledger(home / "home")
    with ledger.store.read() as connection:
        assert violations(connection) == []
