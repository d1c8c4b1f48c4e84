-- name: page_rules
-- owner: data
-- grain: one row per rule of the newest run of each relation
-- params: none
-- purpose: For the quality page: the latest result of each rule, broken rules first.
with newest as (
    select
        relation,
        landed_run
    from quality.runs
    qualify row_number() over (partition by relation order by validated_at desc) = 1
)

select
    results.relation,
    results.expectation as rule,
    results.column_name,
    results.severity,
    results.checked_rows,
    results.unexpected_rows,
    results.success,
    results.details
from quality.results
inner join newest using (relation, landed_run)
order by
    results.relation desc,
    results.success asc,
    results.unexpected_rows desc,
    results.expectation asc,
    results.column_name asc;
