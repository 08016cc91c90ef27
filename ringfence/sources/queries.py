"""The SELECTs of a source: distinct cells of one phone column, and its rows. Text only; `engine` runs them.

Both build a cell's `raw_value` and `region_hint` from the same expressions, so that the one finds the other's rows.
Parameters: $default_region (text or NULL), and $phone_<n>, the published name of the n-th phone column.
"""

from ringfence.quoting import quoted
from ringfence.sources.columns import Column, Layout

# A longer cell is no number (a list: no list of numbers), whatever is in it: only its beginning and length are kept, so
# that it costs no memory, and still more than what the gate takes. Cells that agree in both become one, all too long;
# no digest keeps them apart, so that none can be searched for a number.
LONGEST_SCALAR, LONGEST_LIST = 1_000, 10_000

_DEFAULT_REGION = "CAST($default_region AS VARCHAR)"


def distinct_cells(layout: Layout, number: int, rows: str) -> str:
    """The cells of the phone column `number` with their counts; `rows` is a FROM clause with its WHERE."""
    column = list(layout.phones.values())[number]
    text = f"CAST({quoted(column.name)} AS VARCHAR)"
    whole = f"CAST({quoted(column.name)} AS VARCHAR[])"
    elements = "NULL"
    if column.is_list:
        elements = f"CASE WHEN length({text}) > {LONGEST_LIST} THEN [{_raw_value(column)}] ELSE {whole} END"
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
    text, longest = f"CAST({quoted(column.name)} AS VARCHAR)", LONGEST_LIST if column.is_list else LONGEST_SCALAR
    cut = f"left({text}, {LONGEST_SCALAR}) || '... (' || length({text}) || ' characters)'"
    return f"CASE WHEN length({text}) > {longest} THEN {cut} ELSE {text} END"


def _own_region(layout: Layout) -> str:
    if layout.region is None:
        return "CAST(NULL AS VARCHAR)"
    return rf"nullif(upper(trim(CAST({quoted(layout.region.name)} AS VARCHAR), E' \t\r\n')), '')"


def _region_hint(layout: Layout) -> str:
    return f"coalesce({_own_region(layout)}, {_DEFAULT_REGION})"
