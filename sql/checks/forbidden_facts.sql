-- Nothing is stored that the privacy rules forbid in the number's country (it is not shown in any case).
-- mend: a rule was tightened after the answer was stored; run ringfence reparse, which cuts it out of the lake.
with
roaming_allowed as (
    select country from base.privacy where rule = 'allow' and fact = 'roaming'
),

reachability_forbidden as (
    select country from base.privacy where rule = 'forbid' and fact = 'reachability'
),

stored as (
    select phone_e164, country, roaming, roaming_carrier_mccmnc, roaming_carrier_name, reachability
    from base.lookups
    union all
    select phone_e164, country, roaming, roaming_carrier_mccmnc, roaming_carrier_name, reachability
    from base.phone_facts
)

select phone_e164
from stored
where (
        coalesce(country not in (from roaming_allowed), true)
        and (roaming <> 'unknown' or roaming_carrier_mccmnc is not null or roaming_carrier_name is not null)
    )
    or (coalesce(country in (from reachability_forbidden), true) and reachability <> 'unknown')
