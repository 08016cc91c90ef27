"""The SELECTs of a source: distinct cells of one phone column, and its rows. Text only; `engine` runs them.

Both build a cell's `raw_value` and `region_hint` from the same expressions, so that the one finds the other's rows.
Parameters: $default_region (text or NULL), and $phone_<n>, the published name of the n-th phone column.
"""

from ringfence.sources.columns import Column, Layout
from ringfence.sources.names import quoted

_DEFAULT_REGION = "CAST($default_region AS VARCHAR)"


def distinct_cells(layout: Layout, number: int, rows: str) -> str:
    """The cells of the phone column `number` with their counts; `rows` is a FROM clause with its WHERE."""
    column = list(layout.phones.values())[number]
    elements = f"CAST({quoted(column.name)} AS VARCHAR[])" if column.is_list else "NULL"
    parts = "any_value(elements)" if column.is_list else "CASE WHEN raw_value IS NOT NULL THEN [raw_value] END"
    return f"""
        SELECT
            $phone_{number} AS phone_column,
            raw_value,
            coalesce({parts}, CAST([] AS VARCHAR[])) AS parts,
            region_hint,
            CASE
                WHEN count(own_region) > 0 THEN 'column'
                WHEN region_hint IS NOT NULL THEN 'default'
            END AS region_basis,
            count(*) AS row_count
        FROM (
            SELECT
                {_raw_value(column)} AS raw_value,
                {elements} AS elements,
                {_own_region(layout)} AS own_region,
                {_region_hint(layout)} AS region_hint
            {rows}
        )
        GROUP BY raw_value, region_hint"""


def source_rows(layout: Layout, rows: str) -> str:
    """One row per row of the source and phone column, with the source's key."""
    key = [quoted(column.name) for column in layout.key]
    branches = [
        f"""
        SELECT
            {"".join(f"{name}, " for name in key)}
            CAST(json_array({", ".join(key)}) AS VARCHAR) AS source_key,
            $phone_{number} AS phone_column,
            {_raw_value(column)} AS raw_value,
            {_region_hint(layout)} AS region_hint
        {rows}"""
        for number, column in enumerate(layout.phones.values())
    ]
    return "\n        UNION ALL".join(branches)


def _raw_value(column: Column) -> str:
    return f"CAST({quoted(column.name)} AS VARCHAR)"


def _own_region(layout: Layout) -> str:
    if layout.region is None:
        return "CAST(NULL AS VARCHAR)"
    return rf"nullif(upper(trim(CAST({quoted(layout.region.name)} AS VARCHAR), E' \t\r\n')), '')"


def _region_hint(layout: Layout) -> str:
    return f"coalesce({_own_region(layout)}, {_DEFAULT_REGION})"
