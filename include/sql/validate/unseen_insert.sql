-- name: unseen_insert
-- owner: data
-- grain: one row a key whose deletion is held
-- params: relation, held
-- purpose: Second half: hold what the pass did not show and no earlier one missed. Reads the temporary table unseen.
insert into core.unseen by name
select
    $relation as relation,
    source_key,
    landed_run,
    unseen_since
from unseen
where $held and not is_agreed;
