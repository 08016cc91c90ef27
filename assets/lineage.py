"""The lineage of the SQL files as Dagster shows it: assets above a relation, column lineage, and a table to read.

Books of the ledger and the configuration are no assets: the table names them, and a relation that reads a book depends
on the asset that writes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import dagster as dg

from assets.described import key
from ringfence.config.sections import SourceConfig
from ringfence.lake.columns import TABLES
from ringfence.lake.lineage import Lineage, Origin, lineages
from ringfence.lake.views import ENRICHED, ROWS, beside, views
from ringfence.lookups import books
from ringfence.lookups.serve import base_columns

# The asset that writes a book, where it is not `lookups`.
_WRITERS = {"quote_lines": "quote"}
# Columns of one table that a cell names; more are counted.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Relation:
    """One served relation as an asset: its meaning, its columns with theirs, and where both come from.

    `above` are the assets that it is made of, in the order of their names.
    """

    name: str
    meaning: str
    columns: Mapping[str, str]
    above: Sequence[str]
    column_lineage: dg.TableColumnLineage
    origins: Mapping[str, str]

    def table(self) -> dg.MetadataValue:
        """Every column and what it comes from, for people."""
        rows = "\n".join(f"| {name} | {self.origins.get(name) or 'computed'} |" for name in self.columns)
        return dg.MetadataValue.md(f"| column | comes from |\n|---|---|\n{rows}")


def relations(sources: Mapping[str, SourceConfig]) -> list[Relation]:
    """Every relation that is an asset of its own, after those it reads; the lake's tables are assets of another step.

    `enriched` becomes one for each source.
    """
    found = _lineages()
    result = []
    for view in views():
        if view.name == ENRICHED:
            result += [_enriched(view.meaning, view.columns, name, source) for name, source in sources.items()]
        elif view.name not in TABLES:
            mine = found[view.name]
            result.append(_relation(view.name, view.meaning, view.columns, mine, sources))
    return result


@cache
def _lineages() -> dict[str, Lineage]:
    return lineages(base_columns())


def _enriched(meaning: str, columns: Mapping[str, str], name: str, source: SourceConfig) -> Relation:
    """The relation of one source: the columns of its key, and ours beside them."""
    mine = _lineages()[ENRICHED]
    ours = {beside(column, source.key): column for column in columns}
    renamed = {column: mine.columns.get(old, ()) for column, old in ours.items()}
    keys = {column: [Origin("rows_of_source", column)] for column in source.key}
    meanings = {
        **dict.fromkeys(source.key, "column of the source's key"),
        **{c: columns[old] for c, old in ours.items()},
    }
    return _relation(f"{ENRICHED}_{name}", meaning, meanings, Lineage(mine.reads, {**keys, **renamed}), {name: source})


def _relation(
    name: str, meaning: str, columns: Mapping[str, str], mine: Lineage, sources: Mapping[str, SourceConfig]
) -> Relation:
    return Relation(
        name=name,
        meaning=meaning,
        columns=columns,
        above=sorted(set(_assets(mine.reads, sources))),
        column_lineage=dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(key(asset), each) for asset, each in sorted(set(_deps(origins, sources)))]
                for column, origins in mine.columns.items()
            }
        ),
        origins={column: _told(origins, sources) for column, origins in mine.columns.items()},
    )


def _assets(tables: Iterable[str], sources: Mapping[str, SourceConfig]) -> Iterator[str]:
    """The assets that tables are, or are written by; a relation that is none stands for what it reads itself."""
    for table in tables:
        schema, name = _place(table)
        if schema == "source":
            yield from sources
        elif schema == "ledger":
            yield _WRITERS.get(name, "lookups")
        elif schema == "relation" and name in TABLES:
            yield from _assets(_lineages()[name].reads, sources)
        elif schema in ("lake", "relation"):
            yield name


def _deps(origins: Iterable[Origin], sources: Mapping[str, SourceConfig]) -> Iterator[tuple[str, str]]:
    """The same for columns: only those of assets."""
    for origin in origins:
        schema, name = _place(origin.table)
        if schema == "source":
            yield from ((source, each) for source, spec in sources.items() for each in _read(origin.column, spec))
        elif schema == "relation" and name in TABLES:
            yield from _deps(_lineages()[name].columns[origin.column], sources)
        elif schema in ("lake", "relation"):
            yield name, origin.column


def _told(origins: Iterable[Origin], sources: Mapping[str, SourceConfig]) -> str:
    """Where one column comes from, table by table: `ledger.attempts: currency, held`."""
    grouped: dict[str, list[str]] = {}
    for origin in origins:
        schema, name = _place(origin.table)
        if schema == "source":
            for source, spec in sources.items():
                grouped.setdefault(source, []).extend(_read(origin.column, spec))
        else:
            grouped.setdefault(name if schema == "relation" else f"{schema}.{name}", []).append(origin.column)
    return "; ".join(f"{table}: {_named(columns)}" for table, columns in grouped.items() if columns)


def _named(columns: Sequence[str]) -> str:
    names = list(dict.fromkeys(columns))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _place(table: str) -> tuple[str, str]:
    schema, _, name = table.rpartition(".")
    if not schema:
        return ("source" if name in ROWS else "relation"), name
    if name in TABLES:
        return "lake", name
    return ("ledger" if name in books.columns() else "configuration"), name


def _read(column: str, source: SourceConfig) -> Sequence[str]:
    """The columns of the user's relation that a column of its rows is read from."""
    if column == "raw_value":
        return source.phones
    if column == "region_hint":
        return [source.region.column] if source.region.column else []
    if column in ("source_key", "key"):
        return source.key
    return [column] if column in source.key else []
