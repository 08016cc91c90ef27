-- Every cell that was read has a row at position 0; a parsed one has a number, a rejected one a reason.
-- mend: report it as a defect; then run job enrich, which reads the source again.
select source, phone_column, raw_value, region_hint
from base.phone_map
group by source, phone_column, raw_value, region_hint
having count(*) filter (where position = 0) <> 1
    or count(*) <> count(distinct position)
    or bool_or((parse_status = 'parsed') <> (phone_e164 is not null))
    or bool_or((parse_status = 'rejected') and reject_reason is null)
    or bool_or(coalesce(row_count, 0) < 1)
