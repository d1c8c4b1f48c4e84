-- name: accepted_have_events
-- owner: data
-- grain: one row per plan
-- params: none
-- purpose: Every accepted message has an event (processed, delivered, bounced, dropped, deferred). Need not hold: events
--          arrive later.
select
    sends.plan_id as scope,
    'accepted' as left_side,
    count(*) as left_value,
    'people with an event' as right_side,
    count(*) filter (
        where coalesce(outcomes.processed_at, outcomes.delivered_at, outcomes.bounced_at) is not null
        or outcomes.was_dropped or outcomes.was_deferred
    ) as right_value,
    false as must_hold
from dispatch.sends
left join temp.message_outcomes as outcomes using (message_key)
where sends.state = 'accepted'
group by sends.plan_id;
