-- name: 265_quality_results_upper_bound
-- owner: data
-- grain: none
-- params: none
-- purpose: The highest value that the rule accepts; null where it has none.
alter table quality.results add column if not exists upper_bound double;
