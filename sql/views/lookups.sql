-- One row per attempt and E.164: an answer that a provider gave. What the privacy rules forbid is shown as unknown.
with
roaming_allowed as (
    select country from base.privacy where rule = 'allow' and fact = 'roaming'
),

reachability_forbidden as (
    select country from base.privacy where rule = 'forbid' and fact = 'reachability'
),

answers as (
    select
        *,
        coalesce(country not in (from roaming_allowed), true) as hides_roaming,
        coalesce(country in (from reachability_forbidden), true) as hides_reachability
    from base.lookups
)

select
    attempt_id,
    phone_e164,
    provider,
    product,
    request_ref,
    result_ref,
    requested_at,
    answered_at,
    observed_at,
    outcome,
    error_class,
    validity,
    validity_basis,
    case when hides_reachability then 'unknown' else reachability end as reachability,
    ported,
    case when hides_roaming then 'unknown' else roaming end as roaming,
    line_type,
    current_carrier_name,
    current_carrier_mccmnc,
    current_carrier_country,
    original_carrier_name,
    original_carrier_mccmnc,
    original_carrier_country,
    case when not hides_roaming then roaming_carrier_name end as roaming_carrier_name,
    case when not hides_roaming then roaming_carrier_mccmnc end as roaming_carrier_mccmnc,
    case when not hides_roaming then roaming_carrier_country end as roaming_carrier_country,
    country,
    cost_amount,
    cost_refund,
    cost_net,
    cost_currency,
    cost_basis,
    billed,
    raw_status,
    raw_error,
    raw_permanent,
    lookup_id,
    quote_id,
    dagster_run_id,
    origin,
    parser_version
from answers
