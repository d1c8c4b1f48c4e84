-- name: 071_quality_runs_is_full
-- owner: data
-- grain: none
-- params: none
-- purpose: Whether the pass read the whole source.
alter table quality.runs add column if not exists is_full boolean;
