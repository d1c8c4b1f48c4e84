-- name: experiment_results
-- owner: analytics
-- grain: one row per campaign, occurrence, comparison, metric and variant
-- params: none
-- purpose: Whether a variant did better than the first one, and whether mail did better than no mail. From the Arrow table
--          experiment_rows, which include/analyze/experiments.py computes from counts and sums.
create or replace table marts.experiment_results as
select *
from experiment_rows
order by campaign, occurrence, comparison, metric, variant;
