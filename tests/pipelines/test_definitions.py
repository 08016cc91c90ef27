"""What Dagster sees: assets that describe themselves, jobs, a schedule that is off, and a code location that loads."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import definitions
from tests.small import make_config, make_warehouse

ROOT = Path(__file__).parents[2]


@pytest.fixture
def defs(tmp_path: Path) -> dg.Definitions:
    """The definitions of a small configuration with a schedule."""
    make_warehouse(tmp_path, [])
    path = make_config(tmp_path, "http://127.0.0.1:1")
    path.write_text(path.read_text(encoding="utf-8") + 'schedule: "0 5 * * *"\n', encoding="utf-8")
    return definitions(str(path))


def test_every_asset_describes_itself(defs: dg.Definitions) -> None:
    """Prefix, group, owner, kind and one sentence stand on every asset; lake tables show their columns."""
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert key.path[0] == "ringfence"
        assert node.group_name in {"sources", "numbers", "purchase", "facts", "served"}
        assert node.owners
        assert node.kinds
        assert node.description
        assert len(node.description.strip().splitlines()) == 1
        if str(node.metadata.get("dagster/table_name", "")).startswith("lake/"):
            assert "dagster/column_schema" in node.metadata


def test_lineage_runs_from_the_source_to_the_served_tables(defs: dg.Definitions) -> None:
    """The enriched table descends from the source through every step of the data flow."""
    graph = defs.resolve_asset_graph()
    above = {key.path[-1] for key in graph.get_ancestor_asset_keys(dg.AssetKey(["ringfence", "enriched_crm"]))}
    assert {"crm", "phone_map", "distinct_phones", "quote", "lookups", "phone_facts"} <= above


def test_the_schedule_is_off_until_somebody_switches_it_on(defs: dg.Definitions) -> None:
    """The configured schedule runs job enrich in the configured time zone, and does not start by itself."""
    (schedule,) = defs.schedules or ()
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.job_name, schedule.cron_schedule) == ("enrich", "0 5 * * *")
    assert schedule.execution_timezone == "Europe/Amsterdam"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED


def test_the_code_location_validates_from_any_folder_without_an_environment(tmp_path: Path) -> None:
    """`dagster definitions validate` passes and prints no warning of ours."""
    done = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "definitions", "validate", "-w", ROOT / "workspace.yaml"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DAGSTER_DISABLE_TELEMETRY": "yes"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    ours = [line for line in done.stderr.splitlines() if "warning" in line.lower() and "Supersession" not in line]
    assert not ours
