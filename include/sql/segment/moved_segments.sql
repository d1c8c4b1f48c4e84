-- name: moved_segments
-- owner: data
-- grain: one row per segment and direction
-- params: none
-- purpose: The segments that somebody enters or leaves with this run (temporary table moves).
select distinct
    segment,
    moved
from temp.moves
order by segment, moved;
