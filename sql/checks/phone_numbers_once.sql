-- Every number has one row in phone_numbers.
-- mend: report it as a defect; a join on phone_e164 would count such a number twice.
select phone_e164
from phone_numbers
group by phone_e164
having count(*) > 1 or phone_e164 is null
