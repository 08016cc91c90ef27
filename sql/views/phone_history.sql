-- One row per E.164, fact and interval in which answers gave one value; valid_to is NULL for the value of now.
-- phone_e164: the number in E.164
-- fact: validity, reachability, ported, carrier, roaming or line_type
-- value: the value that answers gave
-- valid_from: first time that it was seen, UTC
-- valid_to: first time that another was seen, UTC; NULL for the value of now
-- began_after: last time that the value before it was seen, UTC: it began between then and valid_from; NULL for the first
-- last_seen_at: last time that it was seen, UTC: it ended between then and valid_to
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
        end as valid_from,
        cast(null as timestamp) as began_after
    from first_answers as answer
    full join first_changes as change using (phone_e164, fact)
    union all
    select phone_e164, fact, new_value, first_seen_new_at, last_seen_old_at from phone_changes
),

newest as (
    select phone_e164, fact, value, max(observed_at) as observed_at
    from answers
    group by phone_e164, fact, value
)

select
    begins.phone_e164,
    begins.fact,
    begins.value,
    begins.valid_from,
    lead(begins.valid_from) over following as valid_to,
    begins.began_after,
    coalesce(lead(begins.began_after) over following, newest.observed_at, begins.valid_from) as last_seen_at
from begins
left join newest
    on newest.phone_e164 = begins.phone_e164
    and newest.fact = begins.fact
    and newest.value = begins.value
window following as (partition by begins.phone_e164, begins.fact order by begins.valid_from)
