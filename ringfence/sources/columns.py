"""The columns that a source names: found by exact name, and refused when their type cannot hold what is asked of them.

Refusals are about types alone, come before any cell is read, and show no type's text: an ENUM's text is its cells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
from duckdb.sqltypes import DuckDBPyType

from ringfence.errors import SourceError
from ringfence.sources.names import choices, pick, shown, shown_header
from ringfence.sources.source import SourceSpec

# DuckDB 2.0, "Data Types": the ids of the types whose text is exactly their value. JSON has the id of VARCHAR.
_INTEGERS = {f"{sign}{size}int" for sign in ("", "u") for size in ("tiny", "small", "big", "huge")}
_SCALARS = _INTEGERS | {"integer", "uinteger", "bignum", "varchar", "enum", "decimal", "double", "null"}
_TEXTS = {"varchar", "enum", "null"}
_LISTS = {"list", "array"}
_ADVICE = {
    "float": "REAL keeps about 7 digits and cannot hold a phone number exactly; load the column as VARCHAR",
    "struct": "a STRUCT is not a cell; name a view that selects the field with the number",
    "map": "a MAP is not a cell; name a view that selects the entry with the number",
    "blob": "a BLOB is bytes, not text; name a view that decodes it",
}
# DuckDB writes the first two to Parquet as DOUBLE, INTERVAL in milliseconds, and the last without its offset, each of
# which would merge different keys, also within a nested one.
_INEXACT_IN_PARQUET = {"hugeint", "uhugeint", "interval", "time with time zone"}
_NESTED = {"struct", "map", "union"} | _LISTS
# What the tables made from a source put beside its key.
_OURS = {
    "source_key",
    "phone_column",
    "raw_value",
    "region_hint",
    "region_basis",
    "position",
    "phone_e164",
    "parse_status",
    "reject_reason",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the relation: its exact name, its type's id and, for a LIST or ARRAY, that of its elements."""

    name: str
    kind: str
    element: str | None = None
    exact_in_parquet: bool = True

    @property
    def is_list(self) -> bool:
        """Whether a cell holds several scalars."""
        return self.kind in _LISTS

    @property
    def is_text(self) -> bool:
        """Whether a cell is text, as the code of a country is."""
        return self.kind in _TEXTS


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one source. `phones` is by the name in the configuration, which is also the published one."""

    key: tuple[Column, ...]
    phones: Mapping[str, Column]
    region: Column | None


def layout(spec: SourceSpec, relation: duckdb.DuckDBPyRelation) -> Layout:
    """Find the columns of a source among those of its relation.

    Raises SourceError for a column that is missing, named twice, or of a type that cannot be used.
    """
    columns = columns_of(relation)
    found = Layout(
        key=tuple(_distinct(spec, "key", spec.key, columns)),
        phones=dict(zip(spec.phones, _distinct(spec, "phones", spec.phones, columns), strict=True)),
        region=None if spec.region_column is None else _find(spec, spec.region_column, columns),
    )
    for column in found.key:
        _refuse(spec, column, key_problem(column))
    for column in found.phones.values():
        _refuse(spec, column, phone_problem(column))
    if found.region and not found.region.is_text:
        raise _refusal(spec, found.region, "a region is text (ISO 3166-1 alpha-2, such as NL)")
    return found


def columns_of(relation: duckdb.DuckDBPyRelation) -> dict[str, Column]:
    """Every column of a relation, by its exact name."""
    return {
        name: Column(name, kind.id, _element(kind), _is_exact(kind))
        for name, kind in zip(relation.columns, relation.types, strict=True)
    }


def phone_problem(column: Column) -> str | None:
    """Why a column of this type cannot be read for phone numbers, and what to do; None when it can."""
    kind = column.element or column.kind
    if kind in _SCALARS:
        return None
    advice = "a list within a list is not a cell" if kind in _LISTS else f"{kind.upper()} cannot hold phone numbers"
    return _ADVICE.get(kind, f"{advice}; name a column of text, integers or lists of them")


def key_problem(column: Column) -> str | None:
    """Why a column cannot be part of a key, and what to do; None when it can."""
    if column.name.casefold() in _OURS:
        return "the enriched tables have a column of that name beside the key; rename it in a view"
    if not column.exact_in_parquet:
        return "Parquet cannot hold such a key exactly; name a view that casts it to VARCHAR"
    return None


def _element(kind: DuckDBPyType) -> str | None:
    child = dict(kind.children)["child"] if kind.id in _LISTS else None
    return child.id if isinstance(child, DuckDBPyType) else None


def _is_exact(kind: DuckDBPyType) -> bool:
    """Whether Parquet holds each value of a type, and of the types within it, as itself."""
    children = [child for _, child in kind.children] if kind.id in _NESTED else []
    return kind.id not in _INEXACT_IN_PARQUET and all(
        _is_exact(child) for child in children if isinstance(child, DuckDBPyType)
    )


def _find(spec: SourceSpec, wanted: str, columns: Mapping[str, Column]) -> Column:
    name = pick(wanted, columns)
    if name is None:
        there = ", ".join(map(shown_header, choices(wanted, columns)))
        raise SourceError(f"source '{spec.name}': there is no column '{shown(wanted)}'; there are {there}")
    return columns[name]


def _distinct(spec: SourceSpec, use: str, wanted: Sequence[str], columns: Mapping[str, Column]) -> list[Column]:
    found = [_find(spec, name, columns) for name in wanted]
    for position, column in enumerate(found):
        if column in found[:position]:
            raise SourceError(
                f"source '{spec.name}': {use} names the column '{shown(column.name)}' twice; name it once"
            )
    return found


def _refuse(spec: SourceSpec, column: Column, problem: str | None) -> None:
    if problem:
        raise _refusal(spec, column, problem)


def _refusal(spec: SourceSpec, column: Column, why: str) -> SourceError:
    kind = f"{column.kind} of {column.element}" if column.element else column.kind
    return SourceError(f"source '{spec.name}': column '{shown(column.name)}' ({kind.upper()}) cannot be used: {why}")
