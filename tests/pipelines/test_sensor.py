"""The sensor of job collect: it starts a run when there is something to find, and only then."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest

from assets.launch import House
from pipelines import jobs
from pipelines.definitions import definitions
from ringfence.money.moves import Doubt
from tests.lookups.receiving import Awaited, answer, receiving
from tests.small import PHONES, make_config, make_warehouse


@pytest.fixture
def awaited(tmp_path: Path) -> Awaited:
    """A home with a ledger, whose clock is the machine's at the beginning of the test."""
    make_warehouse(tmp_path, PHONES[:3])
    make_config(tmp_path, "http://127.0.0.1:9")
    found = Awaited(tmp_path / "home")
    found.bench.now = time.time_ns() // 1000
    return found


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance of Dagster in memory."""
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def look(folder: Path, instance: dg.DagsterInstance) -> str | None:
    """What the sensor says when it looks: why it starts no run, None when it starts one."""
    config = str(folder / "ringfence.yaml")
    (sensor,) = definitions(config).sensors or ()
    assert isinstance(sensor, dg.SensorDefinition)
    with dg.build_sensor_context(instance=instance, resources={"house": House(config=config)}) as context:
        said: Any = sensor(context)
    assert isinstance(said, dg.RunRequest | dg.SkipReason)
    return said.skip_message if isinstance(said, dg.SkipReason) else None


def collect(folder: Path, instance: dg.DagsterInstance) -> bool:
    """Run the collecting part of job collect; whether it succeeded."""
    job = definitions(str(folder / "ringfence.yaml")).resolve_job_def("collect")
    chosen = [dg.AssetKey(["ringfence", "lookups"])]
    return job.execute_in_process(instance=instance, asset_selection=chosen, raise_on_error=False).success


def test_the_sensor_is_off_until_somebody_switches_it_on(tmp_path: Path) -> None:
    """It belongs to job collect, looks every half minute, and describes itself."""
    (sensor,) = definitions(None).sensors or ()
    assert isinstance(sensor, dg.SensorDefinition)
    assert sensor.job_name == "collect"
    assert sensor.minimum_interval_seconds == 30
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert sensor.description


def test_a_callback_starts_one_run_and_its_answer_ends_it(
    tmp_path: Path, awaited: Awaited, instance: dg.DagsterInstance
) -> None:
    """Nothing came: no run. An answer came: a run, which settles it. After that there is nothing to find again."""
    attempt = awaited.sent()
    awaited.accept(attempt)
    assert look(tmp_path, instance) == "nothing came, and nothing is overdue"
    with receiving(awaited.ledger) as here:
        assert httpx.post(awaited.address(here, attempt), json=answer(attempt)).status_code == 200
    assert look(tmp_path, instance) is None
    assert collect(tmp_path, instance)
    assert awaited.bench.state(attempt.attempt_id) == "settled"
    assert look(tmp_path, instance) == "nothing came, and nothing is overdue"
    assert awaited.bench.broken() == []


def test_a_doubt_that_is_too_old_starts_a_run(tmp_path: Path, awaited: Awaited, instance: dg.DagsterInstance) -> None:
    """Where nobody tells of it any more, nothing else would ever count it as spent and let its number go."""
    awaited.bench.now -= 2 * 86_400 * 1_000_000
    attempt = awaited.bench.sent(1)
    awaited.bench.move(Doubt(attempt.attempt_id, "no whole reply"))
    assert look(tmp_path, instance) == "nothing came, and nothing is overdue"
    config = tmp_path / "ringfence.yaml"
    config.write_text(f"{config.read_text()}in_doubt: {{assume_billed_after: 1d}}\n")
    assert look(tmp_path, instance) is None
    assert collect(tmp_path, instance)
    assert awaited.bench.state(attempt.attempt_id) == "settled"
    assert look(tmp_path, instance) == "nothing came, and nothing is overdue"


def test_what_a_dead_process_left_starts_a_run(tmp_path: Path, awaited: Awaited, instance: dg.DagsterInstance) -> None:
    """A request that nobody decides any more, and a run of Dagster that nobody ends any more."""
    attempt = awaited.sent()
    assert look(tmp_path, instance) is None
    assert collect(tmp_path, instance)
    assert awaited.bench.state(attempt.attempt_id) == "in_doubt"
    job = definitions(str(tmp_path / "ringfence.yaml")).resolve_job_def("collect")
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    dead = "INSERT INTO worker (worker_id, launch_id, run_id, pid, started_at) VALUES ('dead', 'one', ?, 1, ?)"
    with awaited.ledger.store.write() as connection:
        connection.exec_driver_sql(dead, (run.run_id, awaited.bench.now))
    assert "the last run of job collect failed" in str(look(tmp_path, instance))
    failed = instance.get_run_by_id(run.run_id)
    assert failed
    assert failed.status is dg.DagsterRunStatus.FAILURE


def test_a_run_that_goes_on_is_the_only_one(tmp_path: Path, awaited: Awaited, instance: dg.DagsterInstance) -> None:
    """No second one is started beside it, whatever came meanwhile."""
    attempt = awaited.sent()
    with receiving(awaited.ledger) as here:
        httpx.post(awaited.address(here, attempt), json=answer(attempt))
    job = definitions(str(tmp_path / "ringfence.yaml")).resolve_job_def("collect")
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    assert look(tmp_path, instance) == "a run of job collect goes on"
    instance.report_run_canceled(run)
    assert look(tmp_path, instance) is None


def test_after_a_failure_it_waits(
    tmp_path: Path, awaited: Awaited, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails would fail again: the next run is started after ten minutes, and not every half minute."""
    attempt = awaited.sent()
    with receiving(awaited.ledger) as here:
        httpx.post(awaited.address(here, attempt), json=answer(attempt))
    job = definitions(str(tmp_path / "ringfence.yaml")).resolve_job_def("collect")
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(run)
    assert "the last run of job collect failed" in str(look(tmp_path, instance))

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=jobs.AFTER_FAILURE + 1)

    monkeypatch.setattr(jobs, "datetime", Later)
    assert look(tmp_path, instance) is None


def test_a_home_that_cannot_be_opened_is_told_in_a_sentence(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """The tick fails with what a person has to do."""
    make_warehouse(tmp_path, PHONES[:1])
    make_config(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(dg.Failure) as failed:
        look(tmp_path, instance)
    assert "ringfence ledger create" in str(failed.value.description)
