-- Nothing is stored that the privacy rules forbid in the number's country (it is not shown in any case).
-- mend: a rule was tightened after the answer was stored; it is masked where it is served and stays in the lake.
with
stored as (
    select phone_e164, country, roaming, roaming_carrier_mccmnc, roaming_carrier_name, reachability, caller_name
    from base.lookups
    union all
    select phone_e164, country, roaming, roaming_carrier_mccmnc, roaming_carrier_name, reachability, null
    from base.phone_facts
)

select phone_e164
from stored
where (
        ('roaming', coalesce(country, '')) not in (from base.allowed)
        and (roaming <> 'unknown' or roaming_carrier_mccmnc is not null or roaming_carrier_name is not null)
    )
    or (('reachability', coalesce(country, '')) not in (from base.allowed) and reachability <> 'unknown')
    or (('caller_name', coalesce(country, '')) not in (from base.allowed) and caller_name is not null)
