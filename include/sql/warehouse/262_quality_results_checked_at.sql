-- name: 262_quality_results_checked_at
-- owner: data
-- grain: none
-- params: none
-- purpose: When a rule was evaluated; null in rows of older versions, which have the time of their run.
alter table quality.results add column if not exists checked_at timestamptz;
