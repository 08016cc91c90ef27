-- One row per E.164 and fact that is wanted or known: its value, where it comes from, and why it is missing.
-- phone_e164: the number in E.164
-- fact: validity, reachability, ported, carrier, roaming or line_type
-- value: the best known value, or unknown
-- basis: what the value rests on: network, inferred, numbering_plan or none
-- origin: live, simulated or imported
-- provider: who said the value
-- lookup_id: the answer that said the value
-- observed_at: when the value was seen, UTC
-- expires_at: when the value is too old for who wants it, UTC; NULL when never, as for a fact that is wanted once
-- answer_status: answered, or why it is not: awaiting_approval, in_flight, in_doubt, no_data, no_route and others
-- answer_reason: the reason in words, where the status does not say all
-- next_attempt_at: when it may be asked again, UTC; NULL when never, or when that depends on somebody
with
clock as (
    select make_timestamp(epoch_us(now())) as utc
),

known as (
    select phone_e164, country, fact, value, basis, origin, provider, lookup_id, observed_at
    from (select *, coalesce(current_carrier_name, current_carrier_mccmnc) as carrier from base.phone_facts)
    unpivot include nulls ((value, basis, origin, provider, lookup_id, observed_at) for fact in (
        (
            validity,
            validity_basis,
            validity_origin,
            validity_provider,
            validity_lookup_id,
            validity_observed_at
        ) as validity,
        (
            reachability,
            reachability_basis,
            reachability_origin,
            reachability_provider,
            reachability_lookup_id,
            reachability_observed_at
        ) as reachability,
        (
            ported,
            ported_basis,
            ported_origin,
            ported_provider,
            ported_lookup_id,
            ported_observed_at
        ) as ported,
        (
            carrier,
            carrier_basis,
            carrier_origin,
            carrier_provider,
            carrier_lookup_id,
            carrier_observed_at
        ) as carrier,
        (
            roaming,
            roaming_basis,
            roaming_origin,
            roaming_provider,
            roaming_lookup_id,
            roaming_observed_at
        ) as roaming,
        (
            line_type,
            line_type_basis,
            line_type_origin,
            line_type_provider,
            line_type_lookup_id,
            line_type_observed_at
        ) as line_type
    ))
    where observed_at is not null and value <> 'unknown'
),

wanted as (
    select phone_e164, country, line_type, fact, to_seconds(seconds) as want
    from base.distinct_phones
    unpivot (seconds for fact in (
        want_validity as validity,
        want_reachability as reachability,
        want_ported as ported,
        want_carrier as carrier,
        want_roaming as roaming,
        want_line_type as line_type
    ))
),

-- Who is asked at which step about numbers of a country.
routed as (
    select countries.country, routes.provider, routes.step
    from (select distinct coalesce(country, '') as country from base.distinct_phones) as countries
    inner join base.routes as routes on routes.country = if(
        countries.country in (select country from base.routes), countries.country, ''
    )
),

-- The last step at which somebody tells a fact of numbers of a country and line type.
told as (
    select numbers.country, numbers.line_type, products.fact, max(routed.step) as last_step
    from (
        select distinct coalesce(country, '') as country, coalesce(line_type, '') as line_type
        from base.distinct_phones
    ) as numbers
    inner join routed using (country)
    inner join base.products as products using (provider)
    where (not products.mobile_only or numbers.line_type in ('mobile', 'fixed_or_mobile', ''))
        and (products.provider, products.product, products.fact, numbers.country) not in (from base.not_told)
    group by all
),

answers as (
    select
        lookups.phone_e164,
        facts.fact,
        max(lookups.answered_at) as answered_at,
        max(lookups.answered_at) filter (case facts.fact
            when 'validity' then lookups.validity <> 'unknown'
            when 'reachability' then lookups.reachability <> 'unknown'
            when 'ported' then lookups.ported <> 'unknown'
            when 'roaming' then lookups.roaming <> 'unknown'
            when 'line_type' then lookups.line_type <> 'unknown'
            else coalesce(lookups.current_carrier_name, lookups.current_carrier_mccmnc) is not null
        end) as told_at,
        -- An answer that was imported may be older than one that was settled before it.
        arg_max(lookups.outcome, row(lookups.answered_at, lookups.settled_seq)) as outcome,
        arg_max(
            case
                when lookups.outcome in ('complete', 'partial') then 'not in the answer'
                else coalesce(lookups.error_class, lookups.outcome)
            end,
            row(lookups.answered_at, lookups.settled_seq)
        ) as reason
    from base.lookups as lookups
    inner join base.attempts as attempts on attempts.attempt_id = lookups.attempt_id
    inner join base.facts as facts on (attempts.facts & facts.bit) <> 0
    group by lookups.phone_e164, facts.fact
),

-- When a fact was asked for at each step, whatever the answer, and for how long that counts; an unbilled failure is no
-- asking, and what was paid for in vain is none where it is to be bought again.
askings as (
    select
        wanted.phone_e164,
        wanted.fact,
        routed.step,
        asked.asked_at,
        if(
            answers.told_at >= asked.asked_at or unknown.seconds is null, wanted.want, to_seconds(unknown.seconds)
        ) as wait
    from base.asked as asked
    inner join base.facts as facts on (asked.facts & facts.bit) <> 0
    inner join wanted on wanted.phone_e164 = asked.phone_e164 and wanted.fact = facts.fact
    inner join routed on routed.country = coalesce(wanted.country, '')
    inner join base.products as products
        on products.provider = routed.provider
        and products.fact = facts.fact
        and asked.product = products.provider || '/' || products.product
    left join answers on answers.phone_e164 = wanted.phone_e164 and answers.fact = wanted.fact
    cross join (select max(seconds) as seconds from base.unknown_for) as unknown
    cross join base.in_doubt as in_doubt
    where asked.lost = 0 or not in_doubt.repay_lost
),

