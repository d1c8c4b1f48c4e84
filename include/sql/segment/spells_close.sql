-- name: spells_close
-- owner: data
-- grain: none
-- params: segment_run, as_of
-- purpose: End the spells of people who leave a segment with this run (temporary table moves).
update segment.spells
set left_run = $segment_run, left_at = $as_of
from temp.moves as moves
where
    spells.left_run is null
    and moves.moved = 'left'
    and spells.segment = moves.segment
    and spells.subscriber_id = moves.subscriber_id;
