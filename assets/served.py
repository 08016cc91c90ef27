"""The served relations: one asset a file of `sql/views`, all published together by one atomic replace."""

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.described import OWNERS, key, plain_money, relation_metadata, upstream, view_metadata
from assets.launch import House, Launch, step
from ringfence.lake.columns import TABLES
from ringfence.lake.views import views
from ringfence.lookups.coverage import Coverage, coverage
from ringfence.lookups.outcome import bought
from ringfence.lookups.serve import serve

ENRICHED = "enriched"


def served_assets(sources: Sequence[str]) -> list[dg.AssetsDefinition]:
    """What SQL users read; the lake's own tables are served under their own names as well."""
    found = {view.name: view for view in views()}
    enriched = {f"{ENRICHED}_{name}": name for name in sources}
    relations = {name: view for name, view in found.items() if name not in (*TABLES, ENRICHED)}
    relations |= dict.fromkeys(enriched, found[ENRICHED])
    above = ("phone_map", "distinct_phones", "lookups", "phone_facts", "phone_changes")

    @dg.multi_asset(
        name="served",
        specs=[
            dg.AssetSpec(
                key(name),
                deps=upstream(*above, *([enriched[name]] if name in enriched else [])),
                description=_ENRICHED_MEANING if name in enriched else view.meaning,
                group_name="served",
                owners=OWNERS,
                kinds={"duckdb", "sql"},
                metadata=view_metadata(name, view),
            )
            for name, view in relations.items()
        ],
        can_subset=True,
    )
    def served(context: dg.AssetExecutionContext, house: House) -> Iterator[dg.MaterializeResult]:
        """Build the served file aside and put it in place of the old one; it is one file, whatever is selected."""
        with step(house, context, "serve") as launch:
            path = serve(launch.setup, launch.ledger, launch.lake)
            described = relation_metadata(path, relations)
            described["coverage"] |= _coverage_metadata(coverage(path))
            described["lookup_costs"] |= _cost_metadata(launch)
            for name in relations:
                if key(name) in context.selected_asset_keys:
                    yield dg.MaterializeResult(asset_key=key(name), metadata=described[name])

    return [served]


_ENRICHED_MEANING = "One row per key, phone column and position of the source, with what is known of the number."


def _coverage_metadata(found: Sequence[Coverage]) -> dict[str, object]:
    rows = "\n".join(f"| {c.fact} | {c.wanted:,} | {c.answered:,} | {c.share:.1%} |" for c in found)
    return {
        **{f"coverage_{each.fact}": round(each.share, 4) for each in found},
        "coverage": dg.MetadataValue.md(f"| fact | wanted | answered | coverage |\n|---|---:|---:|---:|\n{rows}"),
    }


def _cost_metadata(launch: Launch) -> dict[str, object]:
    done = bought(launch.ledger, launch.launch_id)
    return {
        "spent_by_this_run": plain_money(done.spent),
        "in_doubt_by_this_run": plain_money(done.in_doubt),
        "bought_by_this_run": done.numbers,
    }
