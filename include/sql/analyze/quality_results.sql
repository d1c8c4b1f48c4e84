-- name: quality_results
-- owner: analytics
-- grain: one row per rule, column and run
-- params: none
-- purpose: The history of every rule of data quality: its result, and what rules about a whole batch observed and accept.
create or replace table marts.quality_results as
select
    results.landed_run,
    results.relation,
    results.expectation as rule,
    results.column_name as about,
    results.severity,
    coalesce(results.checked_at, runs.validated_at) as checked_at,
    results.checked_rows,
    results.unexpected_rows,
    results.success as holds,
    results.observed,
    results.lower_bound,
    results.upper_bound,
    nullif(array_to_string(results.details, '; '), '') as finding
from quality.results as results
left join quality.runs as runs using (landed_run, relation)
order by checked_at, results.landed_run, results.relation, rule, about;
