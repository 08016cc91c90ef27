-- One row per E.164, fact and pair of providers whose newest answers from the network disagree.
-- Only facts that stay: two answers about reachability or roaming differ because they were given at two times.
-- phone_e164: the number in E.164
-- fact: validity, ported, carrier or line_type
-- provider: the one provider
-- value: what it said last
-- lookup_id: its newest answer
-- observed_at: when that was seen, UTC
-- other_provider: the other provider
-- other_value: what that one said last
-- other_lookup_id: the other provider's newest answer
-- other_observed_at: when that other was seen, UTC
with
answers as (
    select phone_e164, provider, lookup_id, observed_at, settled_seq, fact, value
    from (
        select
            phone_e164,
            provider,
            lookup_id,
            observed_at,
            settled_seq,
            case when validity_basis = 'network' and validity in ('valid', 'invalid') then validity end as validity,
            case when ported in ('ported', 'not_ported') then ported end as ported,
            -- Whoever infers whether a number was ported infers its carrier, too.
            case when not starts_with(ported, 'likely_') then current_carrier_mccmnc end as carrier,
            nullif(line_type, 'unknown') as line_type
        from base.lookups
    )
    unpivot (value for fact in (validity, ported, carrier, line_type))
),

newest as (
    select *
    from answers
    qualify row_number() over (
        partition by phone_e164, fact, provider
        order by observed_at desc, settled_seq desc
    ) = 1
)

select
    one.phone_e164,
    one.fact,
    one.provider,
    one.value,
    one.lookup_id,
    one.observed_at,
    other.provider as other_provider,
    other.value as other_value,
    other.lookup_id as other_lookup_id,
    other.observed_at as other_observed_at
from newest as one
inner join newest as other
    on other.phone_e164 = one.phone_e164
    and other.fact = one.fact
    and other.provider > one.provider
    and other.value <> one.value
