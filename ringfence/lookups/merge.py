"""From all answers about a number to what is best known of it, fact by fact, and how it changed. Pure functions.

A fact's value is the known answer on the best basis (network > inferred > numbering_plan), the newest of those.
Unknown never overwrites known, and a value of one answer is never mixed with that of another. A carrier is known when
the current one is; the original one is a value of its own, from the newest answer that has it. What changes is what
stands: an answer on a worse basis than the one before it neither stands nor changes anything.
"""

import polars as pl

from ringfence.lake.columns import CARRIER_PARTS, FACTS, PHONE_CHANGES, PHONE_FACTS

BASES = ("network", "inferred", "numbering_plan", "none")
# The columns that a fact's value consists of; the first is the one that changes are told by.
VALUES = {
    "validity": ("validity",),
    "reachability": ("reachability",),
    "ported": ("ported",),
    "roaming": ("roaming",),
    "line_type": ("line_type",),
    "carrier": tuple(f"current_carrier_{part}" for part in CARRIER_PARTS),
}
ORIGINAL = tuple(f"original_carrier_{part}" for part in CARRIER_PARTS)


def phone_facts(lookups: pl.DataFrame) -> pl.DataFrame:
    """One wide row per number of the lake's `lookups`: rows of `phone_facts`."""
    numbers = lookups.group_by("phone_e164").agg(
        pl.col("bucket").first(),
        pl.col("country").drop_nulls().first(),
        pl.col("observed_at").min().alias("first_seen_at"),
    )
    changed = _sights(lookups).group_by("phone_e164").agg(pl.col("first_seen_new_at").max().alias("content_changed_at"))
    result = numbers.join(changed, on="phone_e164", how="left")
    for fact in FACTS:
        result = result.join(_best(lookups, fact), on="phone_e164", how="left")
    result = result.join(_original(lookups), on="phone_e164", how="left")
    for fact in FACTS:
        if fact != "carrier":
            result = result.with_columns(pl.col(fact).fill_null("unknown"))
        result = result.with_columns(pl.col(f"{fact}_basis").fill_null("none"))
    return result.select(PHONE_FACTS.names)


def phone_changes(lookups: pl.DataFrame) -> pl.DataFrame:
    """Every change of a known value: rows of `phone_changes`, with the bounds within which it happened."""
    return (
        _sights(lookups)
        .filter(pl.col("old_value").is_not_null())
        .select(PHONE_CHANGES.names)
        # What was seen at one moment stays in the order of its settlements: else it is no chain.
        .sort("phone_e164", "fact", "first_seen_new_at", maintain_order=True)
    )


def known(fact: str) -> pl.Expr:
    """Whether a lookup tells a fact."""
    if fact == "carrier":
        return pl.col("current_carrier_name").is_not_null() | pl.col("current_carrier_mccmnc").is_not_null()
    return pl.col(fact).is_not_null() & (pl.col(fact) != "unknown")


def _basis(fact: str) -> pl.Expr:
    """Validity says what it rests on; elsewhere a likely_* value is an inference and any other is the network's.

    Who serves a number now is as sure as whether it was ported: an answer that infers the one infers the other.
    """
    if fact == "validity":
        return pl.col("validity_basis")
    told = pl.col("ported" if fact == "carrier" else fact)
    return pl.when(told.str.starts_with("likely_")).then(pl.lit("inferred")).otherwise(pl.lit("network"))


def _tier(fact: str) -> pl.Expr:
    """The place of an answer's basis, from 0 for the best."""
    return _basis(fact).replace_strict({base: place for place, base in enumerate(BASES)}, return_dtype=pl.Int64)


def _best(lookups: pl.DataFrame, fact: str) -> pl.DataFrame:
    values = (*VALUES[fact], *(f"roaming_carrier_{part}" for part in CARRIER_PARTS if fact == "roaming"))
    return (
        lookups.filter(known(fact))
        .with_columns(_basis(fact).alias("basis"), _tier(fact).alias("tier"))
        .sort("tier", pl.col("observed_at"), pl.col("settled_seq"), descending=[False, True, True])
        .unique("phone_e164", keep="first", maintain_order=True)
        .select(
            "phone_e164",
            *values,
            pl.col("basis").alias(f"{fact}_basis"),
            *(pl.col(name).alias(f"{fact}_{name}") for name in ("origin", "provider", "lookup_id", "observed_at")),
        )
    )


def _original(lookups: pl.DataFrame) -> pl.DataFrame:
    return (
        lookups.filter(pl.col("original_carrier_name").is_not_null() | pl.col("original_carrier_mccmnc").is_not_null())
        .sort("observed_at", "settled_seq", descending=True)
        .unique("phone_e164", keep="first", maintain_order=True)
        .select("phone_e164", *ORIGINAL)
    )


def _sights(lookups: pl.DataFrame) -> pl.DataFrame:
    """For each number and fact, the first sight of every value that stood and differs from the one before.

    An answer stands when none before it rests on a better basis. An inference that is confirmed is no change, and a
    network that one answer gives by its code and another by its name alone may be the same.
    """
    shown = {**{fact: VALUES[fact][0] for fact in FACTS}, "carrier": "network"}
    code = pl.coalesce("current_carrier_mccmnc", "current_carrier_name")
    coded = pl.col("current_carrier_mccmnc").is_not_null()
    comparable = {"carrier": coded | ~coded.any().over("phone_e164")}
    frames = [
        lookups.with_columns(network=code)
        .filter(known(fact))
        .filter(comparable.get(fact, pl.lit(value=True)))
        .with_columns(_tier(fact).alias("tier"))
        .sort("phone_e164", "observed_at", "settled_seq")
        .filter(pl.col("tier") == pl.col("tier").cum_min().over("phone_e164"))
        .select(
            "phone_e164",
            "bucket",
            pl.lit(fact).alias("fact"),
            pl.col(shown[fact]).shift(1).over("phone_e164").alias("old_value"),
            pl.col(shown[fact]).alias("new_value"),
            pl.col("observed_at").shift(1).over("phone_e164").alias("last_seen_old_at"),
            pl.col("observed_at").alias("first_seen_new_at"),
        )
        .filter(_sure(pl.col("old_value")).ne_missing(_sure(pl.col("new_value"))))
        for fact in FACTS
    ]
    return pl.concat(frames)


def _sure(value: pl.Expr) -> pl.Expr:
    """A value without the mark of an inference."""
    return value.str.strip_prefix("likely_")
