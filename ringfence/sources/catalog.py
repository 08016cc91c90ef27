"""Finds the relation that a source names in the catalog of a database. Columns are in `columns`."""

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from ringfence.errors import SourceError
from ringfence.quoting import quoted
from ringfence.sources.names import choices, shown, written_parts

_RELATIONS = """
    SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $catalog AND NOT internal
    UNION ALL
    SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $catalog AND NOT internal
    ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of the catalog, by its exact names."""

    catalog: str
    schema: str
    name: str

    @property
    def sql(self) -> str:
        """The whole name, which means this relation whatever else there is."""
        return ".".join(map(quoted, (self.catalog, self.schema, self.name)))

    @property
    def spelling(self) -> str:
        """The shortest text that names this relation beyond doubt in a configuration."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    def is_meant_by(self, text: str, *, fold: bool) -> bool:
        """Whether a configured text names this relation: plain or in quoted parts, with or without its schema."""
        wholes = ((self.name,), (self.schema, self.name), (self.catalog, self.schema, self.name))
        if not fold:
            return written_parts(text) in wholes or text in map(".".join, wholes)
        folded = tuple(part.casefold() for part in written_parts(text))
        return any(
            folded == tuple(part.casefold() for part in whole) or text.casefold() == ".".join(whole).casefold()
            for whole in wholes
        )


def relations_of(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[Relation]:
    """Every table and view of a catalog, in every schema."""
    rows = connection.execute(_RELATIONS, {"catalog": catalog}).fetchall()
    return [Relation(catalog, schema, name) for schema, name in rows]


def find_relation(connection: duckdb.DuckDBPyConnection, catalog: str, source: str, wanted: str) -> Relation:
    """The one relation that `wanted` names, exactly or else regardless of case.

    Raises SourceError when there is none, or more than one: which table is read is never guessed.
    """
    relations = relations_of(connection, catalog)
    for fold in (False, True):
        found = [relation for relation in relations if relation.is_meant_by(wanted, fold=fold)]
        if len(found) == 1:
            return found[0]
        if found:
            spellings = " or ".join(shown(relation.spelling) for relation in found)
            raise SourceError(
                f"source '{source}': '{shown(wanted)}' names {len(found)} relations; write {spellings} as its relation"
            )
    raise SourceError(f"source '{source}': there is no relation '{shown(wanted)}'; {_offer(wanted, relations)}")


def _offer(wanted: str, relations: Collection[Relation]) -> str:
    if not relations:
        return "the database holds no table and no view"
    names = [f"{relation.schema}.{relation.name}" for relation in relations]
    return f"there are {', '.join(map(shown, choices(wanted, names)))}"
