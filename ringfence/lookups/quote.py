"""The dry run: which due facts of which numbers would be bought from whom, for how much. It buys nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl
from phonenumbers import SUPPORTED_REGIONS

from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.errors import ConfigError
from ringfence.lake.tables import Lake
from ringfence.lookups import sunset
from ringfence.lookups.due_now import due_now
from ringfence.lookups.estimate import summary
from ringfence.lookups.lines import lines_of, purchases
from ringfence.lookups.living import living
from ringfence.lookups.routes import Market, offers
from ringfence.lookups.shares import history
from ringfence.lookups.steps import Steps, steps
from ringfence.money import deferrals, quotes
from ringfence.money.ledger import Ledger
from ringfence.money.quotes import Quote
from ringfence.money.store import keyed_hash
from ringfence.money.switch import EVERYTHING, stops

# What numbers that are bought alike have in common, beside what is due of them at each step.
ALIKE = ("country", "line_type")
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


def make_quote(setup: Setup, ledger: Ledger, lake: Lake, narrow: Narrow, launch_id: str, *, asked: str = "") -> Quote:
    """Compute a quote from lake and ledger as they are now, and store it; `asked` is its run's configuration in words.

    Raises ConfigError when numbers are due, and nothing can be bought because a price has ended.
    """
    at = ledger.store.clock()
    with ledger.store.read() as connection:
        market = Market.of(setup, at, stops(connection))
    seq, every = due_now(setup.config, ledger, lake, at)
    market = replace(market, numbers=every.height)
    told = history(lake)
    wanted, cases = judged(_narrowed(every, narrow), market)
    chosen = _ranked(wanted.filter(~pl.col("claimed"), pl.col("due") > 0), ledger)
    found = [cases[place] for place in chosen["case"].unique().sort()]
    buyable = chosen.filter(pl.col("buyable"))
    if narrow.numbers is not None:
        buyable = buyable.head(narrow.numbers)
    if buyable.is_empty() and any(each.ended for each in found):
        raise ConfigError("; ".join(dict.fromkeys(each.reason for each in found if each.ended)))
    routeless = chosen.filter(~pl.col("buyable"))
    ids = quotes.subjects(ledger, [*buyable["phone_e164"], *routeless["phone_e164"]])
    lines, sums = lines_of(buyable.join(purchases(cases, told), on="case"), ids)
    phone_map = lake.read("phone_map", narrow.sources or list(setup.config.sources))
    quote = Quote(
        quote_id=ledger.store.new_id(),
        created_at=at,
        expires_at=at + quotes.DAY,
        ledger_seq=seq,
        launch_id=launch_id,
        summary={
            **summary(phone_map, wanted, lines, market, told),
            **sums,
            **living(wanted, market, datetime.fromtimestamp(at / 1_000_000, UTC), told),
            "expected_notes": told.notes(each.purchases for each in found),
            "warnings": _warnings(found, market),
            "no_route": _no_route(chosen, buyable),
            "narrowed": narrow != Narrow(),
            "asked": asked,
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


def judged(frame: pl.DataFrame, market: Market) -> tuple[pl.DataFrame, list[Steps]]:
    """Numbers with what is due of them (`due`), whether any of it is `buyable`, why the rest is not, and their `case`.

    A case is the place of what is bought about such a number in the list.
    """
    dues = sorted(name for name in frame.columns if name.startswith("due_"))
    alike = frame.select(*ALIKE, *dues).unique().sort(*ALIKE, *dues)
    cases = [steps(offers(market, country, line_type), masks) for country, line_type, *masks in alike.iter_rows()]
    told = alike.with_columns(
        pl.Series("case", range(len(cases)), dtype=pl.Int64),
        pl.Series("due", [each.due for each in cases], dtype=pl.Int64),
        pl.Series("buyable", [bool(each.purchases) for each in cases], dtype=pl.Boolean),
        pl.Series("reason", [each.reason for each in cases], dtype=pl.String),
    )
    return frame.join(told, on=[*ALIKE, *dues]), cases


def _warnings(found: Sequence[Steps], market: Market) -> list[str]:
    """What is to be said of prices, of who has stopped buying, and of vendors that end."""
    told = [market.stops[EVERYTHING]] if EVERYTHING in market.stops else []
    told += [warning for each in found for warning in each.warnings]
    told += sunset.warnings(market.config, market.on)
    return list(dict.fromkeys(told))


def _no_route(chosen: pl.DataFrame, buyable: pl.DataFrame) -> dict[str, int]:
    """Why something that is due cannot be bought, and of how many numbers."""
    quoted = pl.col("phone_e164").is_in(buyable["phone_e164"].implode())
    left = chosen.filter((pl.col("reason") != "") & (~pl.col("buyable") | quoted))
    return dict(left.group_by("reason").len().sort("reason").iter_rows())


def _ranked(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """In the order of purchase when money is short: never asked, then asked longest ago, then keyed hash."""
    lots = [keyed_hash(ledger.key, b"order", phone.encode()) for phone in frame["phone_e164"]]
    return (
        frame.with_columns(pl.Series("lot", lots, dtype=pl.String))
        .sort(pl.col("last_asked_at").is_not_null(), "last_asked_at", "lot")
        .with_row_index("rank")
    )


def _save(ledger: Ledger, quote: Quote, routeless: pl.DataFrame, ids: dict[str, int]) -> None:
    left = [
        ("no_route", str(reason), [ids[phone] for phone in part["phone_e164"]])
        for (reason,), part in routeless.group_by("reason")
    ]
    with ledger.store.write() as connection:
        quotes.save(connection, quote)
        deferrals.defer(connection, quote.quote_id, quote.created_at, left)
