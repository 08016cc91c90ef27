-- One row per budget and window: limits, and the consents to buy (the unattended sum a day, the approval of a quote).
-- The window of now is there before anything counts in it; a total has the empty window.
-- budget_id: the budget
-- kind: limit, unattended (the sum a day without approval) or approval (of a quote)
-- window_kind: day, month or total
-- window_start: day or month of the window in the configured time zone; empty for a total
-- provider: the provider that it is limited to; NULL for all
-- country: the country that it is limited to; NULL for all
-- source: the source that it is limited to; NULL for all
-- cap: the most that may be spent in a window
-- spent: spent in this window
-- held: held in this window for requests that are not decided
-- free: cap less spent and held, at least 0
-- currency: ISO 4217 code of the amounts
-- is_active: whether the configuration still has it
with
clock as (
    select now() at time zone served.timezone as here from base.served as served
),

windows as (
    select budget_id, window_start, counter_currency as currency, held, spent
    from base.budgets
    where window_start is not null
),

current_windows as (
    select distinct
        budgets.budget_id,
        case budgets.window_kind
            when 'day' then strftime(clock.here, '%Y-%m-%d')
            when 'month' then strftime(clock.here, '%Y-%m')
            when 'total' then ''
        end as window_start,
        budgets.currency
    from base.budgets as budgets
    cross join clock
    where budgets.is_active
),

all_windows as (
    select * from windows
    union all
    select budget_id, window_start, currency, 0, 0
    from current_windows
    anti join windows using (budget_id, window_start, currency)
),

caps as (
    select distinct budget_id, window_kind, provider, country, source, cap, currency, is_active from base.budgets
)

select
    caps.budget_id,
    case
        when caps.budget_id = 'unattended' then 'unattended'
        when starts_with(caps.budget_id, 'approval:') then 'approval'
        else 'limit'
    end as kind,
    caps.window_kind,
    all_windows.window_start,
    caps.provider,
    caps.country,
    caps.source,
    -- A cap says nothing about what was spent in another currency before it was changed.
    case when all_windows.currency = caps.currency then caps.cap end as cap,
    cast(all_windows.spent as decimal(18, 9)) as spent,
    cast(all_windows.held as decimal(18, 9)) as held,
    case
        when all_windows.currency = caps.currency
            then cast(greatest(caps.cap - all_windows.spent - all_windows.held, 0) as decimal(18, 9))
    end as free,
    all_windows.currency,
    caps.is_active
from all_windows
inner join caps on caps.budget_id = all_windows.budget_id
