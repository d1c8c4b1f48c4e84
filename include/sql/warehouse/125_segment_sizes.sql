-- name: 125_segment_sizes
-- owner: data
-- grain: one row a segment a run
-- params: none
-- purpose: Size and movement of each segment, counted when the run froze it; outlives the membership, which is pruned.
create table if not exists segment.sizes (
    segment_run varchar not null,
    segment varchar not null,
    members bigint not null,
    entered bigint not null,
    left_segment bigint not null,
    stayed bigint not null
);
