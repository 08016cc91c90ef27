-- The answers in the lake cost no more than the ledger says their attempt cost.
-- mend: report it as a defect; the ledger decides, so no money is missing.
select lookups.attempt_id
from base.lookups as lookups
inner join base.attempts as attempts on attempts.attempt_id = lookups.attempt_id
where attempts.actual is not null
group by lookups.attempt_id
having sum(lookups.cost_net) > any_value(attempts.actual)
