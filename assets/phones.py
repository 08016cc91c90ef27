"""`phone_map` and `distinct_phones`: every cell of every source, and every number once."""

from collections.abc import Sequence

import dagster as dg
import polars as pl

from assets.described import OWNERS, counts_table, key, table_metadata, upstream
from assets.launch import PREFIX, House, Launch, Limits, step
from ringfence.config.sections import SourceConfig
from ringfence.lookups import wanted
from ringfence.lookups.cells import by_class, by_reason, cells, numbers_in
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source
from ringfence.sources.source import Source


def source_specs(sources: dict[str, SourceConfig]) -> list[dg.AssetSpec]:
    """The warehouse relations that numbers come from; somebody else materializes them."""
    return [
        dg.AssetSpec(
            key(name),
            description=f"Phone columns {', '.join(source.phones)} of the user's warehouse, read and never written.",
            group_name="sources",
            owners=OWNERS,
            kinds={source.warehouse.partition(":")[0]},
            metadata={"relation": source.relation or "files", "key": ", ".join(source.key)},
        )
        for name, source in sources.items()
    ]


def phone_assets(sources: Sequence[str], buckets: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The two assets between the sources and a quote."""

    @dg.asset(
        key_prefix=PREFIX,
        deps=upstream(*sources),
        group_name="numbers",
        owners=OWNERS,
        kinds={"polars", "deltalake"},
        metadata=table_metadata("phone_map"),
    )
    def phone_map(context: dg.AssetExecutionContext, house: House, limits: Limits) -> dg.MaterializeResult:
        """Every distinct cell of every phone column, normalised to E.164 or rejected with a reason."""
        with step(house, context, "phone_map") as launch:
            names = limits.narrow(launch.setup.config).sources or launch.setup.config.sources
            found = [open_source(spec_of(launch.setup, name), temp=launch.setup.home) for name in names]
            # A mistake in the last source is told before the first one is read, which may take long.
            for source in found:
                source.check()
            for source in found:
                _extract(launch, source, context)
            table = launch.lake.read("phone_map")
            counted = cells(table)
            classes = by_class(counted)
            return dg.MaterializeResult(
                metadata={
                    "dagster/row_count": table.height,
                    "cells_read": sum(classes.values()),
                    **{f"cells_{name}": count for name, count in classes.items()},
                    "numbers_in_cells": numbers_in(counted),
                    "rejected_by_reason": counts_table("reason", by_reason(counted)),
                }
            )

    @dg.asset(
        key_prefix=PREFIX,
        deps=upstream("phone_map"),
        partitions_def=buckets,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="numbers",
        owners=OWNERS,
        kinds={"polars", "deltalake"},
        metadata=table_metadata("distinct_phones"),
    )
    def distinct_phones(context: dg.AssetExecutionContext, house: House) -> dg.MaterializeResult:
        """Every accepted number once over all sources, with who wants which fact of it how fresh."""
        with step(house, context, "distinct_phones") as launch:
            table = wanted.distinct_phones(launch.lake.read("phone_map"), launch.setup.config.sources, launch.ledger)
            chosen = [int(each) for each in context.partition_keys]
            mine = table.filter(pl.col("bucket").is_in(chosen))
            with launch.lake.publishing():
                launch.lake.overwrite("distinct_phones", mine, chosen)
            heights = dict(mine.group_by("bucket").len().iter_rows())
            for name in context.partition_keys:
                context.add_asset_metadata(
                    {"dagster/partition_row_count": heights.get(int(name), 0)}, partition_key=name
                )
            return dg.MaterializeResult()

    return [phone_map, distinct_phones]


def _extract(launch: Launch, source: Source, context: dg.AssetExecutionContext) -> None:
    frame = wanted.phone_map(source, wanted.policy_of(launch.setup.config), launch.now())
    with launch.lake.publishing():
        launch.lake.overwrite("phone_map", frame, [source.spec.name])
    context.log.info("%s: %d distinct cells", source.spec.name, frame.height)
