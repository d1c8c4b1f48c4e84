-- name: 286_segment_stops
-- owner: data
-- grain: one row per stopped segment and run
-- params: none
-- purpose: Segments whose campaigns do not send: outside the limits of their size (kind size), not built (kind broken), or
--          because a segment that they read is one of these: the cause.
create table if not exists segment.stops (
    segment_run varchar not null,
    segment varchar not null,
    cause varchar not null,
    kind varchar not null,
    what varchar not null,
    members bigint
);
