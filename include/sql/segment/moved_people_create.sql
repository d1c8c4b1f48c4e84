-- name: moved_people_create
-- owner: data
-- grain: one row per subscriber
-- params: segment, moved
-- purpose: Temporary table of people whose move into or out of one segment is explained, and who were on the list before and are now.
create or replace temp table people as
select moves.subscriber_id
from temp.explained_moves as moves
inner join temp.movers as movers on moves.subscriber_id = movers.subscriber_id
where moves.segment = $segment and moves.moved = $moved and movers.was_listed and movers.is_listed;
