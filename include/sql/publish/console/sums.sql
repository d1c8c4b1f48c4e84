-- name: sums
-- owner: analytics
-- grain: one row per checked sum
-- params: holds, check_name
-- purpose: The checked sums, those that differ first. $holds is yes, no or '' for both; $check_name is one check, or '' for all.
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
where
    ($holds = '' or holds = ($holds = 'yes'))
    and ($check_name = '' or check_name = $check_name)
order by holds asc, must_hold desc, abs(difference) desc, check_name asc, scope asc
limit 200;
