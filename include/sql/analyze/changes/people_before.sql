-- name: people_before
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: What counts of messages use of the people, as of the last build.
select
    subscriber_id,
    joined_at,
    timezone
from marts.subscribers;
