-- name: checks_failed
-- owner: data
-- grain: one row per check
-- params: none
-- purpose: Whether each check holds, and how many of its sums do not although they must.
select
    check_name,
    bool_and(holds) as holds,
    count(*) filter (where must_hold and not holds) as broken,
    min(scope) filter (where must_hold and not holds) as first_scope,
    min(difference) filter (where must_hold and not holds) as first_difference
from marts.reconciliation
group by check_name
order by check_name;
