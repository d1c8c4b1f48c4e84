-- name: replaced_people_insert
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: Records who is computed (temporary table fact_changes) since the run before.
insert into segment.replaced_people by name
select subscriber_id
from temp.fact_changes
except
select subscriber_id
from segment.replaced_people;
