-- Settlements and refunds of lookup_costs add up to what the ledger says each attempt cost, holds to what it holds.
-- mend: run ringfence ledger check; if the ledger holds, report it as a defect of lookup_costs.
with
costs as (
    select
        attempt_id,
        coalesce(sum(amount) filter (where entry_type in ('settle', 'refund', 'correction')), 0) as spent,
        coalesce(sum(amount) filter (where entry_type in ('hold', 'release')), 0) as held
    from lookup_costs
    group by attempt_id
)

select attempts.attempt_id
from base.attempts as attempts
left join costs on costs.attempt_id = attempts.attempt_id
where coalesce(costs.spent, 0) <> coalesce(attempts.actual, 0)
    or coalesce(costs.held, 0) <> case when attempts.actual is null then attempts.held else 0 end
