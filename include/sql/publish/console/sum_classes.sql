-- name: sum_classes
-- owner: analytics
-- grain: one row per check
-- params: none
-- purpose: How often each check was made, held and differed, and by how much in all, those that differ most first.
select
    check_name,
    any_value(left_side) as left_side,
    any_value(right_side) as right_side,
    count(*) as checks,
    count(*) filter (where not holds) as differing,
    count(*) filter (where not holds and must_hold) as broken,
    coalesce(sum(abs(difference)), 0) as difference
from marts.reconciliation
group by check_name
order by broken desc, differing desc, check_name asc;
