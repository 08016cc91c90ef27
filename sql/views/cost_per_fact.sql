-- One row per provider, product, fact and currency: what was asked and answered, and what a useful answer has cost.
-- A lookup is paid for as a whole: each of its facts has all of its cost, so rows of a product do not add up.
-- What was paid for elsewhere is left out; what was paid in vain is asked, has a cost and no answer.
-- provider: who was asked
-- product: what was bought of the provider
-- fact: validity, reachability, ported, carrier, roaming or line_type
-- asked: answers that the product was to tell the fact in
-- answered: those of them that tell it; what the privacy rules forbid does not count
-- share: answered of asked, from 0 to 1
-- cost: what all of them have cost, less refunds
-- cost_per_answer: cost by answered; NULL when none tells it
-- currency: ISO 4217 code of the costs
with
-- What was decided as paid in vain may have been answered after all, which costs nothing more.
told as (
    select
        coalesce(lookups.attempt_id, lost.attempt_id) as attempt_id,
        coalesce(lookups.cost_net, 0) + coalesce(lost.amount, 0) as cost,
        lookups.* exclude (attempt_id)
    from lookups
    full join base.paid_lost as lost
        on lost.attempt_id = lookups.attempt_id
        and lost.phone_e164 = lookups.phone_e164
),

asked as (
    select
        told.attempt_id,
        attempts.provider,
        attempts.product,
        facts.fact,
        attempts.currency,
        told.cost,
        coalesce(
            case facts.fact
                when 'validity' then told.validity <> 'unknown'
                when 'reachability' then told.reachability <> 'unknown'
                when 'ported' then told.ported <> 'unknown'
                when 'roaming' then told.roaming <> 'unknown'
                when 'line_type' then told.line_type <> 'unknown'
                when 'carrier' then coalesce(told.current_carrier_mccmnc, told.current_carrier_name) is not null
            end,
            false
        ) as is_answered
    from told
    inner join base.attempts as attempts on attempts.attempt_id = told.attempt_id
    inner join base.facts as facts on (attempts.facts & facts.bit) <> 0
    where coalesce(told.origin, '') <> 'imported'
)

select
    provider,
    product,
    fact,
    count(attempt_id) as asked,
    count(*) filter (is_answered) as answered,
    cast(count(*) filter (is_answered) / count(attempt_id) as decimal(18, 9)) as share,
    cast(sum(cost) as decimal(18, 9)) as cost,
    cast(sum(cost) / nullif(count(*) filter (is_answered), 0) as decimal(18, 9)) as cost_per_answer,
    currency
from asked
group by provider, product, fact, currency
