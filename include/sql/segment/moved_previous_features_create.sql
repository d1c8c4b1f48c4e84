-- name: moved_previous_features_create
-- owner: data
-- grain: one row per subscriber whose move is explained and who was on the list
-- params: none
-- purpose: Temporary table of the features in the run before of the people whose moves are explained, like moved_features.
create or replace temp table moved_previous_features as
select features.*
from segment.previous_features as features
semi join (
    select distinct subscriber_id
    from temp.explained_moves
    where subscriber_id <> ''
) as moves on features.subscriber_id = moves.subscriber_id;
