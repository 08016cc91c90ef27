"""What is due at this moment, from the lake and the ledger. The rule itself is `due`; nothing here knows a price."""

from datetime import UTC, datetime

import polars as pl
from cronsim import CronSim
from sqlalchemy import select

from ringfence.config.model import Config
from ringfence.lake.columns import FACTS
from ringfence.lake.tables import Lake
from ringfence.lookups.due import due
from ringfence.lookups.merge import known
from ringfence.lookups.routes import route
from ringfence.money.ledger import Ledger, settled_seq
from ringfence.money.schema import ASKED, CLAIM, SUBJECT

# The country of a number that belongs to none (+800, +881), or that several share.
NOWHERE = ""
_STEPS = {"country": pl.String, "product": pl.String, "step": pl.Int64}


def due_now(config: Config, ledger: Ledger, lake: Lake, at: int) -> tuple[int, pl.DataFrame]:
    """The newest settlement, and the wanted numbers with what is due of them at each step of a route (`due`).

    Those that an open attempt asks about are `claimed`: nobody may buy them until it is decided.
    """
    now = datetime.fromtimestamp(at / 1_000_000, UTC)
    # Before the ledger: what is settled and not merged yet counts as asked of everybody, for nobody knows the answer.
    merged = lake.settled_seq("phone_facts")
    wanted = lake.read("distinct_phones").with_columns(
        pl.col("country").fill_null(NOWHERE), pl.col("line_type").fill_null("")
    )
    countries = wanted["country"].unique().sort().to_list()
    routes = {country: route(config, country) for country in countries}
    seq, asked = _asked(ledger, repay_lost=config.in_doubt.repay_lost)
    frame = due(
        wanted,
        lake.read("phone_facts"),
        _on_route(asked, wanted, _steps(config, countries), merged),
        now=now,
        next_tick=next_tick(config, now),
        privacy=config.privacy,
        steps=max((len(each) for each in routes.values()), default=1) or 1,
        told=None if config.unknown_for is None else _told(lake),
        unknown_for=config.unknown_for,
    )
    return seq, frame.with_columns(pl.col("phone_e164").is_in(_claimed(ledger)).alias("claimed"))


def next_tick(config: Config, now: datetime) -> datetime | None:
    """When the schedule runs next, in UTC; None without one."""
    if not config.schedule:
        return None
    return next(CronSim(config.schedule, now.astimezone(config.zone))).astimezone(UTC)


def _steps(config: Config, countries: list[str]) -> pl.DataFrame:
    """The step at which each product is on the route of each country; a provider that is stopped is on it as before."""
    rows = [
        (country, f"{name}/{product}", step)
        for country in countries
        for step, names in enumerate(route(config, country))
        for name in names
        for product in config.providers[name].products
    ]
    return pl.DataFrame(rows, schema=_STEPS, orient="row")


def _on_route(asked: pl.DataFrame, wanted: pl.DataFrame, steps: pl.DataFrame, merged: int) -> pl.DataFrame:
    """When products of its route were last asked about which number, and at which step."""
    found = asked.join(wanted.select("phone_e164", "country"), on="phone_e164").join(steps, on=["country", "product"])
    last = steps["step"].max()
    return found.with_columns(pl.when(pl.col("seq") > merged).then(last).otherwise("step").alias("step"))


def _asked(ledger: Ledger, *, repay_lost: bool) -> tuple[int, pl.DataFrame]:
    """The newest settlement, and when which product was last asked about which number.

    With `repay_lost` an asking that was paid for in vain is none.
    """
    query = (
        select(SUBJECT.c.phone_e164, ASKED.c.product, ASKED.c.facts, ASKED.c.asked_at, ASKED.c.seq)
        .join(SUBJECT, SUBJECT.c.subject_id == ASKED.c.subject_id)
        .where(ASKED.c.asked_at > 0, ASKED.c.lost <= (0 if repay_lost else 1))
    )
    with ledger.store.read() as connection:
        seq = settled_seq(connection)
        rows = [tuple(row) for row in connection.execute(query)]
    schema = {"phone_e164": pl.String, "product": pl.String, "facts": pl.Int64, "asked_at": pl.Int64, "seq": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return seq, frame.with_columns(pl.from_epoch("asked_at", time_unit="us").dt.replace_time_zone("UTC"))


def _told(lake: Lake) -> pl.DataFrame:
    """When an answer last told each fact of a number: the ledger's own time, which that of asking is held against."""
    times = (pl.col("answered_at").filter(known(fact)).max().alias(f"told_{fact}") for fact in FACTS)
    return lake.read("lookups").group_by("phone_e164").agg(times)


def _claimed(ledger: Ledger) -> list[str]:
    query = select(SUBJECT.c.phone_e164).join(CLAIM, CLAIM.c.subject_id == SUBJECT.c.subject_id)
    with ledger.store.read() as connection:
        return list(connection.scalars(query))
