"""The product's definitions with another executor: every step of a run in a process of its own."""

import os

import dagster as dg

from pipelines.definitions import definitions


def _apart(ours: dg.Definitions) -> dg.Definitions:
    return dg.Definitions(
        assets=ours.assets,
        asset_checks=ours.asset_checks,
        jobs=ours.jobs,
        resources=ours.resources,
        executor=dg.multiprocess_executor.configured({"max_concurrent": 2}),
    )


# The module has no other Definitions: Dagster loads the only one.
defs = _apart(definitions(os.environ.get("RINGFENCE_CONFIG")))
