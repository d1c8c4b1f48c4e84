-- name: 125_segment_sizes
-- owner: data
-- grain: one row per segment and run
-- params: none
-- purpose: Size and movement of each segment, counted when the run froze it; kept when old membership is deleted.
create table if not exists segment.sizes (
    segment_run varchar not null,
    segment varchar not null,
    members bigint not null,
    entered bigint not null,
    left_segment bigint not null,
    stayed bigint not null
);
