"""`phone_facts` and `phone_changes`: what is best known of each number, fact by fact, and how it changed."""

from collections.abc import Iterator

import dagster as dg

from assets.described import OWNERS, key, table_metadata, upstream
from assets.launch import House, step
from ringfence.lookups.publish import publish_facts

DESCRIPTIONS = {
    "phone_facts": "One wide row per number: the best known value of each fact with its provenance.",
    "phone_changes": "Every change of a known value, with the bounds within which it happened.",
}


def fact_assets(buckets: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The merge of all answers; both tables are written together."""

    @dg.multi_asset(
        specs=[
            dg.AssetSpec(
                key(name),
                deps=upstream("lookups"),
                description=description,
                group_name="facts",
                owners=OWNERS,
                kinds={"polars", "deltalake"},
                metadata=table_metadata(name),
                partitions_def=buckets,
            )
            for name, description in DESCRIPTIONS.items()
        ],
        partitions_def=buckets,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def facts(context: dg.AssetExecutionContext, house: House) -> Iterator[dg.MaterializeResult]:
        """Merge the answers of every bucket that has new ones; both tables are written, whichever is selected."""
        with step(house, context, "phone_facts") as launch:
            merged = publish_facts(launch.lake)
            for name in DESCRIPTIONS:
                if key(name) in context.selected_asset_keys:
                    yield dg.MaterializeResult(asset_key=key(name), metadata={"buckets_merged": len(merged)})

    return [facts]
