-- One row per attempt that is not decided: sent, awaiting or in_doubt. Age is an INTERVAL since it was reserved.
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
