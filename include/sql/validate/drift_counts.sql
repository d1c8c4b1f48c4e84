-- name: drift_counts
-- owner: data
-- grain: one row per run, column and value
-- params: runs, relation
-- purpose: The counts that are compared between runs: filled values of each column that the source had (value null), and
--          rows by value.
select
    landed_run,
    column_name,
    null as value,
    filled_rows as value_rows
from quality.profiles
where relation = $relation and list_contains($runs::varchar[], landed_run) and filled_rows is not null
union all
select
    landed_run,
    column_name,
    value,
    value_rows
from quality.distributions
where relation = $relation and list_contains($runs::varchar[], landed_run)
order by column_name, value, landed_run;
