-- name: 100_segment_runs
-- owner: data
-- grain: one row per segment run
-- params: none
-- purpose: When membership was frozen, and as of which time; list_size is the number of subscribers with features.
create table if not exists segment.runs (
    segment_run varchar not null,
    as_of timestamptz not null,
    built_at timestamptz not null,
    list_size bigint not null default 0
);
