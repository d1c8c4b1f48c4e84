-- name: movers_create
-- owner: data
-- grain: one row per subscriber whose move is explained
-- params: none
-- purpose: Temporary table of the people whose moves are explained, and whether each was on the list in the run before and is now.
create or replace temp table movers as
select
    people.subscriber_id,
    before.subscriber_id is not null as was_listed,
    after.subscriber_id is not null as is_listed
from (select distinct subscriber_id from temp.explained_moves) as people
left join temp.moved_previous_features as before on people.subscriber_id = before.subscriber_id
left join temp.moved_features as after on people.subscriber_id = after.subscriber_id;
