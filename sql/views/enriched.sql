-- One row per source row, phone column and position of a number in its cell: the source's key with what is known.
-- Expanded for each source: rows_of_source is its rows as they are now, key one STRUCT of the columns of its key.
select
    cells.key,
    cells.phone_column,
    coalesce(numbers_in.position, 0) as position,
    cells.raw_value,
    numbers_in.phone_e164,
    coalesce(numbers_in.parse_status, 'not_read_yet') as parse_status,
    numbers_in.reject_reason,
    known.country,
    known.is_in_source,
    known.is_valid,
    known.is_reachable,
    known.is_ported,
    coalesce(known.validity, 'unknown') as validity,
    coalesce(known.validity_basis, 'none') as validity_basis,
    coalesce(known.reachability, 'unknown') as reachability,
    coalesce(known.ported_status, 'unknown') as ported_status,
    coalesce(known.roaming_status, 'unknown') as roaming_status,
    coalesce(known.line_type, 'unknown') as line_type,
    known.current_carrier_name,
    known.current_carrier_mccmnc,
    known.current_carrier_country,
    known.original_carrier_name,
    known.original_carrier_mccmnc,
    known.original_carrier_country,
    known.validity_observed_at,
    known.reachability_observed_at,
    known.ported_observed_at,
    known.carrier_observed_at,
    known.roaming_observed_at,
    known.line_type_observed_at,
    known.first_seen_at,
    known.content_changed_at
from rows_of_source as cells
left join base.phone_map as numbers_in
    on numbers_in.source = cells.source
    and numbers_in.phone_column = cells.phone_column
    and numbers_in.raw_value is not distinct from cells.raw_value
    and numbers_in.region_hint is not distinct from cells.region_hint
left join phone_numbers as known on known.phone_e164 = numbers_in.phone_e164
