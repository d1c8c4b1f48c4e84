-- name: moved_segments
-- owner: data
-- grain: one row per segment and direction
-- params: none
-- purpose: The segments that somebody enters or leaves with this run (temporary table moves), without those that are built for the first time.
select distinct
    segment,
    moved
from temp.moves
where not is_first
order by segment, moved;
