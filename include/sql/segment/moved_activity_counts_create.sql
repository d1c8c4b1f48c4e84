-- name: moved_activity_counts_create
-- owner: data
-- grain: one row per subscriber whose move is explained and who is on the list, and name of an activity
-- params: none
-- purpose: Temporary table of the activity counts of the people whose moves are explained, like moved_features.
create or replace temp table moved_activity_counts as
select counts.*
from segment.activity_counts as counts
semi join (
    select distinct subscriber_id
    from temp.explained_moves
    where subscriber_id <> ''
) as moves on counts.subscriber_id = moves.subscriber_id;
