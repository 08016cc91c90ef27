-- One row per source, phone column, cell (raw value with its region hint) and position of a number in the cell.
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
