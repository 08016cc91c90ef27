-- One row per E.164, fact and interval in which answers gave one value; valid_to is NULL for the value of now.
-- phone_e164: the number in E.164
-- fact: validity, reachability, ported, carrier, roaming or line_type
-- value: the value that answers gave
-- valid_from: first time that it was seen, UTC
-- valid_to: first time that another was seen, UTC; NULL for the value of now
with
-- The first known value of each fact; what the privacy rules forbid is unknown here.
answers as (
    select phone_e164, fact, value, observed_at
    from (
        select
            phone_e164,
            observed_at,
            nullif(validity, 'unknown') as validity,
            nullif(reachability, 'unknown') as reachability,
            nullif(ported, 'unknown') as ported,
            coalesce(current_carrier_mccmnc, current_carrier_name) as carrier,
            nullif(roaming, 'unknown') as roaming,
            nullif(line_type, 'unknown') as line_type
        from lookups
    )
    unpivot (value for fact in (validity, reachability, ported, carrier, roaming, line_type))
),

first_answers as (
    select phone_e164, fact, arg_min(value, observed_at) as value, min(observed_at) as observed_at
    from answers
    group by phone_e164, fact
),

first_changes as (
    select
        phone_e164,
        fact,
        arg_min(old_value, first_seen_new_at) as value,
        min(last_seen_old_at) as last_seen_at,
        min(first_seen_new_at) as ended_at
    from phone_changes
    group by phone_e164, fact
),

-- Lookups are kept for a shorter time than changes: then the first value is only known from its change.
begins as (
    select
        phone_e164,
        fact,
        case
            when change.value is null or answer.observed_at < change.ended_at then answer.value
            else change.value
        end as value,
        case
            when change.value is null or answer.observed_at < change.ended_at then answer.observed_at
            else change.last_seen_at
        end as valid_from
    from first_answers as answer
    full join first_changes as change using (phone_e164, fact)
    union all
    select phone_e164, fact, new_value, first_seen_new_at from phone_changes
)

select
    phone_e164,
    fact,
    value,
    valid_from,
    lead(valid_from) over (partition by phone_e164, fact order by valid_from) as valid_to
from begins
