-- One row per E.164 that a source holds or that was ever answered about: what is known of it now.
-- phone_e164: the number in E.164
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
with
numbers as (
    select
        coalesce(wanted.phone_e164, known.phone_e164) as phone_e164,
        coalesce(wanted.country, known.country) as country,
        wanted.phone_e164 is not null as is_in_source,
        known.* exclude (phone_e164, country)
    from base.distinct_phones as wanted
    full join base.phone_facts as known on known.phone_e164 = wanted.phone_e164
),

ruled as (
    select
        *,
        ('roaming', coalesce(country, '')) not in (from base.allowed) as hides_roaming,
        ('reachability', coalesce(country, '')) not in (from base.allowed) as hides_reachability
    from numbers
),

shown as (
    select
        * replace (
            coalesce(validity, 'unknown') as validity,
            coalesce(validity_basis, 'none') as validity_basis,
            case when hides_reachability then 'unknown' else coalesce(reachability, 'unknown') end as reachability,
            case when not hides_reachability then reachability_observed_at end as reachability_observed_at,
            coalesce(ported, 'unknown') as ported,
            case when hides_roaming then 'unknown' else coalesce(roaming, 'unknown') end as roaming,
            case when not hides_roaming then roaming_observed_at end as roaming_observed_at,
            coalesce(line_type, 'unknown') as line_type
        )
    from ruled
)

select
    phone_e164,
    country,
    is_in_source,
    case validity when 'valid' then true when 'invalid' then false end as is_valid,
    case
        when reachability = 'reachable' then true
        when reachability in ('absent', 'undeliverable', 'blocked') then false
    end as is_reachable,
    case ported when 'ported' then true when 'not_ported' then false end as is_ported,
    validity,
    validity_basis,
    reachability,
    ported as ported_status,
    roaming as roaming_status,
    line_type,
    current_carrier_name,
    current_carrier_mccmnc,
    current_carrier_country,
    original_carrier_name,
    original_carrier_mccmnc,
    original_carrier_country,
    validity_observed_at,
    reachability_observed_at,
    ported_observed_at,
    carrier_observed_at,
    roaming_observed_at,
    line_type_observed_at,
    first_seen_at,
    content_changed_at
from shown
