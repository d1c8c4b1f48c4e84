-- name: moved_people_create
-- owner: data
-- grain: one row per subscriber
-- params: segment, moved, most
-- purpose: Temporary table of people who enter or leave one segment: at most so many, drawn by a hash, who were on the list before and are now.
create or replace temp table people as
select subscriber_id
from temp.moves
semi join segment.features using (subscriber_id)
semi join segment.previous_features using (subscriber_id)
where segment = $segment and moved = $moved
order by hash(subscriber_id), subscriber_id
limit $most;
