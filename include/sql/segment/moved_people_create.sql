-- name: moved_people_create
-- owner: data
-- grain: one row per subscriber
-- params: segment, moved, most
-- purpose: Temporary table of people who enter or leave one segment: at most so many, drawn by a hash, who were on the list before and are now.
create or replace temp table people as
select moves.subscriber_id
from temp.moves as moves
inner join temp.movers as movers on moves.subscriber_id = movers.subscriber_id
where moves.segment = $segment and moves.moved = $moved and movers.was_listed and movers.is_listed
order by hash(moves.subscriber_id), moves.subscriber_id
limit $most;
