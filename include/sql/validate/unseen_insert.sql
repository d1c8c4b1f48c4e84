-- name: unseen_insert
-- owner: data
-- grain: one row a key whose deletion is held
-- params: relation, hold_deletions
-- purpose: Second half: hold what the pass did not show and no earlier one missed. Reads the temporary table unseen.
insert into core.unseen by name
select
    $relation as relation,
    source_key,
    landed_run,
    unseen_since
from unseen
where $hold_deletions and not is_confirmed;
