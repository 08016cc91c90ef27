"""The Parquet files of the lake's tables as frames. Which files a table has, Delta knows."""

from collections.abc import Sequence

import polars as pl

from ringfence.lake.columns import Table


def rows(kind: Table, files: Sequence[str]) -> pl.DataFrame:
    """The rows of some files, without the partition column, which is not in them.

    A column that was added to the table after a file was written is NULL in that file's rows.
    """
    schema = {name: column.dtype for name, column in kind.columns.items() if name != kind.partition}
    scan = pl.scan_parquet(
        list(files),
        schema=schema,
        hive_partitioning=False,
        glob=False,
        missing_columns="insert",
        extra_columns="ignore",
    )
    return scan.collect()
