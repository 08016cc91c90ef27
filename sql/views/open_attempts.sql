-- One row per attempt that is not decided: sent, awaiting or in_doubt. Age is an INTERVAL since it was reserved.
-- attempt_id: the request that asked
-- state: sent, awaiting or in_doubt
-- age: time since it was reserved
-- amount: money that it holds
-- currency: ISO 4217 code of the amounts
-- numbers: how many numbers it asks about
-- why: evidence for its state
-- provider: who was asked
-- product: what was bought of the provider
-- country: country of the numbers
-- source: first source that asked for the numbers
-- quote_id: the quote that it was bought under
-- reserved_at: when its money was held, UTC
select
    attempt_id,
    state,
    make_timestamp(epoch_us(now())) - reserved_at as age,
    held as amount,
    currency,
    numbers,
    evidence as why,
    provider,
    product,
    country,
    source,
    quote_id,
    reserved_at
from base.attempts
where state in ('sent', 'awaiting', 'in_doubt')
