-- name: 264_quality_results_lower_bound
-- owner: data
-- grain: none
-- params: none
-- purpose: The lowest value that the rule accepts; null where it has none.
alter table quality.results add column if not exists lower_bound double;
