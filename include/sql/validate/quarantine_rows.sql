-- name: quarantine_rows
-- owner: data
-- grain: one row per row in quarantine
-- params: relation
-- purpose: For the export: the rows of a relation that are in quarantine now, whole, with their place in the source and their
--          reasons. Personal data: the export is for the owner of the source.
select
    coalesce(raw_row ->> 'unreadable', concat('row ', row_number)) as place,
    landed_run,
    reasons,
    raw_row
from quality.open_quarantine
where relation = $relation
order by quarantined_at, row_number;
