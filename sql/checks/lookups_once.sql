-- Every answer was appended to the lake once.
-- mend: report it as a defect; the ledger is right about the money, lookup_costs would count the answer twice.
select lookup_id
from base.lookups
group by lookup_id
having count(*) > 1 or lookup_id is null
