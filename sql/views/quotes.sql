-- One row per quote, provider, product, country and source of its numbers: what it may cost, and has cost so far.
-- A later step of a route is bought only for what the earlier ones leave unknown. What was spent but not by numbers of
-- the lake is only in lookup_costs.
-- quote_id: the quote
-- provider: who would be asked
-- product: what would be bought
-- country: country of the numbers; NULL or empty when nobody knows it
-- source: first source that asks for the numbers
-- numbers: how many numbers would be bought at most
-- low: list price of what is bought in any case
-- expected: what they cost on average, by what earlier answers left unknown
-- max: the most that they may cost
-- actual: what was spent on them so far
-- currency: ISO 4217 code of the amounts
-- status: quoted, approved or expired
-- approved_by: who approved it
-- created_at: when it was made, UTC
-- expires_at: until when it may be bought, UTC
with
clock as (
    select make_timestamp(epoch_us(now())) as utc
),

lines as (
    select
        quote_id,
        provider,
        product,
        country,
        source,
        currency,
        any_value(created_at) as created_at,
        any_value(expires_at) as expires_at,
        any_value(approved_by) as approved_by,
        sum(numbers) as numbers,
        cast(sum(if(step = 0, unit_price * numbers, 0)) as decimal(18, 9)) as low,
        cast(sum(unit_price * numbers) as decimal(18, 9)) as list_price,
        cast(sum(coalesce(expected, unit_price * numbers)) as decimal(18, 9)) as expected
    from base.quote_lines
    group by all
),

costs as (
    select quote_id, provider, product, country, source, currency, cast(sum(amount) as decimal(18, 9)) as actual
    from lookup_costs
    where entry_type in ('settle', 'refund', 'correction')
    group by all
)

select
    lines.quote_id,
    lines.provider,
    lines.product,
    lines.country,
    lines.source,
    cast(lines.numbers as bigint) as numbers,
    lines.low,
    lines.expected,
    lines.list_price as max,
    cast(coalesce(costs.actual, 0) as decimal(18, 9)) as actual,
    lines.currency,
    case
        when lines.expires_at <= clock.utc then 'expired'
        when lines.approved_by is not null then 'approved'
        else 'quoted'
    end as status,
    lines.approved_by,
    lines.created_at,
    lines.expires_at
from lines
left join costs using (quote_id, provider, product, country, source, currency)
cross join clock
