-- One row per E.164 that a source holds or that was ever answered about: what is known of it now.
with
roaming_allowed as (
    select country from base.privacy where rule = 'allow' and fact = 'roaming'
),

reachability_forbidden as (
    select country from base.privacy where rule = 'forbid' and fact = 'reachability'
),

numbers as (
    select
        coalesce(wanted.phone_e164, known.phone_e164) as phone_e164,
        coalesce(wanted.country, known.country) as country,
        wanted.phone_e164 is not null as is_in_source,
        -- A number of an unknown country may be of one where it is forbidden.
        coalesce(coalesce(wanted.country, known.country) not in (from roaming_allowed), true) as hides_roaming,
        coalesce(coalesce(wanted.country, known.country) in (from reachability_forbidden), true) as hides_reachability,
        known.* exclude (phone_e164, country)
    from base.distinct_phones as wanted
    full join base.phone_facts as known on known.phone_e164 = wanted.phone_e164
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
    from numbers
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
