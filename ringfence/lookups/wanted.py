"""From sources to the numbers that are wanted: `phone_map` and `distinct_phones`. Nothing here knows a provider."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from ringfence.config.model import Config
from ringfence.config.sections import SourceConfig
from ringfence.lake.columns import DISTINCT_PHONES, FACTS, PHONE_MAP
from ringfence.money.ledger import Ledger
from ringfence.numbers.normalise import METADATA_VERSION, Policy, normalise
from ringfence.sources.source import Source


def policy_of(config: Config) -> Policy:
    """The gate's policy from the `numbers` section."""
    numbers = config.numbers
    return Policy(
        accept=numbers.accept,
        types=frozenset(numbers.types),
        vanity=numbers.vanity,
        bare_international=numbers.bare_international,
    )


def phone_map(source: Source, policy: Policy, at: datetime) -> pl.DataFrame:
    """Every distinct cell of a source and what it is: rows of the lake's `phone_map`."""
    frames = [normalise(cells, policy) for cells in source.cells()]
    if not frames:
        return pl.DataFrame(schema=PHONE_MAP.schema)
    return (
        pl.concat(frames)
        .with_columns(
            source=pl.lit(source.spec.name),
            last_seen_at=pl.lit(at),
            metadata_version=pl.lit(METADATA_VERSION),
        )
        .select(PHONE_MAP.names)
    )


def distinct_phones(phone_map: pl.DataFrame, sources: Mapping[str, SourceConfig], ledger: Ledger) -> pl.DataFrame:
    """One row per accepted number over all sources: who wants which fact how fresh, and its bucket."""
    order = {name: place for place, name in enumerate(sources)}
    wants = pl.DataFrame(
        [
            {"source": name, "place": order[name], **{f"want_{fact}": age for fact, age in source.want.items()}}
            for name, source in sources.items()
        ],
        schema={"source": pl.String, "place": pl.Int64, **{f"want_{fact}": pl.Int64 for fact in FACTS}},
    )
    grouped = (
        phone_map.filter(pl.col("phone_e164").is_not_null())
        .join(wants, on="source", how="inner")
        .group_by("phone_e164")
        .agg(
            pl.col("country").first(),
            pl.col("line_type").first(),
            pl.col("source").sort_by("place").first(),
            pl.col("source").unique().sort().alias("sources"),
            pl.col("row_count").sum(),
            *(pl.col(f"want_{fact}").min() for fact in FACTS),
        )
    )
    buckets = pl.Series("bucket", [ledger.bucket(phone) for phone in grouped["phone_e164"]], dtype=pl.Int32)
    return grouped.with_columns(buckets).select(DISTINCT_PHONES.names)
