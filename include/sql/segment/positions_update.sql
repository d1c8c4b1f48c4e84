-- name: positions_update
-- owner: data
-- grain: none
-- params: history_since
-- purpose: The history of a segment begins where older moves are deleted.
update segment.positions
set first_run = null, known_since = $history_since::timestamptz
where known_since < $history_since::timestamptz;
