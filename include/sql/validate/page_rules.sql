-- name: page_rules
-- owner: data
-- grain: one row per relation and rule
-- params: none
-- purpose: For the quality page: the newest result of each rule, broken rules first, with its last 28 results, oldest first.
--          The columns of a drift rule are one row. A rule that the last 200 runs of the relation did not evaluate is left
--          out: it no longer exists.
with timed as (
    select
        results.* exclude (checked_at),
        coalesce(results.checked_at, runs.validated_at) as checked_at
    from quality.results as results
    left join quality.runs as runs using (landed_run, relation)
),

recent as (
    select
        relation,
        landed_run
    from timed
    group by relation, landed_run
    qualify row_number() over (partition by relation order by max(checked_at) desc, landed_run desc) <= 200
),

by_run as (
    select
        timed.relation,
        timed.expectation as rule,
        timed.landed_run,
        max(timed.checked_at) as checked_at,
        any_value(timed.severity) as severity,
        list(distinct timed.column_name order by timed.column_name) as column_names,
        sum(timed.checked_rows)::bigint as checked_rows,
        sum(timed.unexpected_rows)::bigint as unexpected_rows,
        bool_and(timed.success) as success,
        flatten(list(coalesce(timed.details, []) order by timed.column_name)) as details
    from timed
    semi join recent on timed.relation = recent.relation and timed.landed_run = recent.landed_run
    group by timed.relation, timed.expectation, timed.landed_run
    qualify
        row_number() over (
            partition by timed.relation, timed.expectation
            order by max(timed.checked_at) desc, timed.landed_run desc
        ) <= 28
)

select
    relation,
    rule,
    arg_max(severity, checked_at) as severity,
    arg_max(column_names, checked_at) as column_names,
    arg_max(checked_rows, checked_at) as checked_rows,
    arg_max(unexpected_rows, checked_at) as unexpected_rows,
    arg_max(success, checked_at) as success,
    arg_max(details, checked_at) as details,
    list(success order by checked_at) as history,
    strftime(max(checked_at) filter (where not success) at time zone 'UTC', '%Y-%m-%d %H:%M') as last_broken
from by_run
group by relation, rule
order by relation desc, success asc, unexpected_rows desc, rule asc;
