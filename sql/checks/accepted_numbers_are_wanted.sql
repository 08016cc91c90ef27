-- Every number that was accepted from a configured source is in distinct_phones.
-- mend: run job enrich; until then these numbers are neither quoted nor bought.
select cells.phone_e164
from base.phone_map as cells
where cells.phone_e164 is not null
    and cells.source in (select source from base.sources)
    and cells.phone_e164 not in (select phone_e164 from base.distinct_phones)
