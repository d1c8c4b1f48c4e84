-- name: 294_segment_runs_is_partial
-- owner: data
-- grain: none
-- params: none
-- purpose: Whether a run built only the segments that activities may change.
alter table segment.runs add column if not exists is_partial boolean;
