"""The definitions that Dagster loads. The only place of the Dagster floors that reads the environment.

Without RINGFENCE_CONFIG there are no sources and 16 buckets, so that the code location always loads.
"""

import os
from pathlib import Path

import dagster as dg

from assets import checks, cost_report, facts, phones, purchase, served
from assets.launch import House, Limits
from pipelines import jobs
from ringfence.config import environment
from ringfence.config.model import Config
from ringfence.errors import LedgerError
from ringfence.money.ledger import open_ledger

BUCKETS = 16


def definitions(config_path: str | None) -> dg.Definitions:
    """Everything for one configuration; raises ConfigError with file and line where it is wrong."""
    setup = environment.load(Path(config_path)) if config_path else None
    config = setup.config if setup else Config(mode="simulate")
    buckets = BUCKETS
    if setup:
        try:
            buckets = open_ledger(setup.home).buckets
        except LedgerError:
            # The first asset of a run says how to create it; here it would hide every other asset.
            buckets = BUCKETS
    partitions = dg.StaticPartitionsDefinition([f"{bucket:02d}" for bucket in range(buckets)])
    every_job = jobs.all_jobs(partitions)
    return dg.Definitions(
        assets=[
            *phones.source_specs(config.sources),
            *phones.phone_assets(list(config.sources), partitions),
            *purchase.purchase_assets(partitions),
            *facts.fact_assets(partitions),
            *served.served_assets(config.sources),
            *cost_report.report_assets(),
        ],
        asset_checks=checks.all_checks(),
        jobs=list(every_job.values()),
        schedules=jobs.schedules(config, every_job["enrich"]),
        sensors=jobs.sensors(every_job["collect"]),
        resources={"house": House(config=config_path or ""), "limits": Limits()},
        executor=dg.in_process_executor,
    )


defs = definitions(os.environ.get("RINGFENCE_CONFIG"))
