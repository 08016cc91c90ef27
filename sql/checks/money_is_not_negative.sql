-- No amount of money is negative, but a release and a refund in lookup_costs.
-- mend: run ringfence ledger check, and report it as a defect.
select attempt_id
from lookup_costs
where (entry_type in ('hold', 'settle', 'fee') and amount < 0) or (entry_type in ('release', 'refund') and amount > 0)
union all
select budget_id
from budget_status
where spent < 0 or held < 0 or free < 0 or cap < 0
union all
select attempt_id
from base.lookups
where cost_amount < 0 or cost_refund < 0 or cost_net < 0
