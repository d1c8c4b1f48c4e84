-- name: moved_features_create
-- owner: data
-- grain: one row per subscriber whose move is explained and who is on the list
-- params: none
-- purpose: Temporary table of the features of the people whose moves are explained. Made once, since a condition of each segment and
--          direction that reads all features takes a scan of them. The condition holds for every id: it gives the scan a Bloom filter.
create or replace temp table moved_features as
select features.*
from segment.features as features
semi join (
    select distinct subscriber_id
    from temp.explained_moves
    where subscriber_id <> ''
) as moves on features.subscriber_id = moves.subscriber_id;
