"""The protocol of a source: how phone columns are read from the warehouse that holds them.

It never normalises: a source gives distinct cells, `ringfence.numbers` decides what they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """Where the phone columns of one source are. `warehouse` is an address with an absolute path.

    `region_column` names a column of ISO 3166-1 alpha-2 codes, `default_region` is used where there is none or it is
    empty. `where` is an SQL condition of the user's, `key` the columns that identify a row, `phones` the columns read.
    """

    name: str
    warehouse: str
    relation: str | None
    key: tuple[str, ...]
    phones: tuple[str, ...]
    region_column: str | None = None
    default_region: str | None = None
    where: str | None = None


class Source(Protocol):
    """A warehouse relation with phone columns."""

    spec: SourceSpec

    def check(self) -> None:
        """Resolve relation and columns against the catalog; SourceError names what is wrong and what there is."""
        ...

    def cells(self) -> Iterator[pl.DataFrame]:
        """Distinct cells, streamed in bounded memory.

        Columns: phone_column String, raw_value String (NULL included), parts List(String) (the cell's scalars: one for
        a scalar, the elements of a LIST, none for NULL), region_hint String (upper case, or null), region_basis String
        ('column' or 'default', null without a hint), row_count Int64. One row per distinct (phone_column, raw_value,
        region_hint).
        """
        ...

    def export_rows(self, path: Path) -> None:
        """Write one Parquet row per (source row, phone column).

        Columns: the key columns under their own names and types, source_key VARCHAR (the key as JSON array text),
        phone_column, raw_value, region_hint: the same text that `cells` gives for that cell.
        """
        ...
