-- One row per source, phone column, cell (raw value with its region hint) and position of a number in the cell.
-- source: name of the source
-- phone_column: column of the source that the cell stands in
-- raw_value: the cell as it stands in the source
-- region_hint: region that national numbers of the cell are read in
-- position: which number of the cell, from 0; every cell has a row at 0
-- phone_e164: the number in E.164; NULL when rejected or empty
-- parse_status: parsed, rejected or empty
-- reject_reason: why this is not a number to look up; NULL when it is one
-- region_basis: what the region was taken from: explicit, column or default
-- row_count: rows of the source with this cell
-- last_seen_at: when the source was last read with this cell in it, UTC
select
    source,
    phone_column,
    raw_value,
    region_hint,
    position,
    phone_e164,
    parse_status,
    reject_reason,
    region_basis,
    row_count,
    last_seen_at
from base.phone_map
