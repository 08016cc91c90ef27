"""The jobs and their schedule. One run covers all buckets; nothing here decides what is bought."""

from typing import Any

import dagster as dg

from assets.described import key
from assets.launch import PURCHASING_TAG
from assets.recipes import APPROVE, BUY, CEILING, EVERYTHING, FIRST_TEN, ONE_COUNTRY, UP_TO, described
from ringfence.config.model import Config

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
            "Decide what is open: sweep old doubts, merge and serve. Buys nothing.",
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
