"""What an import would bring, before anything is imported: facts that are known by it, and what is then not due."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from ringfence.config.model import Config
from ringfence.lake.columns import DISTINCT_PHONES, FACTS, UTC_TIME
from ringfence.lake.tables import Lake
from ringfence.lookups.due import due
from ringfence.lookups.due_now import due_now, next_tick
from ringfence.lookups.imports import Answers
from ringfence.money.ledger import Ledger
from ringfence.providers.lookup import Lookup

_COLUMNS: dict[str, pl.DataType] = {"phone_e164": pl.String(), "received_at": pl.Int64(), "validity": pl.String()}
_TOLD = pl.Schema({**_COLUMNS, **{f"knows_{fact}": pl.Boolean() for fact in FACTS}})
_NOBODY = pl.Schema({"phone_e164": pl.String(), "facts": pl.Int64(), "asked_at": UTC_TIME, "step": pl.Int64()})


@dataclass(frozen=True, slots=True)
class Effect:
    """What an import changes: by fact, of how many numbers it is told, and known for the first time.

    `due` numbers are due now; of `settled` of them it tells all that is due, freshly enough.
    """

    told: Mapping[str, int]
    new: Mapping[str, int]
    due: int
    settled: int


def knows(lookup: Lookup, fact: str) -> bool:
    """Whether an answer tells a fact, as the merge has it."""
    if fact == "carrier":
        return bool(lookup.current_carrier.name or lookup.current_carrier.mccmnc)
    return str(getattr(lookup, fact)) != "unknown"


def told_by(groups: Iterable[Sequence[Answers]]) -> pl.DataFrame:
    """Which facts these replies tell of which numbers, a row an answer."""
    return pl.concat([pl.DataFrame(schema=_TOLD), *(_frame(group) for group in groups)])


def _frame(group: Sequence[Answers]) -> pl.DataFrame:
    rows: Iterator[tuple[object, ...]] = (
        (
            lookup.phone.e164,
            answers.reply.received_at,
            str(lookup.validity),
            *(knows(lookup, fact) for fact in FACTS),
        )
        for answers in group
        for lookup in answers.lookups
    )
    return pl.DataFrame(list(rows), schema=_TOLD, orient="row")


def effect(config: Config, ledger: Ledger, lake: Lake, told: pl.DataFrame) -> Effect:
    """What the import of these answers changes, by what lake and ledger know now."""
    at = ledger.store.clock()
    best = _newest(told)
    before = lake.read("phone_facts").select(
        "phone_e164", *(pl.col(f"{fact}_observed_at").alias(fact) for fact in FACTS)
    )
    both = best.join(before, on="phone_e164", how="left")
    told_of = {fact: both[f"{fact}_observed_at"].is_not_null() for fact in FACTS}
    _, wanted = due_now(config, ledger, lake, at)
    masks = [name for name in wanted.columns if name.startswith("due_")]
    # Whatever step of a route a fact is due at.
    wanted = wanted.with_columns(due=pl.fold(pl.lit(0, pl.Int64), lambda all_, one: all_ | one, pl.col(masks)))
    wanted = wanted.filter(pl.col("due") > 0)
    now = datetime.fromtimestamp(at / 1_000_000, UTC)
    untold = due(
        wanted.select(DISTINCT_PHONES.names),
        best,
        pl.DataFrame(schema=_NOBODY),
        now=now,
        next_tick=next_tick(config, now),
        privacy=config.privacy,
    ).select("phone_e164", pl.col("due_0").alias("untold"))
    left = wanted.join(untold, on="phone_e164").filter(pl.col("due").and_(pl.col("untold")) != 0)
    return Effect(
        told={fact: int(of.sum()) for fact, of in told_of.items()},
        new={fact: int((of & both[fact].is_null()).sum()) for fact, of in told_of.items()},
        due=wanted.height,
        settled=wanted.height - left.height,
    )


def _newest(told: pl.DataFrame) -> pl.DataFrame:
    """What these answers tell of each number, and when: `validity` and <fact>_observed_at."""
    seen = told.with_columns(pl.from_epoch("received_at", time_unit="us").dt.replace_time_zone("UTC").cast(UTC_TIME))
    return (
        seen.sort("received_at")
        .group_by("phone_e164")
        .agg(
            pl.col("validity").filter(pl.col("knows_validity")).last(),
            *(
                pl.col("received_at").filter(pl.col(f"knows_{fact}")).max().alias(f"{fact}_observed_at")
                for fact in FACTS
            ),
        )
    )
