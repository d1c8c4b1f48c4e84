-- name: moves_insert
-- owner: data
-- grain: one row per segment and subscriber who enters or leaves
-- params: segment_run, as_of, built_at
-- purpose: Keep who enters and leaves with this run (temporary table moves).
insert into segment.moves by name
select
    segment,
    subscriber_id,
    $segment_run as segment_run,
    moved::enum('entered', 'left') as moved,
    $as_of::timestamptz as moved_at,
    $built_at::timestamptz as built_at
from temp.moves;
