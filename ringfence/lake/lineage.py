"""Where the columns of the served relations come from, read out of the SQL files alone: no data, no connection.

Names are those of the SQL: `base.lookups` is an internal table, `phone_numbers` a relation, and `rows_of_source` the
rows of a source as the served file reads them.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.schema import MappingSchema

from ringfence.lake.views import ROWS, View, views

DIALECT = "duckdb"
_BASE, _MAIN = "base", "main"
_LOG = logging.getLogger(__name__)


class Origin(NamedTuple):
    """A column that a value is read from."""

    table: str
    column: str

    def __str__(self) -> str:
        """As people write it: `base.attempts.state`."""
        return f"{self.table}.{self.column}"


class Lineage(NamedTuple):
    """One relation: the tables and relations that it reads, and each column with its origins, in their order.

    A column that is computed without a source, such as count(*), has none. A file whose SQL cannot be followed has no
    columns here, and reads everything.
    """

    reads: frozenset[str]
    columns: Mapping[str, Sequence[Origin]]


def lineages(base: Mapping[str, Sequence[str]]) -> dict[str, Lineage]:
    """Every relation in the order of building; `base` is the columns of every table of schema `base`."""
    schema = MappingSchema(dialect=DIALECT)
    for table, names in base.items():
        schema.add_table(f"{_BASE}.{table}", dict.fromkeys(names, ""))
    for table, names in ROWS.items():
        schema.add_table(f"{_MAIN}.{table}", dict.fromkeys(names, ""))
    found = views()
    relations = {*(view.name for view in found), *ROWS}
    result = {}
    for view in found:
        try:
            result[view.name] = _lineage(view, schema, relations)
        except SqlglotError as error:
            _LOG.warning("sql/views/%s.sql has no column lineage: %s", view.name, str(error).partition("\n")[0])
            result[view.name] = Lineage(frozenset(f"{_BASE}.{name}" for name in base), {})
        schema.add_table(f"{_MAIN}.{view.name}", dict.fromkeys(result[view.name].columns or view.columns, ""))
    return result


def _lineage(view: View, schema: MappingSchema, relations: set[str]) -> Lineage:
    tree = sqlglot.parse_one(view.query, read=DIALECT)
    own = {each.alias for each in tree.find_all(exp.CTE)}
    reads = set()
    for table in tree.find_all(exp.Table):
        if not table.db and table.name in relations - own:
            table.set("db", exp.to_identifier(_MAIN))
        if table.db:
            reads.add(_name(table))
    # Without trimming: a copy of the whole query for each column is most of the time, and changes nothing.
    found = lineage(None, tree, schema=schema, dialect=DIALECT, trim_selects=False, copy=False)
    columns = {
        column: sorted(
            {
                Origin(_name(each.expression), each.name.rpartition(".")[2].strip('"'))
                for each in node.walk()
                if isinstance(each.expression, exp.Table)
            }
        )
        for column, node in found.items()
    }
    return Lineage(frozenset(reads), columns)


def _name(table: exp.Table) -> str:
    return table.name if table.db == _MAIN else f"{table.db}.{table.name}"
