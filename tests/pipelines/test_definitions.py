"""What Dagster sees: assets that describe themselves, jobs, a schedule that is off, and a code location that loads."""

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from assets.launch import Limits
from pipelines.definitions import definitions
from tests.small import make_config, make_warehouse

ROOT = Path(__file__).parents[2]
# What stands first, and alone, in every description.
SENTENCE = re.compile(r"[A-Z][^\n]*\.(\n\n|$)")


@pytest.fixture
def defs(tmp_path: Path) -> dg.Definitions:
    """The definitions of a small configuration with a schedule."""
    make_warehouse(tmp_path, [])
    path = make_config(tmp_path, "http://127.0.0.1:1")
    path.write_text(path.read_text(encoding="utf-8") + 'schedule: "0 5 * * *"\n', encoding="utf-8")
    return definitions(str(path))


def test_every_asset_describes_itself(defs: dg.Definitions) -> None:
    """Prefix, group, owner, kind and a first sentence stand on every asset; lake tables show their columns."""
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert key.path[0] == "ringfence"
        assert node.group_name in {"sources", "numbers", "purchase", "facts", "served", "report"}
        assert node.owners
        assert node.kinds
        assert node.description
        assert SENTENCE.match(node.description)
        if str(node.metadata.get("dagster/table_name", "")).startswith("lake/"):
            assert "dagster/column_schema" in node.metadata


def test_every_job_and_check_describes_itself(defs: dg.Definitions) -> None:
    """A first sentence stands on every job and every check."""
    for job in defs.jobs or ():
        assert SENTENCE.match(job.description or ""), job.name
    checks = [spec for each in defs.asset_checks or () for spec in each.check_specs]  # type: ignore[union-attr]
    assert {"coverage", "budget", "prices", "stops", "sunset", "lookups_once"} <= {spec.name for spec in checks}
    for spec in checks:
        assert SENTENCE.match(spec.description or ""), spec.name


def above(defs: dg.Definitions, name: str) -> set[str]:
    """The assets that one is made of, by their names."""
    node = defs.resolve_asset_graph().get(dg.AssetKey(["ringfence", name]))
    return {key.path[-1] for key in node.parent_keys}


def test_lineage_runs_from_the_source_to_the_report(defs: dg.Definitions) -> None:
    """Everything descends from the source, step by step, and the report is the end of the flow."""
    graph = defs.resolve_asset_graph()
    ancestors = {key.path[-1] for key in graph.get_ancestor_asset_keys(dg.AssetKey(["ringfence", "enriched_crm"]))}
    assert {"crm", "phone_map", "distinct_phones", "quote", "lookups", "phone_facts", "phone_numbers"} == ancestors
    assert graph.get(dg.AssetKey(["ringfence", "cost_report"])).child_keys == set()
    order = ["sources", "numbers", "purchase", "facts", "served", "report"]
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert all(
            order.index(str(graph.get(each).group_name)) <= order.index(str(node.group_name))
            for each in node.parent_keys
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fact_conflicts", {"lookups"}),
        ("phone_numbers", {"distinct_phones", "phone_facts"}),
        # The view phone_facts is no asset of its own: what it reads is read.
        ("coverage", {"distinct_phones", "lookups", "phone_facts"}),
        # Books of the ledger are no assets: the asset that writes them is.
        ("budget_status", {"lookups"}),
        ("quotes", {"quote", "lookup_costs"}),
        ("enriched_crm", {"crm", "phone_map", "phone_numbers"}),
        ("unusable_phones", {"crm", "phone_map", "phone_numbers", "phone_history"}),
    ],
)
def test_a_relation_depends_on_what_its_sql_reads(defs: dg.Definitions, name: str, expected: set[str]) -> None:
    """No more and no less."""
    assert above(defs, name) == expected


def test_column_lineage_ends_at_columns_of_assets(defs: dg.Definitions) -> None:
    """Each dependency is on an asset above that describes this column, and the source's own columns are among them."""
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    columns = {
        key: {column.name for column in spec.metadata["dagster/column_schema"].columns}
        for key, spec in specs.items()
        if "dagster/column_schema" in spec.metadata
    }
    seen = set()
    for key, spec in specs.items():
        if spec.group_name != "served":
            continue
        lineage = spec.metadata["dagster/column_lineage"].deps_by_column
        assert set(lineage) == columns[key]
        for dep in {dep for deps in lineage.values() for dep in deps}:
            assert dep.asset_key in {each.asset_key for each in spec.deps}, f"{key}: {dep}"
            assert dep.column_name in columns.get(dep.asset_key, {"id", "phone"}), f"{key}: {dep}"
            seen.add((dep.asset_key.path[-1], dep.column_name))
        rows = spec.metadata["lineage"].value.splitlines()[2:]
        assert [row.split("|")[1].strip() for row in rows] == [
            c.name for c in spec.metadata["dagster/column_schema"].columns
        ]
        assert all(row.split("|")[2].strip() for row in rows)
    assert {("crm", "id"), ("crm", "phone")} <= seen


def test_a_key_that_has_the_name_of_a_column_of_ours(tmp_path: Path) -> None:
    """The key keeps its name, and our column of that name is prefixed, as it is in the served table."""
    make_warehouse(tmp_path, [])
    path = make_config(tmp_path, "http://127.0.0.1:1")
    path.write_text(path.read_text(encoding="utf-8").replace("key: [id]", "key: [Country]"), encoding="utf-8")
    (spec,) = (s for s in definitions(str(path)).resolve_all_asset_specs() if s.key.path[-1] == "enriched_crm")
    lineage = spec.metadata["dagster/column_lineage"].deps_by_column
    assert [(dep.asset_key.path[-1], dep.column_name) for dep in lineage["Country"]] == [("crm", "Country")]
    assert [dep.column_name for dep in lineage["phone_country"]] == ["country"]
    assert "country" not in lineage


BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FIELD = re.compile(r"`(\w+: [^`]+)`")


def test_every_run_configuration_in_a_description_can_be_pasted(defs: dg.Definitions) -> None:
    """The examples on jobs and assets are valid for the job that they are launched with, and each limit has one."""
    enrich = defs.resolve_job_def("enrich")
    shown: dict[str, list[str]] = {}
    for job in defs.jobs or ():
        shown[job.name] = BLOCK.findall(job.description or "")
    for spec in defs.resolve_all_asset_specs():
        shown.setdefault("enrich", []).extend(BLOCK.findall(spec.description or ""))
    used = set()
    for name, blocks in shown.items():
        for block in blocks:
            config = yaml.safe_load(block)
            assert dg.validate_run_config(defs.resolve_job_def(name), config)
            used |= set(config["resources"]["limits"]["config"])
    assert used == set(Limits.model_fields)
    for field, info in Limits.model_fields.items():
        examples = [yaml.safe_load(each) for each in FIELD.findall(info.description or "")]
        assert examples, field
        for example in examples:
            assert set(example) == {field}
            assert dg.validate_run_config(enrich, {"resources": {"limits": {"config": example}}})
            Limits(**example).ceiling()
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(enrich, {"resources": {"limits": {"config": {"budget": 5}}}})


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
