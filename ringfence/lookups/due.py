"""Which facts of which numbers are due: a pure function of what is wanted, known and asked."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from ringfence.config.sections import Privacy
from ringfence.lake.columns import FACTS
from ringfence.lookups.privacy import may_store
from ringfence.providers.lookup import Fact

BIT = {fact: 1 << place for place, fact in enumerate(FACTS)}


def bits(facts: Iterable[str]) -> int:
    """A set of facts as an integer, a bit each; the order of the bits is the format of the ledger."""
    return sum(BIT[fact] for fact in set(facts))


def due(
    wanted: pl.DataFrame,
    known: pl.DataFrame,
    asked: pl.DataFrame,
    *,
    now: datetime,
    next_tick: datetime | None,
    privacy: Privacy,
) -> pl.DataFrame:
    """The wanted numbers with `want` and `due` (facts as bits) and `last_asked_at`.

    A fact is due when it has no known answer within its time to live and no product of the route was asked for it
    within that time, so that the same unknown is not bought at every run. With a schedule, what would expire before
    the next tick is due too, but never within half its time to live of the last asking.

    known: phone_e164 and <fact>_observed_at; asked: phone_e164, facts (bits) and asked_at, only of products of the
    number's route. What the privacy rules forbid to store is not wanted.
    """
    horizon = next_tick or now
    last = asked.group_by("phone_e164").agg(
        pl.col("asked_at").max().alias("last_asked_at"),
        *(
            pl.col("asked_at").filter(pl.col("facts").and_(bit) != 0).max().alias(f"asked_{fact}")
            for fact, bit in BIT.items()
        ),
    )
    times = ["phone_e164", *(f"{fact}_observed_at" for fact in FACTS)]
    frame = wanted.join(known.select(times), on="phone_e164", how="left").join(last, on="phone_e164", how="left")
    want = pl.lit(0, pl.Int64)
    due_mask = pl.lit(0, pl.Int64)
    for fact, bit in BIT.items():
        wants = pl.col(f"want_{fact}").is_not_null() & may_store(Fact(fact), privacy)
        age = pl.duration(seconds=pl.col(f"want_{fact}"))
        fresh = _after(pl.col(f"{fact}_observed_at") + age, horizon)
        asked_lately = _after(pl.col(f"asked_{fact}") + age, horizon) | _after(pl.col(f"asked_{fact}") + age / 2, now)
        want = want + wants.cast(pl.Int64) * bit
        due_mask = due_mask + (wants & ~fresh & ~asked_lately).cast(pl.Int64) * bit
    return frame.with_columns(want=want, due=due_mask)


def _after(time: pl.Expr, moment: datetime) -> pl.Expr:
    return (time > pl.lit(moment)).fill_null(value=False)
