-- name: 287_segment_decisions
-- owner: data
-- grain: one row per accepted size of a segment
-- params: none
-- purpose: Who accepted a size outside its limits, when and why: the campaigns of the segment send again.
create table if not exists segment.decisions (
    segment_run varchar not null,
    segment varchar not null,
    members bigint not null,
    decided_by varchar not null,
    reason varchar not null,
    decided_at timestamptz not null
);
