-- name: 071_quality_runs_is_full
-- owner: data
-- grain: one row a validated batch
-- params: none
-- purpose: Whether the pass read the whole source. A column of its own statement: warehouses of earlier
--          editions have the table without it.
alter table quality.runs add column if not exists is_full boolean;
