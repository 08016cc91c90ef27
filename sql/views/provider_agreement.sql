-- One row per fact and pair of providers that both know it of some number: how often their newest answers agree.
-- An inference agrees with what it infers (likely_valid with valid). Which values differ is in value_agreement.
-- fact: validity, ported, carrier or line_type
-- provider: the one provider
-- other_provider: the other provider, later in the alphabet
-- both_known: numbers of which both know it
-- agree: those about which they agree
-- disagree: those about which they do not
-- share: agree of both_known, from 0 to 1
select
    fact,
    provider,
    other_provider,
    cast(sum(numbers) as bigint) as both_known,
    cast(coalesce(sum(numbers) filter (agrees), 0) as bigint) as agree,
    cast(coalesce(sum(numbers) filter (not agrees), 0) as bigint) as disagree,
    cast(coalesce(sum(numbers) filter (agrees), 0) / sum(numbers) as decimal(18, 9)) as share
from value_agreement
group by fact, provider, other_provider
