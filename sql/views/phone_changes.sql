-- One row per E.164, fact and change of its known value; it happened after last_seen_old_at, by first_seen_new_at.
with
roaming_allowed as (
    select country from base.privacy where rule = 'allow' and fact = 'roaming'
),

reachability_forbidden as (
    select country from base.privacy where rule = 'forbid' and fact = 'reachability'
)

select
    changes.phone_e164,
    changes.fact,
    changes.old_value,
    changes.new_value,
    changes.last_seen_old_at,
    changes.first_seen_new_at
from base.phone_changes as changes
left join base.phone_facts as number on number.phone_e164 = changes.phone_e164
where not (changes.fact = 'roaming' and coalesce(number.country not in (from roaming_allowed), true))
    and not (changes.fact = 'reachability' and coalesce(number.country in (from reachability_forbidden), true))
