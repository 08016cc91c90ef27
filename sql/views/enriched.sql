-- One row per source row, phone column and position of a number in its cell: the source's key with what is known.
-- Expanded for each source: rows_of_source is its rows as they are now, key one STRUCT of the columns of its key.
-- phone_column: column of the source that the cell stands in
-- position: which number of the cell, from 0
-- raw_value: the cell as it stands in the source
-- phone_e164: the number in E.164
-- parse_status: parsed, rejected, empty or not_read_yet
-- reject_reason: why this is not a number to look up; NULL when it is one
-- country: ISO 3166-1 alpha-2 country of the number
-- is_in_source: whether a source holds it now
-- is_valid: whether it has a subscriber; NULL when that is not sure
-- is_reachable: whether it can be reached; NULL when that is not sure
-- is_ported: whether it left its first network; NULL when that is not sure
-- validity: valid, likely_valid, likely_invalid, invalid or unknown
-- validity_basis: what validity rests on: network, inferred, numbering_plan or none
-- reachability: reachable, absent, undeliverable, blocked, not_applicable or unknown
-- ported_status: ported, likely_ported, not_ported, likely_not_ported or unknown
-- roaming_status: roaming, not_roaming, not_applicable or unknown
-- line_type: kind of line, such as mobile or landline; unknown when nobody said it
-- current_carrier_name: name of the current network
-- current_carrier_mccmnc: MCC and MNC of the current network, 5 or 6 digits
-- current_carrier_country: ISO 3166-1 alpha-2 country of the current network
-- original_carrier_name: name of the original network
-- original_carrier_mccmnc: MCC and MNC of the original network, 5 or 6 digits
-- original_carrier_country: ISO 3166-1 alpha-2 country of the original network
-- validity_observed_at: when the known validity was seen, UTC; NULL when it is unknown
-- reachability_observed_at: when the known reachability was seen, UTC; NULL when it is unknown
-- ported_observed_at: when the known ported was seen, UTC; NULL when it is unknown
-- carrier_observed_at: when the known carrier was seen, UTC; NULL when it is unknown
-- roaming_observed_at: when the known roaming was seen, UTC; NULL when it is unknown
-- line_type_observed_at: when the known line type was seen, UTC; NULL when it is unknown
-- first_seen_at: first answer about the number, UTC
-- content_changed_at: last change of a known value of it, UTC
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
