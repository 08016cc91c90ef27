-- One row per fact, pair of providers and pair of what they said last about a number: how many numbers that is.
-- Only facts that stay: two answers about reachability or roaming differ because they were given at two times.
-- fact: validity, ported, carrier or line_type
-- provider: the one provider
-- other_provider: the other provider, later in the alphabet
-- value: what the one said last
-- other_value: what the other said last
-- numbers: numbers about which both said so
-- agrees: whether that is the same, be it that one of them only infers it (likely_valid and valid)
with
answers as (
    select phone_e164, provider, observed_at, settled_seq, fact, value
    from (
        select
            phone_e164,
            provider,
            observed_at,
            settled_seq,
            nullif(validity, 'unknown') as validity,
            nullif(ported, 'unknown') as ported,
            current_carrier_mccmnc as carrier,
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
    one.fact,
    one.provider,
    other.provider as other_provider,
    one.value,
    other.value as other_value,
    count(one.phone_e164) as numbers,
    replace(one.value, 'likely_', '') = replace(other.value, 'likely_', '') as agrees
from newest as one
inner join newest as other
    on other.phone_e164 = one.phone_e164
    and other.fact = one.fact
    and other.provider > one.provider
group by one.fact, one.provider, other.provider, one.value, other.value
