"""Publishes the served file: gives the lake's builder what ledger, configuration and sources add to it.

Every table written here is internal to the served file; what users read is in `sql/views`. Nothing is bought.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.lake import served
from ringfence.lake.columns import TABLES
from ringfence.lake.disk import disk_told
from ringfence.lake.tables import Lake
from ringfence.lookups import books
from ringfence.lookups.book_units import fee_book
from ringfence.lookups.due import BIT
from ringfence.lookups.fees import fees
from ringfence.lookups.privacy import allowed
from ringfence.lookups.routes import route
from ringfence.money.ledger import Ledger
from ringfence.money.store import keyed_hash
from ringfence.providers.registry import provider
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source


def serve(setup: Setup, ledger: Ledger, lake: Lake) -> Path:
    """Publish the served file and return its path; an equal one is left as it is.

    Sources are read, because only they know their rows. Raises SourceError or LakeError, and then the file of before
    stays published.
    """
    charged = fee_book(fees(setup, ledger), setup.config.zone)
    with lake.publishing(), served.workspace(lake.home) as folder:
        inputs = served.Inputs(
            files={name: lake.files(name) for name in TABLES},
            tables=_written(folder, {**books.books(ledger), **_of_config(setup.config), "fees": charged}),
            rows=_rows(setup, folder),
            about={"mode": ledger.mode, "timezone": setup.config.timezone, "currency": setup.config.currency},
        )
        seal = keyed_hash(ledger.key, b"served", served.contents(inputs, folder).encode())
        if served.seal_of(lake.home) == seal:
            return lake.home / served.NAME
        now = datetime.fromtimestamp(ledger.store.clock() / 1_000_000, UTC)
        return served.publish(lake, folder, inputs, seal=seal, at=now)


def serve_previous(home: Path) -> Path:
    """Publish again the file before the published one; raises LakeError when none is kept.

    It stays until `serve` finds something that it does not hold.
    """
    with Lake(home, ledger_id="").publishing(), served.workspace(home) as folder:
        return served.previous(home, folder)


def base_columns() -> dict[str, list[str]]:
    """The columns of every table that views can read in schema `base`, by table; nothing is built for it."""
    added = {name: frame.columns for name, frame in _of_config(Config(mode="simulate")).items()}
    lake = {name: table.names for name, table in TABLES.items()}
    about = ["served_at", "ledger_id", "mode", "timezone", "currency", "seal"]
    return {**lake, **books.columns(), **added, "served": about}


def _written(folder: Path, frames: Mapping[str, pl.DataFrame]) -> dict[str, Path]:
    paths = {name: folder / f"{name}.parquet" for name in frames}
    with disk_told():
        for name, frame in frames.items():
            frame.write_parquet(paths[name])
    return paths


def _rows(setup: Setup, folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"rows-{name}.parquet" for name in setup.config.sources}
    for name, path in paths.items():
        open_source(spec_of(setup, name), temp=folder).export_rows(path)
    return paths


def _of_config(config: Config) -> dict[str, pl.DataFrame]:
    """What may be stored, and who tells what at which step of a route; a country '' is every one without its own."""
    products = [
        (name, product, str(fact), fact in provider(name).products[product].mobile_only)
        for name, section in config.providers.items()
        for product in section.products
        for fact in sorted(provider(name).products[product].facts)
    ]
    not_told = [
        (name, product, str(fact), country)
        for name, section in config.providers.items()
        for product in section.products
        for country, facts in provider(name).products[product].not_told.items()
        for fact in sorted(facts)
    ]
    countries = {"default": ""} if config.routes == "auto" else {name: name for name in config.routes} | {"default": ""}
    routes = [
        (shown, name, step)
        for country, shown in countries.items()
        for step, names in enumerate(route(config, country))
        for name in names
    ]
    waits = [] if config.unknown_for is None else [config.unknown_for]
    return {
        "products": pl.DataFrame(
            products, schema={**_columns("provider", "product", "fact"), "mobile_only": pl.Boolean}, orient="row"
        ),
        "not_told": _texts(not_told, "provider", "product", "fact", "country"),
        "routes": pl.DataFrame(routes, schema={**_columns("country", "provider"), "step": pl.Int64}, orient="row"),
        "unknown_for": pl.DataFrame({"seconds": waits}, schema={"seconds": pl.Int64}),
        "in_doubt": pl.DataFrame({"repay_lost": [config.in_doubt.repay_lost]}, schema={"repay_lost": pl.Boolean}),
        "allowed": _texts(allowed(config.privacy), "fact", "country"),
        "sources": _texts([(name,) for name in config.sources], "source"),
        "facts": pl.DataFrame({"fact": list(BIT), "bit": list(BIT.values())}),
    }


def _columns(*names: str) -> dict[str, type[pl.String]]:
    return dict.fromkeys(names, pl.String)


def _texts(rows: Sequence[tuple[str, ...]], *columns: str) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_columns(*columns), orient="row")
