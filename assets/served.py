"""The served relations: one asset a file of `sql/views`, all published together by one atomic replace."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.described import OWNERS, key, plain_money, relation_metadata, upstream
from assets.launch import House, Launch, step
from assets.lineage import Relation, relations
from ringfence.config.sections import SourceConfig
from ringfence.lookups.buy import require_fit
from ringfence.lookups.coverage import Coverage, coverage
from ringfence.lookups.outcome import bought
from ringfence.lookups.serve import serve


def served_assets(sources: Mapping[str, SourceConfig]) -> list[dg.AssetsDefinition]:
    """What SQL users read; the lake's own tables are served under their own names as well."""
    found = {relation.name: relation for relation in relations(sources)}

    @dg.multi_asset(
        name="served",
        specs=[
            dg.AssetSpec(
                key(relation.name),
                deps=upstream(*relation.above),
                description=relation.meaning,
                group_name="served",
                owners=OWNERS,
                kinds={"duckdb", "sql"},
                metadata=_planned(relation),
            )
            for relation in found.values()
        ],
        can_subset=True,
    )
    def served(context: dg.AssetExecutionContext, house: House) -> Iterator[dg.MaterializeResult]:
        """Build the served file aside and put it in place of the old one; it is one file, whatever is selected."""
        with step(house, context, "serve") as launch:
            require_fit(launch.setup, launch.ledger)
            path = serve(launch.setup, launch.ledger, launch.lake)
            described = relation_metadata(path, found)
            described["coverage"] |= _coverage_metadata(coverage(path))
            described["lookup_costs"] |= _cost_metadata(launch)
            for name, relation in found.items():
                if key(name) in context.selected_asset_keys:
                    lineage = {"dagster/column_lineage": relation.column_lineage}
                    yield dg.MaterializeResult(asset_key=key(name), metadata={**described[name], **lineage})

    return [served]


def _planned(relation: Relation) -> dict[str, Any]:
    """What is known of a relation before it is built: place, columns and their lineage; types come with the rows."""
    return {
        "dagster/table_name": f"ringfence.duckdb/{relation.name}",
        "dagster/column_schema": dg.TableSchema(
            columns=[dg.TableColumn(column, "", meaning) for column, meaning in relation.columns.items()]
        ),
        "dagster/column_lineage": relation.column_lineage,
        "lineage": relation.table(),
    }


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
