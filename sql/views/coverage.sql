-- One row per fact that a source wants of any number: how many numbers it is wanted of, and answered of now.
-- What the privacy rules forbid stays wanted and is never answered; phone_facts says suppressed.
-- fact: validity, reachability, ported, carrier, roaming or line_type
-- wanted: numbers that a source wants it of
-- answered: those of them that are answered now
-- share: answered of wanted, from 0 to 1
with
wanted as (
    select phone_e164, fact
    from base.distinct_phones
    unpivot (seconds for fact in (
        want_validity as validity,
        want_reachability as reachability,
        want_ported as ported,
        want_carrier as carrier,
        want_roaming as roaming,
        want_line_type as line_type
    ))
)

select
    wanted.fact,
    count(*) as wanted,
    count(*) filter (known.answer_status = 'answered') as answered,
    cast(count(*) filter (known.answer_status = 'answered') / count(*) as decimal(18, 9)) as share
from wanted
inner join phone_facts as known on known.phone_e164 = wanted.phone_e164 and known.fact = wanted.fact
group by wanted.fact
