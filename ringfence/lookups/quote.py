"""The dry run: which due facts of which numbers would be bought from whom, for how much. It buys nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from phonenumbers import SUPPORTED_REGIONS

from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.errors import ConfigError
from ringfence.lake.tables import Lake
from ringfence.lookups.due_now import due_now
from ringfence.lookups.estimate import summary
from ringfence.lookups.living import living
from ringfence.lookups.routes import Choice, Market, choose, offers
from ringfence.money import quotes
from ringfence.money.amount import Money
from ringfence.money.ledger import Ledger
from ringfence.money.quotes import Line, Quote
from ringfence.money.store import keyed_hash
from ringfence.money.switch import EVERYTHING, stops

CHOICE = {
    "country": pl.String,
    "due": pl.Int64,
    "provider": pl.String,
    "product": pl.String,
    "amount": pl.Int64,
    "currency": pl.String,
    "reason": pl.String,
}
Choices = Mapping[tuple[str, int], Choice]
# More numbers than anybody has; a bound, so that a limit fits into every column and library.
MOST = 10**9


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
    if numbers is not None and not 1 <= numbers <= MOST:
        raise ConfigError(f"limit must be from 1 to {MOST:,}, not {numbers}")
    return Narrow(tuple(sources), tuple(upper), numbers)


def make_quote(setup: Setup, ledger: Ledger, lake: Lake, narrow: Narrow, launch_id: str) -> Quote:
    """Compute a quote from lake and ledger as they are now, and store it.

    Raises ConfigError when numbers are due, and nothing can be bought because a price has ended.
    """
    at = ledger.store.clock()
    with ledger.store.read() as connection:
        market = Market.of(setup, at, stops(connection))
    seq, every = due_now(setup.config, ledger, lake, at)
    wanted = _narrowed(every, narrow)
    free = wanted.filter(~pl.col("claimed"))
    choices = _choices(free.filter(pl.col("due") > 0), market)
    chosen = _ranked(_chosen(free, choices), ledger)
    buyable = chosen.filter(pl.col("provider").is_not_null())
    if narrow.numbers is not None:
        buyable = buyable.head(narrow.numbers)
    routeless = chosen.filter(pl.col("provider").is_null())
    if buyable.is_empty() and any(choice.ended for choice in choices.values()):
        raise ConfigError("; ".join(dict.fromkeys(choice.reason for choice in choices.values() if choice.ended)))
    ids = quotes.subjects(ledger, [*buyable["phone_e164"], *routeless["phone_e164"]])
    lines = _lines(buyable, ids)
    phone_map = lake.read("phone_map", narrow.sources or list(setup.config.sources))
    quote = Quote(
        quote_id=ledger.store.new_id(),
        created_at=at,
        expires_at=at + quotes.DAY,
        ledger_seq=seq,
        launch_id=launch_id,
        summary={
            **summary(phone_map, wanted, lines, market),
            **living(wanted, market, datetime.fromtimestamp(at / 1_000_000, UTC)),
            "warnings": _warnings(choices, market),
            "no_route": dict(routeless.group_by("reason").len().sort("reason").iter_rows()),
            "narrowed": narrow != Narrow(),
        },
        lines=lines,
    )
    _save(ledger, quote, routeless, ids)
    return quote


def _narrowed(frame: pl.DataFrame, narrow: Narrow) -> pl.DataFrame:
    if narrow.sources:
        frame = frame.filter(pl.col("sources").list.set_intersection(list(narrow.sources)).list.len() > 0)
    if narrow.countries:
        frame = frame.filter(pl.col("country").is_in(list(narrow.countries)))
    return frame


def _choices(due: pl.DataFrame, market: Market) -> Choices:
    alike = due.select("country", "due").unique().sort("country", "due")
    return {(country, mask): choose(offers(market, country), mask) for country, mask in alike.iter_rows()}


def _chosen(frame: pl.DataFrame, choices: Choices) -> pl.DataFrame:
    """The numbers that have a choice, each beside it."""
    rows: list[tuple[Any, ...]] = []
    for (country, mask), choice in choices.items():
        offer, price = choice.offer, choice.price
        who = (offer.provider, offer.product) if offer else (None, None)
        cost = (price.amount, price.currency) if price else (None, None)
        rows.append((country, mask, *who, *cost, choice.reason))
    return frame.join(pl.DataFrame(rows, schema=CHOICE, orient="row"), on=["country", "due"], how="inner")


def _warnings(choices: Choices, market: Market) -> list[str]:
    """What is to be said of prices, and of who has stopped buying."""
    told = [market.stops[EVERYTHING]] if EVERYTHING in market.stops else []
    told += [warning for choice in choices.values() for warning in choice.warnings]
    return list(dict.fromkeys(told))


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


def _save(ledger: Ledger, quote: Quote, routeless: pl.DataFrame, ids: dict[str, int]) -> None:
    left = [
        ("no_route", str(reason), [ids[phone] for phone in part["phone_e164"]])
        for (reason,), part in routeless.group_by("reason")
    ]
    with ledger.store.write() as connection:
        quotes.save(connection, quote)
        quotes.defer(connection, quote.quote_id, quote.created_at, left)
