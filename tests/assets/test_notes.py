"""What a provider tells beside its answers is shown where the run is looked at."""

from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import definitions
from ringfence.money import ledger as ledgers
from ringfence.simulator.server import Settings, running
from tests.small import PHONES, make_config, make_warehouse

SCENARIO = "- {when: {nth: 2}, fault: sunset}\n"
END = "kpn announces that this API ends on 2027-02-04 (its sunset header): move to another provider before"
KPN = """\
  kpn:
    products: [standard]
    price: {standard: "0.005 EUR"}
    base_url: "{url}"
    rate: 1000/s
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A configured home that buys from KPN alone."""
    make_warehouse(tmp_path, PHONES[:3])
    path = make_config(tmp_path, "http://127.0.0.1:1")
    text = path.read_text(encoding="utf-8")
    before, _, after = text.partition("  infobip:\n")
    path.write_text(before + KPN + after[after.index("budgets:") :], encoding="utf-8")
    (tmp_path / ".env").write_text("KPN_CLIENT_ID=an-id\nKPN_CLIENT_SECRET=a-secret\n", encoding="utf-8")
    ledgers.create(tmp_path / "home", mode="simulate")
    return tmp_path


def test_an_announced_end_reaches_the_run_page(home: Path) -> None:
    """As a warning in the run's log, and in the metadata of `lookups`."""
    (home / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    with (
        running(Settings(provider="kpn", scenario=str(home / "scenario.yaml"))) as urls,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        path = home / "ringfence.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("{url}", urls["kpn"]), encoding="utf-8")
        result = (
            definitions(str(path))
            .resolve_job_def("enrich")
            .execute_in_process(
                instance=instance,
                run_config={"resources": {"limits": {"config": {"approve_up_to": "max"}}}},
            )
        )
        logged = [each.user_message for each in instance.all_logs(result.run_id) if each.level == 30]
    assert END in logged
    # One event a bucket, all of the same run.
    made = [e for e in result.get_asset_materialization_events() if e.asset_key.path[-1] == "lookups"]
    assert all(END in str(each.materialization.metadata["notes"].value) for each in made)
    assert made
