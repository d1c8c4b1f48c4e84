-- name: 072_quality_runs_deletions_held
-- owner: data
-- grain: one row a validated batch
-- params: none
-- purpose: Whether the merge holds what the full pass did not show, instead of deleting it. A column of its own statement: warehouses of earlier
--          editions have the table without it.
alter table quality.runs add column if not exists deletions_held boolean;
