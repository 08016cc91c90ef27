-- One row per source, source row, phone column and position whose number is of no use now, with the reason.
-- Reasons are facts, never inferences: rejected (no number in the cell), invalid, blocked, undeliverable, absent.
-- source: name of the source
-- source_key: key of the source's row, as a JSON array
-- phone_column: column of the source that the cell stands in
-- position: which number of the cell, from 0
-- phone_e164: the number in E.164; NULL when the cell was rejected
-- reason: rejected, invalid, blocked, undeliverable or absent
-- since_at: since when answers say so, UTC; NULL for a rejected cell
with
cells as (
    select
        cell.source,
        cell.source_key,
        cell.phone_column,
        numbers_in.position,
        numbers_in.phone_e164,
        case
            when numbers_in.parse_status = 'rejected' then 'rejected'
            when known.validity = 'invalid' then 'invalid'
            when known.is_reachable = false then known.reachability
        end as reason
    from rows_of_sources as cell
    inner join base.phone_map as numbers_in
        on numbers_in.source = cell.source
        and numbers_in.phone_column = cell.phone_column
        and numbers_in.raw_value is not distinct from cell.raw_value
        and numbers_in.region_hint is not distinct from cell.region_hint
    left join phone_numbers as known on known.phone_e164 = numbers_in.phone_e164
),

-- Since when the number is so, as far as answers tell; since when a cell is wrong, nobody knows.
since as (
    select phone_e164, value, valid_from
    from phone_history
    where fact in ('validity', 'reachability') and valid_to is null
)

select
    cells.source,
    cells.source_key,
    cells.phone_column,
    cells.position,
    cells.phone_e164,
    cells.reason,
    since.valid_from as since_at
from cells
left join since on since.phone_e164 = cells.phone_e164 and since.value = cells.reason
where cells.reason is not null
