-- One row per E.164, fact and change of its known value; it happened after last_seen_old_at, by first_seen_new_at.
-- phone_e164: the number in E.164
-- fact: validity, reachability, ported, carrier, roaming or line_type
-- old_value: value before
-- new_value: value after
-- last_seen_old_at: last time that the old value was seen, UTC
-- first_seen_new_at: first time that the new value was seen, UTC
select
    changes.phone_e164,
    changes.fact,
    changes.old_value,
    changes.new_value,
    changes.last_seen_old_at,
    changes.first_seen_new_at
from base.phone_changes as changes
left join base.phone_facts as number on number.phone_e164 = changes.phone_e164
where (changes.fact, coalesce(number.country, '')) in (from base.allowed)
