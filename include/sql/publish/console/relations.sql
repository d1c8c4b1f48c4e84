-- name: relations
-- owner: analytics
-- grain: one row per relation
-- params: none
-- purpose: What is validated, to choose from.
select distinct relation
from marts.quality_runs
order by relation;
