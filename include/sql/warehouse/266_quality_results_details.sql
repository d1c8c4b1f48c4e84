-- name: 266_quality_results_details
-- owner: data
-- grain: none
-- params: none
-- purpose: What was found where a rule is broken, in sentences with counts; no value of a person.
alter table quality.results add column if not exists details varchar[];