-- `step` is the last one that was asked and counts now.
asked as (
    select
        askings.phone_e164,
        askings.fact,
        max(askings.asked_at) as asked_at,
        arg_max(askings.wait, askings.asked_at) as wait,
        max(askings.step) filter (askings.asked_at + askings.wait > clock.utc) as step
    from askings
    cross join clock
    group by all
),

-- That a number is invalid answers every fact of it.
invalid as (
    select phone_e164, validity_observed_at as invalid_at
    from base.phone_facts
    where validity = 'invalid'
),

lost as (
    select lost.phone_e164, facts.fact, max(attempts.final_at) as lost_at
    from base.paid_lost as lost
    inner join base.attempts as attempts on attempts.attempt_id = lost.attempt_id
    inner join base.facts as facts on (attempts.facts & facts.bit) <> 0
    cross join base.in_doubt as in_doubt
    where not in_doubt.repay_lost
    group by lost.phone_e164, facts.fact
),

open_claims as (
    select claims.phone_e164, facts.fact, any_value(claims.state) as state
    from base.claims as claims
    inner join base.facts as facts on (claims.facts & facts.bit) <> 0
    group by claims.phone_e164, facts.fact
),

facts as (
    select
        phone_e164,
        fact,
        (fact, coalesce(wanted.country, known.country, '')) not in (from base.allowed) as is_forbidden,
        coalesce(wanted.country, '') as country,
        coalesce(wanted.line_type, '') as line_type,
        wanted.want,
        known.value,
        known.basis,
        known.origin,
        known.provider,
        known.lookup_id,
        known.observed_at
    from known
    full join wanted using (phone_e164, fact)
),

traced as (
    select
        facts.*,
        facts.observed_at + facts.want as expires_at,
        asked.asked_at,
        coalesce(asked.wait, facts.want) as wait,
        coalesce(told.last_step > asked.step, false) as has_next_step,
        if(facts.fact <> 'validity', invalid.invalid_at + facts.want, null) as invalid_until,
        greatest(asked.asked_at, answers.answered_at, lost.lost_at) as tried_at,
        lost.lost_at is not null and lost.lost_at >= coalesce(answers.answered_at, lost.lost_at) as is_lost,
        answers.outcome,
        answers.reason as outcome_reason,
        open_claims.state as claim_state,
        told.last_step is not null as has_product,
        deferrals.status as deferral_status,
        deferrals.reason as deferral_reason,
        deferrals.at as deferred_at
    from facts
    left join told using (country, line_type, fact)
    left join asked using (phone_e164, fact)
    left join invalid using (phone_e164)
    left join answers using (phone_e164, fact)
    left join lost using (phone_e164, fact)
    left join open_claims using (phone_e164, fact)
    left join base.deferrals as deferrals on deferrals.phone_e164 = facts.phone_e164
),

timed as (
    select
        traced.*,
        clock.utc,
        coalesce(traced.invalid_until > clock.utc, false) as is_invalid,
        traced.tried_at + traced.wait > clock.utc
            and (not traced.has_next_step or coalesce(traced.invalid_until > clock.utc, false)) as is_tried,
        -- The configuration's `once` is a century: good for ever.
        coalesce(traced.want >= to_days(36500), false) as is_once
    from traced
    cross join clock
),

judged as (
    select
        timed.*,
        case
            when is_forbidden then 'suppressed'
            when observed_at is not null and (want is null or expires_at > utc) then 'answered'
            when claim_state = 'sent' then 'in_flight'
            when claim_state = 'awaiting' then 'awaiting_callback'
            when claim_state = 'in_doubt' then 'in_doubt'
            when is_tried and is_lost then 'no_data'
            when is_tried and outcome = 'no_coverage' then 'no_coverage'
            when is_tried and outcome = 'failed' then 'provider_failed'
            when is_tried or is_invalid then 'no_data'
            when not has_product then 'no_route'
            when deferred_at >= coalesce(tried_at, deferred_at) then deferral_status
            else 'awaiting_approval'
        end as answer_status
    from timed
)

select
    phone_e164,
    fact,
    case when is_forbidden then 'unknown' else coalesce(value, 'unknown') end as value,
    case when is_forbidden then 'none' else coalesce(basis, 'none') end as basis,
    case when not is_forbidden then origin end as origin,
    case when not is_forbidden then provider end as provider,
    case when not is_forbidden then lookup_id end as lookup_id,
    case when not is_forbidden then observed_at end as observed_at,
    case when not is_forbidden and not is_once then expires_at end as expires_at,
    answer_status,
    case
        when answer_status = 'suppressed' then 'forbidden by the privacy rules'
        when answer_status in ('answered', 'in_flight', 'awaiting_callback', 'in_doubt') then null
        when is_tried then case when is_lost then 'paid_lost' else outcome_reason end
        when is_invalid then 'the number is invalid'
        when answer_status = 'no_route' and not has_product
            then coalesce(if(deferral_status = 'no_route', deferral_reason, null), 'no configured product answers this')
        when deferred_at >= coalesce(tried_at, deferred_at) then deferral_reason
        else 'not quoted yet'
    end as answer_reason,
    case
        when is_once then null
        when answer_status = 'answered' then expires_at
        when (is_tried or is_invalid) and answer_status in ('no_data', 'no_coverage', 'provider_failed')
            then greatest(asked_at + wait, if(is_invalid, invalid_until, null))
    end as next_attempt_at
from judged
