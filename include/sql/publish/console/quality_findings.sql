-- name: quality_findings
-- owner: analytics
-- grain: one row per rule and column that did not hold
-- params: days, relation
-- purpose: The rules that did not hold in the $days days up to the latest check, of one $relation ('' for all): how often, with the
--          newest finding.
select
    relation,
    rule,
    coalesce(about, '') as about,
    max_by(severity, checked_at) as severity,
    count(*) as runs,
    sum(unexpected_rows)::bigint as unexpected_rows,
    max(checked_at) as last_at,
    max_by(finding, checked_at) as finding
from marts.quality_results
where
    not holds
    and checked_at > (select max(checked_at) from marts.quality_results) - to_days($days)
    and ($relation = '' or relation = $relation)
group by relation, rule, coalesce(about, '')
order by last_at desc, runs desc, relation asc, rule asc, about asc
limit 100;
