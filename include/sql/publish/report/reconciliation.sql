-- name: reconciliation
-- owner: analytics
-- grain: one row per checked sum
-- params: none
-- purpose: Every sum, those that do not hold first.
select
    check_name,
    scope,
    left_side,
    left_value,
    right_side,
    right_value,
    difference,
    holds,
    must_hold
from marts.reconciliation
order by holds asc, must_hold desc, check_name asc, scope asc
limit 200;
