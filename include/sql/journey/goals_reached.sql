-- name: goals_reached
-- owner: dispatch
-- grain: one row per person and trigger whose goal is reached
-- params: as_of
-- purpose: Who of the view people_inside reached the goal (temp table reached) after the trigger. A goal in the future does not
--          count yet.
select distinct people_inside.entry_id
from people_inside
inner join reached on people_inside.subscriber_id = reached.subscriber_id
where
    epoch(reached.happened_at::timestamptz) > people_inside.triggered_at
    and reached.happened_at::timestamptz <= $as_of;
