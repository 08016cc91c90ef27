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
    steps: int = 1,
    told: pl.DataFrame | None = None,
    unknown_for: int | None = None,
) -> pl.DataFrame:
    """The wanted numbers with `want`, `due_0` to `due_<steps - 1>` (facts as bits) and `last_asked_at`.

    A fact is due at a step of its route when it has no known answer within its time to live, and no product of this
    step or a later one was asked for it within that time, whatever the answer: the same unknown is not bought at every
    run. That a number is invalid counts as an answer to every fact. With a schedule, what would expire before the next
    tick is due too, but never within half its time to live of the last answer or asking. What the privacy rules forbid
    to store is not wanted.

    known: phone_e164, validity and <fact>_observed_at; asked: phone_e164, facts (bits), asked_at and step, only of
    products of the number's route. Where `unknown_for` (seconds) is given, a fact that stayed unknown when it was last
    asked counts as asked for that long; told: phone_e164 and told_<fact>, when an answer last told it.
    """
    horizon = next_tick or now
    frame = wanted
    for each in (known.select(_KNOWN), _last_asked(asked, steps), told):
        frame = frame if each is None else frame.join(each, on="phone_e164", how="left")
    want = pl.lit(0, pl.Int64)
    dues = [pl.lit(0, pl.Int64)] * steps
    for fact, bit in BIT.items():
        wants = pl.col(f"want_{fact}").is_not_null() & may_store(Fact(fact), privacy)
        want = want + wants.cast(pl.Int64) * bit
        for step in range(steps):
            counts = _known_lately(fact, now, horizon) | _lately(
                pl.col(f"asked_{step}_{fact}"),
                _wait(fact, step, None if told is None else unknown_for),
                now,
                horizon,
            )
            dues[step] = dues[step] + (wants & ~counts).cast(pl.Int64) * bit
    return frame.with_columns(want=want, **{f"due_{step}": mask for step, mask in enumerate(dues)})


def _age(fact: str) -> pl.Expr:
    return pl.duration(seconds=pl.col(f"want_{fact}"))


def _known_lately(fact: str, now: datetime, horizon: datetime) -> pl.Expr:
    """Whether a fact has a known answer, of its own or by there being no such number."""
    known = _lately(pl.col(f"{fact}_observed_at"), _age(fact), now, horizon)
    if fact == "validity":
        return known
    invalid = pl.when(pl.col("validity") == "invalid").then(pl.col("validity_observed_at"))
    return known | _lately(invalid, _age(fact), now, horizon)


def _wait(fact: str, step: int, unknown_for: int | None) -> pl.Expr:
    """How long an asking counts: less or more than an answer would, where it told nothing."""
    if unknown_for is None:
        return _age(fact)
    told = (pl.col(f"told_{fact}") >= pl.col(f"asked_{step}_{fact}")).fill_null(value=False)
    return pl.when(told).then(_age(fact)).otherwise(pl.duration(seconds=unknown_for))


_KNOWN = ["phone_e164", "validity", *(f"{fact}_observed_at" for fact in FACTS)]


def _last_asked(asked: pl.DataFrame, steps: int) -> pl.DataFrame:
    """When each number was last asked about, at all and for each fact."""
    return asked.group_by("phone_e164").agg(pl.col("asked_at").max().alias("last_asked_at"), *_asked_at(steps))


def _asked_at(steps: int) -> Iterable[pl.Expr]:
    """When each fact was last asked for at a step or a later one."""
    for step in range(steps):
        for fact, bit in BIT.items():
            mine = (pl.col("facts").and_(bit) != 0) & (pl.col("step") >= step)
            yield pl.col("asked_at").filter(mine).max().alias(f"asked_{step}_{fact}")


def _lately(time: pl.Expr, age: pl.Expr, now: datetime, horizon: datetime) -> pl.Expr:
    """Whether a time still counts: until its age is up, and at a run whose next tick is later, for half of that."""
    return _after(time + age, horizon) | _after(time + age / 2, now)


def _after(time: pl.Expr, moment: datetime) -> pl.Expr:
    return (time > pl.lit(moment)).fill_null(value=False)
