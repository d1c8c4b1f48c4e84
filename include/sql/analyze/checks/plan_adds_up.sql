-- name: plan_adds_up
-- owner: data
-- grain: one row per plan
-- params: none
-- purpose: Every subscriber that a plan selected is in exactly one state.
select
    plan_id as scope,
    'selected' as left_side,
    selected as left_value,
    'accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped' as right_side,
    accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped as right_value,
    true as must_hold
from marts.campaign_performance;
