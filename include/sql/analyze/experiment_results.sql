-- name: experiment_results
-- owner: analytics
-- grain: one row per campaign, occurrence, metric and variant
-- params: none
-- purpose: Whether a variant did better than the first one, and whether mail did better than no mail. From the Arrow table
--          experiment_rows, which include/analyze/experiments.py computes with statsmodels from the counts.
create or replace table marts.experiment_results as
select *
from experiment_rows
order by campaign, occurrence, metric, variant;
