-- Every known value names its provider, its lookup, its origin and its time.
-- mend: run job enrich, which merges phone_facts anew from lookups; if it stays, report it as a defect.
select phone_e164, fact
from phone_facts
where (value <> 'unknown' or answer_status = 'answered')
    and (provider is null or lookup_id is null or origin is null or observed_at is null or basis = 'none')
