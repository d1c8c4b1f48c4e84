-- name: 073_quality_runs_warnings
-- owner: data
-- grain: none
-- params: none
-- purpose: Warnings about a batch that is merged nevertheless: sentences with counts.
alter table quality.runs add column if not exists warnings varchar[];
