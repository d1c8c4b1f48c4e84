-- name: 072_quality_runs_deletions_held
-- owner: data
-- grain: none
-- params: none
-- purpose: Whether the merge holds the rows that the full pass did not show, instead of deleting them.
alter table quality.runs add column if not exists deletions_held boolean;
