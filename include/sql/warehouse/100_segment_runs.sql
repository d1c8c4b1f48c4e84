-- name: 100_segment_runs
-- owner: data
-- grain: one row a segment run
-- params: none
-- purpose: When membership was frozen, and on which day's knowledge.
create table if not exists segment.runs (
    segment_run varchar primary key,
    as_of timestamptz not null,
    built_at timestamptz not null
);
