-- name: 263_quality_results_observed
-- owner: data
-- grain: none
-- params: none
-- purpose: The value that a rule compared with its bounds; null where a rule is about single rows.
alter table quality.results add column if not exists observed double;
