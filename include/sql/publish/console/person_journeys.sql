-- name: person_journeys
-- owner: analytics
-- grain: one row per journey that a subscriber entered
-- params: subscriber
-- purpose: The journeys of one subscriber, newest first.
select
    journey,
    state,
    reason,
    next_step,
    entered_at,
    due_at
from marts.journey_entries
where subscriber_id = $subscriber
order by journey_entries.entered_at desc, journey asc
limit 200;
