-- name: unseen_insert
-- owner: data
-- grain: one row per key whose deletion is held
-- params: relation, hold_deletions
-- purpose: Hold the deletion of rows that only this full pass lacks. Reads the temporary table unseen.
insert into core.unseen by name
select
    $relation as relation,
    source_key,
    landed_run,
    unseen_since
from unseen
where $hold_deletions and not is_confirmed;
