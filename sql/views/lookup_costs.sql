-- One row per ledger entry and number: what moved money. Settle, refund and correction add up to what is spent.
-- A hold or release is of an attempt and has no number. Basis unattributed: spent, but not by numbers of the lake. A fee
-- is of a provider and a month: it is no request, and counts against no budget.
-- entry: entry of the ledger's journal; NULL for a fee
-- attempt_id: the request that asked; NULL for a fee
-- phone_e164: the number in E.164; NULL for a hold, a release, a fee and what is unattributed
-- entry_type: hold, release, settle, refund, correction (charged after all, or above what was counted) or fee
-- provider: who was asked
-- product: what was bought of the provider; _monthly for a fee
-- country: country of the number
-- source: first source that asked for the number
-- quote_id: the quote that it was bought under
-- amount: what moved; releases and refunds are negative
-- currency: ISO 4217 code of the amounts
-- amount_reporting: the amount in the configured currency, at the rate frozen when money was held; NULL without a rate
-- basis: reported, reported_late, list_price, decided (by a person), free, none or unattributed
-- occurred_at: when it was written, UTC; of a fee, when its first day began
-- billing_date: the day of it in the configured time zone
with
entries as (
    select
        journal.seq as entry,
        journal.at as occurred_at,
        journal.event,
        journal.held as moved,
        attempts.*
    from base.journal as journal
    inner join base.attempts as attempts on attempts.attempt_id = journal.attempt_id
),

holds as (
    select
        entry,
        null as phone_e164,
        case when moved > 0 then 'hold' else 'release' end as entry_type,
        country,
        source,
        moved as amount,
        case
            when rate is null then moved
            else
                budget_unit_price * (
                    cast(cast(moved as decimal(28, 9)) * 1000000000 as hugeint)
                    // cast(cast(unit_price as decimal(28, 9)) * 1000000000 as hugeint)
                )
        end as counted,
        'list_price' as basis
    from entries
    where moved <> 0
),

settled as (
    select * from entries where event = 'settled'
),

answered as (
    select
        settled.entry,
        lookups.phone_e164,
        case when settled.evidence like 'correction: %' then 'correction' else 'settle' end as entry_type,
        lookups.country,
        lookups.source,
        lookups.cost_amount,
        lookups.cost_refund,
        lookups.cost_basis
    from settled
    inner join base.lookups as lookups on lookups.attempt_id = settled.attempt_id
),

lost as (
    select
        settled.entry,
        lost.phone_e164,
        coalesce(settled.country, numbers.country) as country,
        coalesce(settled.source, numbers.source) as source,
        lost.amount,
        case when settled.evidence like 'paid_lost: % decided: %' then 'decided' else 'list_price' end as basis
    from settled
    inner join base.paid_lost as lost on lost.attempt_id = settled.attempt_id
    left join base.distinct_phones as numbers on numbers.phone_e164 = lost.phone_e164
),

spent as (
    select entry, phone_e164, entry_type, country, source, cost_amount as amount, cost_basis as basis
    from answered
    union all
    select entry, phone_e164, 'refund', country, source, -cost_refund, cost_basis
    from answered
    where cost_refund <> 0
    union all
    select entry, phone_e164, 'settle', country, source, amount, basis
    from lost
),

-- Of an erased number, or not in the lake yet.
unattributed as (
    select
        settled.entry,
        null as phone_e164,
        case when any_value(settled.evidence) like 'correction: %' then 'correction' else 'settle' end as entry_type,
        settled.country,
        settled.source,
        any_value(settled.actual) - coalesce(sum(spent.amount), 0) as amount,
        'unattributed' as basis
    from settled
    left join spent on spent.entry = settled.entry
    group by settled.entry, settled.country, settled.source
    having amount <> 0
),

settlements as (
    select * from spent
    union all
    select * from unattributed
),

-- Converted over all of an entry, and rounded up: so the parts of it add up to what counts in the budgets.
totals as (
    select
        settlements.entry,
        settlements.phone_e164,
        settlements.entry_type,
        settlements.country,
        settlements.source,
        settlements.amount,
        settlements.basis,
        cast(cast(settled.rate as decimal(28, 9)) * 1000000000 as hugeint) as rate,
        cast(cast(settlements.amount as decimal(28, 9)) * 1000000000 as hugeint) as part,
        sum(part) over (
            partition by settlements.entry
            order by settlements.phone_e164 nulls last, settlements.entry_type desc, part desc
            rows unbounded preceding
        ) as total
    from settlements
    inner join settled on settled.entry = settlements.entry
    where settled.rate is not null
),

converted as (
    select
        *,
        (total * rate + 999999999) // 1000000000 - ((total - part) * rate + 999999999) // 1000000000 as nanos
    from totals
),

amounts as (
    select * from holds
    union all
    select
        settlements.entry,
        settlements.phone_e164,
        settlements.entry_type,
        settlements.country,
        settlements.source,
        settlements.amount,
        settlements.amount,
        settlements.basis
    from settlements
    inner join settled on settled.entry = settlements.entry
    where settled.rate is null
    union all
    select
        entry,
        phone_e164,
        entry_type,
        country,
        source,
        amount,
        cast(nanos as decimal(18, 0)) * cast(0.000000001 as decimal(10, 9)),
        basis
    from converted
)

select
    amounts.entry,
    entries.attempt_id,
    amounts.phone_e164,
    amounts.entry_type,
    entries.provider,
    entries.product,
    amounts.country,
    amounts.source,
    entries.quote_id,
    cast(amounts.amount as decimal(18, 9)) as amount,
    entries.currency,
    case
        when entries.budget_currency = served.currency then cast(amounts.counted as decimal(18, 9))
    end as amount_reporting,
    amounts.basis,
    entries.occurred_at,
    cast(entries.occurred_at at time zone 'UTC' at time zone served.timezone as date) as billing_date
from amounts
inner join entries on entries.entry = amounts.entry
cross join base.served as served
union all
select
    null as entry,
    null as attempt_id,
    null as phone_e164,
    'fee' as entry_type,
    fees.provider,
    '_monthly' as product,
    null as country,
    null as source,
    null as quote_id,
    fees.amount,
    fees.currency,
    fees.amount_reporting,
    'list_price' as basis,
    fees."at" as occurred_at,
    cast(fees."at" at time zone 'UTC' at time zone served.timezone as date) as billing_date
from base.fees as fees
cross join base.served as served
