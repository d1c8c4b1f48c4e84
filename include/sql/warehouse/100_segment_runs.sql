-- name: 100_segment_runs
-- owner: data
-- grain: one row a segment run
-- params: none
-- purpose: When membership was frozen, and on which day's knowledge; list_size is how many people had
--          features.
create table if not exists segment.runs (
    segment_run varchar not null,
    as_of timestamptz not null,
    built_at timestamptz not null,
    list_size bigint not null default 0
);
