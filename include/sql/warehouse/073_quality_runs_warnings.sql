-- name: 073_quality_runs_warnings
-- owner: data
-- grain: one row a validated batch
-- params: none
-- purpose: What a person should know of a batch that is merged all the same: sentences with counts. A column of its own statement: warehouses of earlier
--          editions have the table without it.
alter table quality.runs add column if not exists warnings varchar[];
