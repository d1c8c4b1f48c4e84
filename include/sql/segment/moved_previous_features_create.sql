-- name: moved_previous_features_create
-- owner: data
-- grain: one row per subscriber who enters or leaves a segment and was on the list
-- params: none
-- purpose: Temporary table of the features in the run before of who moves with this run, like moved_features.
create or replace temp table moved_previous_features as
select features.*
from segment.previous_features as features
semi join temp.moves as moves on features.subscriber_id = moves.subscriber_id;
