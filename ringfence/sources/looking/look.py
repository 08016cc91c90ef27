"""Looks at what a warehouse holds: every relation is sampled, then its columns are judged. It only reads.

The work is bounded in rows, width and time. What is made of the findings is in `proposing`. No cell and no number
leaves `sources`, only names of columns, shares and countries.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from duckdb.sqltypes import DuckDBPyType

from ringfence.sources import csv_glob, duckdb_file, parquet_glob
from ringfence.sources.catalog import Relation, relations_of
from ringfence.sources.columns import columns_of, phone_problem
from ringfence.sources.engine import settings
from ringfence.sources.looking.evidence import evidence
from ringfence.sources.looking.hints import says, source_name
from ringfence.sources.looking.keys import Key, candidates, chosen, declared, unique
from ringfence.sources.looking.proposing import Proposal, Seen, decide, proposal
from ringfence.sources.looking.sampling import count, limited, sample
from ringfence.sources.looking.warehouse import Warehouse
from ringfence.sources.names import shown
from ringfence.sources.refusals import refusal
from ringfence.sources.source import SourceSpec

MEMORY_LIMIT = "1GB"
# Seconds after which no further relation is looked at.
BUDGET = 300.0
# Types that cannot be read, and in which numbers are found nevertheless.
_WRAPPED = {"struct", "map", "union", "list", "array", "float", "blob"}
_VIEWS = "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $catalog AND NOT internal"


def look(place: Warehouse, *, country: str | None, tell: Callable[[str], None]) -> Proposal:
    """Look at every relation of a warehouse. `country`: of the machine, for numbers that name none.

    `tell` is given the name of each relation before it is read. Raises SourceError where the warehouse cannot be read
    or nothing in it holds phone numbers.
    """
    spec = SourceSpec(name=source_name([place.stem], ()), warehouse="", relation=None, key=(), phones=())
    try:
        with (
            TemporaryDirectory(prefix="ringfence-look-") as folder,
            duckdb.connect(":memory:", config=settings(Path(folder), MEMORY_LIMIT)) as connection,
        ):
            # It would stand in what a command prints for programs.
            connection.execute("SET enable_progress_bar = false")
            seen = list(_seen(connection, place, spec, tell))
            decide(seen, country)
            for each in seen:
                each.key = _key(connection, each)
    except duckdb.Error as error:
        # The original may quote cells.
        raise refusal(spec, place.location, MEMORY_LIMIT, error) from None
    return proposal(place, seen)


def _seen(
    connection: duckdb.DuckDBPyConnection, place: Warehouse, spec: SourceSpec, tell: Callable[[str], None]
) -> Iterator[Seen]:
    until = time.monotonic() + BUDGET
    for each in _relations(connection, place, spec):
        tell(shown(each.label))
        try:
            if time.monotonic() > until:
                raise duckdb.InterruptException
            _look_at(connection, each)
        except duckdb.InterruptException:
            each.problem = "left out: reading it takes too long; name a table in its place"
        except duckdb.Error as error:
            told = str(refusal(spec, place.location, MEMORY_LIMIT, error))
            each.problem = f"left out: {told.partition(': ')[2]}"
        yield each


def _look_at(connection: duckdb.DuckDBPyConnection, each: Seen) -> None:
    relation = connection.sql(f"SELECT * FROM {each.name}")
    each.columns = columns_of(relation)
    each.unusable = [
        (name, problem)
        for name, kind in zip(relation.columns, relation.types, strict=True)
        if kind.id in _WRAPPED and (problem := phone_problem(each.columns[name])) and _names_phone(name, kind)
    ]
    each.rows = count(connection, each.name)
    rows = sample(connection, each.name, each.columns, each.rows)
    each.sampled = max((len(cells) for cells in rows.columns.values()), default=0)
    each.evidence, each.regions = evidence(rows)


def _names_phone(name: str, kind: DuckDBPyType) -> bool:
    """Whether a column, or a field within it, is named like a phone."""
    nested = kind.children if kind.id in ("struct", "union", "list", "array", "map") else []
    return says(name) == "phone" or any(
        _names_phone(inner, child) for inner, child in nested if isinstance(child, DuckDBPyType)
    )


def _relations(connection: duckdb.DuckDBPyConnection, place: Warehouse, spec: SourceSpec) -> list[Seen]:
    if place.kind != "duckdb":
        mount = csv_glob.mount if place.kind == "csv" else parquet_glob.mount
        return [Seen(mount(connection, spec, place.location), place.stem)]
    catalog = duckdb_file.attach(connection, spec.name, place.location)
    views = set(connection.execute(_VIEWS, {"catalog": catalog}).fetchall())
    found = relations_of(connection, catalog)
    return [
        Seen(
            each.sql,
            f"{each.schema}.{each.name}",
            relation=each,
            written=_spelled(each, found),
            is_view=(each.schema, each.name) in views,
        )
        for each in found
    ]


def _spelled(relation: Relation, others: Sequence[Relation]) -> str:
    """The shortest text that means this relation alone."""
    plain = f"{relation.schema}.{relation.name}"
    for text in (relation.name, plain) if relation.schema == "main" else (plain,):
        meant = [each for each in others if each.is_meant_by(text, fold=False)]
        if text.replace(".", "_").isidentifier() and meant == [relation]:
            return text
    return relation.spelling


def _key(connection: duckdb.DuckDBPyConnection, each: Seen) -> Key | None:
    if not (each.choice and each.choice.phones):
        return None
    relation = each.relation
    known = declared(connection, relation.catalog, relation.schema, relation.name) if relation else []
    likely = candidates(each.columns, each.choice.phones, relation.name if relation else each.label)
    found = None
    if not known:
        try:
            with limited(connection):
                found = unique(connection, f"FROM {each.name}", likely)
        except duckdb.InterruptException:
            with limited(connection):
                found = unique(connection, f"FROM (FROM {each.name} LIMIT 200_000)", likely)
    return chosen(known, found, each.columns, each.choice.phones, likely)
