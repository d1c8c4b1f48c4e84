-- name: positions_insert
-- owner: data
-- grain: one row per segment that is built for the first time
-- params: segment_run, as_of, built
-- purpose: Keep the positions of new segments (temporary table places), and that their history begins with this run.
insert into segment.positions by name
select
    places.segment,
    places.position::integer as position,
    $segment_run as first_run,
    $as_of::timestamptz as known_since
from temp.places
anti join segment.positions on places.segment = positions.segment
where list_contains($built::varchar[], places.segment);
