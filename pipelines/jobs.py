"""The jobs, their schedule and their sensor. One run covers all buckets; nothing here decides what is bought."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from assets.described import key
from assets.launch import PURCHASING_TAG, House, fail_runs, plainly
from assets.recipes import APPROVE, BUY, CEILING, EVERYTHING, FIRST_TEN, ONE_COUNTRY, UP_TO, described
from ringfence.config.model import Config
from ringfence.lookups.collect import anything_to_collect
from ringfence.lookups.recover import left_behind, too_old
from ringfence.money import launches
from ringfence.money.ledger import Ledger, open_ledger

# Dagster 1.13 does not export the type that define_asset_job returns.
Job = Any
# A job page has no tab for its launchpad, and asks about partitions where one run goes through all of them.
_LAUNCHPAD = (
    "Run configurations are pasted into the launchpad (in the menu beside Materialize all). It asks about a partition: "
    "choose none and confirm, one run goes through all buckets."
)
QUOTE = described(
    "Read the sources and quote what is due. Buys nothing.",
    _LAUNCHPAD,
    EVERYTHING,
    ONE_COUNTRY,
    "With `approve_up_to` it also approves what it quotes, for the next run of job `enrich`:",
    UP_TO,
)
ENRICH = described(
    "Quote, buy what is approved, merge and serve.",
    _LAUNCHPAD,
    "With an empty run configuration it buys approved quotes, then what `approval.unattended` covers.",
    FIRST_TEN,
    APPROVE,
    BUY,
    UP_TO,
    CEILING,
)
FREE = ("phone_map", "distinct_phones", "quote")
LAKE = ("lookups", "phone_facts", "phone_changes")
# What a run may be in that has neither ended nor failed.
_GOING_ON = [
    *(dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING),
    *(dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING),
]
# Seconds between two looks of the sensor, and after a run that failed.
LOOK, AFTER_FAILURE = 30, 600
COLLECT = """Decide what is open: answers that came later, old doubts. Merge and serve. Buys nothing.

It reads the callbacks that `ringfence callbacks` has stored, asks providers about what they have accepted (which is
free), and gives up what is overdue. Sensor `collect_sensor`, once it is switched on, starts it whenever there is
something to find.
"""


def all_jobs(buckets: dg.StaticPartitionsDefinition) -> dict[str, Job]:
    """The jobs by name: quote is the dry run, enrich the whole, collect decides what is open, serve publishes."""
    served = dg.AssetSelection.groups("served", "report")
    free = dg.AssetSelection.assets(*(key(name) for name in FREE))
    lake = dg.AssetSelection.assets(*(key(name) for name in LAKE))
    jobs = [
        _job("quote", free, buckets, QUOTE),
        _job("enrich", free | lake | served, buckets, ENRICH),
        _job(
            "collect",
            lake | served,
            buckets,
            COLLECT,
            {PURCHASING_TAG: "off"},
        ),
        _job("serve", served, buckets, "Publish the served tables from the lake and the ledger."),
    ]
    return {job.name: job for job in jobs}


def schedules(config: Config, enrich: Job) -> list[dg.ScheduleDefinition]:
    """The configured schedule of job enrich; off until somebody switches it on."""
    if not config.schedule:
        return []
    return [
        dg.ScheduleDefinition(
            name="enrich_schedule",
            job=enrich,
            cron_schedule=config.schedule,
            execution_timezone=config.timezone,
            default_status=dg.DefaultScheduleStatus.STOPPED,
            description="Buys only what approved quotes and approval.unattended cover.",
        )
    ]


def sensors(collect: Job) -> list[dg.SensorDefinition]:
    """The sensor of job collect; off until somebody switches it on."""

    @dg.sensor(
        name="collect_sensor",
        job=collect,
        minimum_interval_seconds=LOOK,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Starts job collect when callbacks came, or something can be asked again, is overdue or too old.",
    )
    def collect_sensor(context: dg.SensorEvaluationContext, house: House) -> dg.RunRequest | dg.SkipReason:
        with plainly():
            setup = house.setup()
            ledger = open_ledger(setup.home)
            if why := _not_now(context.instance, collect.name, ledger):
                return dg.SkipReason(why)
            after = setup.config.in_doubt.assume_billed_after
            found = anything_to_collect(ledger) or left_behind(ledger) or too_old(ledger, after)
        if found is None:
            return dg.SkipReason("nothing came, and nothing is overdue")
        context.log.info(found)
        return dg.RunRequest()

    return [collect_sensor]


def _not_now(instance: dg.DagsterInstance, job: str, ledger: Ledger) -> str | None:
    """Why a job is not started again: a run of it goes on, or has failed just now. One that is dead is said to have."""
    for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=_GOING_ON)):
        launch = launches.find(ledger, run.run_id)
        if launch is None or launch.ended_at is not None or launches.goes_on(ledger, launch):
            return f"a run of job {job} goes on"
        fail_runs(instance, [run.run_id])
    last = instance.get_run_records(dg.RunsFilter(job_name=job), limit=1)
    if not last or last[0].dagster_run.status is not dg.DagsterRunStatus.FAILURE:
        return None
    again = last[0].update_timestamp + timedelta(seconds=AFTER_FAILURE)
    return (
        f"the last run of job {job} failed; the next is started after {again:%H:%M} UTC"
        if again > datetime.now(UTC)
        else None
    )


def _job(
    name: str,
    selection: dg.AssetSelection,
    buckets: dg.StaticPartitionsDefinition,
    description: str,
    tags: dict[str, str] | None = None,
) -> Job:
    keys = buckets.get_partition_keys()
    # The range of all buckets makes one run of partitioned and unpartitioned assets together.
    span = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
    return dg.define_asset_job(name, selection, description=description, tags={**span, **(tags or {})})
