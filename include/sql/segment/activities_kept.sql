-- name: activities_kept
-- owner: data
-- grain: one row per person whose activities are not summed again
-- params: none
-- purpose: Adds to activities_by_person what the facts have of the people who are computed for another source (temporary table
--          facts_before).
insert into temp.activities_by_person by name
select
    number,
    last_activity_at,
    activities_7d,
    activities_30d
from temp.facts_before
where not has_activities;
