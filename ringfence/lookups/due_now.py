"""What is due at this moment, from the lake and the ledger. The rule itself is `due`; nothing here knows a price."""

from datetime import UTC, datetime

import polars as pl
from cronsim import CronSim
from sqlalchemy import select

from ringfence.config.model import Config
from ringfence.lake.tables import Lake
from ringfence.lookups.due import due
from ringfence.lookups.routes import route
from ringfence.money.ledger import Ledger, settled_seq
from ringfence.money.schema import ASKED, CLAIM, SUBJECT

# The country of a number that belongs to none (+800, +881), or that several share.
NOWHERE = ""


def due_now(config: Config, ledger: Ledger, lake: Lake, at: int) -> tuple[int, pl.DataFrame]:
    """The newest settlement, and the wanted numbers with what is due of them.

    Those that an open attempt asks about are `claimed`: nobody may buy them until it is decided.
    """
    now = datetime.fromtimestamp(at / 1_000_000, UTC)
    seq, asked = _asked(ledger, config)
    frame = due(
        lake.read("distinct_phones"),
        lake.read("phone_facts"),
        asked,
        now=now,
        next_tick=next_tick(config, now),
        privacy=config.privacy,
    ).with_columns(
        pl.col("country").fill_null(NOWHERE),
        pl.col("phone_e164").is_in(_claimed(ledger)).alias("claimed"),
    )
    return seq, frame


def next_tick(config: Config, now: datetime) -> datetime | None:
    """When the schedule runs next, in UTC; None without one."""
    if not config.schedule:
        return None
    return next(CronSim(config.schedule, now.astimezone(config.zone))).astimezone(UTC)


def _asked(ledger: Ledger, config: Config) -> tuple[int, pl.DataFrame]:
    """The newest settlement, and when products of the routes were last asked about which number.

    A provider that somebody has stopped is on its route as before.
    """
    countries = (NOWHERE,) if config.routes == "auto" else (NOWHERE, *config.routes)
    products = {
        f"{name}/{product}"
        for country in countries
        for name in route(config, country)
        for product in config.providers[name].products
    }
    query = (
        select(SUBJECT.c.phone_e164, ASKED.c.facts, ASKED.c.asked_at)
        .join(SUBJECT, SUBJECT.c.subject_id == ASKED.c.subject_id)
        .where(ASKED.c.asked_at > 0, ASKED.c.product.in_(products))
    )
    with ledger.store.read() as connection:
        seq = settled_seq(connection)
        rows = [tuple(row) for row in connection.execute(query)]
    frame = pl.DataFrame(rows, schema={"phone_e164": pl.String, "facts": pl.Int64, "asked_at": pl.Int64}, orient="row")
    return seq, frame.with_columns(pl.from_epoch("asked_at", time_unit="us").dt.replace_time_zone("UTC"))


def _claimed(ledger: Ledger) -> list[str]:
    query = select(SUBJECT.c.phone_e164).join(CLAIM, CLAIM.c.subject_id == SUBJECT.c.subject_id)
    with ledger.store.read() as connection:
        return list(connection.scalars(query))
