-- name: spells_open
-- owner: data
-- grain: one row per person who enters a segment
-- params: segment_run, as_of
-- purpose: Begin the spells of people who enter a segment with this run (temporary table moves).
insert into segment.spells by name
select
    segment,
    subscriber_id,
    $segment_run as entered_run,
    $as_of::timestamptz as entered_at
from temp.moves
where moved = 'entered';
