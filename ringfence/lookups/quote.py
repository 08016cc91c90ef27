"""The dry run: which due facts of which numbers would be bought from whom, for how much. It buys nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from cronsim import CronSim
from phonenumbers import SUPPORTED_REGIONS
from sqlalchemy import select

from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.errors import ConfigError
from ringfence.lake.tables import Lake
from ringfence.lookups.due import due
from ringfence.lookups.estimate import summary
from ringfence.lookups.routes import choose, offers
from ringfence.money import quotes
from ringfence.money.amount import Money
from ringfence.money.ledger import Ledger, settled_seq
from ringfence.money.quotes import Line, Quote
from ringfence.money.schema import ASKED, CLAIM, SUBJECT
from ringfence.money.store import keyed_hash

# The country of a number that belongs to none (+800, +881), or that several share.
NOWHERE = ""
CHOICE = {
    "country": pl.String,
    "due": pl.Int64,
    "provider": pl.String,
    "product": pl.String,
    "amount": pl.Int64,
    "currency": pl.String,
    "reason": pl.String,
}


@dataclass(frozen=True, slots=True)
class Narrow:
    """What narrows a run to less than everything; it never authorises anything."""

    sources: Sequence[str] = ()
    countries: Sequence[str] = ()
    numbers: int | None = None


def narrowed(config: Config, sources: Sequence[str], countries: Sequence[str], numbers: int | None) -> Narrow:
    """What a run is narrowed to; raises ConfigError for a source or country that there is not."""
    for name in sources:
        if name not in config.sources:
            raise ConfigError(f"there is no source '{name}'; configured: {', '.join(config.sources) or 'none'}")
    upper = [country.upper() for country in countries]
    for country in upper:
        if country not in SUPPORTED_REGIONS:
            raise ConfigError(f"'{country}' is not a country (ISO 3166-1 alpha-2, such as NL)")
    if numbers is not None and numbers < 1:
        raise ConfigError(f"limit must be at least 1, not {numbers}")
    return Narrow(tuple(sources), tuple(upper), numbers)


def make_quote(setup: Setup, ledger: Ledger, lake: Lake, narrow: Narrow, launch_id: str) -> Quote:
    """Compute a quote from lake and ledger as they are now, and store it."""
    config = setup.config
    at = ledger.store.clock()
    seq, frame = _due_now(config, ledger, lake, narrow, at)
    chosen = _ranked(_chosen(frame.filter(pl.col("due") > 0), config), ledger)
    buyable = chosen.filter(pl.col("provider").is_not_null())
    if narrow.numbers is not None:
        buyable = buyable.head(narrow.numbers)
    routeless = chosen.filter(pl.col("provider").is_null())
    ids = quotes.subjects(ledger, [*buyable["phone_e164"], *routeless["phone_e164"]])
    lines = _lines(buyable, ids)
    quote = Quote(
        quote_id=ledger.store.new_id(),
        created_at=at,
        expires_at=at + quotes.DAY,
        ledger_seq=seq,
        launch_id=launch_id,
        summary={
            **summary(lake.read("phone_map", narrow.sources or list(config.sources)), frame, lines, config),
            "no_route": dict(routeless.group_by("reason").len().sort("reason").iter_rows()),
            "narrowed": narrow != Narrow(),
        },
        lines=lines,
    )
    left = [
        ("no_route", str(reason), [ids[phone] for phone in part["phone_e164"]])
        for (reason,), part in routeless.group_by("reason")
    ]
    with ledger.store.write() as connection:
        quotes.save(connection, quote)
        quotes.defer(connection, quote.quote_id, at, left)
    return quote


def _due_now(config: Config, ledger: Ledger, lake: Lake, narrow: Narrow, at: int) -> tuple[int, pl.DataFrame]:
    """The newest settlement, and the wanted numbers with what is due of them; those with an open claim are left out."""
    now = datetime.fromtimestamp(at / 1_000_000, UTC)
    seq, asked = _asked(ledger, config)
    frame = due(
        lake.read("distinct_phones"),
        lake.read("phone_facts"),
        asked,
        now=now,
        next_tick=next_tick(config, now),
        privacy=config.privacy,
    ).with_columns(pl.col("country").fill_null(NOWHERE))
    frame = frame.filter(~pl.col("phone_e164").is_in(_claimed(ledger)))
    if narrow.sources:
        frame = frame.filter(pl.col("sources").list.set_intersection(list(narrow.sources)).list.len() > 0)
    if narrow.countries:
        frame = frame.filter(pl.col("country").is_in(list(narrow.countries)))
    return seq, frame


def next_tick(config: Config, now: datetime) -> datetime | None:
    """When the schedule runs next, in UTC; None without one."""
    if not config.schedule:
        return None
    return next(CronSim(config.schedule, now.astimezone(config.zone))).astimezone(UTC)


def _asked(ledger: Ledger, config: Config) -> tuple[int, pl.DataFrame]:
    """The newest settlement, and when products that are configured now were last asked about which number."""
    products = {
        f"{offer.provider}/{offer.product}" for country in ("", *_routed(config)) for offer in offers(config, country)
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
    """The numbers that an open attempt asks about: nobody may buy them until it is decided."""
    query = select(SUBJECT.c.phone_e164).join(CLAIM, CLAIM.c.subject_id == SUBJECT.c.subject_id)
    with ledger.store.read() as connection:
        return list(connection.scalars(query))


def _routed(config: Config) -> Sequence[str]:
    return () if config.routes == "auto" else tuple(config.routes)


def _chosen(frame: pl.DataFrame, config: Config) -> pl.DataFrame:
    rows = []
    for country, mask in frame.select("country", "due").unique().sort("country", "due").iter_rows():
        choice = choose(config, country, mask)
        offer = choice.offer
        price = offer.price if offer else None
        rows.append(
            (
                country,
                mask,
                offer.provider if offer else None,
                offer.product if offer else None,
                price.amount if price else None,
                price.currency if price else None,
                choice.reason,
            )
        )
    return frame.join(pl.DataFrame(rows, schema=CHOICE, orient="row"), on=["country", "due"], how="left")


def _ranked(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """In the order of purchase when money is short: never asked, then asked longest ago, then keyed hash."""
    lots = [keyed_hash(ledger.key, b"order", phone.encode()) for phone in frame["phone_e164"]]
    return (
        frame.with_columns(pl.Series("lot", lots, dtype=pl.String))
        .sort(pl.col("last_asked_at").is_not_null(), "last_asked_at", "lot")
        .with_row_index("rank")
    )


def _lines(frame: pl.DataFrame, ids: dict[str, int]) -> list[Line]:
    keys = ["provider", "product", "country", "source", "due", "amount", "currency"]
    return [
        Line(
            provider=str(key[0]),
            product=str(key[1]),
            country=str(key[2]),
            source=str(key[3]),
            facts=int(str(key[4])),
            unit_price=Money(int(str(key[5])), str(key[6])),
            subjects=tuple(ids[phone] for phone in part["phone_e164"]),
            ranks=tuple(part["rank"]),
        )
        for key, part in sorted(frame.group_by(keys, maintain_order=True), key=lambda group: str(group[0]))
    ]
