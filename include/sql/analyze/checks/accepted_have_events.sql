-- name: accepted_have_events
-- owner: data
-- grain: one row per plan
-- params: none
-- purpose: Every accepted message has an event (processed, delivered, bounced, dropped, deferred). Need not hold: events
--          arrive later.
select
    plan_id as scope,
    'accepted' as left_side,
    accepted as left_value,
    'people with an event' as right_side,
    accepted_with_events as right_value,
    false as must_hold
from build.plan_counts
where accepted > 0;
