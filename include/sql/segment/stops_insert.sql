-- name: stops_insert
-- owner: data
-- grain: one row per segment and run
-- params: segment_run, segment, cause, kind, what, members
-- purpose: Record that a segment is stopped in a run.
insert into segment.stops by name
select
    $segment_run as segment_run,
    $segment as segment,
    $cause as cause,
    $kind as kind,
    $what as what,
    $members as members;
