-- name: explained_members_now_create
-- owner: data
-- grain: one row per subscriber, block and statement that selected them
-- params: none
-- purpose: Temporary table of the rows of selected_members of the people whose moves are explained, like explained_members_before.
create or replace temp table explained_members_now as
select selected_members.*
from temp.selected_members
semi join (
    select distinct subscriber_id
    from temp.explained_moves
    where subscriber_id <> ''
) as moves on selected_members.subscriber_id = moves.subscriber_id;
